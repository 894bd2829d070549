package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testMessage(t testing.TB, kind auth.LetterKind) Message {
	t.Helper()
	m, err := testRenderer(t).Render(testLetter(kind))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func testWire(t testing.TB, mailURL string, o WireOptions) Wire {
	t.Helper()
	if o.From == "" {
		o.From = testFrom
	}
	w, err := NewWire(mailURL, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wantFailure looks at the whole of an error: its kind, its words, and that it
// tells nothing.
func wantFailure(t *testing.T, err error, permanent bool, reason string) {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) {
		t.Errorf("error %v, want a failure: %s", err, reason)
		return
	}
	if f.Permanent != permanent || f.Reason != reason {
		t.Errorf("permanent %t: %s; want %t: %s", f.Permanent, f.Reason, permanent, reason)
	}
	wantNoSecret(t, err.Error())
}

func TestOnlyTheLogAndTheFolderExposeLinks(t *testing.T) {
	t.Parallel()
	for mailURL, want := range map[string]bool{
		"log:": true, "file:" + t.TempDir(): true,
		"smtp://localhost": false, "smtps://ada:hunter2@mail.acme.example": false, "resend://re_secret@api.resend.com": false,
	} {
		if got := testWire(t, mailURL, WireOptions{Out: io.Discard}).Exposes(); got != want {
			t.Errorf("%s exposes %t, want %t", mailURL, got, want)
		}
	}
}

func TestAMailURLThatIsWrongStopsTheStartAndIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, mailURL := range []string{
		"", "smtp", "smtp:", "smtp://", "log:x", "log://x", "file:", "file://",
		"smtp://ada:hunter2@", "smtp://ada:hunter2@mail.acme.example:0", "smtp://ada:hunter2@mail.acme.example:99999",
		"smtp://ada@mail.acme.example", "smtp://:hunter2@mail.acme.example",
		"smtp://ada:hunter2@mail.acme.example/x", "smtp://ada:hunter2@mail.acme.example?tls=no",
		"smtp://ada:hunter2%zz@mail.acme.example", "smtp://ada:hunter2/x@mail.acme.example", "smtp://ada:hunter2 x@mail.acme.example",
		"http://ada:hunter2@mail.acme.example", "ada:hunter2@mail.acme.example",
		"resend://api.resend.com", "resend://re_secret@", "resend:re_secret",
	} {
		w, err := NewWire(mailURL, WireOptions{From: testFrom, Out: io.Discard})
		if err == nil {
			t.Errorf("%q made %T", mailURL, w)
			continue
		}
		wantNoSecret(t, err.Error())
		if !strings.Contains(err.Error(), "MAIL_URL") {
			t.Errorf("%q: the setting is not named: %v", mailURL, err)
		}
	}
}

func TestASenderMustBeOneAddress(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"", "Acme", "no-reply@", "a@b.example, c@d.example", "Acme <a@b.example>\r\nBcc: c@d.example"} {
		if _, err := NewWire("log:", WireOptions{From: from, Out: io.Discard}); err == nil || !strings.Contains(err.Error(), "MAIL_FROM") {
			t.Errorf("%q: error %v", from, err)
		}
	}
	from, err := parseSender("Bücher <post@bücher.example>")
	if err != nil || from.Address != "post@xn--bcher-kva.example" {
		t.Errorf("the sender is %v, error %v", from, err)
	}
}

func TestTheLogShowsTheWholeLetterInOnePiece(t *testing.T) {
	t.Parallel()
	var out pieces
	w := testWire(t, "log:", WireOptions{Out: &out})
	m := testMessage(t, auth.LetterActivation)
	if err := w.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(out.written) != 1 {
		t.Fatalf("written in %d pieces", len(out.written))
	}
	for _, want := range []string{"To: " + testTo, "Subject: Activate", testToken, testNotMe, "402 917", m.ID.String()} {
		if !strings.Contains(out.written[0], want) {
			t.Errorf("no %q in%s", want, out.written[0])
		}
	}
}

// pieces keeps each write.
type pieces struct {
	mu      sync.Mutex
	written []string
}

func (p *pieces) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = append(p.written, string(b))
	return len(b), nil
}

func TestALogThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	f, err := os.Open(os.DevNull) // for reading only
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = testWire(t, "log:", WireOptions{Out: f}).Send(t.Context(), testMessage(t, auth.LetterTest))
	wantFailure(t, err, false, "the log cannot be written")
}

func TestAFolderGetsOneWholeFileALetterForThisUserAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "letters")
	for _, mailURL := range []string{"file:" + dir, "file://" + dir} {
		w := testWire(t, mailURL, WireOptions{})
		for _, kind := range []auth.LetterKind{auth.LetterActivation, auth.LetterActivation} {
			if err := w.Send(t.Context(), testMessage(t, kind)); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := testMessage(t, auth.LetterActivation)
	if len(entries) != 1 || entries[0].Name() != "20260301T130509Z-"+m.ID.String()+".eml" {
		t.Fatalf("files: %v", entries)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	if l, err := mailtest.Parse(raw); err != nil || l.Link() != testPublic+"/activate?token="+testToken || l.Code() != testCode {
		t.Errorf("link %q, code %q, error %v", l.Link(), l.Code(), err)
	}
}

func TestAFolderThatIsGoneIsAFailure(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "letters")
	w := testWire(t, "file:"+dir, WireOptions{})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, w.Send(t.Context(), testMessage(t, auth.LetterTest)), false, "the file cannot be written")
}

// TestNoHeaderCanBeInjected hands line breaks straight to the composer, past
// everything that keeps them away from it.
func TestNoHeaderCanBeInjected(t *testing.T) {
	t.Parallel()
	from, err := parseSender(testFrom)
	if err != nil {
		t.Fatal(err)
	}
	for _, breaking := range []string{"\r\n", "\n", "\r", "\r\n\r\n", "\u2028", "\x00"} {
		m := testMessage(t, auth.LetterTest)
		m.Subject = "x" + breaking + "Bcc: evil@evil.example"
		raw, err := composeBytes(m, from)
		if err != nil {
			t.Fatal(err)
		}
		l, err := mailtest.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if l.Header.Get("Bcc") != "" || bytes.Contains(raw, []byte("\nBcc")) || bytes.Contains(raw, []byte("\rBcc")) || len(l.Text) == 0 {
			t.Errorf("%q in the subject made a header:\n%s", breaking, raw)
		}
		m = testMessage(t, auth.LetterTest)
		m.To = testTo + breaking + "Bcc: evil@evil.example"
		_, err = composeBytes(m, from)
		wantFailure(t, err, true, "the recipient is not an address")
	}
	for _, to := range []string{"", "ada", "a@example.org, b@example.org", "Ada <ada@example.org>", " ada@example.org", "<ada@example.org>"} {
		m := testMessage(t, auth.LetterTest)
		m.To = to
		_, err := composeBytes(m, from)
		wantFailure(t, err, true, "the recipient is not an address")
	}
}

func TestTheSameLetterIsTheSameMessage(t *testing.T) {
	t.Parallel()
	from, err := parseSender(testFrom)
	if err != nil {
		t.Fatal(err)
	}
	first, err := composeBytes(testMessage(t, auth.LetterPasswordReset), from)
	if err != nil {
		t.Fatal(err)
	}
	second, err := composeBytes(testMessage(t, auth.LetterPasswordReset), from)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two tries differ")
	}
}

// ended is a context whose time is over.
func ended(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
