package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"slices"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"
)

// smtpWire submits letters to a mail server (RFC 6409), one connection each:
// letters are few, and a connection that was kept open is one that can be found
// dead.
type smtpWire struct {
	from     *netmail.Address
	host     string
	port     int
	implicit bool // TLS from the first byte (RFC 8314)
	loopback bool
	user     string
	password string
	roots    *x509.CertPool
}

func newSMTPWire(u *url.URL, from *netmail.Address, roots *x509.CertPool) (*smtpWire, error) {
	w := &smtpWire{
		from: from, host: u.Hostname(), port: 587, implicit: u.Scheme == "smtps",
		loopback: isLoopback(u.Hostname()), roots: roots,
	}
	if w.host == "" {
		return nil, errors.New("mail: MAIL_URL: no host")
	}
	if w.implicit {
		w.port = 465
	}
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return nil, errors.New("mail: MAIL_URL: not a port")
		}
		w.port = int(port)
	}
	if u.User != nil {
		w.user = u.User.Username()
		w.password, _ = u.User.Password()
		if w.user == "" || w.password == "" {
			return nil, errors.New("mail: MAIL_URL: a user wants a password, and the other way round")
		}
	}
	return w, nil
}

func (w *smtpWire) Exposes() bool { return false }

func (w *smtpWire) Send(ctx context.Context, m Message) error {
	msg, err := compose(m, w.from)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(w.host, w.options(ctx)...)
	if err != nil {
		return &Failure{Reason: "smtp: the wire is not set up"}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	// Once the server took the message, a goodbye that went wrong must not make
	// it come twice.
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return smtpFailure(err)
}

// options are those of one letter's client; ctx ends its connection.
func (w *smtpWire) options(ctx context.Context) []gomail.Option {
	policy := gomail.TLSMandatory
	if w.loopback {
		policy = gomail.TLSOpportunistic
	}
	secure := &tls.Config{
		ServerName: w.host, MinVersion: tls.VersionTLS12, RootCAs: w.roots,
		// To a server on this machine, letters would go in the clear as well;
		// its self-made certificate is no reason to send none.
		InsecureSkipVerify: w.loopback && !w.implicit && w.roots == nil, //nolint:gosec // the line is this machine's own, see above
	}
	opts := []gomail.Option{
		gomail.WithPort(w.port),
		gomail.WithTLSPolicy(policy),
		gomail.WithTLSConfig(secure),
		gomail.WithHELO(domainOf(w.from.Address)),
		// Longer than any send: the context alone says when it is enough.
		gomail.WithTimeout(time.Hour),
		gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
			if err != nil {
				return nil, err
			}
			// go-mail heeds the context while it dials and no longer: a server
			// that falls silent later would hold the letter beyond its lease.
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			if !w.implicit {
				return conn, nil
			}
			encrypted := tls.Client(conn, secure)
			if err := encrypted.HandshakeContext(dialing); err != nil {
				_ = conn.Close()
				return nil, err
			}
			return encrypted, nil
		}),
	}
	if w.implicit {
		opts = append(opts, gomail.WithSSL())
	}
	if w.user != "" {
		opts = append(opts, gomail.WithSMTPAuthCustom(&login{wire: w}))
	}
	return opts
}

// login signs in by PLAIN or, where a server has nothing better, LOGIN.
type login struct {
	wire   *smtpWire
	chosen gosmtp.Auth
}

var errNoLogin = errors.New("the server offers neither AUTH PLAIN nor LOGIN")

// Start chooses among what the server offers. Without TLS the password stays
// here, unless the server is on this machine: whoever sits on the line could
// have taken STARTTLS out of the server's greeting to get at it.
func (l *login) Start(server *gosmtp.ServerInfo) (string, []byte, error) {
	w := l.wire
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		l.chosen = gosmtp.PlainAuth("", w.user, w.password, w.host, w.loopback)
	case slices.Contains(server.Auth, "LOGIN"):
		l.chosen = gosmtp.LoginAuth(w.user, w.password, w.host, w.loopback)
	default:
		return "", nil, errNoLogin
	}
	return l.chosen.Start(server)
}

func (l *login) Next(challenge []byte, more bool) ([]byte, error) {
	return l.chosen.Next(challenge, more)
}
