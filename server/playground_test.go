package server

import (
	"net/http"
	"strings"
	"testing"
)

const documentSchema = `{ __schema { queryType { name } } }`

func TestThePlaygroundIsOfferedOnLoopback(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	w := visit(h.server.Handler(), ownHost, "/playground", nil)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<main id="playground" data-endpoint="/graphql" data-mailbox="/dev/mailbox">`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for header, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self';") {
		t.Errorf("policy %s", policy)
	}
	home := visit(h.server.Handler(), ownHost, "/", nil).Body.String()
	if !strings.Contains(home, `href="/playground"`) || !strings.Contains(home, `href="/dev/mailbox"`) {
		t.Errorf("the first page does not lead there: %s", home)
	}
}

func TestAnOperatorCanOfferThePlaygroundElsewhere(t *testing.T) {
	t.Parallel()
	h := build(t, elsewhere(map[string]string{"PLAYGROUND": "on"}))
	// The proxy in front is why there are such headers, and may use a name of its
	// own for us.
	for _, host := range []string{"auth.example.com", "10.0.0.7:8080"} {
		w := visit(h.server.Handler(), host, "/playground", http.Header{"X-Forwarded-For": {"203.0.113.7"}})
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `data-mailbox=""`) {
			t.Errorf("%s: %d %s", host, w.Code, w.Body)
		}
	}
	if a := h.ask(documentSchema, nil, nil); a.code != "" {
		t.Errorf("the playground there can't draw the schema: %s", a.body)
	}
	for _, path := range trial[4:] {
		if w := visit(h.server.Handler(), "auth.example.com", path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if a := build(t, elsewhere(nil)).ask(documentSchema, nil, nil); a.code == "" {
		t.Errorf("without a playground the schema is told: %s", a.body)
	}
}
