package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// mailboxSize is how many letters a Mailbox gives back.
const mailboxSize = 100

// A Mailbox is a wire whose letters can be read where they went, for whoever
// tries the server out: those to the log and to a folder, which are the wires
// that expose them.
type Mailbox interface {
	// Letters are the latest, a hundred at most, the newest first. Their kind is
	// not told: a folder doesn't keep it.
	Letters(ctx context.Context) ([]Message, error)
}

// A shelf keeps the latest letters in memory.
type shelf struct{ letters []Message } // the oldest first

// put adds a letter. One that is sent again takes the place of its first copy.
func (s *shelf) put(m Message) {
	m.Kind = ""
	for i := range s.letters {
		if s.letters[i].ID == m.ID {
			s.letters[i] = m
			return
		}
	}
	if len(s.letters) == mailboxSize {
		s.letters = slices.Delete(s.letters, 0, 1)
	}
	s.letters = append(s.letters, m)
}

// Letters implements Mailbox.
func (w *logWire) Letters(context.Context) ([]Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	letters := slices.Clone(w.shelf.letters)
	slices.Reverse(letters)
	return letters, nil
}

// letterFile is how Send names a file: the instant, then the letter's ID. Both
// grow with time, so that names are in the order of letters.
var letterFile = regexp.MustCompile(`^\d{8}T\d{6}Z-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.eml$`)

// Letters implements Mailbox. What else lies in the folder, and what somebody
// removes meanwhile or wrote by hand, is passed over.
func (w *fileWire) Letters(ctx context.Context) ([]Message, error) {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return nil, fmt.Errorf("mail: read folder of letters: %w", err)
	}
	var letters []Message
	for _, entry := range slices.Backward(entries) { // os.ReadDir sorts by name
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("mail: read folder of letters: %w", err)
		}
		named := letterFile.FindStringSubmatch(entry.Name())
		// A pipe would be read for ever, and a link lead out of the folder.
		if named == nil || !entry.Type().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(w.dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("mail: read letter: %w", err)
		}
		if m, err := parseMessage(raw); err == nil {
			m.ID = uuid.MustParse(named[1])
			letters = append(letters, m)
		}
		if len(letters) == mailboxSize {
			break
		}
	}
	return letters, nil
}

// parseMessage reads what compose wrote.
func parseMessage(raw []byte) (Message, error) {
	msg, err := gomail.EMLToMsgFromReader(bytes.NewReader(raw))
	if err != nil {
		return Message{}, fmt.Errorf("mail: parse message: %w", err)
	}
	var m Message
	to := msg.GetTo()
	if len(to) != 1 {
		return Message{}, errors.New("mail: parse message: not one recipient")
	}
	m.To = to[0].Address
	if m.Date, err = netmail.ParseDate(strings.Join(msg.GetGenHeader(gomail.HeaderDate), "")); err != nil {
		return Message{}, fmt.Errorf("mail: parse date: %w", err)
	}
	m.Date = m.Date.UTC()
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(strings.Join(msg.GetGenHeader(gomail.HeaderSubject), "")); err != nil {
		return Message{}, fmt.Errorf("mail: parse subject: %w", err)
	}
	for _, part := range msg.GetParts() {
		content, err := part.GetContent()
		if err != nil {
			return Message{}, fmt.Errorf("mail: parse message: %w", err)
		}
		// The line ends of the wire; those of a Message are plain.
		text := strings.ReplaceAll(string(content), "\r\n", "\n")
		switch part.GetContentType() {
		case gomail.TypeTextPlain:
			m.Text = text
		case gomail.TypeTextHTML:
			m.HTML = text
		}
	}
	return m, nil
}
