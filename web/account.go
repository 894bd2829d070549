package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
)

// Bundled from account/ by Vite.
//
//go:embed account/dist
var accountBundle embed.FS

// PathAccount is below which all of the application's pages are.
const PathAccount = "/account"

// Account is the application by which users register, sign in and look after
// their accounts: one page for every path below [PathAccount], and what it loads.
// It speaks to the API like any stranger, by cookies; what stands in the page is
// public.
type Account struct {
	editions []accountEdition
	matcher  language.Matcher
	policy   string
	files    map[string]accountFile // by path
}

type accountEdition struct {
	tag  string
	html []byte
}

// An accountFile is sent as it lies in the program, or made small once somebody
// asks who takes it so.
type accountFile struct {
	name       string
	compressed func() ([]byte, error)
}

// AccountOptions are what the application is told, beside what all pages are.
type AccountOptions struct {
	Options
	// Path is where browsers find PathAccount.
	Path string
	// Origins are where the application may lead back to.
	Origins []string
}

// NewAccount makes the page in every language.
func NewAccount(o AccountOptions) (*Account, error) {
	colours, err := palette(o.Brand.Colour)
	if err != nil {
		return nil, err
	}
	style := colours.css()
	a := &Account{policy: accountPolicy(style, o.Brand.LogoURL), files: map[string]accountFile{}}
	main, err := a.open()
	if err != nil {
		return nil, fmt.Errorf("web: open account pages: %w", err)
	}
	var known []language.Tag
	for _, tag := range tags() {
		html, err := accountPage(tag, o, style, main)
		if err != nil {
			return nil, err
		}
		a.editions = append(a.editions, accountEdition{tag, html})
		known = append(known, language.Make(tag))
	}
	a.matcher = language.NewMatcher(known)
	return a, nil
}

// An entry is what the page loads first, as Vite's manifest names it.
type entry struct {
	File string   `json:"file"`
	CSS  []string `json:"css"`
}

// open finds the files of the bundle.
func (a *Account) open() (entry, error) {
	const dist = "account/dist"
	raw, err := accountBundle.ReadFile(dist + "/manifest.json")
	if err != nil {
		return entry{}, err
	}
	var manifest map[string]entry
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return entry{}, err
	}
	main := manifest["src/main.tsx"]
	if main.File == "" || len(main.CSS) != 1 {
		return entry{}, errors.New("the manifest does not say what to begin with")
	}
	err = fs.WalkDir(accountBundle, dist, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		at := PathAccount + strings.TrimPrefix(name, dist)
		a.files[at] = accountFile{name, sync.OnceValues(func() ([]byte, error) { return compress(name) })}
		return nil
	})
	delete(a.files, PathAccount+"/manifest.json")
	return main, err
}

func compress(name string) ([]byte, error) {
	content, err := accountBundle.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	return small.Bytes(), nil
}

func accountPage(tag string, o AccountOptions, style template.CSS, main entry) ([]byte, error) {
	e, err := newEdition(tag, o.Options)
	if err != nil {
		return nil, err
	}
	page, err := template.New("account.html").Funcs(template.FuncMap{"text": e.text}).ParseFS(templates, "templates/account.html")
	if err != nil {
		return nil, fmt.Errorf("web: parse account page: %w", err)
	}
	var html bytes.Buffer
	if err := page.Execute(&html, struct {
		AccountOptions
		Style                          template.CSS
		StylePath, ScriptPath, Allowed string
	}{o, style, o.Path + "/" + main.CSS[0], o.Path + "/" + main.File, strings.Join(o.Origins, " ")}); err != nil {
		return nil, fmt.Errorf("web: render account page: %w", err)
	}
	return html.Bytes(), nil
}

// accountPolicy is that of a page with a script, which moreover writes no text
// into the page as markup, and could not.
func accountPolicy(style template.CSS, logo string) string {
	return scriptPolicy(style, logo) + "; require-trusted-types-for 'script'"
}

// ServeHTTP answers with the page for every path but those of its files: which
// page it is the application reads from the path.
func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if file, found := a.files[r.URL.Path]; found {
		file.serve(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, PathAccount+"/assets/") {
		http.NotFound(w, r)
		return
	}
	e := a.editions[choose(a.matcher, r.Header.Get("Accept-Language"))]
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", e.tag)
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", a.policy)
	h.Set("Cache-Control", "no-store") // the path of a link may stand in the history beside it
	h.Set("X-Robots-Tag", "noindex, nofollow")
	// The browser may have gone; there is nobody left to tell.
	_, _ = w.Write(e.html)
}

// serve sends a file. Its name holds a digest of what is in it, so it is good for
// ever; the licences' does not.
func (f accountFile) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !strings.HasPrefix(r.URL.Path, PathAccount+"/assets/") {
		h.Set("Cache-Control", "no-cache")
	}
	h.Add("Vary", "Accept-Encoding")
	if takesGzip(r) {
		content, err := f.compressed()
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		h.Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, path.Base(f.name), time.Time{}, bytes.NewReader(content))
		return
	}
	http.ServeFileFS(w, r, accountBundle, f.name)
}

// takesGzip says whether the client asks for gzip, in the words that browsers
// use (RFC 9110 section 12.5.3).
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}
