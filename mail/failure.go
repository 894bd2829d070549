package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"syscall"

	gomail "github.com/wneessen/go-mail"
)

// smtpFailure reduces an error of SMTP to the step at which it came, its code
// and its enhanced status (RFC 3463).
//
// Only a recipient or a content that was refused is refused for good. What
// comes before, the sign-in and the sender, is the same for every letter: a
// wrong password in MAIL_URL must not bury them all before it is mended.
func smtpFailure(err error) *Failure {
	var sending *gomail.SendError
	if errors.As(err, &sending) && sending.ErrorCode() != 0 {
		code := sending.ErrorCode()
		step, ofLetter := smtpStep(sending.Reason)
		return &Failure{
			Permanent: ofLetter && code >= 500,
			Reason:    smtpReason(step, code, sending.EnhancedStatusCode()),
		}
	}
	if errors.As(err, &sending) {
		step, _ := smtpStep(sending.Reason)
		return &Failure{Reason: "smtp: " + step + ": connection lost or timed out"}
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return &Failure{Reason: smtpReason("greeting or sign-in", answer.Code, enhancedStatus.FindString(answer.Msg))}
	}
	if errors.Is(err, errNoLogin) {
		return &Failure{Reason: "smtp: " + errNoLogin.Error()}
	}
	// go-mail has no value for this error, and it is the one that an operator
	// meets first.
	if strings.Contains(err.Error(), "does not support STARTTLS") {
		return &Failure{Reason: "smtp: the server does not offer STARTTLS"}
	}
	return &Failure{Reason: "smtp: " + netReason(err)}
}

var enhancedStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

func smtpReason(step string, code int, enhanced string) string {
	if enhanced != "" {
		enhanced = " " + enhanced
	}
	return fmt.Sprintf("smtp: %s: %d%s", step, code, enhanced)
}

// smtpStep names the command that failed, and says whether its refusal is about
// this letter.
func smtpStep(r gomail.SendErrReason) (step string, ofLetter bool) {
	switch r {
	case gomail.ErrSMTPMailFrom:
		return "MAIL FROM", false
	case gomail.ErrSMTPRcptTo:
		return "RCPT TO", true
	case gomail.ErrSMTPData:
		return "DATA", true
	case gomail.ErrWriteContent, gomail.ErrSMTPDataClose:
		return "content", true
	}
	return "connection", false
}

// netReason says in fixed words why a connection failed: the errors of net name
// hosts and addresses, those of net/http whole URLs.
func netReason(err error) string {
	var (
		name      *net.DNSError
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		timeout   net.Error
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "the host's name is not known"
	case errors.As(err, &untrusted), errors.As(err, &authority):
		return "the server's certificate is not trusted"
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return "timed out"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, net.ErrClosed):
		return "connection lost"
	}
	return "connection failed"
}
