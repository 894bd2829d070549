package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
)

func TestAnAuthorizationHeaderIsOneBearerTokenOrNobody(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	for name, c := range map[string]struct {
		values []string
		known  bool
	}{
		"a good token":                   {[]string{"Bearer " + token}, true},
		"a scheme in another case":       {[]string{"bEARER " + token}, true},
		"no scheme":                      {[]string{token}, false},
		"another scheme":                 {[]string{"Basic " + token}, false},
		"two spaces":                     {[]string{"Bearer  " + token}, false},
		"a tab":                          {[]string{"Bearer\t" + token}, false},
		"an empty header":                {[]string{""}, false},
		"a scheme alone":                 {[]string{"Bearer"}, false},
		"a scheme and a space":           {[]string{"Bearer "}, false},
		"something after the token":      {[]string{"Bearer " + token + " x"}, false},
		"a comma and another":            {[]string{"Bearer " + token + ", Bearer " + token}, false},
		"two headers":                    {[]string{"Bearer " + token, "Bearer " + token}, false},
		"a good one and a bad one":       {[]string{"Bearer " + token, "Basic x"}, false},
		"a signature cut short":          {[]string{"Bearer " + token[:len(token)-1]}, false},
		"more than 4 KiB":                {[]string{"Bearer " + strings.Repeat("a", 5000)}, false},
		"nothing but dots":               {[]string{"Bearer " + strings.Repeat(".", 12000)}, false},
		"a good one and padding":         {[]string{"Bearer " + token + "="}, false},
		"a good one without its signing": {[]string{"Bearer " + token[:strings.LastIndexByte(token, '.')+1]}, false},
	} {
		a := h.ask(documentMe, nil, http.Header{"Authorization": c.values})
		if a.status != http.StatusOK {
			t.Errorf("%s: status %d", name, a.status)
		}
		if got := a.text("me", "email") == testEmail; got != c.known || !c.known && a.code != "UNAUTHENTICATED" {
			t.Errorf("%s: %s", name, a.body)
		}
		// However bad it is, signing in works.
		login := map[string]any{"identifier": testEmail, "password": testPassword}
		if a := h.ask(documentLogin, login, http.Header{"Authorization": c.values}); a.code != "" {
			t.Errorf("%s: login: %s", name, a.body)
		}
	}
}

func TestARequestWithAuthorizationNeitherReadsNorSetsCookies(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	both := in.carry()
	both.Set("Authorization", "Bearer nonsense")
	if a := h.ask(documentMe, nil, both); a.code != "UNAUTHENTICATED" {
		t.Errorf("the cookie was read: %s", a.body)
	}
	if a := h.ask(documentRefresh, nil, both); a.code != "INVALID_INPUT" || len(a.cookies()) != 0 {
		t.Errorf("refresh: %s %v", a.body, a.cookies())
	}
	a := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword, "transport": "COOKIE"}, both)
	if a.code != "INVALID_INPUT" || len(a.cookies()) != 0 {
		t.Errorf("login: %s %v", a.body, a.cookies())
	}
	if a := h.ask(documentLogout, nil, both); len(a.cookies()) != 0 {
		t.Errorf("logout: %v", a.cookies())
	}
	// The session of the cookie is still there.
	if a := h.ask(documentMe, nil, in.carry()); a.text("me", "email") != testEmail {
		t.Errorf("me: %s", a.body)
	}
}

// asFrom is the header with what a browser says of the page that asks.
func asFrom(header http.Header, name, value string) http.Header {
	out := maps.Clone(header)
	out.Del("Origin")
	if name != "" {
		out[name] = []string{value}
	}
	return out
}

func TestCookiesAreForPagesOfOurOwnAndAllowedOriginsOnly(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	for name, c := range map[string]struct {
		header, value string
		let           bool
	}{
		"our own":                 {"Origin", ownOrigin, true},
		"an allowed one":          {"Origin", appOrigin, true},
		"same-origin":             {"Sec-Fetch-Site", "same-origin", true},
		"neither header":          {"", "", false},
		"a stranger":              {"Origin", "https://evil.example", false},
		"null":                    {"Origin", "null", false},
		"cross-site":              {"Sec-Fetch-Site", "cross-site", false},
		"none":                    {"Sec-Fetch-Site", "none", false},
		"the address of this run": {"Origin", h.url, false},
	} {
		carried := asFrom(in.carry(), c.header, c.value)
		a := h.ask(documentMe, nil, carried)
		if c.let && (a.status != http.StatusOK || a.text("me", "email") != testEmail) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if !c.let && (a.status != http.StatusForbidden || a.code != "ORIGIN_REFUSED" || a.data != nil) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if !c.let && !strings.Contains(a.header.Get("Content-Type"), "json") {
			t.Errorf("%s: %s", name, a.header.Get("Content-Type"))
		}

		// Without the access cookie only the input asks for cookies: an error of
		// the field.
		bare := asFrom(http.Header{}, c.header, c.value)
		a = h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword, "transport": "COOKIE"}, bare)
		if a.status != http.StatusOK || c.let != (len(a.cookies()) == 2) || !c.let && a.code != "ORIGIN_REFUSED" {
			t.Errorf("login, %s: %d %s", name, a.status, a.body)
		}
		refresh := asFrom(http.Header{"Cookie": {"gatehouse-refresh=x.y.z"}}, c.header, c.value)
		a = h.ask(documentRefresh, nil, refresh)
		if want := map[bool]string{true: "INVALID_TOKEN", false: "ORIGIN_REFUSED"}[c.let]; a.status != http.StatusOK || a.code != want {
			t.Errorf("refresh, %s: %d %s", name, a.status, a.body)
		}
	}
	// Nobody was signed out by all that.
	if a := h.ask(documentMe, nil, in.carry()); a.text("me", "email") != testEmail {
		t.Errorf("me: %s", a.body)
	}
}

func TestARefusedOriginLearnsNothingOfTheCookie(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	evil := asFrom(in.carry(), "Origin", "https://evil.example")
	good := h.ask(documentMe, nil, evil)
	bad := h.ask(documentMe, nil, http.Header{"Cookie": {"gatehouse-access=nonsense"}, "Origin": {"https://evil.example"}})
	if withoutID(t, good.body) != withoutID(t, bad.body) || good.status != bad.status {
		t.Errorf("%s\n%s", good.body, bad.body)
	}
}

// withoutID is a body without the one member that differs for every request.
func withoutID(t *testing.T, body string) string {
	t.Helper()
	var decoded struct {
		Errors []struct{ Extensions struct{ RequestID string } }
	}
	if err := json.Unmarshal([]byte(body), &decoded); err != nil || len(decoded.Errors) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	return strings.ReplaceAll(body, decoded.Errors[0].Extensions.RequestID, "")
}

func TestWithCookieTransportOffCookiesMeanNothing(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"COOKIE_TRANSPORT": "off"})
	h.enrol()
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	cookie := http.Header{"Cookie": {"gatehouse-access=" + token}, "Origin": {ownOrigin}}
	if a := h.ask(documentMe, nil, cookie); a.code != "UNAUTHENTICATED" {
		t.Errorf("me: %s", a.body)
	}
	a := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword, "transport": "COOKIE"}, cookie)
	if a.code != "DISABLED" || len(a.cookies()) != 0 {
		t.Errorf("login: %s", a.body)
	}
}

func TestARefusedRefreshLeavesTheCookiesAlone(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	h.ask(documentLogout, nil, in.carry())
	a := h.ask(documentRefresh, nil, in.carry())
	if a.code != "INVALID_TOKEN" || len(a.cookies()) != 0 {
		t.Errorf("%s %v", a.body, a.cookies())
	}
}

func TestOfAPlantedCookieAndOursNeitherIsTaken(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	in := h.login("COOKIE")
	access, refresh := in.cookies()["gatehouse-access"].Value, in.cookies()["gatehouse-refresh"].Value
	two := func(name, value string) http.Header {
		return http.Header{"Origin": {ownOrigin}, "Cookie": {name + "=planted; " + name + "=" + value}}
	}
	if a := h.ask(documentMe, nil, two("gatehouse-access", access)); a.code != "UNAUTHENTICATED" {
		t.Errorf("me: %s", a.body)
	}
	if a := h.ask(documentRefresh, nil, two("gatehouse-refresh", refresh)); a.code != "INVALID_INPUT" || len(a.cookies()) != 0 {
		t.Errorf("refresh: %s", a.body)
	}
}
