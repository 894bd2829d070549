package server

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gatehouse/auth"
	"gatehouse/graph"
)

// FuzzCookies holds that a Cookie header signs its sender in only where it bears
// one access cookie, with the very token that was given, from a page of an
// origin that may.
func FuzzCookies(f *testing.F) {
	h := build(f, map[string]string{"RATE_LIMITS": "off"})
	h.enrol()
	in := h.login("COOKIE")
	public, err := url.Parse(ownOrigin)
	if err != nil {
		f.Fatal(err)
	}
	names := newCookieNames(public, true)
	token := in.cookies()[names.access].Value
	for _, header := range []string{
		names.access + "=" + token, names.access + "=\"" + token + "\"", " " + names.access + " = " + token,
		names.access + "=" + token + "; " + names.access + "=x", names.access + "=x; " + names.access + "=" + token,
		"__Host-" + names.access + "=" + token, strings.ToUpper(names.access) + "=" + token, names.refresh + "=" + token,
		names.access + "=" + token + "=", names.access + "=" + token + ";;;", "a=b; " + names.access + "=" + token + "; c",
		"$Version=1; " + names.access + "=" + token + "; $Path=/", names.access + "=%65" + token, names.access,
	} {
		f.Add(header, ownOrigin)
		f.Add(header, "")
		f.Add(header, "https://evil.example")
	}
	who := callers{auth: h.server.rules, names: names, origins: newOriginList(public, []string{appOrigin}), offered: true, refused: h.server.watch.Refused}
	f.Fuzz(func(t *testing.T, header, origin string) {
		r := httptest.NewRequest(http.MethodPost, pathGraphQL, http.NoBody)
		r.Header["Cookie"] = []string{header}
		if origin != "" {
			r.Header["Origin"] = []string{origin}
		}
		var caller auth.Caller
		reached := false
		w := httptest.NewRecorder()
		who.wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			caller, reached = graph.CallerFrom(r.Context()), true
		})).ServeHTTP(w, r)
		if reached == (w.Code == http.StatusForbidden) {
			t.Errorf("%q from %q: reached is %v, status %d", header, origin, reached, w.Code)
		}
		signedIn := caller.Kind != auth.Anonymous
		if signedIn && (strings.Count(header, names.access+"=") == 0 || !strings.Contains(header, token) || origin != ownOrigin && origin != appOrigin) {
			t.Errorf("%q from %q is signed in", header, origin)
		}
		if !signedIn && header == names.access+"="+token && origin == ownOrigin {
			t.Errorf("the good cookie is refused: %d", w.Code)
		}
		if cookies := w.Result().Cookies(); len(cookies) > 0 {
			t.Errorf("%q from %q sets %v", header, origin, cookies)
		}
	})
}

// FuzzRedirects holds that no address leads away: nothing sends a browser on but
// the one well-known address, and that to our own page. Whatever else is asked
// for is there or is not, and nobody's fault is ours.
func FuzzRedirects(f *testing.F) {
	h := build(f, map[string]string{"RATE_LIMITS": "off"})
	for _, target := range []string{
		"/", "/activate?token=" + strings.Repeat("A", 43), "//evil.example/activate", "/\\evil.example", "/.well-known/change-password",
		"/.well-known/change-password?next=https://evil.example", "/.well-known/../activate", "/activate/", "/activate/..", "/%2e%2e/reset",
		"/reset?token=a&token=b", "/reset#x", "http://evil.example/reset", "/reset-username;x", "/%2F%2Fevil.example", "/healthz//", "/graphql?query={me{id}}", "*",
	} {
		f.Add(target, "evil.example")
		f.Add(target, "localhost:8080")
	}
	f.Fuzz(func(t *testing.T, target, host string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")))
		if err != nil {
			return // net/http refuses it before us
		}
		r.RemoteAddr = "192.0.2.1:1234"
		w := httptest.NewRecorder()
		h.server.Handler().ServeHTTP(w, r)
		h.journal.clear()
		moved := w.Code >= 300 && w.Code < 400
		if moved != (r.URL.Path == pathChangePassword && w.Code == http.StatusFound) || w.Code >= 500 {
			t.Errorf("%q of %q: status %d", target, host, w.Code)
		}
		location := w.Header().Get("Location")
		// Where it is set by nobody, the page is at the public URL.
		if want := h.server.config.LinkURLRequestReset; moved && location != want && location != ownOrigin+pathReset && location != pathReset || !moved && location != "" {
			t.Errorf("%q of %q leads to %q", target, host, location)
		}
	})
}

// clear forgets what was logged, of which there is too much to keep.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf.Reset()
}
