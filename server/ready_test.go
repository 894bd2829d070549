package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gatehouse/config"
)

func TestAskingWhetherAServerIsReadyTakesNoOtherAnswerForAYes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		status     int
		failed     []string
		err        bool
	}{
		{name: "ready", status: http.StatusOK, body: `{"ready":true}`},
		{name: "not ready", status: http.StatusServiceUnavailable, body: `{"ready":false,"failed":["storage","keys"]}`, failed: []string{"storage", "keys"}},
		{name: "something else, in JSON", status: http.StatusOK, body: `{"status":"ok"}`, err: true},
		{name: "something else", status: http.StatusOK, body: `<!doctype html>`, err: true},
		{name: "nothing", status: http.StatusOK, err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			running := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer running.Close()
			failed, err := Ready(t.Context(), config.Config{Listen: []string{strings.TrimPrefix(running.URL, "http://")}})
			if (err != nil) != c.err || !slices.Equal(failed, c.failed) {
				t.Errorf("%v, %v", failed, err)
			}
		})
	}
}

func TestAServerThatListensEverywhereIsAskedAtHome(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "0.0.0.0:8080": "localhost:8080", ":8080": "localhost:8080",
		"[::]:80": "localhost:80", "[::1]:80": "[::1]:80", "10.0.0.7:80": "10.0.0.7:80",
	} {
		if got, err := reachable(listen); err != nil || got != want {
			t.Errorf("%s: %s, %v", listen, got, err)
		}
	}
}
