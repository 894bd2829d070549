package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func testPlayground(t *testing.T, brand Brand) *Playground {
	t.Helper()
	p, err := NewPlayground(Options{Brand: brand, Paths: Paths{GraphQL: "/graphql", Mailbox: "/dev/mailbox"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// get asks the playground as a mux does.
func get(p *Playground, path string, header http.Header) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	r.Header = header
	p.ServeHTTP(w, r)
	return w
}

func TestThePlaygroundRunsItsOwnScriptAlone(t *testing.T) {
	t.Parallel()
	w := get(testPlayground(t, acme), PathPlayground, nil)
	body := w.Body.String()
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	if !found || style != ":root { --brand: #0a7f5a; }" {
		t.Fatalf("the brand's colour is missing: %s", body)
	}
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"img-src data: https://cdn.acme.example; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if strings.Count(body, "<script") != 1 || !strings.Contains(body, `<script src="playground/playground.js" defer></script>`) {
		t.Errorf("the page runs something else: %s", body)
	}
	if regexp.MustCompile(`<[^>]* (on[a-z]+|style)=`).MatchString(body) {
		t.Errorf("the page has a handler or a style in an element: %s", body)
	}
	for _, attribute := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if at := attribute[1]; strings.Contains(at, ":") && at != "data:," && at != acme.LogoURL {
			t.Errorf("the page loads %s", at)
		}
	}
	if !strings.Contains(body, `data-endpoint="/graphql" data-mailbox="/dev/mailbox"`) {
		t.Errorf("the page does not know where things are: %s", body)
	}
}

func TestWhatThePlaygroundLoadsComesFromItself(t *testing.T) {
	t.Parallel()
	p := testPlayground(t, acme)
	for path, kind := range map[string]string{
		PathPlaygroundScript: "text/javascript; charset=utf-8", PathPlaygroundStyle: "text/css; charset=utf-8",
		PathPlaygroundLicences: "text/plain; charset=utf-8",
	} {
		w := get(p, path, nil)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Body.Len() < 1000 {
			t.Errorf("%s: %d, %s, %d bytes", path, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
		tag := w.Header().Get("ETag")
		if again := get(p, path, http.Header{"If-None-Match": {tag}}); again.Code != http.StatusNotModified {
			t.Errorf("%s is sent again: %d", path, again.Code)
		}
	}
	if strings.Contains(get(p, PathPlaygroundStyle, nil).Body.String(), "url(http") {
		t.Error("the style sheet loads something from elsewhere")
	}
	for _, path := range []string{"/playground/", "/playground/build.js", "/playground/../web.go", "/"} {
		if w := get(p, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestThePlaygroundIsSentFromWhereItLies is not parallel, so that nobody else
// allocates: few servers are ever asked for the bundle, and one that idles has
// nothing that is larger.
func TestThePlaygroundIsSentFromWhereItLies(t *testing.T) {
	bundle, err := bundles.ReadFile("playground/dist/playground.js")
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := testPlayground(t, acme)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(len(bundle))/4 {
		t.Errorf("to have the page takes %d KiB, where its script has %d", took>>10, len(bundle)>>10)
	}
	if !bytes.Equal(get(p, PathPlaygroundScript, nil).Body.Bytes(), bundle) {
		t.Error("the script is another")
	}
}

func TestABrandIsNoMarkupInThePlayground(t *testing.T) {
	t.Parallel()
	brand := acme
	brand.Name, brand.LogoURL = `Möbel & <script>alert(1)</script>`, ""
	if body := get(testPlayground(t, brand), PathPlayground, nil).Body.String(); !strings.Contains(body, "<p>Möbel &amp; &lt;script&gt;") {
		t.Errorf("the brand is not there as it should be: %s", body)
	}
	brand.Colour = "red;} body { display: none"
	if _, err := NewPlayground(Options{Brand: brand}); err == nil {
		t.Error("a colour that is none was taken")
	}
}

// TestThePlaygroundHasAnExampleOfEveryOperation goes by the contract: what it
// grows by, whoever tries the server out should find.
func TestThePlaygroundHasAnExampleOfEveryOperation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("playground/examples.js")
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := bundles.ReadFile("playground/dist/playground.js")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("playground/operations/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, faults := gqlparser.LoadQueryWithRules(schema, string(document), nil)
		if len(faults) > 0 {
			t.Errorf("%s: %v", file, faults)
			continue
		}
		operation := parsed.Operations[0]
		for _, selection := range operation.SelectionSet {
			shown[selection.(*ast.Field).Name] = true
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".graphql"); !strings.EqualFold(operation.Name, name) ||
			!strings.Contains(string(list), "{ name: '"+operation.Name+"', query: "+name+",") {
			t.Errorf("%s is not in the list by the name %s", file, operation.Name)
		}
		if !strings.Contains(string(bundle), operation.Name) {
			t.Errorf("%s is not bundled: make generate", file)
		}
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, field := range root.Fields {
			if !strings.HasPrefix(field.Name, "__") && !shown[field.Name] {
				t.Errorf("there is no example of %s", field.Name)
			}
		}
	}
}
