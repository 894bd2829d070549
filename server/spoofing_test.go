package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// spoofs are the headers by which servers have been told who they are, who asks
// and what for. No proxy is configured here, so nobody is believed.
func spoofs(host, address string) map[string]string {
	return map[string]string{
		"X-Forwarded-Host": host, "X-Forwarded-Server": host, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444",
		"X-Forwarded-Prefix": "/evil", "X-Host": host, "X-HTTP-Host-Override": host, "X-Original-Host": host,
		"X-Original-URL": "https://" + host + "/reset", "X-Rewrite-URL": "https://" + host + "/reset", "Forwarded": "for=" + address + ";host=" + host + ";proto=https",
		"X-Forwarded-For": address, "X-Real-IP": address, "X-Client-IP": address, "True-Client-IP": address, "CF-Connecting-IP": address,
		"X-Cluster-Client-IP": address, "Fastly-Client-IP": address, "X-Originating-IP": address, "X-Remote-Addr": address, "Client-IP": address,
		"Via": "1.1 " + host, "Referer": "https://" + host + "/", "X-Forwarded-Scheme": "https",
		"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET",
	}
}

// TestNoHeaderDecidesWhereLinksLead asks for letters in the name of other hosts:
// a reset whose link went to a host of the asker's choice would give the account
// away.
func TestNoHeaderDecidesWhereLinksLead(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"RATE_LIMITS": "off"})
	h.enrol()
	handler := h.server.Handler()
	all := spoofs("evil.example", "198.51.100.1")
	cases := map[string]map[string]string{"all at once": all, "the Host alone": nil}
	for name, value := range all {
		cases[name] = map[string]string{name: value}
	}
	for name, headers := range cases {
		for _, body := range []string{
			fmt.Sprintf(`{"query":%q}`, `mutation { requestPasswordReset(input: {email: "`+testEmail+`"}) { email } }`),
			fmt.Sprintf(`{"query":%q}`, `mutation { requestUsernameReset(input: {email: "`+testEmail+`"}) { email } }`),
			fmt.Sprintf(`{"query":%q}`, `mutation { register(input: {email: "new@example.com", password: "`+testPassword+`"}) { email } }`),
		} {
			r := httptest.NewRequest(http.MethodPost, pathGraphQL, strings.NewReader(body))
			r.Host = "evil.example:444"
			r.Header.Set("Content-Type", "application/json")
			for header, value := range headers {
				r.Header.Set(header, value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "errors") {
				t.Fatalf("%s: %d %s", name, w.Code, w.Body)
			}
			letter := h.letter()
			if len(letter.Links()) == 0 {
				t.Errorf("%s: a letter without a link", name)
			}
			for _, link := range letter.Links() {
				if !strings.HasPrefix(link, ownOrigin+"/") {
					t.Errorf("%s: the letter leads to %s", name, link)
				}
			}
			if strings.Contains(letter.Text+letter.HTML+string(letter.Raw), "evil") || strings.Contains(letter.Text, "198.51.100.1") {
				t.Errorf("%s: the letter says what the asker wrote:\n%s", name, letter.Text)
			}
		}
		for _, path := range []string{pathDiscovery, pathJWKS, pathActivate, pathReset, pathDecline, "/", pathChangePassword} {
			r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
			r.Host = "evil.example:444"
			for header, value := range headers {
				r.Header.Set(header, value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code >= 400 || strings.Contains(w.Body.String()+fmt.Sprint(w.Header()), "evil") {
				t.Errorf("%s: %s is answered %d %v\n%s", name, path, w.Code, w.Header(), w.Body)
			}
		}
	}
}

// TestNoHeaderEscapesTheLimits guesses from one socket in the name of another
// address each time. Each guess is at another account, so that only the address
// can be counted.
func TestNoHeaderEscapesTheLimits(t *testing.T) {
	t.Parallel()
	for name := range spoofs("", "") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, nil)
			for guess := range 22 {
				spoof := spoofs("evil.example", fmt.Sprintf("198.51.100.%d", guess+1))
				a := h.ask(documentLogin, map[string]any{"identifier": fmt.Sprintf("nobody%d@example.com", guess), "password": "wrong"},
					http.Header{http.CanonicalHeaderKey(name): {spoof[name]}})
				want := "INVALID_CREDENTIALS"
				if guess >= 20 {
					want = "RATE_LIMITED"
				}
				if a.code != want {
					t.Fatalf("guess %d: %d %s, not %s", guess+1, a.status, a.body, want)
				}
			}
		})
	}
}
