package mail

import (
	"context"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"sync"
)

// logWire shows letters to whoever develops against this server: no mail server
// is needed, and the links can be clicked in the terminal.
type logWire struct {
	from  *netmail.Address
	mu    sync.Mutex
	out   io.Writer
	shelf shelf
}

func (w *logWire) Exposes() bool { return true }

// Send writes the text part, framed, in one piece, so that no line of the log
// falls between its lines.
func (w *logWire) Send(_ context.Context, m Message) error {
	var page strings.Builder
	fmt.Fprintf(&page, "\n┌── letter %s (%s)\n", m.ID, m.Kind)
	for _, line := range []string{"From: " + w.from.String(), "To: " + m.To, "Subject: " + m.Subject, ""} {
		fmt.Fprintf(&page, "│ %s\n", line)
	}
	for line := range strings.Lines(strings.TrimSpace(m.Text)) {
		fmt.Fprintf(&page, "│ %s\n", strings.TrimRight(line, "\r\n"))
	}
	page.WriteString("└──\n\n")

	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.WriteString(w.out, page.String()); err != nil {
		return &Failure{Reason: "the log cannot be written"}
	}
	w.shelf.put(m)
	return nil
}
