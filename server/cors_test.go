package server

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func corsAnswer(t *testing.T, cookies bool, allowed []string, method, origin string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	origins := newOriginList(mustURL(t, "https://id.example.com"), allowed)
	h := withCORS(origins, cookies)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	r := httptest.NewRequest(method, "/graphql", nil)
	for name, values := range header {
		r.Header[name] = values
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var preflight = http.Header{
	"Access-Control-Request-Method":  {"POST"},
	"Access-Control-Request-Headers": {"authorization,content-type"},
}

func TestAListedOriginMayReadAnswersAndSendCookies(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	for method, header := range map[string]http.Header{http.MethodOptions: preflight, http.MethodPost: nil} {
		w := corsAnswer(t, true, []string{app}, method, app, header)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != app {
			t.Errorf("%s: allowed origin %q", method, got)
		}
		if w.Header().Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: no credentials", method)
		}
		if got := w.Header().Get("Access-Control-Expose-Headers"); method == http.MethodPost && got != "Retry-After" {
			t.Errorf("an app may read %q", got)
		}
		if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
			t.Errorf("%s: no Vary: Origin", method)
		}
	}
	w := corsAnswer(t, true, []string{app}, http.MethodOptions, app, preflight)
	if w.Header().Get("Access-Control-Allow-Methods") != "POST" || w.Code != http.StatusNoContent {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if got := w.Header().Get("Access-Control-Allow-Headers"); got != "authorization,content-type" {
		t.Errorf("preflight allows %q", got)
	}
}

func TestWithoutCookieTransportNoCredentialsAreAllowed(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	w := corsAnswer(t, false, []string{app}, http.MethodPost, app, nil)
	if w.Header().Get("Access-Control-Allow-Origin") != app || w.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", w.Header())
	}
}

func TestAnUnlistedOriginIsToldNothing(t *testing.T) {
	t.Parallel()
	// An empty list is nobody: the library would take it for everybody.
	for _, allowed := range [][]string{nil, {}, {"https://app.example.com"}} {
		for _, origin := range []string{"https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com"} {
			for method, header := range map[string]http.Header{http.MethodOptions: preflight, http.MethodPost: nil} {
				w := corsAnswer(t, true, allowed, method, origin, header)
				for name := range w.Header() {
					if strings.HasPrefix(name, "Access-Control-Allow") {
						t.Errorf("%s from %s, allowed %v: %s: %v", method, origin, allowed, name, w.Header()[name])
					}
				}
				if !slices.ContainsFunc(w.Header().Values("Vary"), func(v string) bool { return strings.Contains(v, "Origin") }) {
					t.Errorf("%s from %s: no Vary: Origin", method, origin)
				}
			}
		}
	}
}

func TestAPreflightForAnotherHeaderOrMethodIsToldNothing(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	for name, header := range map[string]http.Header{
		"method": {"Access-Control-Request-Method": {"PUT"}},
		"header": {"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"x-forwarded-for"}},
	} {
		w := corsAnswer(t, true, []string{app}, http.MethodOptions, app, header)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%s: allowed %q", name, got)
		}
	}
}
