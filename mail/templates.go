package mail

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
	"unicode/utf8"

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

const (
	textLayout = "layout.txt"
	htmlLayout = "layout.html"
	shared     = "shared" // in the place of a kind
)

// readTemplates reads the embedded files with the operator's over them, and
// makes the wording of every letter of them. All are read here and never again:
// what is changed in the directory later has been checked by nobody.
//
// A file with a fault hides what is wrong with those that are used with it, so
// the embedded one takes its place and everything is looked at again.
func (r *Renderer) readTemplates(overrides fs.FS) (map[auth.LetterKind]*wording, error) {
	ours, err := embeddedFiles()
	if err != nil {
		return nil, err
	}
	files, faults := layer(ours, overrides)
	blamed := map[string]bool{}
	for {
		all, found := r.read(files, ours)
		faults = append(faults, found...)
		before := len(blamed)
		for _, err := range found {
			for _, m := range blame.FindAllStringSubmatch(err.Error(), -1) {
				name := m[1]
				if like, ok := model(name); ok && files[name] != ours[name] && !blamed[name] {
					blamed[name] = true
					files[name] = standIn(files[name], ours[like])
				}
			}
		}
		if len(blamed) == before {
			return all, joinOnce(faults)
		}
	}
}

// blame finds the file that an error of the template packages names.
var blame = regexp.MustCompile(`template: ?([\w.-]+\.(?:txt|html))`)

func embeddedFiles() (map[string]string, error) {
	dir, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, fmt.Errorf("mail: open templates: %w", err)
	}
	return readFiles(dir)
}

// layer puts the operator's files over ours. The faults are those that a file
// has by itself.
func layer(ours map[string]string, overrides fs.FS) (files map[string]string, faults []error) {
	files = maps.Clone(ours)
	if overrides == nil {
		return files, nil
	}
	theirs, err := readFiles(overrides)
	faults = append(faults, err)
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		err := checkFile(name, theirs[name], ours)
		if err == nil {
			files[name] = theirs[name]
			continue
		}
		faults = append(faults, err)
		if like, ok := model(name); ok {
			files[name] = standIn(theirs[name], ours[like])
		}
	}
	return files, faults
}

// standIn takes the place of a file with a fault: the embedded one, and nothing
// for each block that the other has besides, which may be called.
func standIn(faulty, embedded string) string {
	has, err := blocks("", faulty)
	wants, wrong := blocks("", embedded)
	if err != nil || wrong != nil {
		return embedded
	}
	for _, block := range has {
		if !slices.Contains(wants, block) {
			embedded += fmt.Sprintf("{{define %q}}{{end}}", block)
		}
	}
	return embedded
}

// readFiles reads a directory of templates. Names that begin with a dot are no
// templates: orchestrators that mount files keep their own there.
func readFiles(from fs.FS) (map[string]string, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	files := map[string]string{}
	var faults []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		content, err := fs.ReadFile(from, e.Name())
		if err != nil {
			faults = append(faults, err)
		}
		files[e.Name()] = string(content)
	}
	return files, errors.Join(faults...)
}

// checkFile judges one file of the operator's by itself: its name, whether it
// can be parsed, and whether it defines all that the embedded file of that name
// does (of a new language: the English one).
func checkFile(name, content string, embedded map[string]string) error {
	fault := func(format string, args ...any) error {
		return fmt.Errorf("%s: "+format, append([]any{name}, args...)...)
	}
	like, ok := model(name)
	if !ok {
		return fault("no template has this name; want %s, %s, or KIND.LANGUAGE.txt and .html, where KIND is %s or one of %s",
			textLayout, htmlLayout, shared, kinds())
	}
	if !utf8.ValidString(content) {
		return fault("not UTF-8")
	}
	has, err := blocks(name, content)
	if err != nil {
		return err
	}
	wants, err := blocks(like, embedded[like])
	if err != nil {
		return err
	}
	var missing []string
	for _, block := range wants {
		if !slices.Contains(has, block) {
			missing = append(missing, fmt.Sprintf("{{define %q}}", block))
		}
	}
	if len(missing) > 0 {
		return fault("%s missing", strings.Join(missing, ", "))
	}
	return nil
}

// model is the embedded file whose blocks a file of that name must have.
func model(name string) (like string, ok bool) {
	if name == textLayout || name == htmlLayout {
		return name, true
	}
	kind, _, extension, ok := dissect(name)
	if !ok || (kind != shared && !slices.Contains(auth.LetterKinds(), auth.LetterKind(kind))) {
		return "", false
	}
	return kind + ".en" + extension, true
}

// dissect takes KIND.LANGUAGE.txt or .html apart. The language must be spelt as
// it is canonically, "pt-BR": another spelling of it would be a second file for
// the same.
func dissect(name string) (kind string, tag language.Tag, extension string, ok bool) {
	extension = path.Ext(name)
	kind, lang, _ := strings.Cut(strings.TrimSuffix(name, extension), ".")
	tag, err := language.Parse(lang)
	ok = err == nil && tag.String() == lang && tag != language.Und && (extension == ".txt" || extension == ".html")
	return kind, tag, extension, ok
}

func kinds() string {
	var names []string
	for _, k := range auth.LetterKinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// blocks are the names that a file defines, in order.
func blocks(name, content string) ([]string, error) {
	t, err := texttemplate.New(name).Funcs(functions()).Parse(content)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range t.Templates() {
		names = append(names, b.Name())
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == name }), nil
}

func functions() texttemplate.FuncMap { return texttemplate.FuncMap{"button": newButton} }

// read makes the wording of every kind of letter out of the files.
func (r *Renderer) read(files, ours map[string]string) (all map[auth.LetterKind]*wording, faults []error) {
	all = map[auth.LetterKind]*wording{}
	used := map[string]bool{}
	for _, kind := range auth.LetterKinds() {
		w := &wording{languages: languages(files, string(kind))}
		for _, tag := range w.languages {
			p, err := readParts(files, string(kind), tag.String())
			// Ours are checked by tests; the start need not wait for that.
			touched := slices.ContainsFunc(partNames(string(kind), tag.String()), func(name string) bool { return files[name] != ours[name] })
			if err == nil && touched {
				err = r.check(files, kind, tag, p)
			}
			if err != nil {
				faults = append(faults, err)
			}
			w.parts = append(w.parts, p)
			used[tag.String()] = true
		}
		w.matcher = language.NewMatcher(w.languages)
		all[kind] = w
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if kind, tag, _, ok := dissect(name); ok && kind == shared && !used[tag.String()] {
			faults = append(faults, fmt.Errorf("%s: no letter is written in %s", name, tag))
		}
	}
	return all, faults
}

// joinOnce joins errors without repeating what was said: a fault of a file that
// all letters share is found with each of them.
func joinOnce(faults []error) error {
	var said []string
	for _, err := range faults {
		if err == nil {
			continue
		}
		for line := range strings.Lines(err.Error() + "\n") {
			if line = strings.TrimSpace(line); !slices.Contains(said, line) {
				said = append(said, line)
			}
		}
	}
	var once []error
	for _, line := range said {
		once = append(once, fmt.Errorf("mail: MAIL_TEMPLATES: %s", line))
	}
	return errors.Join(once...)
}

// languages finds those of a letter by its files, text and HTML. English comes
// first: the matcher falls back to what is first.
func languages(files map[string]string, kind string) []language.Tag {
	var found []language.Tag
	for name := range files {
		if k, tag, _, ok := dissect(name); ok && k == kind && !slices.Contains(found, tag) {
			found = append(found, tag)
		}
	}
	rank := func(t language.Tag) string {
		if t == language.English {
			return ""
		}
		return t.String()
	}
	slices.SortFunc(found, func(a, b language.Tag) int { return cmp.Compare(rank(a), rank(b)) })
	return found
}

// partNames are the files that make a letter in a language.
func partNames(kind, lang string) []string {
	var names []string
	for _, base := range []string{"layout", shared + "." + lang, kind + "." + lang} {
		names = append(names, base+".txt", base+".html")
	}
	return names
}

// readParts parses what makes a letter in a language. A letter comes as text
// and as HTML or not at all.
func readParts(files map[string]string, kind, lang string) (parts, error) {
	p := parts{
		text: texttemplate.New("letter").Funcs(functions()),
		html: htmltemplate.New("letter").Funcs(functions()),
	}
	var faults []error
	for _, name := range partNames(kind, lang) {
		content, ok := files[name]
		var err error
		switch {
		case !ok:
			err = fmt.Errorf("%s is missing: there is no letter %s.%s without it", name, kind, lang)
		case strings.HasSuffix(name, ".txt"):
			_, err = p.text.New(name).Parse(content)
		default:
			_, err = p.html.New(name).Parse(content)
		}
		faults = append(faults, err)
	}
	return p, errors.Join(faults...)
}
