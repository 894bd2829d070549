package server

import (
	"net/http"
	"strings"
	"testing"
)

func TestUsersFindPagesOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"ALLOWED_ORIGINS": "https://app.example.com"})
	for _, path := range []string{"/account", "/account/", "/account/register"} {
		w := visit(h.server.Handler(), ownHost, path, nil)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `data-endpoint="/graphql" data-base="/account"`) ||
			!strings.Contains(w.Body.String(), `data-origins="`+ownOrigin+` https://app.example.com"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s: %q, want %q", path, header, got, want)
			}
		}
	}
	if w := visit(h.server.Handler(), ownHost, "/accounts", nil); w.Code != http.StatusNotFound {
		t.Errorf("a path that only begins so: %d", w.Code)
	}
	if home := visit(h.server.Handler(), ownHost, "/", nil).Body.String(); !strings.Contains(home, `href="/account"`) {
		t.Errorf("the first page does not lead there: %s", home)
	}
}

func TestThePagesForUsersLieBelowAPath(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"PUBLIC_URL": ownOrigin + "/team/auth"})
	for _, path := range []string{"/team/auth/account", "/account/sessions"} {
		body := visit(h.server.Handler(), ownHost, path, nil).Body.String()
		if !strings.Contains(body, `data-endpoint="/team/auth/graphql" data-base="/team/auth/account"`) ||
			!strings.Contains(body, ` src="/team/auth/account/assets/main-`) || !strings.Contains(body, `data-origins="`+ownOrigin+` `) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestAnOperatorCanDoWithoutThePagesForUsers(t *testing.T) {
	t.Parallel()
	for _, set := range []map[string]string{{"ACCOUNT_PAGES": "off"}, {"COOKIE_TRANSPORT": "off"}} {
		h := build(t, set)
		for _, path := range []string{"/account", "/account/", "/account/LICENCES.txt"} {
			if w := visit(h.server.Handler(), ownHost, path, nil); w.Code != http.StatusNotFound {
				t.Errorf("%v: %s: %d", set, path, w.Code)
			}
		}
		if home := visit(h.server.Handler(), ownHost, "/", nil).Body.String(); strings.Contains(home, "/account") {
			t.Errorf("%v: the first page leads there: %s", set, home)
		}
	}
}
