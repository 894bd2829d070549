package mail

import (
	"net/http"
	"strings"
	"testing"

	"gatehouse/mail/mailtest"
)

func TestAMailServerIsTriedOutWithoutALetter(t *testing.T) {
	t.Parallel()
	probe := func(server *mailtest.SMTP, url string) (string, error) {
		t.Helper()
		wire, err := NewWire(url, WireOptions{From: "no-reply@example.com", RootCAs: server.Roots})
		if err != nil {
			t.Fatal(err)
		}
		return wire.(Prober).Probe(t.Context())
	}
	open := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
	if note, err := probe(open, open.URL()); err != nil || note != "without signing in" {
		t.Errorf("%q %v", note, err)
	}
	closed := mailtest.NewSMTP(t, mailtest.SMTPOptions{STARTTLS: true, Username: "mailer", Password: "hunter2"})
	if note, err := probe(closed, closed.URL()); err != nil || note != "" {
		t.Errorf("%q %v", note, err)
	}
	_, err := probe(closed, strings.Replace(closed.URL(), "hunter2", "hunter3", 1))
	if err == nil || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "535") {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := probe(open, "smtp://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody there: %v", err)
	}
	if n := len(open.All()) + len(closed.All()); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
}

func TestAKeyOfResendIsTriedOutWithoutALetter(t *testing.T) {
	t.Parallel()
	r := mailtest.NewResend(t, "re_key")
	probe := func(url string) (string, error) {
		t.Helper()
		wire, err := NewWire(url, WireOptions{From: "Acme <no-reply@example.com>", HTTPClient: r.Client()})
		if err != nil {
			t.Fatal(err)
		}
		return wire.(Prober).Probe(t.Context())
	}
	for name, c := range map[string]struct {
		domains map[string]string
		answer  []mailtest.Answer
		url     string
		want    string // of the reason, or the note
	}{
		"verified":        {map[string]string{"Example.com": "verified", "other.example": "failed"}, nil, r.URL(), ""},
		"not verified":    {map[string]string{"example.com": "pending"}, nil, r.URL(), "is not verified"},
		"unknown":         {nil, nil, r.URL(), "is not known"},
		"may only send":   {nil, []mailtest.Answer{{Status: http.StatusUnauthorized, Name: "restricted_api_key"}}, r.URL(), "the key may send"},
		"a wrong key":     {nil, nil, strings.Replace(r.URL(), "re_key", "re_wrong", 1), "status 400"},
		"out of order":    {nil, []mailtest.Answer{{Status: http.StatusBadGateway}}, r.URL(), "status 502"},
		"nobody is there": {nil, nil, "resend://re_key@127.0.0.1:1", "connection refused"},
	} {
		r.Domains(c.domains)
		r.Then(c.answer...)
		note, err := probe(c.url)
		if err != nil {
			note = err.Error()
		}
		if (c.want == "") != (note == "") || !strings.Contains(note, c.want) || strings.Contains(note, "re_") || (err == nil) != (name == "verified" || name == "may only send") {
			t.Errorf("%s: %q %v", name, note, err)
		}
	}
	if n := len(r.Keys()); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
}
