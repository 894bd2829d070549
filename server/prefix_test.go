package server

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestTheServerLiesBelowAPath plays both kinds of proxy, which hand the path on
// or take it off, with everything that a page and a client reach.
func TestTheServerLiesBelowAPath(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"PUBLIC_URL": ownOrigin + "/team/auth"})
	for _, prefix := range []string{"/team/auth", ""} {
		for path, status := range map[string]int{
			"/readyz": http.StatusOK, "/healthz": http.StatusOK, "/.well-known/jwks.json": http.StatusOK,
			"/": http.StatusOK, "/reset": http.StatusOK, "/activate?token=x": http.StatusOK, "/nowhere": http.StatusNotFound, "//reset": http.StatusNotFound,
		} {
			if a := h.do(http.MethodGet, prefix+path, "", nil); a.status != status {
				t.Errorf("%s%s answers %d", prefix, path, a.status)
			}
		}
	}
	for _, path := range []string{"/team/authentic/reset", "/team", "/team/auth/team/auth/reset", "/team%2Fauth%2Freset"} {
		if a := h.do(http.MethodGet, path, "", nil); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
	if a := h.do(http.MethodGet, "/team/auth", "", nil); a.status != http.StatusOK || !strings.Contains(a.body, `href="/team/auth/.well-known/jwks.json"`) {
		t.Errorf("the first page: %d %s", a.status, a.body)
	}
	if a := h.do(http.MethodGet, "/team/auth/.well-known/openid-configuration", "", nil); !strings.Contains(a.body, `"issuer":"`+ownOrigin+`/team/auth"`) ||
		!strings.Contains(a.body, `"jwks_uri":"`+ownOrigin+`/team/auth/.well-known/jwks.json"`) {
		t.Errorf("the description: %s", a.body)
	}
}

func TestALinkLeadsBelowThePathAndItsFormComesBackThere(t *testing.T) {
	t.Parallel()
	const prefix = "/team/auth"
	h := build(t, map[string]string{"PUBLIC_URL": ownOrigin + prefix})
	h.enrol()
	form := url.Values{"email": {testEmail}}
	h.says(h.post(prefix+"/reset", form), http.StatusOK)
	link, err := url.Parse(h.letter().Link())
	if err != nil || link.Path != prefix+"/reset" {
		t.Fatalf("the link leads to %v, %v", link, err)
	}
	opened := h.do(http.MethodGet, link.RequestURI(), "", nil)
	action := regexp.MustCompile(`<form method="post" action="([^"]*)">`).FindStringSubmatch(opened.body)
	if action == nil {
		t.Fatalf("no form: %s", opened.body)
	}
	at, err := link.Parse(action[1])
	if err != nil || at.Path != link.Path {
		t.Fatalf("its form goes to %v, %v", at, err)
	}
	form = url.Values{"token": link.Query()["token"], "newPassword": {"seven other lanterns"}, "newPasswordConfirmation": {"seven other lanterns"}}
	h.says(h.post(at.Path, form), http.StatusOK)
}
