package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func testPages(t *testing.T, brand Brand) map[string]http.Handler {
	t.Helper()
	pages, err := New(brand, "https://id.example.com/graphql", Paths{
		GraphQL: "/graphql", JWKS: "/.well-known/jwks.json", Discovery: "/.well-known/openid-configuration",
		Alive: "/healthz", Ready: "/readyz",
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]http.Handler{"/": pages.Home, "/activate": pages.Activate, "/decline": pages.Decline, "/reset": pages.Reset, "/reset-username": pages.ResetUsername}
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

var acme = Brand{Name: "Acme", Colour: "#0a7f5a", TermsURL: "https://acme.example/terms", PrivacyURL: "https://acme.example/privacy"}

func TestAPageIsTheSameWhateverTokenItsLinkBears(t *testing.T) {
	t.Parallel()
	for path, h := range testPages(t, acme) {
		plain := get(h, path).Body.String()
		with := get(h, path+"?token=MARK-dGhlIHRva2Vu%3Cscript%3E").Body.String()
		if plain != with {
			t.Errorf("%s: the page depends on the query", path)
		}
		if strings.Contains(with, "MARK") {
			t.Errorf("%s: the page echoes the token", path)
		}
	}
}

func TestAPagesPolicyNamesExactlyItsOwnStyleSheet(t *testing.T) {
	t.Parallel()
	for path, h := range testPages(t, acme) {
		w := get(h, path)
		_, rest, _ := strings.Cut(w.Body.String(), "<style>")
		style, _, found := strings.Cut(rest, "</style>")
		if !found {
			t.Fatalf("%s: no style sheet", path)
		}
		sum := sha256.Sum256([]byte(style))
		want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "style-src "+want+";") {
			t.Errorf("%s: policy %q lacks %s", path, policy, want)
		}
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: policy %q lacks %s", path, policy, part)
			}
		}
	}
}

func TestAPageRunsLoadsAndPostsNothing(t *testing.T) {
	t.Parallel()
	for path, h := range testPages(t, acme) {
		body := get(h, path).Body.String()
		for _, element := range []string{"<script", "<form", "<img", "<iframe", "<link", "style=", "onclick", "url(", "@import"} {
			if strings.Contains(body, element) {
				t.Errorf("%s: the page has %s", path, element)
			}
		}
	}
}

func TestPagesOfLinksAreKeptByNobody(t *testing.T) {
	t.Parallel()
	for path, h := range testPages(t, acme) {
		if path == "/" {
			continue
		}
		w := get(h, path+"?token=x")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if !strings.Contains(w.Body.String(), `<meta name="robots" content="noindex, nofollow">`) {
			t.Errorf("%s: no robots meta", path)
		}
	}
}

func TestABrandIsEscapedAndShown(t *testing.T) {
	t.Parallel()
	brand := acme
	brand.Name = `Möbel & <script>alert(1)</script>`
	brand.TermsURL = "javascript:alert(1)"
	for path, h := range testPages(t, brand) {
		body := get(h, path).Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "javascript:") {
			t.Errorf("%s: the brand became markup", path)
		}
		if !strings.Contains(body, "Möbel &amp; &lt;script&gt;") {
			t.Errorf("%s: the brand's name is missing", path)
		}
	}
}

func TestABadColourIsRefused(t *testing.T) {
	t.Parallel()
	for _, colour := range []string{"", "red", "#fff", "#12345g", "#123456;} body{display:none", "#1234567", "x#123456"} {
		if _, err := New(Brand{Name: "Acme", Colour: colour}, "", Paths{}); err == nil {
			t.Errorf("colour %q was taken", colour)
		}
	}
}

func TestPagesSayWhereToGo(t *testing.T) {
	t.Parallel()
	pages := testPages(t, acme)
	for path, words := range map[string][]string{
		"/":               {"/graphql", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz", "/readyz", "https://id.example.com/graphql"},
		"/activate":       {"six digits", "changes nothing", "activate(input"},
		"/decline":        {"changes nothing", "declineRegistration"},
		"/reset":          {"changes nothing", "resetPassword", "works once"},
		"/reset-username": {"changes nothing", "resetUsername", "works once"},
	} {
		body := get(pages[path], path).Body.String()
		for _, word := range append(words, `<html lang="en">`, "width=device-width", "<title>", "prefers-color-scheme: dark", "https://acme.example/privacy") {
			if !strings.Contains(body, word) {
				t.Errorf("%s lacks %q", path, word)
			}
		}
	}
}
