package mail

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// WireOptions is what a wire needs besides its URL.
type WireOptions struct {
	// From is the sender, "Acme <no-reply@acme.example>".
	From string
	// Out is where log: writes.
	Out io.Writer
	// HTTPClient carries what goes to Resend; nil is a plain one.
	HTTPClient *http.Client
	// RootCAs are the certificates that vouch for an SMTP server; nil is the
	// system's.
	RootCAs *x509.CertPool
}

// NewWire makes the wire that MAIL_URL names:
//
//	log:                          readable, to Out
//	file:DIR                      an .eml file each
//	smtp://user:password@host:587 with STARTTLS where it is offered; off loopback it must be
//	smtps://user:password@host    TLS from the start, port 465
//	resend://API_KEY@api.resend.com
//
// An error never quotes the URL, which holds the password.
func NewWire(mailURL string, opts WireOptions) (Wire, error) {
	from, err := parseSender(opts.From)
	if err != nil {
		return nil, err
	}
	if dir, ok := strings.CutPrefix(mailURL, "file:"); ok {
		return newFileWire(strings.TrimPrefix(dir, "//"), from)
	}
	u, err := url.Parse(mailURL)
	if err != nil {
		// The error of url.Parse is dropped because it quotes the URL.
		return nil, errors.New("mail: MAIL_URL: not a URL; special characters in user and password must be percent-encoded")
	}
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("mail: MAIL_URL: nothing may follow the host")
	}
	switch u.Scheme {
	case "log":
		if opts.Out == nil || u.Opaque != "" || u.Host != "" {
			return nil, errors.New("mail: MAIL_URL: log: stands alone")
		}
		return &logWire{from: from, out: opts.Out}, nil
	case "smtp", "smtps":
		return newSMTPWire(u, from, opts.RootCAs)
	case "resend":
		return newResendWire(u, from, opts.HTTPClient)
	}
	return nil, errors.New("mail: MAIL_URL: starts with none of log:, file:, smtp://, smtps://, resend://")
}

// parseSender reads MAIL_FROM. The domain is put into its ASCII form, since it
// stands in Message-IDs too.
func parseSender(s string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(s)
	if err != nil {
		return nil, errors.New("mail: MAIL_FROM: not an address such as Acme <no-reply@acme.example>")
	}
	at := strings.LastIndexByte(from.Address, '@')
	domain, err := idna.Lookup.ToASCII(from.Address[at+1:])
	if err != nil {
		return nil, errors.New("mail: MAIL_FROM: not a domain name after the @")
	}
	from.Address = from.Address[:at+1] + domain
	return from, nil
}

// domainOf is what follows the @ of an address.
func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// isLoopback reports whether what is sent to the host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// messageID is the Message-ID of a letter, without its angle brackets (RFC 5322
// section 3.6.4): the same for each try.
func messageID(m Message, from *netmail.Address) string {
	return fmt.Sprintf("%s@%s", m.ID, domainOf(from.Address))
}
