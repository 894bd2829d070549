package server

import (
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/watch/watchtest"
)

// get reads an answer.
func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func TestMetricsHaveADoorOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), map[string]string{"METRICS_LISTEN": "127.0.0.1:0"})
	side := "http://" + r.server.MetricsAddresses()[0].String()
	status, _, text := get(t, side+"/metrics")
	for _, want := range []string{"gatehouse_build_info{", "gatehouse_feed_lag_seconds ", "gatehouse_signing_key_age_seconds ", "gatehouse_pool_connections_max{pool=\"write\"} 1"} {
		if status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d: there is no %s in\n%s", status, want, text)
		}
	}
	for _, path := range []string{"/graphql", "/readyz", "/", "/activate"} {
		if status, _, _ := get(t, side+path); status != http.StatusNotFound {
			t.Errorf("%s answers %d beside the metrics", path, status)
		}
	}
	if status, _, _ := get(t, "http://"+r.address+"/metrics"); status != http.StatusNotFound {
		t.Errorf("the public listener answers %d for metrics", status)
	}
	// What is sampled comes by itself soon after the start.
	for deadline := time.Now().Add(time.Minute); !strings.Contains(text, "gatehouse_sessions_living 0") || !strings.Contains(text, "gatehouse_outbox_letters_waiting 0"); _, _, text = get(t, side+"/metrics") {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is sampled:\n%s", text)
		}
	}
}

func TestAnAddressForMetricsThatIsTakenStopsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg, _ := settle(t, map[string]string{"METRICS_LISTEN": taken.Addr().String()})
	s, err := New(t.Context(), cfg, testDeps(newClock(), &journal{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("%v", err)
	}
}

func TestNobodyWatchesUnlessTheSettingsSaySo(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	s := h.server
	if s.watch != nil || s.graphWatch() != nil || s.authObserver() != nil || s.mailWatch() != nil || s.storeWatch() != nil || s.Metrics() != nil || len(s.sampling()) != 0 {
		t.Error("somebody watches")
	}
}

func TestAStoryIsCountedByTheNamesOfTheSchema(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"METRICS_LISTEN": "127.0.0.1:0", "REFRESH_GRACE": "0"})
	h.enrol()
	in := h.login("BEARER")
	refresh := func() answer {
		return h.ask(documentRefresh, map[string]any{"refreshToken": in.text("login", "tokens", "refreshToken")}, nil)
	}
	if a := refresh(); a.code != "" {
		t.Fatal(a.body)
	}
	h.clock.move(time.Minute)
	if a := refresh(); a.code != "REFRESH_TOKEN_REUSED" {
		t.Fatal(a.body)
	}
	h.ask(`{ mark: me { email } __typename }`, nil, nil)
	h.ask(`{ nothing }`, nil, nil)
	h.ask(documentMe, nil, http.Header{"Cookie": {"gatehouse-access=x"}, "Origin": {"https://elsewhere.example"}})
	h.do(http.MethodGet, "/activate?token=MARK"+strings.Repeat("x", 39), "", nil)
	if err := h.server.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := requestTo(h.server.Metrics(), "/metrics").Body.String()
	for _, want := range []string{
		`graphql_fields_total{code="OK",field="register"} 1`, `graphql_fields_total{code="OK",field="login"} 1`,
		`graphql_fields_total{code="UNAUTHENTICATED",field="me"} 1`, `graphql_fields_total{code="REFRESH_TOKEN_REUSED",field="refresh"} 1`,
		`refusals_total{code="UNAUTHENTICATED"} 1`, `refusals_total{code="BAD_DOCUMENT"} 1`, `refusals_total{code="ORIGIN_REFUSED"} 1`,
		`refusals_total{code="INVALID_TOKEN"} 1`, // of the page
		`refresh_reused_total 1`, `hash_duration_seconds_count 2`, `letters_total{kind="activation",outcome="sent"} 1`,
		`http_requests_total{method="GET",route="/activate",status="200"} 1`, `http_requests_total{method="POST",route="/graphql",status="403"} 1`,
		`sessions_living 1`, // of the activation, `outbox_letters_waiting 0`,
	} {
		if !strings.Contains(text, "gatehouse_"+want) {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(text, "mark") || strings.Contains(text, "MARK") || strings.Contains(text, testEmail) {
		t.Errorf("something of the client's is told:\n%s", text)
	}
}

func TestEachLineOfARequestHasItsIDAndThatOfItsTrace(t *testing.T) {
	t.Parallel()
	c := watchtest.NewCollector(t)
	h := build(t, map[string]string{"TRACES_URL": c.URL()})
	if err := h.server.store.Close(); err != nil { // so that a line of level ERROR is written
		t.Fatal(err)
	}
	in := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword}, nil)
	if in.code != "INTERNAL" {
		t.Fatal(in.body)
	}
	id := regexp.MustCompile(`"requestId":"([^"]+)"`).FindStringSubmatch(in.body)[1]
	if err := h.server.watch.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(h.journal.String()) {
		if strings.Contains(line, "request") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 2 || !strings.Contains(lines[0], "level=ERROR") || !strings.Contains(lines[1], "msg=request ") {
		t.Fatalf("%q", lines)
	}
	trace := regexp.MustCompile(`trace_id=([0-9a-f]{32})\b`)
	for _, line := range lines {
		if strings.Count(line, "request_id="+id) != 1 || !trace.MatchString(line) || trace.FindString(line) != trace.FindString(lines[0]) {
			t.Errorf("%s", line)
		}
	}
	if spans := c.Named("POST /graphql"); len(spans) != 1 || watchtest.Attribute(spans[0], "gatehouse.request_id") != id {
		t.Errorf("%v", spans)
	}
}

func TestOnlyAProxyIsBelievedWhatItTraces(t *testing.T) {
	t.Parallel()
	const theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, c := range map[string]struct {
		set  map[string]string
		want int
	}{
		"nobody by itself":    {map[string]string{"TRUSTED_PROXIES": "127.0.0.1"}, 0},
		"a proxy as set":      {map[string]string{"TRUSTED_PROXIES": "127.0.0.1", "TRACES_PARENT": "proxies"}, 1},
		"no stranger even so": {map[string]string{"TRUSTED_PROXIES": "10.0.0.1", "TRACES_PARENT": "proxies"}, 0},
	} {
		collector := watchtest.NewCollector(t)
		c.set["TRACES_URL"], c.set["TRACES_SAMPLE"] = collector.URL(), "0"
		h := build(t, c.set)
		h.ask(documentMe, nil, http.Header{"Traceparent": {"00-" + theirs + "-00f067aa0ba902b7-01"}})
		if err := h.server.watch.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(collector.Named("POST /graphql")); got != c.want {
			t.Errorf("%s: %d requests are traced", name, got)
		}
	}
}

func TestAServerThatIsToldToStopIsNotReadyBeforeItsDoorCloses(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), map[string]string{"DRAIN_DELAY": "3s"})
	if status, header, _ := get(t, "http://"+r.address+pathReady); status != http.StatusOK || header.Get("Connection") == "close" {
		t.Fatalf("before: %d %v", status, header)
	}
	r.stop()
	// It takes requests all the while, and sends whoever asks away well in time.
	unready := 0
	for {
		resp, err := http.Get("http://" + r.address + pathReady)
		if err != nil {
			break
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable {
			continue // the signal is still on its way
		}
		if unready++; !resp.Close {
			t.Fatal("the connection is kept")
		}
		if resp, err := http.Get("http://" + r.address + "/.well-known/jwks.json"); err == nil {
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("while it leaves, requests are answered %d", resp.StatusCode)
			}
		}
	}
	if unready < 2 {
		t.Errorf("the door closed after %d answers", unready)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.ended <- nil
	log := r.journal.String()
	if not, no := strings.Index(log, "not ready any more"), strings.Index(log, "no more requests are taken"); not < 0 || no < not {
		t.Errorf("%s", log)
	}
}

func TestTheProcessIsToldOfEveryHash(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]map[string]string{"unwatched": nil, "watched": {"METRICS_LISTEN": "127.0.0.1:0"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _ := settle(t, set)
			begun, ended := 0, 0
			deps := testDeps(newClock(), &journal{})
			deps.Hashing = func() (end func()) {
				begun++
				return func() { ended++ }
			}
			s, err := New(t.Context(), cfg, deps)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			begun, ended = 0, 0 // starting may hash too
			if _, err := s.hasher.Hash(t.Context(), testPassword); err != nil {
				t.Fatal(err)
			}
			if begun != 1 || ended != 1 {
				t.Errorf("told of %d beginnings and %d ends of one hash", begun, ended)
			}
		})
	}
}
