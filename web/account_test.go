package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

func testAccount(t *testing.T, brand Brand) *Account {
	t.Helper()
	a, err := NewAccount(AccountOptions{
		Options: Options{Brand: brand, Paths: Paths{GraphQL: "/team/auth/graphql", RequestReset: "https://acme.example/forgot"}},
		Path:    "/team/auth/account", Origins: []string{"https://id.example.com", "https://app.example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ask asks for a page or a file of the application as a mux does.
func (a *Account) ask(path string, header http.Header) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	r.Header = header
	a.ServeHTTP(w, r)
	return w
}

func TestThePagesForUsersRunTheirOwnScriptAlone(t *testing.T) {
	t.Parallel()
	w := testAccount(t, acme).ask(PathAccount, nil)
	body := w.Body.String()
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	if !found || !strings.Contains(style, "--brand: #0a7f5a;") {
		t.Fatalf("the brand's colour is missing: %s", body)
	}
	sum := sha256.Sum256([]byte(style))
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
			"img-src data: https://cdn.acme.example; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
		"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if strings.Count(body, "<script") != 1 || !regexp.MustCompile(`<script type="module" src="/team/auth/account/assets/main-[\w-]+\.js"></script>`).MatchString(body) {
		t.Errorf("the page runs something else: %s", body)
	}
	if regexp.MustCompile(`<[^>]* (on[a-z]+|style)=`).MatchString(body) {
		t.Errorf("the page has a handler or a style in an element: %s", body)
	}
	for _, word := range []string{
		`data-endpoint="/team/auth/graphql" data-base="/team/auth/account"`,
		`data-origins="https://id.example.com https://app.example.com"`, `<noscript>`, `href="https://acme.example/forgot"`,
		`href="https://acme.example/privacy"`,
	} {
		if !strings.Contains(body, word) {
			t.Errorf("the page lacks %s: %s", word, body)
		}
	}
}

func TestEveryPathBelowIsThePage(t *testing.T) {
	t.Parallel()
	a := testAccount(t, acme)
	for _, path := range []string{"/account", "/account/", "/account/register", "/account/reset?token=x", "/account/a/b/c", "/account/manifest.json"} {
		if w := a.ask(path, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<div id="account"`) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/account/assets/", "/account/assets/main.js", "/account/assets/../manifest.json"} {
		if w := a.ask(path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestThePagesForUsersSpeakTheirLanguage(t *testing.T) {
	t.Parallel()
	a := testAccount(t, acme)
	for accept, want := range map[string]string{"": "en", "de-AT, en;q=0.5": "de", "fr": "en"} {
		w := a.ask(PathAccount, http.Header{"Accept-Language": {accept}})
		if got := w.Header().Get("Content-Language"); got != want || !strings.Contains(w.Body.String(), `<html lang="`+want+`">`) ||
			w.Header().Get("Vary") != "Accept-Language" {
			t.Errorf("%q gets %s, want %s", accept, got, want)
		}
	}
}

// loaded are the paths of what the page loads, as they are below the prefix.
func loaded(t *testing.T, a *Account) []string {
	t.Helper()
	var paths []string
	for _, found := range regexp.MustCompile(`(?:href|src)="/team/auth(/account/assets/[^"]+)"`).FindAllStringSubmatch(a.ask(PathAccount, nil).Body.String(), -1) {
		paths = append(paths, found[1])
	}
	if len(paths) != 2 {
		t.Fatalf("the page loads %q", paths)
	}
	return paths
}

func TestWhatThePagesForUsersLoadIsGoodForEver(t *testing.T) {
	t.Parallel()
	a := testAccount(t, acme)
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
	for _, path := range loaded(t, a) {
		plain, small := a.ask(path, nil), a.ask(path, http.Header{"Accept-Encoding": {"br, gzip;q=0.9"}})
		for _, w := range []*httptest.ResponseRecorder{plain, small} {
			if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" ||
				w.Header().Get("Content-Type") != kinds[path[len(path)-3:]] || w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: %d %v", path, w.Code, w.Header())
			}
		}
		if small.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %q where it was asked for, %q where not", path, small.Header(), plain.Header())
			continue
		}
		unpacked, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := io.ReadAll(unpacked); err != nil || !bytes.Equal(content, plain.Body.Bytes()) {
			t.Errorf("%s is another when it is small: %v", path, err)
		}
		if w := a.ask(path, http.Header{"Accept-Encoding": {"gzip; q=0"}}); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s comes in a form that was refused", path)
		}
	}
	if w := a.ask("/account/LICENCES.txt", nil); w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-cache" ||
		!strings.Contains(w.Body.String(), "preact 10.") {
		t.Errorf("the licences: %d %v", w.Code, w.Header())
	}
}

// TestThePagesForUsersAreSmall bounds what the sign-in page waits for, as it goes
// over the wire.
func TestThePagesForUsersAreSmall(t *testing.T) {
	t.Parallel()
	a := testAccount(t, acme)
	for _, path := range loaded(t, a) {
		sent := a.ask(path, http.Header{"Accept-Encoding": {"gzip"}}).Body.Len()
		t.Logf("%s: %.1f KiB", path, float64(sent)/1024)
		if most := map[bool]int{true: 60, false: 10}[strings.HasSuffix(path, ".js")]; sent > most<<10 {
			t.Errorf("%s has %d bytes, more than %d KiB", path, sent, most)
		}
	}
}

func TestABrandIsNoMarkupInThePagesForUsers(t *testing.T) {
	t.Parallel()
	brand := acme
	brand.Name, brand.LogoURL, brand.TermsURL = `Möbel & "<script>alert(1)</script>`, "", "javascript:alert(1)"
	body := testAccount(t, brand).ask(PathAccount, nil).Body.String()
	if !strings.Contains(body, "Möbel &amp; &#34;&lt;script&gt;") || strings.Contains(body, "<script>") || strings.Contains(body, "javascript:") {
		t.Errorf("the brand is not there as it should be: %s", body)
	}
	brand.Colour = "red;} body { display: none"
	if _, err := NewAccount(AccountOptions{Options: Options{Brand: brand}}); err == nil {
		t.Error("a colour that is none was taken")
	}
}

// TestThePagesForUsersHaveASentenceForEveryCode reads the contract, and the
// dictionaries as they are written: their tables take any name.
func TestThePagesForUsersHaveASentenceForEveryCode(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	for enum, table := range map[string]string{"ErrorCode": "fault", "ViolationCode": "violation", "SessionEndReason": "ended"} {
		_, body, found := strings.Cut(string(schema), "\nenum "+enum+" {\n")
		body, _, _ = strings.Cut(body, "\n}\n")
		codes := regexp.MustCompile(`(?m)^  ([A-Z_]+)$`).FindAllStringSubmatch(body, -1)
		if !found || len(codes) < 5 {
			t.Fatalf("%s has %d codes", enum, len(codes))
		}
		for _, tag := range tags() {
			text, err := os.ReadFile("account/src/texts/" + tag + ".ts")
			if err != nil {
				t.Fatal(err)
			}
			_, said, _ := strings.Cut(string(text), "\n  "+table+": {\n")
			said, _, _ = strings.Cut(said, "\n  }")
			for _, code := range codes {
				if !strings.Contains("\n"+said, "\n    "+code[1]+": ") {
					t.Errorf("%s in %s: nothing is said of %s", table, tag, code[1])
				}
			}
		}
	}
}
