// Package web has the pages that people see in a browser: one that says what
// this server is, and one for each link that a letter carries.
//
// The model in a paragraph: every page is rendered once, when the server
// starts, from embedded templates and the team's brand, and is the same bytes
// for everybody ever after. So nothing of a request, and above all no token of
// a link, can find its way into a page; and opening one changes nothing, since
// mail scanners open links too, some of them with a real browser. The pages
// load nothing and run nothing: their one style sheet is inside, and the
// Content-Security-Policy names it by its hash.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"regexp"
)

//go:embed templates
var templates embed.FS

// A Brand is whose server this is.
type Brand struct {
	Name       string
	Colour     string // # and six hexadecimal digits
	TermsURL   string // "" where there is none
	PrivacyURL string // "" where there is none
}

// Paths are where the other things of the server are found.
type Paths struct {
	GraphQL, JWKS, Discovery, Alive, Ready string
}

// Pages are the rendered pages, each a handler for its path.
type Pages struct {
	Home, Activate, Decline, Reset, ResetUsername http.Handler
}

// A page is what its template is filled with.
type page struct {
	Title    string
	Private  bool // reached by a link that bears a token
	Brand    Brand
	Paths    Paths
	Endpoint string
	Style    template.CSS
}

// New renders the pages. endpoint is the whole URL of the GraphQL API, as a
// developer would call it.
func New(brand Brand, endpoint string, paths Paths) (Pages, error) {
	style, err := stylesheet(brand.Colour)
	if err != nil {
		return Pages{}, err
	}
	var pages Pages
	for _, p := range []struct {
		handler *http.Handler
		file    string
		title   string
		private bool
	}{
		{&pages.Home, "home.html", "The sign-in server of " + brand.Name, false},
		{&pages.Activate, "activate.html", "Activate your account", true},
		{&pages.Decline, "decline.html", "This was not me", true},
		{&pages.Reset, "reset.html", "Choose a new password", true},
		{&pages.ResetUsername, "reset_username.html", "Choose a username", true},
	} {
		filled := page{
			Title: p.title, Private: p.private, Brand: brand, Paths: paths,
			Endpoint: endpoint, Style: style,
		}
		if *p.handler, err = render(p.file, filled); err != nil {
			return Pages{}, err
		}
	}
	return pages, nil
}

var colourForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// stylesheet is the embedded one, led by the brand's colour.
func stylesheet(colour string) (template.CSS, error) {
	if !colourForm.MatchString(colour) {
		return "", fmt.Errorf("web: a colour is # and six hexadecimal digits, not %q", colour)
	}
	rules, err := fs.ReadFile(templates, "templates/style.css")
	if err != nil {
		return "", fmt.Errorf("web: read style sheet: %w", err)
	}
	//nolint:gosec // embedded rules and six digits that were just checked
	return template.CSS(":root { --brand: " + colour + "; }" + string(rules)), nil
}

// render makes the handler of one page.
func render(file string, p page) (http.Handler, error) {
	t, err := template.ParseFS(templates, "templates/layout.html", "templates/"+file)
	if err != nil {
		return nil, fmt.Errorf("web: parse page %s: %w", file, err)
	}
	var html bytes.Buffer
	if err := t.Execute(&html, p); err != nil {
		return nil, fmt.Errorf("web: render page %s: %w", file, err)
	}
	sum := sha256.Sum256([]byte(p.Style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		if p.Private {
			h.Set("Cache-Control", "no-store")
			h.Set("X-Robots-Tag", "noindex, nofollow")
		}
		// The browser may have gone; there is nobody left to tell.
		_, _ = w.Write(html.Bytes())
	}), nil
}
