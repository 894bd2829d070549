package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAPersonRegistersActivatesSignsInRefreshesAndSignsOut(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a := h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil)
	flow := a.text("register", "flow")
	if a.code != "" || flow == "" {
		t.Fatalf("register: %s", a.body)
	}

	// The link of the letter leads to a page that changes nothing.
	letter := h.letter()
	link, err := url.Parse(letter.Link())
	if err != nil {
		t.Fatal(err)
	}
	token := link.Query().Get("token")
	if link.Path != "/activate" || !strings.HasPrefix(letter.Link(), ownOrigin+"/") || token == "" {
		t.Fatalf("link %s", letter.Link())
	}
	for range 3 {
		page := h.do(http.MethodGet, link.RequestURI(), "", nil)
		if page.status != http.StatusOK || !strings.Contains(page.body, letter.Code()) {
			t.Fatalf("page: %d %s", page.status, page.body)
		}
	}

	a = h.ask(documentActivate, map[string]any{"token": token, "flow": flow}, nil)
	if a.code != "" || a.text("activate", "tokens", "accessToken") == "" {
		t.Fatalf("activate: %s", a.body)
	}
	a = h.ask(documentActivate, map[string]any{"token": token, "flow": flow}, nil)
	if a.code != "INVALID_TOKEN" {
		t.Fatalf("activate again: %s", a.body)
	}

	a = h.login("BEARER")
	access, refresh := a.text("login", "tokens", "accessToken"), a.text("login", "tokens", "refreshToken")
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != testEmail || a.at("me", "emailVerified") != true {
		t.Fatalf("me: %s", a.body)
	}
	h.clock.move(11 * time.Minute)
	if a := h.ask(documentMe, nil, bearer(access)); a.code != "UNAUTHENTICATED" {
		t.Fatalf("me with an expired token: %s", a.body)
	}
	// An expired access token doesn't stand in the way of refreshing.
	a = h.ask(documentRefresh, map[string]any{"refreshToken": refresh}, bearer(access))
	access = a.text("refresh", "tokens", "accessToken")
	if a.code != "" || access == "" || a.text("refresh", "tokens", "refreshToken") == refresh {
		t.Fatalf("refresh: %s", a.body)
	}
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != testEmail {
		t.Fatalf("me after refresh: %s", a.body)
	}
	if a := h.ask(documentLogout, nil, bearer(access)); a.at("logout", "sessionsEnded") != 1.0 {
		t.Fatalf("logout: %s", a.body)
	}
	if a := h.ask(documentMe, nil, bearer(access)); a.code != "UNAUTHENTICATED" {
		t.Fatalf("me after logout: %s", a.body)
	}

	for _, secret := range []string{token, flow, access, refresh, testPassword, letter.Code(), testEmail} {
		if strings.Contains(h.journal.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestTheSameWithCookiesThatNoScriptSees(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	if in.at("login", "tokens") != nil {
		t.Fatalf("tokens in the body: %s", in.body)
	}
	for name, age := range map[string]int{"gatehouse-access": 600, "gatehouse-refresh": 14 * 86400} {
		c := in.cookies()[name]
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != age {
			t.Errorf("%s: %v", name, c)
		}
	}
	if in.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", in.header.Get("Cache-Control"))
	}
	if a := h.ask(documentMe, nil, in.carry()); a.text("me", "email") != testEmail {
		t.Fatalf("me: %s", a.body)
	}
	h.clock.move(time.Minute)
	again := h.ask(documentRefresh, nil, in.carry())
	if again.code != "" || again.at("refresh", "tokens") != nil || len(again.cookies()) != 2 {
		t.Fatalf("refresh: %s", again.body)
	}
	out := h.ask(documentLogout, nil, again.carry())
	if out.at("logout", "sessionsEnded") != 1.0 {
		t.Fatalf("logout: %s", out.body)
	}
	for _, name := range []string{"gatehouse-access", "gatehouse-refresh"} {
		if c := out.cookies()[name]; c == nil || c.MaxAge != -1 || c.Value != "" {
			t.Errorf("logout leaves %s: %v", name, c)
		}
	}
	if a := h.ask(documentMe, nil, again.carry()); a.code != "UNAUTHENTICATED" {
		t.Fatalf("me after logout: %s", a.body)
	}
}

func TestNoHeaderOfARequestHasASayInALink(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	body := `{"query":"mutation { register(input: {email: \"` + testEmail + `\", password: \"` + testPassword + `\"}) { flow } }"}`
	r := httptest.NewRequest(http.MethodPost, pathGraphQL, strings.NewReader(body))
	r.Host = "evil.example"
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
		"Forwarded": "host=evil.example", "Origin": "https://evil.example", "Referer": "https://evil.example/",
	} {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.server.Handler().ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `"flow":"`) {
		t.Fatalf("%s", w.Body)
	}
	letter := h.letter()
	if strings.Contains(letter.Text+letter.HTML, "evil") {
		t.Errorf("%s", letter.Text)
	}
	for _, link := range letter.Links() {
		if !strings.HasPrefix(link, ownOrigin+"/") {
			t.Errorf("link %s", link)
		}
	}
}
