package mail

import (
	"flag"
	"maps"
	netmail "net/mail"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Secrets of the tests' letters, to be looked for where none may be.
const (
	testToken  = "Zm9ydHktdGhyZWUtY2hhcmFjdGVycy1vZi1iYXNlNjQ"
	testNotMe  = "bm90LW1lLWZvcnR5LXRocmVlLWNoYXJhY3RlcnMtb2Y"
	testCode   = "402917"
	testTo     = "ada@example.org"
	testFrom   = "Acme <no-reply@acme.example>"
	testAgent  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	testPublic = "https://auth.acme.example"
)

func testBrand() Brand {
	return Brand{
		Name: "Acme", Colour: "#0b57d0",
		TermsURL: "https://acme.example/terms", PrivacyURL: "https://acme.example/privacy",
	}
}

func testTime() time.Time { return time.Date(2026, 3, 1, 13, 5, 9, 0, time.UTC) }

func testRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := NewRenderer(testBrand(), Links{PublicURL: testPublic}, Words{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testLetter is a letter of that kind with everything that the kind holds, and
// a name that whoever wrote it chose.
func testLetter(kind auth.LetterKind) auth.Letter {
	l := auth.Letter{
		ID: uuid.MustParse("0195500a-7c00-7000-8000-00000000000a"), Kind: kind, To: testTo,
		Name: "Ada Lovelace", Locale: "en-GB",
		At: testTime(), IPAddress: "203.0.113.7", UserAgent: testAgent,
	}
	switch kind {
	case auth.LetterActivation:
		l.Token, l.NotMeToken, l.Code = testToken, testNotMe, testCode
		l.ExpiresAt = l.At.Add(24 * time.Hour)
	case auth.LetterPasswordReset, auth.LetterUsernameReset, auth.LetterEmailChange:
		l.Token, l.ExpiresAt = testToken, l.At.Add(time.Hour)
	case auth.LetterEmailChanged:
		l.Token, l.ExpiresAt = testToken, l.At.Add(7*24*time.Hour)
	case auth.LetterAddressReserved:
		l.ExpiresAt = l.At.Add(5 * 24 * time.Hour)
	case auth.LetterTest:
		l.Name, l.IPAddress, l.UserAgent = "", "", ""
	}
	return l
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; look at it, then run with -update (-want +got):\n%s", path, diff)
	}
}

func TestEveryLetterReadsAsItsGoldenFiles(t *testing.T) {
	t.Parallel()
	resent := testLetter(auth.LetterActivation)
	resent.Code = ""
	letters := map[string]auth.Letter{"activation_resent": resent}
	for _, kind := range auth.LetterKinds() {
		letters[string(kind)] = testLetter(kind)
	}
	from, err := parseSender(testFrom)
	if err != nil {
		t.Fatal(err)
	}
	// English keeps the plain names.
	for name, l := range maps.Clone(letters) {
		l.Locale = "de-AT"
		letters[name+".de"] = l
	}
	for name, l := range letters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := testRenderer(t).Render(l)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
			raw, err := composeBytes(m, from)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".eml", string(raw))

			arrived, err := mailtest.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			want := mailtest.Letter{Raw: raw, Header: arrived.Header, Subject: m.Subject, Text: m.Text, HTML: m.HTML}
			if diff := cmp.Diff(want, arrived); diff != "" {
				t.Errorf("the message reads otherwise than it was written (-want +got):\n%s", diff)
			}
			for header, want := range map[string]string{
				"Message-Id":     "<" + l.ID.String() + "@acme.example>",
				"Auto-Submitted": "auto-generated",
				"Date":           "Sun, 01 Mar 2026 13:05:09 +0000",
				"From":           `"Acme" <no-reply@acme.example>`,
				"To":             "<" + testTo + ">",
			} {
				if got := arrived.Header.Get(header); got != want {
					t.Errorf("%s: %s, want %s", header, got, want)
				}
			}
			if _, err := netmail.ParseDate(arrived.Header.Get("Date")); err != nil {
				t.Errorf("Date: %v", err)
			}
		})
	}
}
