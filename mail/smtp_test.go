package mail

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

// quoting is what mail servers say: the recipient, and more.
const quoting = "<" + testTo + ">: user ada unknown, see https://example.org"

func TestAMailServerTakesALetterBySMTP(t *testing.T) {
	t.Parallel()
	const user, password = "ada@acme", "hunter2/with?special:signs@%"
	for name, o := range map[string]mailtest.SMTPOptions{
		"in the clear on loopback": {},
		"STARTTLS":                 {STARTTLS: true},
		"STARTTLS and PLAIN":       {STARTTLS: true, Username: user, Password: password},
		"STARTTLS and LOGIN":       {STARTTLS: true, Username: user, Password: password, Login: true},
		"TLS and PLAIN":            {ImplicitTLS: true, Username: user, Password: password},
		"TLS and LOGIN":            {ImplicitTLS: true, Username: user, Password: password, Login: true},
		"PLAIN on loopback":        {Username: user, Password: password},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewSMTP(t, o)
			m := testMessage(t, auth.LetterActivation)
			w := testWire(t, server.URL(), WireOptions{RootCAs: server.Roots})
			if err := w.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			l, err := server.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if l.From != "no-reply@acme.example" || len(l.To) != 1 || l.To[0] != testTo {
				t.Errorf("envelope: from %s to %v", l.From, l.To)
			}
			if l.Subject != m.Subject || l.Text != m.Text || l.HTML != m.HTML || l.MessageID() != m.ID.String()+"@acme.example" {
				t.Errorf("arrived otherwise than it was sent:\n%s", l.Raw)
			}
			want := 0
			if o.STARTTLS || o.ImplicitTLS {
				want = 1
			}
			if _, encrypted := server.Connections(); encrypted != want {
				t.Errorf("%d connections were encrypted, want %d", encrypted, want)
			}
		})
	}
}

func TestOnLoopbackASelfMadeCertificateIsTakenForSTARTTLSOnly(t *testing.T) {
	t.Parallel()
	server := mailtest.NewSMTP(t, mailtest.SMTPOptions{STARTTLS: true})
	if err := testWire(t, server.URL(), WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterTest)); err != nil {
		t.Error(err)
	}
	server = mailtest.NewSMTP(t, mailtest.SMTPOptions{ImplicitTLS: true})
	err := testWire(t, server.URL(), WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterTest))
	wantFailure(t, err, false, "smtp: the server's certificate is not trusted")
}

// elsewhere is a wire to the server as if it were not on this machine.
func elsewhere(t *testing.T, server *mailtest.SMTP, roots *x509.CertPool) *smtpWire {
	t.Helper()
	w := testWire(t, server.URL(), WireOptions{RootCAs: roots}).(*smtpWire)
	w.loopback = false
	return w
}

// TestOffLoopbackNothingGoesInTheClear: whoever sits on the line takes STARTTLS
// out of the greeting, and is given neither letter nor password.
func TestOffLoopbackNothingGoesInTheClear(t *testing.T) {
	t.Parallel()
	server := mailtest.NewSMTP(t, mailtest.SMTPOptions{Username: "ada", Password: "hunter2"})
	err := elsewhere(t, server, nil).Send(t.Context(), testMessage(t, auth.LetterTest))
	wantFailure(t, err, false, "smtp: the server does not offer STARTTLS")

	signIn := &login{wire: &smtpWire{host: "mail.acme.example", user: "ada", password: "hunter2"}}
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		_, answer, err := signIn.Start(&gosmtp.ServerInfo{Name: "mail.acme.example", Auth: []string{mechanism}})
		if err == nil || strings.Contains(string(answer), "hunter2") {
			t.Errorf("%s without TLS: answer %q, error %v", mechanism, answer, err)
		}
	}

	server = mailtest.NewSMTP(t, mailtest.SMTPOptions{STARTTLS: true, Username: "ada", Password: "hunter2"})
	err = elsewhere(t, server, x509.NewCertPool()).Send(t.Context(), testMessage(t, auth.LetterTest))
	wantFailure(t, err, false, "smtp: the server's certificate is not trusted")
	err = elsewhere(t, server, nil).Send(t.Context(), testMessage(t, auth.LetterTest))
	wantFailure(t, err, false, "smtp: the server's certificate is not trusted")
	if got := server.All(); len(got) != 0 {
		t.Errorf("%d letters arrived", len(got))
	}
	if err = elsewhere(t, server, server.Roots).Send(t.Context(), testMessage(t, auth.LetterTest)); err != nil {
		t.Error(err)
	}
}

func TestARefusalIsPermanentOnlyWhereItIsAboutTheLetter(t *testing.T) {
	t.Parallel()
	refusal := func(code int, class int) *smtp.SMTPError {
		return mailtest.Refusal(code, smtp.EnhancedCode{class, 1, 1}, quoting)
	}
	for _, c := range []struct {
		reaction  mailtest.Reaction
		permanent bool
		reason    string
	}{
		{mailtest.Reaction{RefuseRecipient: refusal(451, 4)}, false, "smtp: RCPT TO: 451 4.1.1"},
		{mailtest.Reaction{RefuseRecipient: refusal(550, 5)}, true, "smtp: RCPT TO: 550 5.1.1"},
		{mailtest.Reaction{RefuseContent: refusal(451, 4)}, false, "smtp: content: 451 4.1.1"},
		{mailtest.Reaction{RefuseContent: refusal(554, 5)}, true, "smtp: content: 554 5.1.1"},
		{mailtest.Reaction{RefuseSender: refusal(451, 4)}, false, "smtp: MAIL FROM: 451 4.1.1"},
		{mailtest.Reaction{RefuseSender: refusal(550, 5)}, false, "smtp: MAIL FROM: 550 5.1.1"},
		{mailtest.Reaction{Drop: true}, false, "smtp: content: connection lost or timed out"},
	} {
		server := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
		server.Then(c.reaction)
		w := testWire(t, server.URL(), WireOptions{})
		wantFailure(t, w.Send(t.Context(), testMessage(t, auth.LetterActivation)), c.permanent, c.reason)
		if got := server.All(); len(got) != 0 {
			t.Errorf("%s: %d letters arrived", c.reason, len(got))
		}
		if err := w.Send(t.Context(), testMessage(t, auth.LetterActivation)); err != nil {
			t.Errorf("%s: afterwards: %v", c.reason, err)
		}
	}
}

func TestAWrongPasswordBuriesNoLetter(t *testing.T) {
	t.Parallel()
	for _, o := range []mailtest.SMTPOptions{
		{Username: "ada", Password: "hunter2"}, {Username: "ada", Password: "hunter2", Login: true},
	} {
		server := mailtest.NewSMTP(t, o)
		mailURL := strings.Replace(server.URL(), "hunter2", "hunter3", 1)
		err := testWire(t, mailURL, WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterActivation))
		wantFailure(t, err, false, "smtp: greeting or sign-in: 535 5.7.8")
	}
	server := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
	mailURL := strings.Replace(server.URL(), "//", "//ada:hunter2@", 1)
	err := testWire(t, mailURL, WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterActivation))
	wantFailure(t, err, false, "smtp: the server offers neither AUTH PLAIN nor LOGIN")
}

func TestAServerThatIsNotThereIsATemporaryFailure(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = testWire(t, "smtp://ada:hunter2@"+address, WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterActivation))
	wantFailure(t, err, false, "smtp: connection refused")
}

func TestASilentServerHoldsALetterNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	begun, never := make(chan struct{}), make(chan struct{})
	server := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
	server.Then(mailtest.Reaction{Begun: begun, Until: never})
	// It ends when the content has come: a time of its own would, on a machine
	// with much to do, be over before.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		select {
		case <-begun:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := testWire(t, server.URL(), WireOptions{}).Send(ctx, testMessage(t, auth.LetterActivation))
	wantFailure(t, err, false, "smtp: content: connection lost or timed out")

	// One that does not even greet: the connection is taken by the kernel.
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	for _, scheme := range []string{"smtp", "smtps"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err = testWire(t, scheme+"://"+mute.Addr().String(), WireOptions{}).Send(ctx, testMessage(t, auth.LetterActivation))
		if err == nil {
			t.Errorf("%s: sent to nobody", scheme)
		} else {
			wantNoSecret(t, err.Error())
		}
	}
	err = testWire(t, server.URL(), WireOptions{}).Send(ended(t), testMessage(t, auth.LetterActivation))
	if err == nil {
		t.Error("sent after its time")
	}
}

// TestALetterThatWasTakenIsSentThoughTheGoodbyeFails: the server hangs up right
// after its yes, and the letter must not go out again for that.
func TestALetterThatWasTakenIsSentThoughTheGoodbyeFails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- hangUpAfterYes(l) }()
	u := url.URL{Scheme: "smtp", Host: l.Addr().String()}
	if err := testWire(t, u.String(), WireOptions{}).Send(t.Context(), testMessage(t, auth.LetterTest)); err != nil {
		t.Errorf("a letter that was taken counts as failed: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("the server: %v", err)
	}
}

// hangUpAfterYes speaks SMTP as far as the yes to the content, then closes.
func hangUpAfterYes(l net.Listener) error {
	defer l.Close()
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	if _, err := fmt.Fprint(conn, "220 hello\r\n"); err != nil {
		return err
	}
	content := false
	for lines.Scan() {
		answer := "250 yes"
		switch {
		case content && lines.Text() != ".":
			continue
		case content:
			_, err := fmt.Fprint(conn, "250 taken\r\n")
			return err
		case lines.Text() == "DATA":
			content, answer = true, "354 go on"
		}
		if _, err := fmt.Fprint(conn, answer+"\r\n"); err != nil {
			return err
		}
	}
	return lines.Err()
}
