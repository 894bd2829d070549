package web

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The pages of the mailbox, in which whoever tries the server out reads the
// letters that it wrote. MailboxLetter shows one of them.
const (
	Mailbox       Page = "mailbox"
	MailboxLetter Page = "mailbox_letter"
)

// A Letter is one that was written, for the mailbox.
type Letter struct {
	Path    string // of its page
	To      string
	Subject string
	Written string // the instant, for people
	Text    string
}

// HTMLPath is where the letter's HTML is.
func (l Letter) HTMLPath() string { return l.Path + "/html" }

// A Piece of a letter's text; a link where URL is not "".
type Piece struct{ Text, URL string }

// linkInText ends before what closes a sentence, as links in prose do.
var linkInText = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

// Pieces are the letter's text, its links told apart.
func (l Letter) Pieces() []Piece {
	var pieces []Piece
	at := 0
	for _, found := range linkInText.FindAllStringIndex(l.Text, -1) {
		pieces = append(pieces, Piece{Text: l.Text[at:found[0]]}, Piece{l.Text[found[0]:found[1]], l.Text[found[0]:found[1]]})
		at = found[1]
	}
	return append(pieces, Piece{Text: l.Text[at:]})
}

// framePolicy lets the page of a letter frame the letter, and no page anything
// else.
func framePolicy(name Page) string {
	if name == MailboxLetter {
		return "; frame-src 'self'"
	}
	return ""
}

// WriteLetter answers the request with the HTML of a letter, for the frame on
// its page. A letter is what a template of the team's made of what a stranger
// typed. So the browser treats it as of nowhere: it runs nothing, posts nothing
// and reads nothing of ours, whether it is framed or opened by itself. A link in
// it opens a tab of its own, and that one is free: the page that it leads to has
// a form.
func (p *Pages) WriteLetter(w http.ResponseWriter, content string) error {
	body, err := linksInTabs(content)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", letterPolicy(p.editions[0].Brand.LogoURL))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	// The browser may have gone; there is nobody left to tell.
	_, _ = w.Write(body)
	return nil
}

// letterPolicy lets a letter have its styles, which mail programs want in its
// elements, and the brand's picture.
func letterPolicy(logo string) string {
	return "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " + pictures(logo) +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
}

// linksInTabs makes the links of a document open tabs of their own. Where they
// lead nothing may be framed, so that they would lead nowhere.
func linksInTabs(content string) ([]byte, error) {
	document, err := html.Parse(strings.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("web: parse letter: %w", err)
	}
	for node := range document.Descendants() {
		if node.DataAtom == atom.Head { // the parser makes one where there is none
			base := &html.Node{Type: html.ElementNode, Data: "base", DataAtom: atom.Base, Attr: []html.Attribute{{Key: "target", Val: "_blank"}}}
			node.InsertBefore(base, node.FirstChild)
			break
		}
	}
	var out bytes.Buffer
	if err := html.Render(&out, document); err != nil {
		return nil, fmt.Errorf("web: render letter: %w", err)
	}
	return out.Bytes(), nil
}
