package mail

import (
	"io/fs"
	"maps"
	"mime"
	netmail "net/mail"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/language"

	"gatehouse/auth"
)

// spoken are the languages that every letter is written in.
func spoken() []language.Tag { return []language.Tag{language.English, language.German} }

func embedded(t *testing.T) map[string]string {
	t.Helper()
	files, err := embeddedFiles()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// overriding makes a renderer with files of an operator's.
func overriding(files map[string]string, locale string) (*Renderer, error) {
	dir := fstest.MapFS{}
	for name, content := range files {
		dir[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return NewRenderer(testBrand(), Links{PublicURL: testPublic}, Words{Templates: dir, Locale: locale})
}

func TestNoTextIsMissingInALanguage(t *testing.T) {
	t.Parallel()
	files := embedded(t)
	wanted := map[string]bool{textLayout: true, htmlLayout: true}
	for _, tag := range spoken() {
		for _, extension := range []string{".txt", ".html"} {
			wanted[shared+"."+tag.String()+extension] = true
			for _, kind := range auth.LetterKinds() {
				wanted[string(kind)+"."+tag.String()+extension] = true
			}
		}
	}
	for name := range wanted {
		content, ok := files[name]
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		// What holds for an operator's files holds for ours.
		if err := checkFile(name, content, files); err != nil {
			t.Error(err)
		}
	}
	for name := range files {
		if !wanted[name] {
			t.Errorf("%s is for no letter", name)
		}
	}
	for kind, w := range testRenderer(t).wording {
		if !slices.Equal(w.languages, spoken()) {
			t.Errorf("%s is written in %v", kind, w.languages)
		}
	}
}

func TestOurOwnTemplatesHoldWhatIsAskedOfOthers(t *testing.T) {
	t.Parallel()
	files, r := embedded(t), testRenderer(t)
	for kind, w := range r.wording {
		for _, tag := range w.languages {
			p, err := readParts(files, string(kind), tag.String())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.check(files, kind, tag, p); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestEveryBlockIsCheckedByItself: a block that the table of their dots forgot
// would be checked only where a letter calls it.
func TestEveryBlockIsCheckedByItself(t *testing.T) {
	t.Parallel()
	files, known := embedded(t), dots()
	for name, content := range files {
		if _, tag, _, ok := dissect(name); ok && tag != language.English {
			continue
		}
		has, err := blocks(name, content)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range has {
			if _, ok := known[block]; !ok {
				t.Errorf("%s: %s", name, block)
			}
		}
	}
}

var wordOfEnglish = regexp.MustCompile(`(?i)\b(the|and|was|were|from|when|device|hello|you|your|link is|hours?|minutes?|terms|privacy|password|digits)\b`)
var tagOfHTML = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>|https?://\S+`)

// TestAGermanLetterIsGermanThroughout finds words that stand in code or in a
// layout instead of a language's own files.
func TestAGermanLetterIsGermanThroughout(t *testing.T) {
	t.Parallel()
	r := testRenderer(t)
	agents := []string{testAgent, "", "okhttp/4.12.0", "Safari/604.1 iPhone", "Linux"}
	for _, kind := range auth.LetterKinds() {
		for _, agent := range agents {
			l := testLetter(kind)
			l.Locale, l.UserAgent = "de-CH", agent
			m := render(t, r, l)
			for part, text := range map[string]string{"subject": m.Subject, "text": m.Text, "HTML": m.HTML} {
				if found := wordOfEnglish.FindAllString(tagOfHTML.ReplaceAllString(text, " "), -1); len(found) > 0 {
					t.Errorf("%s, %s of a letter to %q: %q", kind, part, agent, found)
				}
			}
			if !strings.HasPrefix(m.HTML, "<!DOCTYPE html>\n<html lang=\"de\" dir=\"ltr\">") || !strings.HasPrefix(m.Text, "Guten Tag") {
				t.Errorf("%s does not say that it is German:\n%.200s\n%s", kind, m.HTML, m.Text)
			}
			english := testLetter(kind)
			english.UserAgent = agent
			if e := render(t, r, english); len(linkInText.FindAllString(e.Text, -1)) != len(linkInText.FindAllString(m.Text, -1)) ||
				len(linkInHTML.FindAllString(e.HTML, -1)) != len(linkInHTML.FindAllString(m.HTML, -1)) {
				t.Errorf("%s has other links in German than in English", kind)
			}
		}
	}
}

func TestUmlautsArriveInHeadersAndText(t *testing.T) {
	t.Parallel()
	from, err := parseSender("Müller & Söhne <no-reply@acme.example>")
	if err != nil {
		t.Fatal(err)
	}
	brand := testBrand()
	brand.Name = "Müller & Söhne"
	r, err := NewRenderer(brand, Links{PublicURL: testPublic}, Words{})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range auth.LetterKinds() {
		l := testLetter(kind)
		l.Locale = "de"
		m := render(t, r, l)
		raw, err := composeBytes(m, from)
		if err != nil {
			t.Fatal(err)
		}
		// On the wire all is ASCII (RFC 5322 section 2.2), in lines as mail
		// servers take them.
		for line := range strings.Lines(string(raw)) {
			if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) || len(line) > 998+2 {
				t.Fatalf("%s: not a line of mail: %q", kind, line)
			}
		}
		parsed, err := netmail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		header := parsed.Header.Get("Subject")
		for word := range strings.FieldsSeq(header) {
			if len(word) > 75 {
				t.Errorf("%s: an encoded word longer than RFC 2047 section 2 has it: %s", kind, word)
			}
		}
		got, err := new(mime.WordDecoder).DecodeHeader(header)
		if err != nil || got != m.Subject || !strings.Contains(got, "Müller & Söhne") {
			t.Errorf("%s: subject %q arrives as %q (%v)", kind, m.Subject, got, err)
		}
		if sender, err := parsed.Header.AddressList("From"); err != nil || sender[0].Name != "Müller & Söhne" {
			t.Errorf("%s: sender is %v (%v)", kind, sender, err)
		}
	}
}

func TestALetterComesInTheLanguageThatSuitsBest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ locale, fallback, want string }{
		{"de", "", "de"}, {"de-AT", "", "de"}, {"de-Latn-CH", "en", "de"}, {"en-US", "de", "en"},
		{"fr", "", "en"}, {"fr", "en-GB", "en"}, {"fr", "de", "de"}, {"", "de", "de"}, {"", "", "en"},
		{"", "fr", "en"}, {"fr", "fr", "en"}, {"not a locale", "de-AT", "de"}, {"not a locale", "", "en"},
	} {
		r, err := NewRenderer(testBrand(), Links{PublicURL: testPublic}, Words{Locale: c.fallback})
		if err != nil {
			t.Fatal(err)
		}
		l := testLetter(auth.LetterTest)
		l.Locale = c.locale
		if m := render(t, r, l); !strings.Contains(m.HTML, `<html lang="`+c.want+`" `) {
			t.Errorf("to %q where nothing suits but %q: not in %s:\n%s", c.locale, c.fallback, c.want, m.Text)
		}
	}
}

func TestAFileOfTheOperatorsTakesThePlaceOfOurs(t *testing.T) {
	t.Parallel()
	plain := testRenderer(t)
	r, err := overriding(map[string]string{
		"test.de.txt": `{{define "subject"}}Probe{{end}}{{define "body"}}{{template "greeting" .}} {{template "sign" .}}{{end}}{{define "sign"}}Ihr {{.Brand.Name}}{{end}}`,
		".hidden":     "{{",
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	l := testLetter(auth.LetterTest)
	l.Locale = "de"
	m := render(t, r, l)
	if m.Subject != "Probe" || !strings.HasPrefix(m.Text, "Guten Tag, Ihr Acme\n") {
		t.Errorf("subject %q, text\n%s", m.Subject, m.Text)
	}
	ours := render(t, plain, l)
	ours.HTML = strings.Replace(ours.HTML, "<title>"+ours.Subject, "<title>Probe", 1)
	if m.HTML != ours.HTML {
		t.Error("the HTML changed, of which nothing was overridden but the subject")
	}
	for _, kind := range auth.LetterKinds() {
		for _, locale := range []string{"en", "de"} {
			l := testLetter(kind)
			l.Locale = locale
			if kind == auth.LetterTest && locale == "de" {
				continue
			}
			if render(t, r, l) != render(t, plain, l) {
				t.Errorf("%s in %s changed", kind, locale)
			}
		}
	}
}

// french is another language: the shared sentences and one letter.
func french(t *testing.T) map[string]string {
	t.Helper()
	files := embedded(t)
	return map[string]string{
		"shared.fr.txt":  strings.ReplaceAll(files["shared.en.txt"], "Hello", "Bonjour"),
		"shared.fr.html": strings.ReplaceAll(files["shared.en.html"], "Hello", "Bonjour"),
		"test.fr.txt":    `{{define "subject"}}Essai{{end}}{{define "body"}}{{template "greeting" .}}{{end}}`,
		"test.fr.html":   `{{define "body"}}{{template "greeting" .}}{{end}}`,
	}
}

func TestAnotherLanguageIsMoreFilesOnly(t *testing.T) {
	t.Parallel()
	r, err := overriding(french(t), "de")
	if err != nil {
		t.Fatal(err)
	}
	l := testLetter(auth.LetterTest)
	l.Locale = "fr-CA"
	if m := render(t, r, l); m.Subject != "Essai" || !strings.HasPrefix(m.Text, "Bonjour,") || !strings.Contains(m.HTML, `<html lang="fr" dir="ltr">`) {
		t.Errorf("subject %q, text\n%s", m.Subject, m.Text)
	}
	// A letter that was not translated yet comes in another language as a whole.
	l = testLetter(auth.LetterPasswordChanged)
	l.Locale = "fr-CA"
	if m := render(t, r, l); !strings.Contains(m.HTML, `<html lang="de" dir="ltr">`) || !strings.HasPrefix(m.Text, "Guten Tag") {
		t.Errorf("subject %q, text\n%s", m.Subject, m.Text)
	}
}

func TestEveryFaultOfATemplateIsNamedAtTheStart(t *testing.T) {
	t.Parallel()
	const good = `{{define "subject"}}x{{end}}`
	for name, c := range map[string]struct{ file, content, want string }{
		"parse error":            {"test.en.txt", good + `{{define "body"}}{{if}}x{{end}}`, "test.en.txt:1: missing value for if"},
		"unclosed":               {"layout.txt", "{{", "layout.txt:1: unclosed action"},
		"unknown function":       {"test.en.txt", good + `{{define "body"}}{{shout .}}{{end}}`, `test.en.txt:1: function "shout" not defined`},
		"missing block":          {"test.de.txt", good, `test.de.txt: {{define "body"}} missing`},
		"missing shared block":   {"shared.de.txt", `{{define "greeting"}}x{{end}}`, `shared.de.txt: {{define "device"}}, {{define "footer"}}, {{define "instant"}}, {{define "lifetime"}}, {{define "origin"}} missing`},
		"unknown field":          {"test.de.html", `{{define "body"}}{{.Nick}}{{end}}`, `test.de.html:1:19: checking "body" at <.Nick>`},
		"in a branch not taken":  {"test.en.txt", good + `{{define "body"}}x{{if eq .Lang "xx"}}{{.Nick}}{{end}}{{end}}`, "test.en.txt:1:"},
		"field of a block":       {"test.en.txt", good + `{{define "body"}}x{{.Device.Vendor}}{{end}}`, "test.en.txt:1:"},
		"unknown block":          {"test.en.txt", good + `{{define "body"}}x{{template "nowhere" .}}{{end}}`, `template "nowhere" not defined`},
		"wrong dot":              {"test.en.txt", good + `{{define "body"}}x{{template "device" .}}{{end}}`, "test.en: template: shared.en.txt"},
		"wrong argument":         {"test.en.html", `{{define "body"}}{{template "press" (button "x" .Link)}}{{end}}`, "test.en.html:1:"},
		"beyond the end":         {"test.en.txt", good + `{{define "body"}}x{{slice .Code 0 3}}{{end}}`, "test.en.txt:1:"},
		"open tag":               {"test.en.html", `{{define "body"}}<a href="{{.Link}}>x{{end}}`, "test.en: html/template"},
		"says nothing":           {"test.en.txt", `{{define "subject"}} {{end}}{{define "body"}}x{{end}}`, "test.en: the subject or the body of the text says nothing"},
		"not UTF-8":              {"test.en.txt", good + "{{define \"body\"}}\xff{{end}}", "test.en.txt: not UTF-8"},
		"unknown kind":           {"tset.de.txt", good, "tset.de.txt: no template has this name"},
		"unknown language":       {"test.deutsch.txt", good, "test.deutsch.txt: no template has this name"},
		"language spelt oddly":   {"test.DE.txt", good, "test.DE.txt: no template has this name"},
		"no language":            {"test.txt", good, "test.txt: no template has this name"},
		"unknown extension":      {"test.de.md", good, "test.de.md: no template has this name"},
		"no template at all":     {"README", "x", "README: no template has this name"},
		"half a letter":          {"test.fr.html", `{{define "body"}}x{{end}}`, "test.fr.txt is missing"},
		"a language of no words": {"test.fr.html", `{{define "body"}}x{{end}}`, "shared.fr.txt is missing"},
	} {
		_, err := overriding(map[string]string{c.file: c.content}, "")
		if err == nil {
			t.Errorf("%s: the renderer was made", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: no %q in\n%v", name, c.want, err)
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "mail: MAIL_TEMPLATES: ") {
				t.Errorf("%s: the setting is not named in %s", name, line)
			}
		}
	}
}

func TestAllFaultyTemplatesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	files := french(t)
	delete(files, "test.fr.html")
	maps.Copy(files, map[string]string{
		"activation.en.txt":      "{{",
		"activation.de.html":     `{{define "body"}}{{template "greeting" .}}{{.Lnik}}{{end}}`,
		"password_reset.de.html": `{{define "boddy"}}{{end}}`,
		"shared.de.html":         strings.Replace(embedded(t)["shared.de.html"], ".Name", ".Nick", 1),
		"welcome":                "",
	})
	files["test.de.txt"] = `{{define "subject"}}x{{end}}{{define "body"}}{{.Code.Length}}{{template "press" .}}{{end}}`
	files["no_account.de.html"] = `{{define "body"}}{{slice .Code 0 3}}{{end}}`
	files["layout.txt"] = `{{.Whatever}}{{template "body" .}}`
	files["test.en.html"] = `{{define "body"}}<a href="{{.Link}}>x{{end}}`
	_, err := overriding(files, "")
	if err == nil {
		t.Fatal("the renderer was made")
	}
	for _, name := range []string{"test.de.txt:1:", "no_account.de.html:1:", "layout.txt:1:", "test.en: html/template", "activation.en.txt:", "activation.de.html:1:", "password_reset.de.html:", "shared.de.html:1:", "welcome:", "test.fr.html is missing"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in\n%v", name, err)
		}
	}
	said := strings.Split(err.Error(), "\n")
	slices.Sort(said)
	if len(slices.Compact(slices.Clone(said))) != len(said) {
		t.Errorf("told twice:\n%v", err)
	}
}

func TestADirectoryThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]fs.FS{
		"unreadable":                      fstest.MapFS{"sub/test.de.txt": {}},
		"a folder in the place of a file": fstest.MapFS{"test.de.txt/x": {}},
	} {
		if _, err := NewRenderer(testBrand(), Links{PublicURL: testPublic}, Words{Templates: dir}); err == nil || !strings.Contains(err.Error(), "MAIL_TEMPLATES") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestAnUnusedLanguageIsAFault(t *testing.T) {
	t.Parallel()
	files := french(t)
	delete(files, "test.fr.txt")
	delete(files, "test.fr.html")
	if _, err := overriding(files, ""); err == nil || !strings.Contains(err.Error(), "shared.fr.html: no letter is written in fr") {
		t.Errorf("error is %v", err)
	}
}

// TestTheReadmeListsWhatTemplatesGet keeps whoever words letters anew from
// looking into the code.
func TestTheReadmeListsWhatTemplatesGet(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n### Letters\n")
	section, _, _ = strings.Cut(section, "\n### ")
	var wanted []string
	for _, kind := range auth.LetterKinds() {
		wanted = append(wanted, string(kind))
	}
	files := embedded(t)
	for _, name := range []string{textLayout, htmlLayout, "shared.en.txt", "shared.en.html", "test.en.txt"} {
		has, err := blocks(name, files[name])
		if err != nil {
			t.Fatal(err)
		}
		wanted = append(wanted, has...)
	}
	for _, word := range wanted {
		if !strings.Contains(section, "`"+word+"`") {
			t.Errorf("the README does not name %s", word)
		}
	}
	for _, of := range []reflect.Type{reflect.TypeFor[page](), reflect.TypeFor[Brand](), reflect.TypeFor[Device](), reflect.TypeFor[Lifetime]()} {
		for field := range of.Fields() {
			if !regexp.MustCompile("[`.a-z]\\." + field.Name + "\\b").MatchString(section) {
				t.Errorf("the README does not name field %s of %s", field.Name, of.Name())
			}
		}
	}
}
