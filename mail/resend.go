package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	netmail "net/mail"
	"net/url"

	"github.com/resend/resend-go/v2"
)

// resendWire hands letters to Resend's HTTP API.
type resendWire struct {
	from *netmail.Address
	key  string
	base *url.URL
	http *http.Client
}

func newResendWire(u *url.URL, from *netmail.Address, client *http.Client) (*resendWire, error) {
	w := &resendWire{from: from, http: &http.Client{}}
	if client != nil {
		copied := *client
		w.http = &copied
	}
	if w.http.Transport == nil {
		w.http.Transport = http.DefaultTransport
	}
	// A redirect would carry the letter, and to the same host the key, to where
	// nobody meant it to go.
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if u.User != nil {
		w.key = u.User.Username()
	}
	if w.key == "" || u.Host == "" {
		return nil, errors.New("mail: MAIL_URL: resend://API_KEY@api.resend.com wants a key and a host")
	}
	w.base = &url.URL{Scheme: "https", Host: u.Host, Path: "/"}
	if isLoopback(u.Hostname()) {
		w.base.Scheme = "http"
	}
	return w, nil
}

func (w *resendWire) Exposes() bool { return false }

func (w *resendWire) Send(ctx context.Context, m Message) error {
	if _, err := compose(m, w.from); err != nil {
		return err
	}
	seen := &witness{next: w.http.Transport}
	carrier := *w.http
	carrier.Transport = seen
	client := resend.NewCustomClient(&carrier, w.key)
	client.BaseURL = w.base
	_, err := client.Emails.SendWithOptions(ctx, &resend.SendEmailRequest{
		From: w.from.String(), To: []string{m.To}, Subject: m.Subject, Text: m.Text, Html: m.HTML,
		Headers: map[string]string{"Auto-Submitted": "auto-generated"},
	}, &resend.SendEmailOptions{IdempotencyKey: m.ID.String()})
	return resendFailure(err, seen)
}

// resendFailure judges by status. 400 and 422 are about this letter; 401 and
// 403 are about the key or the sender's domain, which the operator can mend.
func resendFailure(err error, seen *witness) error {
	switch {
	case err == nil, seen.status/100 == 2:
		// An answer that says yes and then cannot be read still said yes.
		return nil
	case seen.status == 0:
		return &Failure{Reason: "resend: " + netReason(err)}
	case seen.status == http.StatusConflict && seen.name == "invalid_idempotent_request":
		// Under this letter's ID a message was taken before, and worded otherwise:
		// the templates changed between a crash and now. It is out.
		return nil
	}
	return &Failure{
		Permanent: seen.status == http.StatusBadRequest || seen.status == http.StatusUnprocessableEntity,
		Reason:    fmt.Sprintf("resend: status %d", seen.status),
	}
}

// witness remembers the status of the one answer that passes it: the client
// library drops it and keeps the prose, which may quote the recipient.
type witness struct {
	next   http.RoundTripper
	status int
	name   string // Resend's name for the fault; "" where there is none
}

// answerLimit is more than any answer of Resend to one letter.
const answerLimit = 64 << 10

func (s *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	s.status = answer.StatusCode
	body, readErr := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err := errors.Join(readErr, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("mail: read answer: %w", err)
	}
	var fault struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(body, &fault) == nil {
		s.name = fault.Name
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}
