package server

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"gatehouse/mail/mailtest"
)

// doorbell passes connections on to an address and tells when one came.
func doorbell(t *testing.T, to string) (address string, rang <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	bell := make(chan struct{}, 16)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			bell <- struct{}{}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	return l.Addr().String(), bell
}

func TestStoppingFinishesTheLetterThatIsBeingSent(t *testing.T) {
	t.Parallel()
	smtp := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
	goOn := make(chan struct{})
	smtp.Then(mailtest.Reaction{Until: goOn})
	address, rang := doorbell(t, strings.TrimPrefix(smtp.URL(), "smtp://"))
	r := run(t, DefaultTimeouts(), map[string]string{"MAIL_URL": "smtp://" + address, "MAIL_FROM": "no-reply@example.com"})

	body := `{"query":"mutation { register(input: {email: \"` + testEmail + `\", password: \"` + testPassword + `\"}) { flow } }"}`
	resp, err := http.Post("http://"+r.address+pathGraphQL, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !strings.Contains(string(got), `"flow":"`) {
		t.Fatalf("%s %v", got, err)
	}
	<-rang // nobody waited for the mail server, which is at it now
	r.stop()
	close(goOn)
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.ended <- nil
	if all := smtp.All(); len(all) != 1 || all[0].Code() == "" {
		t.Errorf("%d letters", len(all))
	}
}
