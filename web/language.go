package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts
var texts embed.FS

// tags are the languages that pages are written in; the first is for whoever
// likes none of them.
func tags() []string { return []string{"en", "de"} }

// An edition is every page in one language.
type edition struct {
	Options
	tag       string
	texts     map[string]string
	templates map[Page]*template.Template
}

func newEdition(tag string, o Options) (edition, error) {
	e := edition{Options: o, tag: tag, templates: map[Page]*template.Template{}}
	raw, err := texts.ReadFile("texts/" + tag + ".json")
	if err != nil {
		return edition{}, fmt.Errorf("web: read texts: %w", err)
	}
	if err := json.Unmarshal(raw, &e.texts); err != nil {
		return edition{}, fmt.Errorf("web: read texts of %s: %w", tag, err)
	}
	for _, name := range pages() {
		t := template.New("layout.html").Funcs(template.FuncMap{"text": e.text})
		if e.templates[name], err = t.ParseFS(templates, "templates/layout.html", "templates/"+string(name)+".html"); err != nil {
			return edition{}, fmt.Errorf("web: parse page %s: %w", name, err)
		}
	}
	return e, nil
}

// text gives the text of that name with its places filled: pairs are the names
// of places and what comes there.
func (e edition) text(name string, pairs ...string) (string, error) {
	text, known := e.texts[name]
	if !known {
		return "", fmt.Errorf("web: no text %s in %s", name, e.tag)
	}
	places := []string{"{brand}", e.Brand.Name, "{minimum}", strconv.Itoa(e.PasswordMinLength)}
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(places...).Replace(text), nil
}

// sentence is the text of that name, or the other where there is none: a code
// that this package was not told of must not lose the page.
func (e edition) sentence(name, other string, pairs ...string) string {
	said, err := e.text(name, pairs...)
	if err != nil {
		said, _ = e.text(other) // it is in every language, as a test has it
	}
	return said
}

// longestAccept is more than any browser sends; beyond it the header isn't
// read, since parsing costs more than its length.
const longestAccept = 256

// choose takes the language that an Accept-Language header likes best (RFC 9110
// section 12.5.4).
func choose(known language.Matcher, accept string) int {
	if len(accept) > longestAccept {
		return 0
	}
	liked, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return 0
	}
	_, i, _ := known.Match(liked...)
	return i
}
