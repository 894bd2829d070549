package watch_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/watch"
	"gatehouse/watch/watchtest"
)

func tracing(t *testing.T, c *watchtest.Collector, log io.Writer, sample float64) *watch.Watch {
	t.Helper()
	w, err := watch.New(t.Context(), watch.Options{
		Clock: time.Now, Logger: slog.New(slog.NewTextHandler(log, nil)), Database: "sqlite",
		Traces: &watch.Traces{URL: c.URL(), Headers: map[string]string{"authorization": "Bearer key"}, Sample: sample, Service: "doorman"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

const (
	strangersTrace  = "4bf92f3577b34da6a3ce929d0e0e4736"
	strangersParent = "00-" + strangersTrace + "-00f067aa0ba902b7-01"
)

// tell has a request go all the way.
func tell(t *testing.T, w *watch.Watch, e watch.Entry) (traceID string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql?token=MARK", nil)
	r.Header.Set("traceparent", strangersParent)
	r.Header.Set("tracestate", "vendor=MARK")
	r.Header.Set("baggage", "user=MARK")
	ctx, seen := w.Request(r, e)
	traceID = watch.TraceID(ctx)
	ctx, operation := w.Operation(ctx, "mutation")
	ctx, field := w.Field(ctx, "login")
	w.Hash(ctx, auth.HashWait)(nil)
	within, commit := w.Transaction(ctx)
	w.Statement(within, "INSERT INTO events VALUES ($1)")(errors.New("MARK"))
	commit(nil)
	field(auth.Overloaded)
	operation()
	seen.End("/graphql", http.StatusOK, false)
	return traceID
}

func TestARequestIsTracedToItsStatementsAndIntoNothingOfItsOwn(t *testing.T) {
	t.Parallel()
	c := watchtest.NewCollector(t)
	w := tracing(t, c, io.Discard, 1)
	id := tell(t, w, watch.Entry{ID: "request-1"})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var chain []string
	parent := map[string]string{}
	name := map[string]string{}
	for _, s := range c.Spans() {
		name[string(s.SpanId)], parent[s.Name] = s.Name, string(s.ParentSpanId)
		if hex.EncodeToString(s.TraceId) != id || id == strangersTrace {
			t.Errorf("%s is of trace %x", s.Name, s.TraceId)
		}
	}
	for at := "INSERT"; at != ""; at = name[parent[at]] {
		chain = append(chain, at)
	}
	if got := strings.Join(chain, " < "); got != "INSERT < transaction < field login < GraphQL mutation < POST /graphql" {
		t.Error(got)
	}
	if at := name[parent["password wait"]]; at != "field login" {
		t.Errorf("a hash waits in %q", at)
	}
	for span, attributes := range map[string]map[string]string{
		"POST /graphql": {"http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": "200", "gatehouse.request_id": "request-1"},
		"field login":   {"gatehouse.code": "OVERLOADED"},
		"INSERT":        {"db.system.name": "sqlite", "db.query.text": "INSERT INTO events VALUES ($1)"},
	} {
		for key, want := range attributes {
			if got := watchtest.Attribute(c.Named(span)[0], key); got != want {
				t.Errorf("%s of %s is %q, not %q", key, span, got, want)
			}
		}
	}
	if strings.Contains(c.Everything(), "MARK") {
		t.Error("something of the client's is told")
	}
	for _, want := range []string{"doorman", "telemetry"} {
		if found := strings.Contains(c.Everything(), want); found != (want == "doorman") {
			t.Errorf("%s is told: %v", want, found)
		}
	}
	if got := c.Headers()[0].Get("Authorization"); got != "Bearer key" {
		t.Errorf("the collector is shown %q", got)
	}
}

func TestATraceIsGoneOnWithOnlyWhereItIsBelieved(t *testing.T) {
	t.Parallel()
	c := watchtest.NewCollector(t)
	w := tracing(t, c, io.Discard, 0)
	// Nothing is sampled here: a stranger who says that it is changes nothing.
	if id := tell(t, w, watch.Entry{}); id != "" {
		t.Errorf("a stranger had a request traced: %s", id)
	}
	if id := tell(t, w, watch.Entry{Believed: true}); id != strangersTrace {
		t.Errorf("trace %s is not gone on with", id)
	}
	if id := tell(t, w, watch.Entry{Believed: true, Untraced: true}); id != "" {
		t.Errorf("a probe is traced: %s", id)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(c.Named("POST /graphql")); n != 1 {
		t.Errorf("%d requests are traced", n)
	}
}

func TestWhatRunsForNobodyLeavesNoTraceButALetterDoes(t *testing.T) {
	t.Parallel()
	c := watchtest.NewCollector(t)
	w := tracing(t, c, io.Discard, 1)
	w.Statement(t.Context(), "SELECT 1")(nil)
	_, commit := w.Transaction(t.Context())
	commit(nil)
	w.Hash(t.Context(), auth.HashWork)(nil)
	ctx, became := w.Letter(t.Context(), auth.LetterActivation)
	_, sent := w.Wire(ctx)
	sent(errors.New("MARK"))
	w.Statement(ctx, "UPDATE outbox_letters SET sent_at = $1")(nil)
	became("deferred")
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.Spans() {
		names = append(names, s.Name)
	}
	if got := strings.Join(names, ", "); got != "send, UPDATE, letter activation" || strings.Contains(c.Everything(), "MARK") {
		t.Errorf("%s", got)
	}
}

func TestACollectorThatIsAwayIsToldOfOnceAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := watchtest.NewCollector(t)
	c.Refuse(http.StatusForbidden)
	w := tracing(t, c, &log, 1)
	for range 3 {
		tell(t, w, watch.Entry{})
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.Refuse(0)
	tell(t, w, watch.Entry{})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "traces are lost") != 1 || strings.Count(said, "takes traces again") != 1 ||
		strings.Contains(said, "key") || strings.Contains(said, c.URL()) {
		t.Error(said)
	}
}

// Watching nothing is a nil Watch, which no port is given; where metrics alone
// are on, what is for traces must cost nothing.
func TestWithoutTracesNothingIsAllocatedForThem(t *testing.T) {
	w, err := watch.New(t.Context(), watch.Options{Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if w != nil || err != nil {
		t.Errorf("%v %v", w, err)
	}
	w, err = watch.New(t.Context(), watch.Options{Clock: time.Now, Logger: slog.New(slog.DiscardHandler), Metrics: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, end := w.Operation(ctx, "query")
		end()
		w.Statement(ctx, "SELECT 1")(nil)
		_, commit := w.Transaction(ctx)
		commit(nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
