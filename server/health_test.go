package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fakeClock stands until it is moved.
type fakeClock struct{ at time.Time }

func (c *fakeClock) now() time.Time { return c.at }

func ready(h *readiness) (int, string) {
	w := httptest.NewRecorder()
	h.serveReady(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestReadinessNamesWhatFailsAndNothingMore(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	var storage, keys error
	h := &readiness{now: clock.now, checks: []check{
		{"storage", func(context.Context) error { return storage }},
		{"keys", func(context.Context) error { return keys }},
	}}
	if code, body := ready(h); code != http.StatusOK || body != `{"ready":true}` {
		t.Errorf("%d %s", code, body)
	}
	storage, keys = errors.New("dial tcp 10.0.0.5:5432: MARK"), errors.New("MARK")
	clock.at = clock.at.Add(readyFor)
	if code, body := ready(h); code != http.StatusServiceUnavailable || body != `{"ready":false,"failed":["storage","keys"]}` {
		t.Errorf("%d %s", code, body)
	}
	storage, keys = nil, nil
	clock.at = clock.at.Add(readyFor)
	if code, _ := ready(h); code != http.StatusOK {
		t.Errorf("it doesn't recover: %d", code)
	}
}

func TestStorageIsAskedOnceASecondHoweverOftenReadinessIs(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	asked := 0
	h := &readiness{now: clock.now, checks: []check{{"storage", func(context.Context) error { asked++; return nil }}}}
	for range 100 {
		ready(h)
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	clock.at = clock.at.Add(readyFor)
	ready(h)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAClientThatHangsUpMakesNobodyUnready(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	h := &readiness{now: clock.now, checks: []check{{"storage", func(ctx context.Context) error { return ctx.Err() }}}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if failed := h.failures(gone); len(failed) != 0 {
		t.Errorf("%v", failed)
	}
}

func TestADrainingServerIsNotReadyAtOnce(t *testing.T) {
	t.Parallel()
	clock := &fakeClock{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	h := &readiness{now: clock.now}
	ready(h)
	h.draining.Store(true)
	if code, body := ready(h); code != http.StatusServiceUnavailable || body != `{"ready":false,"failed":["draining"]}` {
		t.Errorf("%d %s", code, body)
	}
}

func TestLivenessAsksNobody(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	serveAlive(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	var answer map[string]bool
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || !answer["alive"] || w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
