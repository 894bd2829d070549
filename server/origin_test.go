package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"gatehouse/auth"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestOnlyOurOwnAndAllowedOriginsMayUseCookies(t *testing.T) {
	t.Parallel()
	origins := newOriginList(mustURL(t, "https://id.example.com"), []string{"https://app.example.com", "http://localhost:5173"})
	for name, c := range map[string]struct {
		header http.Header
		let    bool
	}{
		"our own":                                  {http.Header{"Origin": {"https://id.example.com"}}, true},
		"an allowed one":                           {http.Header{"Origin": {"https://app.example.com"}}, true},
		"an allowed one with a port":               {http.Header{"Origin": {"http://localhost:5173"}}, true},
		"no Origin, but the same by the browser":   {http.Header{"Sec-Fetch-Site": {"same-origin"}}, true},
		"allowed and of the same site":             {http.Header{"Origin": {"https://app.example.com"}, "Sec-Fetch-Site": {"same-site"}}, true},
		"neither header":                           {http.Header{}, false},
		"a Referer only":                           {http.Header{"Referer": {"https://id.example.com/"}}, false},
		"same-site only":                           {http.Header{"Sec-Fetch-Site": {"same-site"}}, false},
		"cross-site only":                          {http.Header{"Sec-Fetch-Site": {"cross-site"}}, false},
		"none, as typed into the address bar":      {http.Header{"Sec-Fetch-Site": {"none"}}, false},
		"a stranger":                               {http.Header{"Origin": {"https://evil.example"}}, false},
		"a stranger at a name for our address":     {http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}}, false},
		"a sandboxed frame":                        {http.Header{"Origin": {"null"}}, false},
		"an empty Origin":                          {http.Header{"Origin": {""}}, false},
		"another scheme":                           {http.Header{"Origin": {"http://app.example.com"}}, false},
		"another port":                             {http.Header{"Origin": {"https://app.example.com:8443"}}, false},
		"a sibling":                                {http.Header{"Origin": {"https://evil.example.com"}}, false},
		"our name as a prefix":                     {http.Header{"Origin": {"https://id.example.com.evil.example"}}, false},
		"our name as a suffix":                     {http.Header{"Origin": {"https://evil-id.example.com"}}, false},
		"our name as a user":                       {http.Header{"Origin": {"https://id.example.com@evil.example"}}, false},
		"two origins, one of them ours":            {http.Header{"Origin": {"https://id.example.com", "https://evil.example"}}, false},
		"two origins in one line":                  {http.Header{"Origin": {"https://id.example.com https://evil.example"}}, false},
		"no Origin and two words of the browser's": {http.Header{"Sec-Fetch-Site": {"cross-site", "same-origin"}}, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.Host = "evil.example" // what the client calls us has no say
		r.Header = c.header
		err := origins.judge(r)
		if c.let && err != nil {
			t.Errorf("%s: refused", name)
		}
		if !c.let && !errors.Is(err, auth.OriginRefused) {
			t.Errorf("%s: let in (%v)", name, err)
		}
	}
}

func TestAnOriginHasNoDefaultPort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://id.example.com":      "https://id.example.com",
		"https://id.example.com:443":  "https://id.example.com",
		"http://localhost:80":         "http://localhost",
		"https://id.example.com:80":   "https://id.example.com:80",
		"http://localhost:8080":       "http://localhost:8080",
		"http://[::1]:80":             "http://[::1]",
		"http://[::1]:8080/elsewhere": "http://[::1]:8080",
	} {
		if got := originOf(mustURL(t, in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestAllowedOriginsOfAnotherSiteAreTold(t *testing.T) {
	t.Parallel()
	got := foreignSites(mustURL(t, "https://id.example.co.uk"), []string{
		"https://app.example.co.uk", "https://other.co.uk", "http://app.example.co.uk", "https://example.co.uk:8443",
	})
	if want := []string{"https://other.co.uk", "http://app.example.co.uk"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got = foreignSites(mustURL(t, "http://localhost:8080"), []string{"http://localhost:5173", "http://127.0.0.1:5173", "http://[::1]:1"})
	if want := []string{"http://127.0.0.1:5173", "http://[::1]:1"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	got = foreignSites(mustURL(t, "https://alice.github.io"), []string{"https://bob.github.io"})
	if want := []string{"https://bob.github.io"}; !slices.Equal(got, want) {
		t.Errorf("on a public suffix: %v, want %v", got, want)
	}
}
