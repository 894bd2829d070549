package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestCookiesOfHTTPSBearTheHostPrefixAndEveryGuard(t *testing.T) {
	t.Parallel()
	for _, loopback := range []bool{true, false} {
		names := newCookieNames(mustURL(t, "https://id.example.com"), loopback)
		got := names.living(names.access, "token", 10*time.Minute).String()
		want := "__Host-gatehouse-access=token; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Strict"
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
		got = names.expired(names.refresh).String()
		want = "__Host-gatehouse-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCookiesOfLoopbackHTTPArePlain(t *testing.T) {
	t.Parallel()
	names := newCookieNames(mustURL(t, "http://localhost:8080"), true)
	got := names.living(names.refresh, "token", time.Hour).String()
	if want := "gatehouse-refresh=token; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCookiesOfHTTPBeyondLoopbackAreNeverPlain(t *testing.T) {
	t.Parallel()
	if names := newCookieNames(mustURL(t, "http://id.example.com"), false); !names.secure || names.access != "__Host-gatehouse-access" {
		t.Errorf("%+v", names)
	}
}

func TestATokenThatHasJustExpiredMakesNoSessionCookie(t *testing.T) {
	t.Parallel()
	names := newCookieNames(mustURL(t, "https://id.example.com"), false)
	if c := names.living(names.access, "token", 0); c.MaxAge != 1 {
		t.Errorf("Max-Age %d", c.MaxAge)
	}
}

func TestOfTwoCookiesOfOneNameNoneIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header  []string
		token   string
		present bool
	}{
		"none":                  {nil, "", false},
		"one":                   {[]string{"other=1; gatehouse-access=good"}, "good", true},
		"two in a line":         {[]string{"gatehouse-access=planted; gatehouse-access=good"}, "", true},
		"two lines":             {[]string{"gatehouse-access=planted", "gatehouse-access=good"}, "", true},
		"the other letter case": {[]string{"Gatehouse-Access=planted"}, "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.Header["Cookie"] = c.header
		if token, present := readCookie(r, "gatehouse-access"); token != c.token || present != c.present {
			t.Errorf("%s: %q %v", name, token, present)
		}
	}
}
