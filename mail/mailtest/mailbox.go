package mailtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"sync"
)

// A Letter is a message as it arrived.
type Letter struct {
	From    string   // of the envelope
	To      []string // of the envelope
	Raw     []byte   // nil where it came by HTTP
	Header  mail.Header
	Subject string // decoded
	Text    string
	HTML    string
}

var (
	linkInText   = regexp.MustCompile(`https?://\S+`)
	digitsInText = regexp.MustCompile(`(?m)^ *(\d{3}) (\d{3})$`)
)

// Links are the URLs of the text part, in order.
func (l Letter) Links() []string { return linkInText.FindAllString(l.Text, -1) }

// Link is the first of them: the one that the letter is for. "" where there is
// none.
func (l Letter) Link() string {
	if links := l.Links(); len(links) > 0 {
		return links[0]
	}
	return ""
}

// Code is the six digits of the text part, "" where there are none.
func (l Letter) Code() string {
	if m := digitsInText.FindStringSubmatch(l.Text); m != nil {
		return m[1] + m[2]
	}
	return ""
}

// MessageID is the header of that name, without its brackets.
func (l Letter) MessageID() string {
	return strings.Trim(l.Header.Get("Message-Id"), "<>")
}

// A Mailbox keeps letters, and lets tests wait for them.
type Mailbox struct {
	box *box
}

type box struct {
	mu      sync.Mutex
	all     []Letter
	taken   []bool
	changed chan struct{} // closed at each arrival, and replaced
}

func newMailbox() Mailbox {
	return Mailbox{box: &box{changed: make(chan struct{})}}
}

// All is everything that arrived, in order.
func (m Mailbox) All() []Letter {
	m.box.mu.Lock()
	defer m.box.mu.Unlock()
	return append([]Letter(nil), m.box.all...)
}

// Empty forgets everything that arrived so far.
func (m Mailbox) Empty() {
	m.box.mu.Lock()
	defer m.box.mu.Unlock()
	m.box.all, m.box.taken = nil, nil
}

// Next waits for the oldest letter that was not taken yet, and takes it.
func (m Mailbox) Next(ctx context.Context) (Letter, error) {
	return m.take(ctx, func(Letter) bool { return true })
}

// NextTo waits for the oldest letter to an address that was not taken yet, and
// takes it.
func (m Mailbox) NextTo(ctx context.Context, address string) (Letter, error) {
	return m.take(ctx, func(l Letter) bool {
		for _, to := range l.To {
			if strings.EqualFold(to, address) {
				return true
			}
		}
		return false
	})
}

func (m Mailbox) take(ctx context.Context, wanted func(Letter) bool) (Letter, error) {
	for {
		m.box.mu.Lock()
		for i, l := range m.box.all {
			if !m.box.taken[i] && wanted(l) {
				m.box.taken[i] = true
				m.box.mu.Unlock()
				return l, nil
			}
		}
		changed := m.box.changed
		m.box.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Letter{}, fmt.Errorf("mailtest: wait for letter: %w", ctx.Err())
		}
	}
}

func (m Mailbox) add(l Letter) {
	m.box.mu.Lock()
	defer m.box.mu.Unlock()
	m.box.all = append(m.box.all, l)
	m.box.taken = append(m.box.taken, false)
	close(m.box.changed)
	m.box.changed = make(chan struct{})
}

// keep reads a message and adds it.
func (m Mailbox) keep(from string, to []string, raw []byte) error {
	l, err := Parse(raw)
	if err != nil {
		return err
	}
	l.From, l.To = from, to
	m.add(l)
	return nil
}

// Parse reads a message of two parts, as an .eml file holds it. It is the
// standard library's reading, not that of the code under test.
func Parse(raw []byte) (Letter, error) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Letter{}, fmt.Errorf("mailtest: read message: %w", err)
	}
	l := Letter{Raw: raw, Header: message.Header}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Letter{}, fmt.Errorf("mailtest: read subject: %w", err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return Letter{}, fmt.Errorf("mailtest: read content type %q: %w", kind, err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return Letter{}, fmt.Errorf("mailtest: read part: %w", err)
		}
		var content io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			content = quotedprintable.NewReader(part)
		}
		body, err := io.ReadAll(content)
		if err != nil {
			return Letter{}, fmt.Errorf("mailtest: read part: %w", err)
		}
		// Line ends are those of the wire; tests think in lines.
		written := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = written
		} else {
			l.Text = written
		}
	}
}
