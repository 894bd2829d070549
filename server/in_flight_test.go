package server

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"gatehouse/auth"
)

func callerAt(address string, kind auth.CallerKind) auth.Caller {
	return auth.Caller{Kind: kind, Client: auth.Client{Address: netip.MustParseAddr(address)}}
}

func TestAQuarterOfThePlacesIsKeptForWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	f := newInFlight(16, 100)
	for range 12 {
		if _, err := f.enter(callerAt("192.0.2.1", auth.Anonymous)); err != nil {
			t.Fatal(err)
		}
	}
	var refusal *auth.Refusal
	if _, err := f.enter(callerAt("192.0.2.2", auth.Anonymous)); !errors.As(err, &refusal) || refusal.Code != auth.Overloaded || refusal.RetryAfter < 1 {
		t.Errorf("an anonymous request beyond: %v", err)
	}
	for range 4 {
		if _, err := f.enter(callerAt("192.0.2.2", auth.BySession)); err != nil {
			t.Errorf("who is signed in: %v", err)
		}
	}
	if _, err := f.enter(callerAt("192.0.2.3", auth.BySession)); !errors.Is(err, auth.Overloaded) {
		t.Errorf("beyond all places: %v", err)
	}
	if now, shed := f.count(); now != 16 || shed != 2 {
		t.Errorf("%d in flight, %d turned away", now, shed)
	}
}

func TestOneAddressTakesNoMoreThanItsShareOfThePlaces(t *testing.T) {
	t.Parallel()
	f := newInFlight(100, 3)
	var leave func()
	for i := range 3 {
		// Of IPv6 a household has as many addresses as it likes.
		var err error
		if leave, err = f.enter(callerAt([]string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff"}[i], auth.BySession)); err != nil {
			t.Fatal(err)
		}
	}
	var refusal *auth.Refusal
	if _, err := f.enter(callerAt("2001:db8::3", auth.BySession)); !errors.As(err, &refusal) || refusal.Code != auth.RateLimited || refusal.RetryAfter < 1 {
		t.Errorf("a fourth: %v", err)
	}
	if _, err := f.enter(callerAt("2001:db8:0:1::1", auth.Anonymous)); err != nil {
		t.Errorf("another client: %v", err)
	}
	leave()
	leave() // of the same place
	if _, err := f.enter(callerAt("2001:db8::3", auth.BySession)); err != nil {
		t.Errorf("with a place given back: %v", err)
	}
	if _, err := f.enter(callerAt("2001:db8::3", auth.BySession)); err == nil {
		t.Error("one place was given back twice")
	}
}

func TestAddressesThatHaveLeftAreForgotten(t *testing.T) {
	t.Parallel()
	f := newInFlight(1000, 10)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			leave, err := f.enter(callerAt(netip.AddrFrom4([4]byte{192, 0, 2, byte(i / 2)}).String(), auth.Anonymous))
			if err != nil {
				t.Error(err)
				return
			}
			leave()
		})
	}
	all.Wait()
	if now, shed := f.count(); now != 0 || shed != 0 || len(f.addresses) != 0 {
		t.Errorf("%d in flight, %d turned away, %d addresses remembered", now, shed, len(f.addresses))
	}
}

// crowd takes what room there is for requests in flight of anonymous callers.
func (h *house) crowd() {
	h.t.Helper()
	for {
		if _, err := h.server.inFlight.enter(callerAt("192.0.2.1", auth.Anonymous)); err != nil {
			return
		}
	}
}

func TestACrowdedServerShedsStrangersAndAnswersWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"REQUESTS_IN_FLIGHT": "16", "REQUESTS_IN_FLIGHT_PER_ADDRESS": "1000"})
	h.enrol()
	access := h.login("BEARER").text("login", "tokens", "accessToken")
	h.crowd()
	for name, a := range map[string]answer{
		"login":    h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword}, nil),
		"register": h.ask(documentRegister, map[string]any{"email": "eve@example.com", "password": testPassword}, nil),
		"settings": h.ask(`{ settings { brand { name } } }`, nil, nil),
	} {
		if a.status != http.StatusServiceUnavailable || a.code != "OVERLOADED" || a.header.Get("Retry-After") != "1" || a.data != nil {
			t.Errorf("%s: %d, Retry-After %q: %s", name, a.status, a.header.Get("Retry-After"), a.body)
		}
	}
	a := h.post("/reset", url.Values{"email": {testEmail}})
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" {
		t.Errorf("a page: %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != testEmail {
		t.Errorf("me: %d %s", a.status, a.body)
	}
	h.unaffected()
}

// unaffected fails the test unless what stands beside the API answers.
func (h *house) unaffected() {
	h.t.Helper()
	for _, path := range []string{pathAlive, pathReady, pathJWKS, pathDiscovery} {
		if a := h.do(http.MethodGet, path, "", nil); a.status != http.StatusOK {
			h.t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestOneAddressIsToldToWaitBeforeAnythingIsRun(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"REQUESTS_IN_FLIGHT_PER_ADDRESS": "1", "TRUSTED_PROXIES": "127.0.0.1"})
	h.enrol()
	leave, err := h.server.inFlight.enter(callerAt("192.0.2.1", auth.Anonymous))
	if err != nil {
		t.Fatal(err)
	}
	login := func(from string) answer {
		return h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword}, http.Header{"X-Forwarded-For": {from}})
	}
	before := h.server.hasher.Calls()
	a := login("192.0.2.1")
	if a.status != http.StatusTooManyRequests || a.code != "RATE_LIMITED" || a.header.Get("Retry-After") != "1" || a.data != nil {
		t.Errorf("%d, Retry-After %q: %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	if h.server.hasher.Calls() != before {
		t.Error("it was hashed all the same")
	}
	if a := login("192.0.2.2"); a.code != "" {
		t.Errorf("another client: %s", a.body)
	}
	leave()
	if a := login("192.0.2.1"); a.code != "" {
		t.Errorf("with its place given back: %s", a.body)
	}
}

func TestEveryRequestGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	access := h.login("BEARER").text("login", "tokens", "accessToken")
	json := http.Header{"Content-Type": {"application/json"}}
	for _, body := range []string{"", "{", `{"query":"{"}`, `{"query":"{ nothing }"}`, `{"query":"{ me { id } }"}`, strings.Repeat("x", 100_000)} {
		h.do(http.MethodPost, pathGraphQL, body, json)
	}
	h.ask(documentMe, nil, bearer(access))
	h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": "wrong"}, nil)
	h.post("/reset", url.Values{"email": {testEmail}})
	h.post("/reset", url.Values{"token": {"none"}})
	h.do(http.MethodGet, "/activate?token="+strings.Repeat("x", 43), "", nil)
	if now, shed := h.server.InFlight(); now != 0 || shed != 0 {
		t.Errorf("%d are in flight, %d were turned away", now, shed)
	}
	if n := h.server.hasher.Admitted(); n != 0 {
		t.Errorf("%d places for hashing are taken", n)
	}
}

func TestWithoutLimitsOneAddressMayHaveAllPlaces(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"RATE_LIMITS": "off", "REQUESTS_IN_FLIGHT": "16", "REQUESTS_IN_FLIGHT_PER_ADDRESS": "1"})
	h.crowd()
	if now, _ := h.server.InFlight(); now != 12 {
		t.Errorf("%d are in flight", now)
	}
}

// TestAFullHashingQueueShedsBeforeAnythingIsRun takes the places for hashing
// away, from choosing passwords first and then from proving them.
func TestAFullHashingQueueShedsBeforeAnythingIsRun(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"HASHING_SLOTS": "1", "LIMIT_MAIL_PER_ADDRESS": "100/1h"})
	h.enrol()
	access := h.login("BEARER").text("login", "tokens", "accessToken")
	const reset = `mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { email } }`
	asked := func() (choosing, proving map[string]answer) {
		return map[string]answer{
				"register, taken": h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil),
				"register, free":  h.ask(documentRegister, map[string]any{"email": "eve@example.com", "password": testPassword}, nil),
				"resetPassword":   h.ask(reset, map[string]any{"token": "none", "newPassword": testPassword}, nil),
			}, map[string]answer{
				"login, known":   h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": "wrong"}, nil),
				"login, unknown": h.ask(documentLogin, map[string]any{"identifier": "nobody@example.com", "password": "wrong"}, nil),
			}
	}
	shed := func(answers map[string]answer) {
		t.Helper()
		for name, a := range answers {
			if a.status != http.StatusServiceUnavailable || a.code != "OVERLOADED" || a.header.Get("Retry-After") != "2" || a.data != nil {
				t.Errorf("%s: %d, Retry-After %q: %s", name, a.status, a.header.Get("Retry-After"), a.body)
			}
		}
	}
	take := func(u auth.Urgency) {
		for i := 0; ; i++ {
			// Each a client of its own, so that none makes room.
			if _, err := h.server.hasher.Admit(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String(), u); err != nil {
				return
			}
		}
	}
	take(auth.Choosing)
	choosing, proving := asked()
	shed(choosing)
	for name, a := range proving {
		if a.code != "INVALID_CREDENTIALS" {
			t.Errorf("%s with half of the places taken: %s", name, a.body)
		}
	}
	take(auth.Proving)
	choosing, proving = asked()
	shed(choosing)
	shed(proving)
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != testEmail {
		t.Errorf("me: %d %s", a.status, a.body)
	}
	h.unaffected()
}
