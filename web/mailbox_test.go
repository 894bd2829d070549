package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testLetter = Letter{
	Path: "/dev/mailbox/1", To: "ada@example.org", Subject: "Activate your account", Written: "2026-03-01 13:05:09 UTC",
	Text: "Open this link:\nhttps://id.example.com/activate?token=abc-_\n\nOr ask (https://acme.example/forgot). <script>alert(1)</script>\n",
}

func TestTheMailboxListsItsLetters(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	other := testLetter
	other.Path, other.Subject = "/dev/mailbox/2", "Tom & <b>Jerry</b>"
	body := show(t, p, "en", Mailbox, View{Letters: []Letter{testLetter, other}}).Body.String()
	first, second := strings.Index(body, `<a href="/dev/mailbox/1">Activate your account</a>`), strings.Index(body, `<a href="/dev/mailbox/2">Tom &amp; &lt;b&gt;Jerry`)
	if first < 0 || second < first || !strings.Contains(body, "To ada@example.org") || !strings.Contains(body, testLetter.Written) {
		t.Errorf("the letters are not all there, in their order: %s", body)
	}
	if body := show(t, p, "de", Mailbox, View{}).Body.String(); !strings.Contains(body, "Es gibt noch keine E-Mail") {
		t.Errorf("an empty mailbox does not say so: %s", body)
	}
	if body := show(t, p, "en", MailboxLetter, View{}).Body.String(); !strings.Contains(body, "No such e-mail") || strings.Contains(body, "<iframe") {
		t.Errorf("a letter that is gone is shown: %s", body)
	}
}

func TestTheLinksOfALettersTextCanBeClicked(t *testing.T) {
	t.Parallel()
	want := []Piece{
		{Text: "Open this link:\n"}, {"https://id.example.com/activate?token=abc-_", "https://id.example.com/activate?token=abc-_"},
		{Text: "\n\nOr ask ("}, {"https://acme.example/forgot", "https://acme.example/forgot"}, {Text: "). <script>alert(1)</script>\n"},
	}
	if diff := cmp.Diff(want, testLetter.Pieces()); diff != "" {
		t.Errorf("pieces (-want +got):\n%s", diff)
	}
	body := show(t, testPages(t, acme), "en", MailboxLetter, View{Letters: []Letter{testLetter}}).Body.String()
	if !strings.Contains(body, `<a href="https://id.example.com/activate?token=abc-_" target="_blank" rel="noopener noreferrer">`) || strings.Contains(body, "<script") {
		t.Errorf("the text is not as it should be: %s", body)
	}
}

// letterOf gives a letter's HTML as it is sent to the frame.
func letterOf(t *testing.T, content string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := testPages(t, acme).WriteLetter(w, content); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestTheHTMLOfALetterCanDoNothingButOpenTabs(t *testing.T) {
	t.Parallel()
	w := letterOf(t, "<p>Hello</p>")
	for header, want := range map[string]string{
		"Content-Security-Policy": "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
			"img-src https://cdn.acme.example; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
}

func TestTheLinksOfALettersHTMLOpenTabsWhateverItsTemplateLooksLike(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"", "<p>Hello</p>", "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>A</title></head><body>B</body></html>",
		`<head><base href="https://evil.example/" target="_top"></head>`, "<template><head></head></template>",
	} {
		body := letterOf(t, content).Body.String()
		if !strings.Contains(body, `<head><base target="_blank"/>`) {
			t.Errorf("%q became %q", content, body)
		}
	}
	if got := letterOf(t, "<!DOCTYPE html><p>1 &lt; 2 &amp; ü</p>").Body.String(); got != `<!DOCTYPE html><html><head><base target="_blank"/></head><body><p>1 &lt; 2 &amp; ü</p></body></html>` {
		t.Errorf("a letter reads otherwise: %s", got)
	}
}
