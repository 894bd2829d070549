package graph

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// stream posts a subscription and gives what comes, line by line; a stream that
// has ended has no more.
func stream(t *testing.T, url, document string, headers ...string) (*http.Response, func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(request(document)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", mediaEvents)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	return resp, func() string {
		for {
			text, err := lines.ReadString('\n')
			switch {
			case err == io.EOF:
				return "the end"
			case err != nil:
				t.Fatal(err)
			case text != "\n" && text != ":\n":
				return strings.TrimSuffix(text, "\n")
			}
		}
	}
}

func TestASubscriberIsToldByEventsAndThatWasAll(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	events := make(chan *model.SessionEnded, 1)
	b.sessionEnded = oneEnd(events)
	// A client of several ways says so.
	resp, next := stream(t, b.listen(t), documentEnded, "Authorization", "Bearer good",
		"Accept", "application/graphql-response+json, application/json, text/event-stream")
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" ||
		resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	events <- &model.SessionEnded{SessionID: "s", Reason: model.SessionEndReasonRevoked}
	close(events)
	for _, want := range []string{
		"event: next", `data: {"data":{"sessionEnded":{"sessionId":"s","reason":"REVOKED"}}}`,
		"event: complete", "data: ", "the end",
	} {
		if got := next(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestWhatIsNoStreamIsRefusedInTheFormThatTheClientTakes(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.me = func(context.Context) (*model.User, error) { panic("a query was run") }
	url := b.listen(t)
	for document, code := range map[string]auth.Code{
		"{ me { id } }":               auth.BadDocument,
		"subscription {":              auth.BadDocument,
		"subscription { __typename }": auth.BadDocument,
		documentEnded:                 auth.Unauthenticated,
		"subscription { sessionEnded { " + strings.Repeat("a: reason ", 11) + "} }": auth.DocumentTooCostly,
	} {
		resp, next := stream(t, url, document)
		if event, data := next(), next(); resp.StatusCode != http.StatusOK || event != "event: next" ||
			!strings.Contains(data, `"code":"`+string(code)+`"`) || strings.Contains(data, `"data":`) {
			t.Errorf("%s: %d %s %s", document, resp.StatusCode, event, data)
		}
		if event, data, end := next(), next(), next(); event != "event: complete" || data != "data: " || end != "the end" {
			t.Errorf("%s: %s %s %s", document, event, data, end)
		}
	}
	for _, accept := range []string{"", "application/json", "*/*", mediaGraphQL, "application/json, text/event-stream;q=0"} {
		a := b.ask(t, request(documentEnded), "Accept", accept)
		if a.code() != auth.BadDocument || a.Data != nil {
			t.Errorf("%q: %s", accept, a.Body)
		}
	}
}

func TestAQueryOfAClientThatTakesEventsTooIsAnsweredInOnePiece(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	a := b.ask(t, request(settingsQuery), "Accept", "application/graphql-response+json, text/event-stream, multipart/mixed")
	if a.Code != http.StatusOK || a.Header().Get("Content-Type") != mediaGraphQL+"; charset=utf-8" || a.Data == nil {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
}

func TestAStreamOfEventsShowsThatItLivesAndEndsWithTheServer(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.handler.streams.Ping = 20 * time.Millisecond
	b.sessionEnded = oneEnd(make(chan *model.SessionEnded))
	resp, next := stream(t, b.listen(t), documentEnded, "Authorization", "Bearer good")
	beats := make([]byte, 30)
	if _, err := io.ReadFull(resp.Body, beats); err != nil || strings.Trim(string(beats), ":\n") != "" {
		t.Errorf("%q %v", beats, err)
	}
	b.handler.streams.End(time.Minute)
	if got := next(); got != "the end" { // without a complete: it may be asked for again
		t.Errorf("told %q", got)
	}
}

func TestAStreamOfEventsEndsWithItsClient(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	over := make(chan struct{})
	b.sessionEnded = func(ctx context.Context) (<-chan *model.SessionEnded, error) {
		context.AfterFunc(ctx, func() { close(over) })
		return make(chan *model.SessionEnded), nil
	}
	resp, _ := stream(t, b.listen(t), documentEnded, "Authorization", "Bearer good")
	_ = resp.Body.Close()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Error("nobody noticed")
	}
}
