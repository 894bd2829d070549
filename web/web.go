// Package web has the pages that people see in a browser: one that says what
// this server is, and one for each link that a letter carries.
//
// The model in a paragraph: a page is a template, filled with the team's brand,
// the reader's language and a [View], which is all that a request has to say.
// This package decides nothing and asks nobody: server asks the rules and hands
// the View in. Opening a page changes nothing, since mail scanners open links
// too, some of them with a real browser; what does is a form that its button
// posts. The pages run nothing and load nothing but the brand's picture: their
// one style sheet is inside, and the Content-Security-Policy names it by its
// hash. So they work without JavaScript, and have none.
//
// Two things run a script, ours, from here: the [Account], which is the application
// by which users look after themselves, and the [Playground], for whoever tries the
// server out. Beside that is the mailbox, whose pages show the letters that were
// written, each in a frame that can do nothing.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"golang.org/x/text/language"
)

//go:embed templates
var templates embed.FS

// A Brand is whose server this is.
type Brand struct {
	Name       string
	LogoURL    string // "" shows the name instead
	Colour     string // # and six hexadecimal digits
	TermsURL   string // "" where there is none
	PrivacyURL string // "" where there is none
}

// Paths are where the other things of the server are found.
type Paths struct {
	GraphQL, JWKS, Discovery, Alive, Ready string
	// RequestReset is where a link to choose a new password is asked for: a page
	// of ours or of the team's.
	RequestReset string
	// Playground, Mailbox and Account are "" where there are none.
	Playground, Mailbox, Account string
}

// Options are what is the same on all pages.
type Options struct {
	Brand    Brand
	Endpoint string // the whole URL of the GraphQL API, as a developer would call it
	Paths    Paths
	// PasswordMinLength is told to whoever chooses a password.
	PasswordMinLength int
}

// A Page is the name of one.
type Page string

// The pages. Reset is where a link leads, Request where one is asked for.
const (
	Home          Page = "home"
	Activate      Page = "activate"
	Decline       Page = "decline"
	Reset         Page = "reset"
	Request       Page = "request"
	ResetUsername Page = "reset_username"
	EmailChange   Page = "email_change"
	EmailRevert   Page = "email_revert"
)

func pages() []Page {
	return []Page{Home, Activate, Decline, Reset, Request, ResetUsername, EmailChange, EmailRevert, Mailbox, MailboxLetter}
}

// Pages are all of them, in all languages.
type Pages struct {
	style    template.CSS
	policy   string // but for frames
	editions []edition
	matcher  language.Matcher // gives the index of an edition
}

// New makes the pages.
func New(o Options) (*Pages, error) {
	style, err := stylesheet(o.Brand.Colour)
	if err != nil {
		return nil, err
	}
	p := &Pages{style: style, policy: policy(style, o.Brand.LogoURL)}
	var known []language.Tag
	for _, tag := range tags() {
		e, err := newEdition(tag, o)
		if err != nil {
			return nil, err
		}
		p.editions = append(p.editions, e)
		known = append(known, language.Make(tag))
	}
	p.matcher = language.NewMatcher(known)
	return p, nil
}

// RequestReset is where a link to choose a new password is asked for.
func (p *Pages) RequestReset() string { return p.editions[0].Paths.RequestReset }

// policy lets a page have its own style, the brand's picture, and a form that
// comes here; nothing else, and in nobody's frame.
func policy(style template.CSS, logo string) string {
	return "default-src 'none'; style-src " + hashed(style) + "; " + pictures(logo) +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// Write answers the request with a page in the language that its reader likes
// best. An error means that nothing was written.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, name Page, status int, v View) error {
	e := p.editions[choose(p.matcher, r.Header.Get("Accept-Language"))]
	f := e.fill(name, p.style, v)
	var html bytes.Buffer
	if err := e.templates[name].Execute(&html, f); err != nil {
		return fmt.Errorf("web: render page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", e.tag)
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", p.policy+framePolicy(name))
	h.Set("Referrer-Policy", "no-referrer")
	if f.Private {
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
	}
	w.WriteHeader(status)
	// The browser may have gone; there is nobody left to tell.
	_, _ = w.Write(html.Bytes())
	return nil
}
