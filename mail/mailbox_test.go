package mail

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"gatehouse/auth"
)

// mailboxes are a wire of each kind that can be read.
func mailboxes(t *testing.T) map[string]Wire {
	t.Helper()
	return map[string]Wire{
		"log":  testWire(t, "log:", WireOptions{Out: &pieces{}}),
		"file": testWire(t, "file:"+t.TempDir(), WireOptions{}),
	}
}

// read gives a wire's letters back.
func read(t *testing.T, w Wire) []Message {
	t.Helper()
	letters, err := w.(Mailbox).Letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return letters
}

func TestAMailboxGivesBackEveryLetterAsItWasSent(t *testing.T) {
	t.Parallel()
	for name, w := range mailboxes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []Message
			for i, kind := range auth.LetterKinds() {
				for _, locale := range []string{"en", "de"} {
					l := testLetter(kind)
					l.Locale, l.At = locale, testTime().Add(time.Duration(i)*time.Minute)
					l.ID[15] = byte(len(sent))
					m, err := testRenderer(t).Render(l)
					if err != nil {
						t.Fatal(err)
					}
					if err := w.Send(t.Context(), m); err != nil {
						t.Fatal(err)
					}
					m.Kind = ""
					sent = append([]Message{m}, sent...)
				}
			}
			if diff := cmp.Diff(sent, read(t, w)); diff != "" {
				t.Errorf("what is read is not what was sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMailboxKeepsTheLatestHundredAndOneCopyOfEach(t *testing.T) {
	t.Parallel()
	for name, w := range mailboxes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := testMessage(t, auth.LetterActivation)
			var last uuid.UUID
			for i := range 103 {
				m.ID[15] = byte(i)
				last = m.ID
				for range 2 {
					if err := w.Send(t.Context(), m); err != nil {
						t.Fatal(err)
					}
				}
			}
			letters := read(t, w)
			if len(letters) != 100 || letters[0].ID != last || letters[99].ID[15] != 3 {
				t.Errorf("%d letters, from %v", len(letters), letters[0].ID)
			}
		})
	}
}

func TestAMailboxPassesOverWhatIsNoLetter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := testWire(t, "file:"+dir, WireOptions{})
	if err := w.Send(t.Context(), testMessage(t, auth.LetterTest)); err != nil {
		t.Fatal(err)
	}
	broken := "20300101T000000Z-" + uuid.Nil.String() + ".eml"
	for _, name := range []string{"notes.txt", ".letter-123", "20300101T000000Z-x.eml", broken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("Subject: hello\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "20310101T000000Z-"+uuid.Nil.String()+".eml")); err != nil {
		t.Fatal(err)
	}
	// A folder, and a letter of somebody else's that a link leads to.
	if err := os.Mkdir(filepath.Join(dir, "20320101T000000Z-"+uuid.Nil.String()+".eml"), 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := testWire(t, "file:"+elsewhere, WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterWelcome)); err != nil {
		t.Fatal(err)
	}
	theirs, err := filepath.Glob(filepath.Join(elsewhere, "*.eml"))
	if err != nil || len(theirs) != 1 {
		t.Fatal(theirs, err)
	}
	if err := os.Symlink(theirs[0], filepath.Join(dir, "20330101T000000Z-"+uuid.Nil.String()+".eml")); err != nil {
		t.Fatal(err)
	}
	if letters := read(t, w); len(letters) != 1 || letters[0].To != testTo {
		t.Errorf("letters: %v", letters)
	}
}

func TestTheWiresThatSendHaveNoMailbox(t *testing.T) {
	t.Parallel()
	for _, mailURL := range []string{"smtp://localhost", "smtps://ada:hunter2@mail.acme.example", "resend://re_secret@api.resend.com"} {
		if w := testWire(t, mailURL, WireOptions{}); w.Exposes() {
			t.Errorf("%s exposes its letters", mailURL)
		} else if _, readable := w.(Mailbox); readable {
			t.Errorf("%s can be read", mailURL)
		}
	}
}
