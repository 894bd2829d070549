package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// A Prober can find out whether letters would be taken, without sending one. Its
// error is a [*Failure], whose reason is fixed words.
type Prober interface {
	// Probe says what it found; note is what is good and may surprise, "" for
	// nothing.
	Probe(ctx context.Context) (note string, err error)
}

// Probe signs in, says NOOP and leaves.
func (w *smtpWire) Probe(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // whatever became of the connection
	client, err := gomail.NewClient(w.host, w.options(ctx)...)
	if err != nil {
		return "", &Failure{Reason: "smtp: the wire is not set up"}
	}
	conversation, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", smtpFailure(err)
	}
	if err := errors.Join(conversation.Noop(), conversation.Quit()); err != nil {
		return "", smtpFailure(err)
	}
	if w.user == "" {
		return "without signing in", nil
	}
	return "", nil
}

// Probe asks for the domains, which reads and changes nothing.
func (w *resendWire) Probe(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base.JoinPath("domains").String(), nil)
	if err != nil {
		return "", &Failure{Reason: "resend: the wire is not set up"}
	}
	request.Header.Set("Authorization", "Bearer "+w.key)
	seen := &witness{next: w.http.Transport}
	carrier := *w.http
	carrier.Transport = seen
	answer, err := carrier.Do(request)
	if err != nil {
		return "", &Failure{Reason: "resend: " + netReason(err)}
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return "", &Failure{Reason: "resend: " + netReason(err)}
	}
	switch {
	case seen.name == "restricted_api_key":
		// The key is known, and good for sending alone, as it should be.
		return "the key may send and nothing else, so that the domain can't be looked up", nil
	case seen.status != http.StatusOK:
		return "", &Failure{Reason: fmt.Sprintf("resend: status %d", seen.status)}
	}
	return "", w.verified(body)
}

// verified fails where the sender's domain is none that Resend sends for.
func (w *resendWire) verified(body []byte) error {
	var domains struct {
		Data []struct {
			Name   string `json:"name"`
			Status string `json:"status"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &domains); err != nil {
		return &Failure{Reason: "resend: the answer is none of Resend's"}
	}
	for _, d := range domains.Data {
		if strings.EqualFold(d.Name, domainOf(w.from.Address)) {
			if d.Status == "verified" {
				return nil
			}
			return &Failure{Reason: "resend: the domain of MAIL_FROM is not verified there"}
		}
	}
	return &Failure{Reason: "resend: the domain of MAIL_FROM is not known there"}
}
