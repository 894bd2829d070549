package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// testStreams bound nothing that a test does not ask for.
func testStreams() StreamOptions {
	return StreamOptions{
		Most: 100, PerAddress: 100, Handle: time.Minute, Init: time.Minute, Unused: time.Minute,
		Ping: time.Minute, Send: 10 * time.Second,
	}
}

const documentEnded = "subscription { sessionEnded { sessionId reason } }"

// listen puts the bench behind a real socket. Whoever sends "Bearer good" has a
// session there.
func (b *bench) listen(t *testing.T) string {
	t.Helper()
	judge := func(_ context.Context, authorization *string) auth.Caller {
		caller := auth.Caller{Client: auth.Client{Now: time.Unix(1, 0), Address: netip.MustParseAddr("203.0.113.7")}}
		if authorization != nil && *authorization == "Bearer good" {
			caller.Kind, caller.SessionID = auth.BySession, uuid.UUID{1}
		}
		return caller
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var authorization *string
		if header := r.Header.Get("Authorization"); header != "" {
			authorization = &header
		}
		ctx := WithCaller(WithConnection(r.Context()), judge(r.Context(), authorization))
		b.handler.ServeHTTP(w, r.WithContext(WithRequestID(WithJudge(ctx, judge), "req-1")))
	}))
	t.Cleanup(func() {
		b.handler.streams.End(10 * time.Second)
		s.Close()
	})
	return s.URL
}

// oneEnd is a stream with one event, once it comes.
func oneEnd(events chan *model.SessionEnded) func(context.Context) (<-chan *model.SessionEnded, error) {
	return func(context.Context) (<-chan *model.SessionEnded, error) { return events, nil }
}

// A line is one WebSocket of a test.
type line struct {
	t *testing.T
	*websocket.Conn
	ctx context.Context
}

func dial(t *testing.T, url string, protocols ...string) *line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &line{t, conn, ctx}
}

// begin is a line on which the token was sent, and acknowledged.
func begin(t *testing.T, url, authorization string) *line {
	t.Helper()
	l := dial(t, url, socketProtocol)
	l.send(`{"type":"connection_init","payload":{"Authorization":"` + authorization + `"}}`)
	if got := l.receive(); got != `{"type":"connection_ack"}` {
		t.Fatalf("not acknowledged: %s", got)
	}
	return l
}

func (l *line) send(text string) {
	l.t.Helper()
	if err := l.Write(l.ctx, websocket.MessageText, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) receive() string {
	l.t.Helper()
	_, text, err := l.Read(l.ctx)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// closed is how the server closes the line.
func (l *line) closed() string {
	l.t.Helper()
	for {
		_, _, err := l.Read(l.ctx)
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) < 0 {
			return err.Error()
		}
		text := err.Error()
		return fmt.Sprintf("%d %s", websocket.CloseStatus(err), text[strings.LastIndex(text, "reason = ")+len("reason = "):])
	}
}

func subscribe(id, document string) string {
	return `{"id":"` + id + `","type":"subscribe","payload":` + request(document) + `}`
}

func TestASubscriberIsToldOverAWebSocketAndThatWasAll(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	events := make(chan *model.SessionEnded, 1)
	b.sessionEnded = oneEnd(events)
	l := begin(t, b.listen(t), "Bearer good")
	l.send(subscribe("a", documentEnded))
	l.send(`{"type":"ping"}`)
	if got := l.receive(); got != `{"type":"pong"}` {
		t.Errorf("a ping is answered with %s", got)
	}
	events <- &model.SessionEnded{SessionID: "s", Reason: model.SessionEndReasonLogout}
	close(events)
	for _, want := range []string{
		`{"id":"a","type":"next","payload":{"data":{"sessionEnded":{"sessionId":"s","reason":"LOGOUT"}}}}`,
		`{"id":"a","type":"complete"}`,
	} {
		if got := l.receive(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	// The ID may be taken again.
	l.send(subscribe("a", documentEnded))
	if got := l.receive(); got != `{"id":"a","type":"complete"}` {
		t.Error(got)
	}
}

func TestAWebSocketTakesSubscriptionsAlone(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.me = func(context.Context) (*model.User, error) { panic("a query was run") }
	b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) { panic("a mutation was run") }
	never := make(chan *model.SessionEnded)
	b.sessionEnded = oneEnd(never)
	url := b.listen(t)
	const loginMutation = `mutation { login(input: {identifier: "ada@example.org", password: "secret"}) { __typename } }`
	for name, c := range map[string]struct {
		authorization, document string
		code                    auth.Code
	}{
		"a query":               {"Bearer good", "{ me { id } }", auth.BadDocument},
		"a mutation":            {"Bearer good", loginMutation, auth.BadDocument},
		"no GraphQL":            {"Bearer good", "subscription {", auth.BadDocument},
		"an unknown field":      {"Bearer good", "subscription { everything }", auth.BadDocument},
		"two streams":           {"Bearer good", "subscription { a: sessionEnded { reason } b: sessionEnded { reason } }", auth.BadDocument},
		"no stream":             {"Bearer good", "subscription { __typename }", auth.BadDocument},
		"a skipped stream":      {"Bearer good", "subscription { sessionEnded @skip(if: true) { reason } }", auth.BadDocument},
		"the schema":            {"Bearer good", "subscription { __schema { types { name } } }", auth.BadDocument},
		"too deep":              {"Bearer good", "subscription { sessionEnded " + strings.Repeat("{ a ", 20) + strings.Repeat("}", 20) + "}", auth.DocumentTooCostly},
		"too many aliases":      {"Bearer good", "subscription { sessionEnded { " + strings.Repeat("a: reason ", 11) + "} }", auth.DocumentTooCostly},
		"nobody":                {"", documentEnded, auth.Unauthenticated},
		"a token that is none":  {"Bearer bad", documentEnded, auth.Unauthenticated},
		"a token without a way": {"good", documentEnded, auth.Unauthenticated},
	} {
		l := begin(t, url, c.authorization)
		l.send(subscribe("a", c.document))
		text := l.receive()
		var got struct {
			ID, Type string
			Payload  []struct {
				Message    string
				Extensions struct {
					Code      auth.Code
					RequestID string
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Payload) == 0 {
			t.Errorf("%s: %s", name, text)
			continue
		}
		first := got.Payload[0]
		if got.ID != "a" || got.Type != "error" || first.Extensions.Code != c.code ||
			first.Message != sentence(c.code) || first.Extensions.RequestID != "req-1" {
			t.Errorf("%s: %s", name, text)
		}
		if strings.Contains(text, "secret") || strings.Contains(text, "data") {
			t.Errorf("%s: something leaks: %s", name, text)
		}
		// It was told, and the line goes on.
		l.send(`{"type":"ping","payload":{"a":1}}`)
		if got := l.receive(); got != `{"type":"pong"}` {
			t.Errorf("%s: %s", name, got)
		}
	}
	if b.log.Len() > 0 {
		t.Errorf("logged: %s", b.log.String())
	}
}

// A tally is a Watch that counts refusals.
type tally struct {
	mu      sync.Mutex
	refused map[auth.Code]int
}

func (*tally) Operation(ctx context.Context, _ string) (context.Context, func()) {
	return ctx, func() {}
}

func (*tally) Field(ctx context.Context, _ string) (context.Context, func(auth.Code)) {
	return ctx, func(auth.Code) {}
}

func (w *tally) Refused(code auth.Code) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused[code]++
}

func (w *tally) of(code auth.Code) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.refused[code]
}

func TestEachRefusalOverAWebSocketIsCountedOnce(t *testing.T) {
	t.Parallel()
	counted := &tally{refused: map[auth.Code]int{}}
	b := newBench(func(o *Options) {
		o.Watch = counted
		o.Admit = func(context.Context) error { return auth.RateLimited }
	})
	b.sessionEnded = func(context.Context) (<-chan *model.SessionEnded, error) { panic("it falls over") }
	url := b.listen(t)
	for _, c := range []struct {
		authorization, document string
		code                    auth.Code
	}{
		{"Bearer good", "{ me { id } }", auth.BadDocument},
		{"Bearer good", "subscription { sessionEnded { " + strings.Repeat("a: reason ", 11) + "} }", auth.DocumentTooCostly},
		{"Bearer good", documentEnded, auth.Internal},
		{"", documentEnded, auth.RateLimited},
	} {
		l := begin(t, url, c.authorization)
		l.send(subscribe("a", c.document))
		if text := l.receive(); !strings.Contains(text, string(c.code)) || counted.of(c.code) != 1 {
			t.Errorf("%s was counted %d times: %s", c.code, counted.of(c.code), text)
		}
	}
}

func TestAWebSocketThatDoesNotKeepToTheProtocolIsClosed(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.sessionEnded = oneEnd(nil)
	url := b.listen(t)
	const initial = `{"type":"connection_init"}`
	for name, c := range map[string]struct {
		sent []string
		want string
	}{
		"no JSON":                  {[]string{`{"type":`}, `4400 "Invalid message"`},
		"a list":                   {[]string{`[]`}, `4400 "Invalid message"`},
		"a member twice":           {[]string{`{"type":"ping","type":"ping"}`}, `4400 "Invalid message"`},
		"an unknown type":          {[]string{`{"type":"start"}`}, `4400 "Invalid message"`},
		"what a server sends":      {[]string{initial, `{"type":"next","id":"a"}`}, `4400 "Invalid message"`},
		"a payload that is a text": {[]string{`{"type":"connection_init","payload":"x"}`}, `4400 "Invalid message"`},
		"a payload far nested":     {[]string{`{"type":"ping","payload":{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}}`}, `4400 "Invalid message"`},
		"no ID":                    {[]string{initial, subscribe("", documentEnded)}, `4400 "Invalid message"`},
		"an endless ID":            {[]string{initial, subscribe(strings.Repeat("a", 129), documentEnded)}, `4400 "Invalid message"`},
		"an ID that is a number":   {[]string{initial, `{"id":1,"type":"complete"}`}, `4400 "Invalid message"`},
		"completing nothing":       {[]string{initial, `{"type":"complete"}`}, `4400 "Invalid message"`},
		"no query":                 {[]string{initial, `{"id":"a","type":"subscribe","payload":{}}`}, `4400 "Invalid message"`},
		"no payload":               {[]string{initial, `{"id":"a","type":"subscribe"}`}, `4400 "Invalid message"`},
		"not begun":                {[]string{subscribe("a", documentEnded)}, `4401 "Unauthorized"`},
		"begun twice":              {[]string{initial, initial}, `4429 "Too many initialisation requests"`},
		"more than 64 KiB":         {[]string{`{"type":"ping","payload":{"a":"` + strings.Repeat("a", 64<<10) + `"}}`}, `1009 "read limited at 65537 bytes"`},
	} {
		l := dial(t, url, socketProtocol)
		for _, text := range c.sent {
			l.send(text)
		}
		if got := l.closed(); got != c.want {
			t.Errorf("%s: closed with %s, not %s", name, got, c.want)
		}
	}
	l := dial(t, url, socketProtocol)
	if err := l.Write(l.ctx, websocket.MessageBinary, []byte(initial)); err != nil {
		t.Fatal(err)
	}
	if got := l.closed(); got != `4400 "Invalid message"` {
		t.Errorf("bytes: %s", got)
	}
	l = begin(t, url, "Bearer good")
	l.send(subscribe("a", documentEnded))
	l.send(subscribe("a", documentEnded))
	if got := l.closed(); got != `4409 "Subscriber for this ID already exists"` {
		t.Errorf("an ID that is taken: %s", got)
	}
	for _, protocols := range [][]string{nil, {"graphql-ws"}} {
		if got := dial(t, url, protocols...).closed(); got != `4406 "Subprotocol not acceptable"` {
			t.Errorf("%v: %s", protocols, got)
		}
	}
}

func TestOneAuthorizationIsSentOrNoneCounts(t *testing.T) {
	t.Parallel()
	good, none := "Bearer good", ""
	for payload, want := range map[string]*string{
		`{}`:                                nil,
		`{"token":"good"}`:                  nil,
		`{"Authorization":"Bearer good"}`:   &good,
		`{"authorization":"Bearer good"}`:   &good,
		`{"Authorization":["Bearer good"]}`: &none,
		`{"Authorization":null}`:            &none,
		`{"Authorization":"Bearer good","authorization":"Bearer good"}`: &none,
	} {
		members, err := readMembers([]byte(payload), 3)
		if err != nil {
			t.Fatal(err)
		}
		got := authorizationOf(members)
		if (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%s", payload)
		}
	}
}

func TestWhoStopsListeningIsNotToldOfTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	ended := make(chan struct{})
	b.sessionEnded = func(ctx context.Context) (<-chan *model.SessionEnded, error) {
		context.AfterFunc(ctx, func() { close(ended) })
		return nil, nil
	}
	l := begin(t, b.listen(t), "Bearer good")
	l.send(subscribe("a", documentEnded))
	l.send(`{"id":"a","type":"complete"}`)
	<-ended
	l.send(`{"id":"a","type":"complete"}`) // of what is over: nothing
	l.send(`{"type":"ping"}`)
	if got := l.receive(); got != `{"type":"pong"}` {
		t.Errorf("told %s", got)
	}
}

func TestAWebSocketThatIsOfNoUseIsClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*StreamOptions)
		use    func(*line)
		want   string
	}{
		"never begun":        {func(o *StreamOptions) { o.Init = 50 * time.Millisecond }, func(*line) {}, `4408 "Connection initialisation timeout"`},
		"nothing subscribed": {func(o *StreamOptions) { o.Unused = 50 * time.Millisecond }, func(l *line) { l.send(`{"type":"connection_init"}`) }, `1000 "nothing is subscribed"`},
		"nothing any more": {func(o *StreamOptions) { o.Unused = 50 * time.Millisecond }, func(l *line) {
			l.send(`{"type":"connection_init"}`)
			l.send(subscribe("a", documentEnded))
		}, `1000 "nothing is subscribed"`},
		"no answer to a ping": {func(o *StreamOptions) { o.Ping = 50 * time.Millisecond }, func(l *line) {
			if got := l.receive(); got != `{"type":"ping"}` {
				l.t.Errorf("pinged with %s", got)
			}
		}, `1001 "no answer to ping"`},
	} {
		b := newBench(nil)
		c.change(&b.handler.streams.StreamOptions)
		l := dial(t, b.listen(t), socketProtocol)
		c.use(l)
		if got := l.closed(); got != c.want {
			t.Errorf("%s: closed with %s, not %s", name, got, c.want)
		}
	}
}

func TestAWebSocketThatAnswersPingsLivesOn(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.handler.streams.Ping = 200 * time.Millisecond
	events := make(chan *model.SessionEnded)
	b.sessionEnded = oneEnd(events)
	l := begin(t, b.listen(t), "Bearer good")
	l.send(subscribe("a", documentEnded))
	for range 5 {
		if got := l.receive(); got != `{"type":"ping"}` {
			t.Fatalf("not a ping: %s", got)
		}
		l.send(`{"type":"pong"}`)
	}
}

func TestWhatFallsOverInAStreamIsToldAsInternal(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.sessionEnded = func(context.Context) (<-chan *model.SessionEnded, error) { panic("a secret") }
	l := begin(t, b.listen(t), "Bearer good")
	l.send(subscribe("a", documentEnded))
	if got := l.receive(); !strings.Contains(got, `"type":"error"`) || !strings.Contains(got, `"code":"INTERNAL"`) {
		t.Errorf("told %s", got)
	}
	if log := b.log.String(); !strings.Contains(log, "request failed") || strings.Contains(log, "a secret") {
		t.Errorf("logged %s", log)
	}
}

func TestAHandshakeThatIsNoneIsRefusedInWordsOfOurs(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(http.Header){
		"no connection":  func(h http.Header) { h.Del("Connection") },
		"another":        func(h http.Header) { h.Set("Connection", "keep-alive") },
		"no key":         func(h http.Header) { h.Del("Sec-WebSocket-Key") },
		"two keys":       func(h http.Header) { h.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") },
		"a key too long": func(h http.Header) { h.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSBvZiBpdA==") },
		"an old version": func(h http.Header) { h.Set("Sec-WebSocket-Version", "8") },
	} {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.Header = http.Header{
			"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"},
		}
		change(r.Header)
		if a := newBench(nil).send(t, r); a.Code != http.StatusBadRequest || a.code() != auth.BadDocument {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
}
