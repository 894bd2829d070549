package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryAnswerBearsTheHeadersThatKeepBrowsersCareful(t *testing.T) {
	t.Parallel()
	for public, hsts := range map[string]string{ownOrigin: "", "https://id.example.com": "max-age=31536000"} {
		set := map[string]string{"PUBLIC_URL": public, "MAIL_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "no-reply@example.com", "HASHING_MEMORY": "7MiB"}
		h := build(t, set)
		for _, path := range []string{
			"/", "/activate", "/decline", "/reset", "/reset-username", "/confirm-email", "/revert-email", "/activate?token=x", pathGraphQL, pathJWKS, pathDiscovery, pathAlive, pathReady, "/nowhere",
		} {
			a := h.do(http.MethodGet, path, "", nil)
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": hsts,
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
			policy := a.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %q", path, policy)
			}
			want := "no-store"
			if path == pathJWKS || path == pathDiscovery {
				want = "public, max-age=300"
			}
			if got := a.header.Get("Cache-Control"); got != want {
				t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
			}
			if len(a.cookies()) != 0 {
				t.Errorf("%s: cookies %v", path, a.cookies())
			}
		}
	}
}

// The lists behind the headers are the same for all answers.
func TestWhatIsAddedToTheHeadersOfOneAnswerIsNotInAnother(t *testing.T) {
	t.Parallel()
	var found, left []http.Header
	h := withSecurityHeaders(true)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, left = append(found, w.Header().Clone()), append(left, w.Header())
		for name := range w.Header() {
			w.Header().Add(name, r.URL.Path)
		}
	}))
	for _, path := range []string{"/first", "/second"} {
		requestTo(h, path)
	}
	if diff := cmp.Diff(found[0], found[1]); diff != "" || len(found[0]) != 7 {
		t.Errorf("%d headers, and then (-/+): %s", len(found[0]), diff)
	}
	for name, values := range left[0] {
		if len(values) != 2 || values[1] != "/first" {
			t.Errorf("%s of the first answer is %q", name, values)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, path := range []string{"/nowhere", "/activate/x", "/graphql/", "/index.html", "/.well-known/", "/favicon.ico", "/dev/mail"} {
		a := h.do(http.MethodGet, path, "", nil)
		if a.status != http.StatusNotFound || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") || strings.Contains(a.body, path) {
			t.Errorf("%s: %d %s %q", path, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
	for _, path := range []string{"/", pathChangePassword, pathJWKS} {
		if a := h.do(http.MethodPost, path, "token=x", nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: %d", path, a.status)
		}
	}
}

func TestNobodyIsSentOnWithTheTokenOfALink(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, path := range []string{"/./activate", "/x/../reset", "/decline/.", "/activate//", "/.well-known//jwks.json"} {
		a := h.do(http.MethodGet, path+"?token=bolted", "", nil)
		if a.status != http.StatusNotFound || a.header.Get("Location") != "" || strings.Contains(a.body, "bolted") {
			t.Errorf("%s: %d to %q: %s", path, a.status, a.header.Get("Location"), a.body)
		}
	}
}

func TestOpeningALinkChangesNothing(t *testing.T) {
	t.Parallel()
	statements := 0
	cfg, _ := settle(t, nil)
	deps := testDeps(newClock(), &journal{})
	deps.Observe = func(string) { statements++ }
	server, err := New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	before := statements
	for _, path := range []string{"/", "/activate?token=x", "/decline?token=x", "/reset?token=x", "/reset-username?token=x",
		"/confirm-email?token=x", "/revert-email?token=x", pathJWKS, pathDiscovery, pathAlive} {
		w := requestTo(server.Handler(), path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if statements != before {
		t.Errorf("%d statements", statements-before)
	}
}

func TestTheKeySetIsPublicAndHoldsNoPrivateHalf(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a := h.do(http.MethodGet, pathJWKS, "", nil)
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal([]byte(a.body), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%v: %s", err, a.body)
	}
	allowed := []string{"kty", "crv", "x", "y", "kid", "use", "alg"}
	for name := range set.Keys[0] {
		if !slices.Contains(allowed, name) {
			t.Errorf("member %s", name)
		}
	}
	if set.Keys[0]["alg"] != "ES256" || set.Keys[0]["use"] != "sig" {
		t.Errorf("%v", set.Keys[0])
	}
	if got := a.header.Get("Content-Type"); got != "application/jwk-set+json" {
		t.Errorf("Content-Type %s", got)
	}
}

func TestASuccessorIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"KEY_ROTATION_INTERVAL": "24h"})
	h.clock.move(25 * time.Hour)
	if err := h.server.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := h.do(http.MethodGet, pathJWKS, "", nil); strings.Count(a.body, `"kid"`) != 2 {
		t.Errorf("%s", a.body)
	}
}

func TestTheDescriptionIsTrue(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"ISSUER": "https://issuer.example.com", "PUBLIC_URL": ownOrigin})
	// What the client calls us has no say in where the keys are.
	a := h.do(http.MethodGet, pathDiscovery, "", http.Header{"X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}})
	var got map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatal(err)
	}
	want := `{"grant_types_supported":[],"id_token_signing_alg_values_supported":["ES256"],"issuer":"https://issuer.example.com",` +
		`"jwks_uri":"http://localhost:8080/.well-known/jwks.json","response_types_supported":[],"subject_types_supported":["public"]}`
	if canonical, err := json.Marshal(got); err != nil || string(canonical) != want {
		t.Errorf("%s, want %s", canonical, want)
	}
}

func TestAServerOfEd25519KeysSaysSo(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"SIGNING_ALGORITHM": "EdDSA"})
	if a := h.do(http.MethodGet, pathDiscovery, "", nil); !strings.Contains(a.body, `"id_token_signing_alg_values_supported":["EdDSA"]`) {
		t.Errorf("the description: %s", a.body)
	}
	if a := h.do(http.MethodGet, pathJWKS, "", nil); !strings.Contains(a.body, `"kty":"OKP","crv":"Ed25519"`) {
		t.Errorf("the key set: %s", a.body)
	}
}

func TestAFreshServerIsAliveAndReady(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, path := range []string{pathAlive, pathReady} {
		if a := h.do(http.MethodGet, path, "", nil); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestAServerThatReadNoKeysForTenMinutesIsNotReady(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.clock.move(11 * time.Minute)
	a := h.do(http.MethodGet, pathReady, "", nil)
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `["keys"]`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if err := h.server.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.clock.move(time.Second)
	if a := h.do(http.MethodGet, pathReady, "", nil); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAServerWhoseClockIsFarFromTheDatabasesIsNotReady(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.server.clock.measured.Store(&measurement{at: h.clock.now(), difference: -31 * time.Second})
	a := h.do(http.MethodGet, pathReady, "", nil)
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `["clock"]`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAnonymousRequestsAreLimitedByClientAddress(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"LIMIT_ANONYMOUS_PER_ADDRESS": "3/1m", "TRUSTED_PROXIES": "127.0.0.1"})
	h.enrol()
	h.clock.move(time.Hour)
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	h.clock.move(5 * time.Minute)
	from := func(address string) http.Header { return http.Header{"X-Forwarded-For": {address}} }
	const settings = `{ settings { registrationOpen } }`
	for i := range 3 {
		if a := h.ask(settings, nil, from("2001:db8::1")); a.status != http.StatusOK {
			t.Fatalf("request %d: %d %s", i, a.status, a.body)
		}
	}
	// The same /64, and a token that is no good, get around nothing.
	a := h.ask(settings, nil, http.Header{"X-Forwarded-For": {"2001:db8::2"}, "Authorization": {"Bearer nonsense"}})
	if a.status != http.StatusTooManyRequests || a.code != "RATE_LIMITED" || a.header.Get("Retry-After") != "20" {
		t.Errorf("%d %s, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
	}
	if a := h.ask(settings, nil, from("2001:db8:0:1::1")); a.status != http.StatusOK {
		t.Errorf("another network: %d", a.status)
	}
	signedIn := bearer(token)
	signedIn.Set("X-Forwarded-For", "2001:db8::1")
	for range 10 {
		if a := h.ask(documentMe, nil, signedIn); a.text("me", "email") != testEmail {
			t.Fatalf("signed in: %d %s", a.status, a.body)
		}
	}
	h.clock.move(20 * time.Second)
	if a := h.ask(settings, nil, from("2001:db8::1")); a.status != http.StatusOK {
		t.Errorf("after the wait: %d", a.status)
	}
}

func TestWithLimitsOffNobodyIsLimited(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"LIMIT_ANONYMOUS_PER_ADDRESS": "1/1m", "RATE_LIMITS": "off"})
	for range 5 {
		if a := h.ask(`{ settings { registrationOpen } }`, nil, nil); a.status != http.StatusOK {
			t.Fatalf("%d", a.status)
		}
	}
}

func TestPagesOfAllowedOriginsReadTheAPIAndOthersDoNot(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for origin, let := range map[string]bool{appOrigin: true, "https://evil.example": false} {
		a := h.do(http.MethodOptions, pathGraphQL, "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,content-type"},
		})
		if a.status != http.StatusNoContent || let != (a.header.Get("Access-Control-Allow-Origin") == origin) {
			t.Errorf("preflight from %s: %d %v", origin, a.status, a.header)
		}
		a = h.ask(`{ settings { registrationOpen } }`, nil, http.Header{"Origin": {origin}})
		if let != (a.header.Get("Access-Control-Allow-Origin") == origin) || !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") {
			t.Errorf("from %s: %v", origin, a.header)
		}
	}
	// A refusal can be read by the page that it was made to.
	evil := http.Header{"Cookie": {"gatehouse-access=x"}, "Origin": {"https://evil.example"}}
	if a := h.ask(documentMe, nil, evil); a.status != http.StatusForbidden || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}
