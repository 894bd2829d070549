package mail

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"golang.org/x/text/language"

	"gatehouse/auth"
)

// templates holds, for each letter and language, KIND.LANG.txt (which defines
// "subject" and "body") and KIND.LANG.html (which defines "body"), for each
// language shared.LANG.txt and shared.LANG.html with the sentences that letters
// have in common, and for all of them layout.txt and layout.html.
//
//go:embed templates
var templates embed.FS

// A Renderer puts letters into words. It may be used by several goroutines.
type Renderer struct {
	brand   Brand
	links   Links
	wording map[auth.LetterKind]*wording
}

// A wording is one kind of letter in every language that it is written in.
type wording struct {
	matcher   language.Matcher
	languages []language.Tag // as the matcher numbers them; English first
	parts     []parts
}

// parts are the templates of one letter in one language.
type parts struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// NewRenderer reads the embedded templates. A fault of the brand or of a link
// names its setting; all are told at once.
func NewRenderer(brand Brand, links Links) (*Renderer, error) {
	sub, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, fmt.Errorf("mail: open templates: %w", err)
	}
	return newRenderer(sub, brand, links)
}

func newRenderer(files fs.FS, brand Brand, links Links) (*Renderer, error) {
	links, err := links.withDefaults()
	if err := errors.Join(brand.check(), err); err != nil {
		return nil, err
	}
	r := &Renderer{brand: brand, links: links, wording: map[auth.LetterKind]*wording{}}
	for _, kind := range auth.LetterKinds() {
		if r.wording[kind], err = readWording(files, kind); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// readWording finds the languages of a letter by its files. English comes
// first: the matcher falls back to what is first.
func readWording(files fs.FS, kind auth.LetterKind) (*wording, error) {
	names, err := fs.Glob(files, string(kind)+".*.txt")
	if err != nil {
		return nil, fmt.Errorf("mail: list templates: %w", err)
	}
	w := &wording{}
	for _, name := range names {
		tag, err := language.Parse(strings.TrimSuffix(strings.TrimPrefix(name, string(kind)+"."), ".txt"))
		if err != nil {
			return nil, fmt.Errorf("mail: template %s: %w", name, err)
		}
		w.languages = append(w.languages, tag)
	}
	slices.SortStableFunc(w.languages, func(a, b language.Tag) int { return cmp.Compare(rank(a), rank(b)) })
	if len(w.languages) == 0 || w.languages[0] != language.English {
		return nil, fmt.Errorf("mail: template %s.en.txt is missing", kind)
	}
	for _, tag := range w.languages {
		p, err := readParts(files, string(kind), tag.String())
		if err != nil {
			return nil, err
		}
		w.parts = append(w.parts, p)
	}
	w.matcher = language.NewMatcher(w.languages)
	return w, nil
}

func rank(t language.Tag) int {
	if t == language.English {
		return 0
	}
	return 1
}

func readParts(files fs.FS, kind, lang string) (parts, error) {
	text, err := texttemplate.New("layout.txt").Option("missingkey=error").
		ParseFS(files, "layout.txt", "shared."+lang+".txt", kind+"."+lang+".txt")
	if err != nil {
		return parts{}, fmt.Errorf("mail: read template: %w", err)
	}
	html, err := htmltemplate.New("layout.html").Option("missingkey=error").
		Funcs(htmltemplate.FuncMap{"button": newButton}).
		ParseFS(files, "layout.html", "shared."+lang+".html", kind+"."+lang+".html")
	if err != nil {
		return parts{}, fmt.Errorf("mail: read template: %w", err)
	}
	return parts{text: text, html: html}, nil
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
	Expires      string // "2026-03-01 14:05 UTC"; "" where nothing expires
	Lifetime     Lifetime
	At           string
	IPAddress    string // "" where it is not known
	Device       Device
}

// A Lifetime is how long a link is good, in whole hours and minutes.
type Lifetime struct{ Hours, Minutes int }

// Render puts the letter into words, in the language of those there are that
// suits its locale best, else in English.
func (r *Renderer) Render(l auth.Letter) (Message, error) {
	w, ok := r.wording[l.Kind]
	if !ok {
		return Message{}, fmt.Errorf("mail: render letter: no template for kind %q", l.Kind)
	}
	// A locale that cannot be read is no locale: Make never fails.
	_, i, _ := w.matcher.Match(language.Make(l.Locale))
	p := r.page(l, w.languages[i])

	subject, err := execute(w.parts[i].text, "subject", p)
	if err != nil {
		return Message{}, err
	}
	// One line, whatever the template and the brand hold: a line break in a
	// subject is the start of another header.
	p.Subject = strings.Join(strings.Fields(subject), " ")
	text, err := execute(w.parts[i].text, "layout.txt", p)
	if err != nil {
		return Message{}, err
	}
	var html strings.Builder
	if err := w.parts[i].html.ExecuteTemplate(&html, "layout.html", p); err != nil {
		return Message{}, fmt.Errorf("mail: render letter: %w", err)
	}
	return Message{
		ID: l.ID, Kind: l.Kind, To: l.To, Date: l.At.UTC().Truncate(time.Second),
		Subject: p.Subject, Text: tidy(text), HTML: strings.TrimSpace(html.String()) + "\n",
	}, nil
}

func execute(t *texttemplate.Template, name string, p page) (string, error) {
	var out strings.Builder
	if err := t.ExecuteTemplate(&out, name, p); err != nil {
		return "", fmt.Errorf("mail: render letter: %w", err)
	}
	return out.String(), nil
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

func (r *Renderer) page(l auth.Letter, tag language.Tag) page {
	p := page{
		Lang: tag.String(), Dir: direction(tag), Brand: r.brand,
		RequestReset: r.links.RequestReset,
		Code:         grouped(l.Code),
		At:           instant(l.At), Expires: instant(l.ExpiresAt), Lifetime: lifetime(l),
		IPAddress: address(l.IPAddress), Device: deviceOf(l.UserAgent),
	}
	switch l.Kind {
	case auth.LetterActivation:
		p.Link = fill(r.links.Activate, l.Token)
		p.NotMe = fill(r.links.Decline, l.NotMeToken)
	case auth.LetterPasswordReset:
		p.Link = fill(r.links.Reset, l.Token)
		p.Name = shownName(l.Name)
	case auth.LetterRegistrationAttempt, auth.LetterPasswordChanged, auth.LetterAccountDeleted:
		p.Name = shownName(l.Name)
	}
	return p
}

// instant is a time as every language reads it.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
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
