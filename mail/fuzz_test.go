package mail

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLinks holds that a link goes to the host that the setting names and to no
// other, whatever the token; that the token comes back out of it as it went in;
// and that it can stand in a letter as it is.
func FuzzLinks(f *testing.F) {
	for _, template := range []string{
		"https://app.acme.example/#/welcome/{token}", "https://app.acme.example/reset?token={token}&x=1",
		"https://{token}.example/", "https://{token}@app.example/", "https://app.example:{token}/", "http://[::1]:80/{token}",
		"https://app.example\\@evil.example/{token}", "https://app.example/%{token}", "javascript:alert('{token}')", "//evil.example/{token}",
		"https://app.example/?next=https://evil.example&t={token}", "https://app.example#{token}",
	} {
		f.Add(template, testToken)
		f.Add(template, "a/b&c=d e\r\nBcc: eve@evil.example")
		f.Add(template, ".evil.example/")
	}
	f.Fuzz(func(t *testing.T, template, token string) {
		links, err := Links{PublicURL: testPublic, Reset: template}.withDefaults()
		if err != nil || template == "" {
			return
		}
		link := fill(links.Reset, token)
		u, err := url.Parse(link)
		if err != nil {
			t.Fatalf("%q filled with %q is %q: %v", template, token, link, err)
		}
		bare, err := url.Parse(fill(links.Reset, ""))
		if err != nil {
			t.Fatal(err)
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Host == "" || u.Host != bare.Host {
			t.Errorf("%q filled with %q leads to %q", template, token, u.Host)
		}
		if strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>", r) }) {
			t.Errorf("%q filled with %q is %q", template, token, link)
		}
		before, after, _ := strings.Cut(template, tokenPlace)
		back, err := url.QueryUnescape(strings.TrimSuffix(strings.TrimPrefix(link, before), after))
		if err != nil || back != token {
			t.Errorf("%q filled with %q gives back %q, %v", template, token, back, err)
		}
	})
}
