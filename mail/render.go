package mail

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	texttemplate "text/template"
	"time"

	"golang.org/x/text/language"

	"gatehouse/auth"
)

// A Renderer puts letters into words. It may be used by several goroutines.
type Renderer struct {
	brand    Brand
	links    Links
	fallback language.Tag
	wording  map[auth.LetterKind]*wording
}

// Words are what an operator has a say in of how letters are worded.
type Words struct {
	// Templates overrides the embedded files, file by file, and may add
	// languages; nil overrides none.
	Templates fs.FS
	// Locale is the language (BCP 47) of letters to whom no other suits; "" is
	// English.
	Locale string
}

// NewRenderer reads the templates. A fault of the brand, of a link or of a
// template names its setting; all are told at once, so that none is left for
// the moment of sending.
func NewRenderer(brand Brand, links Links, words Words) (*Renderer, error) {
	links, err := links.withDefaults()
	if err := errors.Join(brand.check(), err); err != nil {
		return nil, err
	}
	r := &Renderer{brand: brand, links: links, fallback: language.Make(words.Locale)}
	if r.wording, err = r.readTemplates(words.Templates); err != nil {
		return nil, err
	}
	return r, nil
}

// A Button is a link that is meant to be pressed.
type Button struct {
	Label string
	URL   string
	Brand Brand
}

func newButton(label, url string, brand Brand) Button {
	return Button{Label: label, URL: url, Brand: brand}
}

// A page is what templates see. Nothing that a stranger wrote is on it as it
// came: a registrant chooses whom the server writes to, and would choose what.
type page struct {
	Subject   string
	Lang, Dir string
	Brand     Brand

	Name         string // for the greeting; "" where there is none to show
	Link         string // the one that the letter is for
	NotMe        string
	RequestReset string
	Code         string // "123 456"
	Expires      string // in the form of the language; "" where nothing expires
	Lifetime     Lifetime
	At           string
	IPAddress    string // "" where it is not known
	Device       Device
}

// A Lifetime is how long a link is good, in whole hours and minutes.
type Lifetime struct{ Hours, Minutes int }

// Render puts the letter into words, in the language of those there are that
// suits its locale best, else in that of [Words], else in English.
func (r *Renderer) Render(l auth.Letter) (Message, error) {
	w, ok := r.wording[l.Kind]
	if !ok {
		return Message{}, fmt.Errorf("mail: render letter: no template for kind %q", l.Kind)
	}
	// A locale that cannot be read is no locale: Make never fails.
	_, i, _ := w.matcher.Match(language.Make(l.Locale), r.fallback)
	p, err := r.page(l, w.languages[i], w.parts[i])
	if err != nil {
		return Message{}, err
	}
	subject, text, html, err := w.parts[i].words(p)
	if err != nil {
		return Message{}, err
	}
	return Message{
		ID: l.ID, Kind: l.Kind, To: l.To, Date: l.At.UTC().Truncate(time.Second),
		Subject: subject, Text: text, HTML: html,
	}, nil
}

// words executes the templates.
func (t parts) words(p page) (subject, text, html string, err error) {
	subject, err = execute(t.text, "subject", p)
	if err != nil {
		return "", "", "", err
	}
	// One line, whatever the template and the brand hold: a line break in a
	// subject is the start of another header.
	p.Subject = strings.Join(strings.Fields(subject), " ")
	text, err = execute(t.text, textLayout, p)
	if err != nil {
		return "", "", "", err
	}
	var out strings.Builder
	if err := t.html.ExecuteTemplate(&out, htmlLayout, p); err != nil {
		return "", "", "", fmt.Errorf("mail: render letter: %w", err)
	}
	return p.Subject, tidy(text), strings.TrimSpace(out.String()) + "\n", nil
}

func execute(t *texttemplate.Template, name string, dot any) (string, error) {
	var out strings.Builder
	if err := t.ExecuteTemplate(&out, name, dot); err != nil {
		return "", fmt.Errorf("mail: render letter: %w", err)
	}
	return out.String(), nil
}

// instant is a time as the language writes it, or "" for none.
func (t parts) instant(at time.Time) (string, error) {
	if at.IsZero() {
		return "", nil
	}
	s, err := execute(t.text, "instant", at.UTC())
	return strings.TrimSpace(s), err
}

// tidy leaves at most one empty line between paragraphs, and none at the ends,
// so that templates may be laid out for their reader.
func tidy(text string) string {
	var out strings.Builder
	gap := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			gap = out.Len() > 0
			continue
		}
		if gap {
			out.WriteString("\n")
			gap = false
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func (r *Renderer) page(l auth.Letter, tag language.Tag, t parts) (page, error) {
	at, err := t.instant(l.At)
	if err != nil {
		return page{}, err
	}
	expires, err := t.instant(l.ExpiresAt)
	if err != nil {
		return page{}, err
	}
	p := page{
		Lang: tag.String(), Dir: direction(tag), Brand: r.brand,
		RequestReset: r.links.RequestReset,
		Code:         grouped(l.Code),
		At:           at, Expires: expires, Lifetime: lifetime(l),
		IPAddress: address(l.IPAddress), Device: deviceOf(l.UserAgent),
	}
	switch l.Kind {
	case auth.LetterActivation:
		p.Link = fill(r.links.Activate, l.Token)
		p.NotMe = fill(r.links.Decline, l.NotMeToken)
	case auth.LetterPasswordReset:
		p.Link = fill(r.links.Reset, l.Token)
		p.Name = shownName(l.Name)
	case auth.LetterUsernameReset:
		p.Link = fill(r.links.ResetUsername, l.Token)
		p.Name = shownName(l.Name)
	case auth.LetterEmailChange:
		// A user says where this one goes: whoever could put words into it would
		// write to anybody.
		p.Link = fill(r.links.ConfirmEmail, l.Token)
	case auth.LetterEmailChanged:
		p.Link = fill(r.links.RevertEmail, l.Token)
		p.Name = shownName(l.Name)
	case auth.LetterRegistrationAttempt, auth.LetterPasswordChanged, auth.LetterUsernameChanged,
		auth.LetterEmailChangeRequested, auth.LetterEmailChangeAttempt, auth.LetterAccountDeleted, auth.LetterWelcome:
		p.Name = shownName(l.Name)
	}
	return p, nil
}

func lifetime(l auth.Letter) Lifetime {
	if l.ExpiresAt.IsZero() {
		return Lifetime{}
	}
	d := l.ExpiresAt.Sub(l.At).Round(time.Minute)
	return Lifetime{Hours: int(d.Hours()), Minutes: int(d.Minutes()) % 60}
}

// address is an IP address in its usual form, or nothing.
func address(s string) string {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// grouped halves the digits, for reading them off one screen and into another.
func grouped(code string) string {
	if len(code) != 6 {
		return code
	}
	return code[:3] + " " + code[3:]
}

// direction is how the language's script runs, for the dir attribute.
func direction(tag language.Tag) string {
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
