package server

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/graph"
)

// brokenRandom has run dry.
type brokenRandom struct{}

func (brokenRandom) Read([]byte) (int, error) { return 0, errors.New("dry") }

func TestARequestIDIsMadeHereAndNeverTakenFromTheClient(t *testing.T) {
	t.Parallel()
	var got string
	h := withRequestID(rand.Reader)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = graph.RequestID(r.Context()) }))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Request-Id", "chosen-by-the-client")
	h.ServeHTTP(httptest.NewRecorder(), r)
	first := got
	id, err := uuid.Parse(first)
	if err != nil || id.Version() != 7 {
		t.Fatalf("request ID %q is no UUIDv7", first)
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got == first {
		t.Fatal("two requests share an ID")
	}
}

func TestWithoutRandomnessARequestFails(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	h := withRequestID(brokenRandom{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("went on") }))
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Fatalf("status %d", w.Code)
	}
}

// logged runs one request through the outer middlewares and gives the log.
func logged(t *testing.T, r *http.Request, inner http.HandlerFunc) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var out bytes.Buffer
	logger := newRequestLog(slog.New(slog.NewTextHandler(&out, nil)))
	w := httptest.NewRecorder()
	chain(inner, withRequestID(rand.Reader), withClientAddress(nil), withAccessLog(logger, time.Now),
		withRecover(logger, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }),
	).ServeHTTP(w, r)
	return w, out.String()
}

func TestTheAccessLogHasOneLineARequestAndNoSecret(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/activate?token=MARKTOKEN&code=MARKCODE", strings.NewReader("MARKBODY"))
	r.Header.Set("Authorization", "Bearer MARKBEARER")
	r.Header.Set("Cookie", "gatehouse-access=MARKCOOKIE")
	r.Header.Set("Referer", "https://id.example.com/reset?token=MARKREFERER")
	_, log := logged(t, r, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("12345"))
	})
	if strings.Contains(log, "MARK") {
		t.Errorf("the log holds a secret: %s", log)
	}
	if strings.Count(log, "\n") != 1 {
		t.Errorf("not one line: %q", log)
	}
	for _, want := range []string{"level=INFO", "method=POST", "path=/activate ", "status=418", "bytes=5", "client=192.0.2.1", "request_id=", "duration="} {
		if !strings.Contains(log, want) {
			t.Errorf("the line lacks %q: %s", want, log)
		}
	}
}

func TestWhereOnlyWarningsAreWrittenNoRequestIs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := newRequestLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})))
	requestTo(withAccessLog(logger, time.Now)(http.NotFoundHandler()), "/")
	if out.Len() != 0 {
		t.Errorf("written: %s", out.String())
	}
}

func TestAPathCannotForgeALogLine(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/x%0alevel=ERROR%20msg=forged", nil)
	_, log := logged(t, r, func(http.ResponseWriter, *http.Request) {})
	if strings.Count(log, "\n") != 1 {
		t.Errorf("the path broke the line: %q", log)
	}
	if !strings.Contains(log, "status=200") {
		t.Errorf("a handler that writes nothing answers 200: %s", log)
	}
}

func TestAPanicIsLoggedAndTellsTheClientNothing(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w, log := logged(t, r, func(http.ResponseWriter, *http.Request) { panic("MARK: the password was hunter2") })
	if w.Code != http.StatusInternalServerError || w.Body.Len() != 0 {
		t.Errorf("answer %d %q", w.Code, w.Body)
	}
	if strings.Contains(log, "MARK") || strings.Contains(log, "hunter2") {
		t.Errorf("the log repeats the panic's value: %s", log)
	}
	for _, want := range []string{"level=ERROR", "stack=", "status=500", "request_id="} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}

func TestAPanicOfTheRuntimeIsNamed(t *testing.T) {
	t.Parallel()
	var none []int
	_, log := logged(t, httptest.NewRequest(http.MethodGet, "/", nil), func(http.ResponseWriter, *http.Request) { _ = none[len(none)] })
	if !strings.Contains(log, "index out of range") {
		t.Errorf("the log doesn't say what happened: %s", log)
	}
}

func TestAPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		silent := slog.New(slog.DiscardHandler)
		withRecover(silent, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"data":`))
				_ = http.NewResponseController(w).Flush()
				panic("half-way")
			})).ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	resp, err := srv.Client().Get(srv.URL)
	if err == nil {
		_, err = new(bytes.Buffer).ReadFrom(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Fatal("half an answer passed for a whole one")
	}
}
