package mail

import (
	"bytes"
	"fmt"
	netmail "net/mail"

	gomail "github.com/wneessen/go-mail"
)

// compose puts a message into its form on the wire (RFC 5322, RFC 2046
// multipart/alternative). The result depends on nothing but the message and the
// sender, the boundary included.
//
// An address or subject with a line break would let its author add headers.
// go-mail encodes such a subject (RFC 2047); the recipient is parsed here, which
// refuses all but one bare address.
func compose(m Message, from *netmail.Address) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || to.Name != "" {
		return nil, &Failure{Permanent: true, Reason: "the recipient is not an address"}
	}
	msg := gomail.NewMsg(
		gomail.WithNoDefaultUserAgent(),
		// go-mail writes it unquoted: token characters only (RFC 2045 section 5.1).
		gomail.WithBoundary("letter-"+m.ID.String()),
		gomail.WithEncoding(gomail.EncodingQP),
	)
	msg.FromMailAddress(from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(messageID(m, from))
	// RFC 3834 section 5: nobody's holiday notice answers.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// composeBytes is compose, written out.
func composeBytes(m Message, from *netmail.Address) ([]byte, error) {
	msg, err := compose(m, from)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("mail: write message: %w", err)
	}
	return out.Bytes(), nil
}
