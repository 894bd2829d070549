package mail

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

func TestResendTakesALetterOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	server := mailtest.NewResend(t, "re_secret")
	w := testWire(t, server.URL(), WireOptions{HTTPClient: server.Client()})
	m := testMessage(t, auth.LetterActivation)
	for range 3 {
		if err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if keys := server.Keys(); len(keys) != 3 || keys[0] != m.ID.String() || keys[2] != keys[0] {
		t.Errorf("idempotency keys: %v", keys)
	}
	all := server.All()
	if len(all) != 1 {
		t.Fatalf("%d letters", len(all))
	}
	l := all[0]
	if l.From != `"Acme" <no-reply@acme.example>` || len(l.To) != 1 || l.To[0] != testTo || l.Subject != m.Subject ||
		l.Text != m.Text || l.HTML != m.HTML || l.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("arrived otherwise than it was sent: %+v", l)
	}
}

func TestAnswersOfResendAreJudgedByTheirStatus(t *testing.T) {
	t.Parallel()
	const message = "The address " + testTo + " is not valid"
	for _, c := range []struct {
		answer    mailtest.Answer
		permanent bool
		reason    string
	}{
		{mailtest.Answer{Status: 400, Name: "validation_error"}, true, "resend: status 400"},
		{mailtest.Answer{Status: 401, Name: "missing_api_key"}, false, "resend: status 401"},
		{mailtest.Answer{Status: 403, Name: "validation_error"}, false, "resend: status 403"},
		{mailtest.Answer{Status: 409, Name: "concurrent_idempotent_requests"}, false, "resend: status 409"},
		{mailtest.Answer{Status: 422, Name: "invalid_parameter"}, true, "resend: status 422"},
		{mailtest.Answer{Status: 429, Name: "rate_limit_exceeded"}, false, "resend: status 429"},
		{mailtest.Answer{Status: 500, Name: "application_error"}, false, "resend: status 500"},
	} {
		server := mailtest.NewResend(t, "re_secret")
		c.answer.Message = message
		server.Then(c.answer)
		w := testWire(t, server.URL(), WireOptions{HTTPClient: server.Client()})
		wantFailure(t, w.Send(t.Context(), testMessage(t, auth.LetterActivation)), c.permanent, c.reason)
		if err := w.Send(t.Context(), testMessage(t, auth.LetterActivation)); err != nil {
			t.Errorf("after %d: %v", c.answer.Status, err)
		}
	}
}

func TestALetterThatResendTookInOtherWordsIsOut(t *testing.T) {
	t.Parallel()
	server := mailtest.NewResend(t, "re_secret")
	// The first answer is lost: taken, but an error came back.
	server.Then(mailtest.Answer{Status: 500, Accept: true})
	w := testWire(t, server.URL(), WireOptions{HTTPClient: server.Client()})
	m := testMessage(t, auth.LetterActivation)
	wantFailure(t, w.Send(t.Context(), m), false, "resend: status 500")
	m.Text += "Reworded since.\n"
	if err := w.Send(t.Context(), m); err != nil {
		t.Errorf("the letter would be tried for ever: %v", err)
	}
	if got := server.All(); len(got) != 1 {
		t.Errorf("%d letters", len(got))
	}
}

func TestAYesThatCannotBeReadIsAYes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>"))
	}))
	defer server.Close()
	w := testWire(t, strings.Replace(server.URL, "http://", "resend://re_secret@", 1), WireOptions{HTTPClient: server.Client()})
	if err := w.Send(t.Context(), testMessage(t, auth.LetterActivation)); err != nil {
		t.Error(err)
	}
}

func TestNoRedirectIsFollowedWithALetter(t *testing.T) {
	t.Parallel()
	elsewhere := mailtest.NewResend(t, "re_secret")
	target := strings.Replace(elsewhere.URL(), "resend://re_secret@", "http://", 1) + "/emails"
	for status, reason := range map[int]string{
		http.StatusFound: "resend: status 302", http.StatusTemporaryRedirect: "resend: status 307",
	} {
		server := httptest.NewServer(http.RedirectHandler(target, status))
		defer server.Close()
		w := testWire(t, strings.Replace(server.URL, "http://", "resend://re_secret@", 1), WireOptions{HTTPClient: server.Client()})
		wantFailure(t, w.Send(t.Context(), testMessage(t, auth.LetterActivation)), false, reason)
	}
	if got := elsewhere.Keys(); len(got) != 0 {
		t.Errorf("%d requests went elsewhere", len(got))
	}
}

func TestResendThatIsNotThereIsATemporaryFailure(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	mailURL := strings.Replace(server.URL, "http://", "resend://re_secret@", 1)
	client := server.Client()
	server.Close()
	w := testWire(t, mailURL, WireOptions{HTTPClient: client})
	wantFailure(t, w.Send(t.Context(), testMessage(t, auth.LetterActivation)), false, "resend: connection refused")
	if err := w.Send(ended(t), testMessage(t, auth.LetterActivation)); err == nil {
		t.Error("sent after its time")
	}
}

func TestResendOffLoopbackIsAskedOverTLS(t *testing.T) {
	t.Parallel()
	for mailURL, want := range map[string]string{
		"resend://re_secret@api.resend.com": "https://api.resend.com/",
		"resend://re_secret@127.0.0.1:8090": "http://127.0.0.1:8090/",
		"resend://re_secret@10.0.0.1:8090":  "https://10.0.0.1:8090/",
	} {
		if got := testWire(t, mailURL, WireOptions{}).(*resendWire).base.String(); got != want {
			t.Errorf("asked at %s, want %s", got, want)
		}
	}
}
