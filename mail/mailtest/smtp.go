// Package mailtest has mail servers to test against: one that speaks SMTP and
// one that speaks Resend's HTTP API. Both listen on loopback, keep what they
// are given, and can be told to behave badly. A test waits for a letter by its
// context and never sleeps.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A Reaction is what the server does with one delivery instead of taking it.
type Reaction struct {
	// RefuseSender, RefuseRecipient and RefuseContent are answers to MAIL, RCPT
	// and the content; nil is yes.
	RefuseSender, RefuseRecipient, RefuseContent *smtp.SMTPError
	// Drop cuts the connection after the content came, unanswered.
	Drop bool
	// Keep keeps the message although it is dropped: the server took it, and
	// its answer was lost.
	Keep bool
	// Begun is closed when the content has come.
	Begun chan<- struct{}
	// Until delays the answer to the content until it is closed.
	Until <-chan struct{}
}

// Refusal is an SMTP answer whose text quotes what errors must not repeat.
func Refusal(code int, enhanced smtp.EnhancedCode, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// SMTPOptions is how an SMTP server is set up.
type SMTPOptions struct {
	// STARTTLS offers it, with a certificate that Roots vouch for.
	STARTTLS bool
	// ImplicitTLS speaks TLS from the first byte.
	ImplicitTLS bool
	// Username and Password must be given by AUTH where they are set.
	Username, Password string
	// Login offers AUTH LOGIN in place of PLAIN.
	Login bool
}

// An SMTP server on loopback.
type SMTP struct {
	Mailbox
	// Roots vouch for the server's certificate.
	Roots *x509.CertPool

	options SMTPOptions
	address string
	closed  chan struct{}

	mu          sync.Mutex
	script      []Reaction
	connections int
	encrypted   int
}

// NewSMTP starts a server, and stops it when the test ends.
func NewSMTP(t testing.TB, options SMTPOptions) *SMTP {
	t.Helper()
	s := &SMTP{Mailbox: newMailbox(), options: options, closed: make(chan struct{})}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return s.session(c), nil
	}))
	server.Domain = "mailtest"
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for SMTP: %v", err)
	}
	s.address = listener.Addr().String()
	if options.STARTTLS || options.ImplicitTLS {
		certificate, roots := newCertificate(t)
		s.Roots = roots
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	if options.ImplicitTLS {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		close(s.closed)
		_ = server.Close()
		// The server knows its listener only once Serve has begun.
		_ = listener.Close()
		<-served
	})
	return s
}

// URL is the server as MAIL_URL names it.
func (s *SMTP) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.address}
	if s.options.ImplicitTLS {
		u.Scheme = "smtps"
	}
	if s.options.Username != "" {
		u.User = url.UserPassword(s.options.Username, s.options.Password)
	}
	return u.String()
}

// Then makes the server react so to its next deliveries, one each; afterwards
// it takes them again.
func (s *SMTP) Then(reactions ...Reaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, reactions...)
}

// Connections is how many there were, and how many of them were encrypted when
// a message was begun.
func (s *SMTP) Connections() (all, encrypted int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, s.encrypted
}

func (s *SMTP) session(c *smtp.Conn) smtp.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	return &session{server: s, conn: c}
}

// next takes the reaction to a delivery that begins.
func (s *SMTP) next(encrypted bool) Reaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	if encrypted {
		s.encrypted++
	}
	if len(s.script) == 0 {
		return Reaction{}
	}
	r := s.script[0]
	s.script = s.script[1:]
	return r
}

// session is one connection's.
type session struct {
	server   *SMTP
	conn     *smtp.Conn
	signedIn bool
	reaction Reaction
	from     string
	to       []string
}

func (s *session) AuthMechanisms() []string {
	switch {
	case s.server.options.Username == "":
		return nil
	case s.server.options.Login:
		return []string{"LOGIN"}
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		if username != s.server.options.Username || password != s.server.options.Password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no such user: " + username}
		}
		s.signedIn = true
		return nil
	}
	if mechanism == "LOGIN" {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
}

// loginServer asks for the name, then for the password.
type loginServer struct {
	check    func(username, password string) error
	step     int
	username string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.username, string(response))
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.Username != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.from, s.to = from, nil
	s.reaction = s.server.next(encrypted)
	return refused(s.reaction.RefuseSender)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := refused(s.reaction.RefuseRecipient); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.reaction.Begun != nil {
		close(s.reaction.Begun)
	}
	if s.reaction.Until != nil {
		select {
		case <-s.reaction.Until:
		case <-s.server.closed:
			return errors.New("mailtest: closed")
		}
	}
	if err := refused(s.reaction.RefuseContent); err != nil {
		return err
	}
	if !s.reaction.Drop || s.reaction.Keep {
		if err := s.server.keep(s.from, s.to, bytes.Clone(content)); err != nil {
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: strings.ReplaceAll(err.Error(), "\n", " ")}
		}
	}
	if s.reaction.Drop {
		return s.conn.Conn().Close()
	}
	return nil
}

// refused keeps a nil pointer from becoming an error that is not nil.
func refused(e *smtp.SMTPError) error {
	if e == nil {
		return nil
	}
	return e
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
