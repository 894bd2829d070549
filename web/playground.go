package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// Bundled from playground/ by its build.js.
//
//go:embed playground/dist
var bundles embed.FS

// A Playground is the page on which the API is tried by hand, and what the page
// loads.
type Playground struct {
	html   []byte
	policy string
	files  map[string]playgroundFile // by path
}

// A playgroundFile is sent from where it lies in the program. A copy would be a
// good part of all that an idle server holds, and so would the file itself, once
// its pages were read to make the tag: that waits until somebody asks.
type playgroundFile struct {
	content io.ReaderAt
	size    int64
	tag     func() string // entity tag (RFC 9110 section 8.8.3)
}

func openPlaygroundFile(name string) (playgroundFile, error) {
	file, err := bundles.Open("playground/dist/" + name)
	if err != nil {
		return playgroundFile{}, err
	}
	info, err := file.Stat()
	if err != nil {
		return playgroundFile{}, err
	}
	content, ok := file.(io.ReaderAt) // as package embed has it
	if !ok {
		return playgroundFile{}, fmt.Errorf("%s is a directory", name)
	}
	f := playgroundFile{content: content, size: info.Size()}
	f.tag = sync.OnceValue(func() string {
		sum := sha256.New()
		_, _ = io.Copy(sum, f.reader()) // from memory to a hash
		return `"` + hex.EncodeToString(sum.Sum(nil)[:16]) + `"`
	})
	return f, nil
}

// reader reads the file for one of those who ask at once.
func (f playgroundFile) reader() io.ReadSeeker { return io.NewSectionReader(f.content, 0, f.size) }

// The page's own paths; each of them is to be answered by the Playground. The page
// names the others as they lie beside it, wherever a prefix puts them all.
const (
	PathPlayground         = "/playground"
	PathPlaygroundScript   = "/playground/playground.js"
	PathPlaygroundStyle    = "/playground/playground.css"
	PathPlaygroundLicences = "/playground/LICENCES.txt"
)

// NewPlayground makes the page.
func NewPlayground(o Options) (*Playground, error) {
	if !colourForm.MatchString(o.Brand.Colour) {
		return nil, fmt.Errorf("web: a colour is # and six hexadecimal digits, not %q", o.Brand.Colour)
	}
	//nolint:gosec // six digits that were just checked
	style := template.CSS(":root { --brand: " + o.Brand.Colour + "; }")
	page, err := template.ParseFS(templates, "templates/playground.html")
	if err != nil {
		return nil, fmt.Errorf("web: parse playground: %w", err)
	}
	var html bytes.Buffer
	if err := page.Execute(&html, struct {
		Options
		Style                 template.CSS
		StylePath, ScriptPath string
	}{o, style, strings.TrimPrefix(PathPlaygroundStyle, "/"), strings.TrimPrefix(PathPlaygroundScript, "/")}); err != nil {
		return nil, fmt.Errorf("web: render playground: %w", err)
	}
	// GraphiQL sets styles by the style object of an element, which a policy doesn't
	// ask about, so no inline one needs to be let in.
	p := &Playground{html: html.Bytes(), policy: scriptPolicy(style, o.Brand.LogoURL), files: map[string]playgroundFile{}}
	for _, at := range []string{PathPlaygroundScript, PathPlaygroundStyle, PathPlaygroundLicences} {
		if p.files[at], err = openPlaygroundFile(path.Base(at)); err != nil {
			return nil, fmt.Errorf("web: open playground: %w", err)
		}
	}
	return p, nil
}

// ServeHTTP answers for the page and its files; elsewhere there is nothing.
func (p *Playground) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if file, found := p.files[r.URL.Path]; found {
		// Asked for again each time, and sent when it has changed.
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", file.tag())
		http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, file.reader())
		return
	}
	if r.URL.Path != PathPlayground {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", "en")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Robots-Tag", "noindex, nofollow")
	// The browser may have gone; there is nobody left to tell.
	_, _ = w.Write(p.html)
}
