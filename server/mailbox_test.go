package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var letterPath = regexp.MustCompile(`href="(/dev/mailbox/[0-9a-f-]{36})"`)

func TestLettersCanBeReadWhereTheyAreShown(t *testing.T) {
	t.Parallel()
	for _, mailURL := range []string{"log:", ""} { // "": files, as the house has it
		set := map[string]string{}
		if mailURL != "" {
			set["MAIL_URL"] = mailURL
		}
		h := build(t, set)
		front := h.server.Handler()
		if w := visit(front, ownHost, "/dev/mailbox", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "There is no e-mail yet") {
			t.Errorf("an empty mailbox: %d %s", w.Code, w.Body)
		}
		for _, address := range []string{testEmail, "grace@example.com"} {
			if a := h.ask(documentRegister, map[string]any{"email": address, "password": testPassword}, nil); a.code != "" {
				t.Fatalf("register: %s", a.body)
			}
			if err := h.server.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.clock.move(time.Second)
		}
		list := visit(front, ownHost, "/dev/mailbox", nil).Body.String()
		found := letterPath.FindAllStringSubmatch(list, -1)
		if len(found) != 2 || strings.Index(list, "grace@") > strings.Index(list, testEmail) {
			t.Fatalf("not both letters, the newest first: %s", list)
		}
		at := found[1][1]
		page := visit(front, ownHost, at, nil)
		for _, want := range []string{"To " + testEmail, `<iframe src="` + at + `/html"`, `href="http://localhost:8080/activate?token=`} {
			if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), want) {
				t.Errorf("%d, no %s: %s", page.Code, want, page.Body)
			}
		}
		html := visit(front, ownHost, at+"/html", nil)
		if policy := html.Header().Get("Content-Security-Policy"); html.Code != http.StatusOK ||
			!strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox;") || strings.Contains(policy, "script") {
			t.Errorf("%d, policy %s", html.Code, policy)
		}
		link := tokenLink.FindStringSubmatch(html.Body.String())
		if link == nil {
			t.Fatalf("the letter has no link: %s", html.Body)
		}
		if a := visit(front, ownHost, link[1], nil); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `class="digits"`) {
			t.Errorf("the link leads nowhere: %d %s", a.Code, a.Body)
		}
		for _, w := range []http.Header{page.Header(), html.Header()} {
			if w.Get("Cache-Control") != "no-store" || w.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("a letter is kept, or told of: %v", w)
			}
		}
		token := strings.TrimPrefix(link[1], "/activate?token=")
		if log := h.journal.String(); strings.Contains(log, token) || strings.Contains(log, testEmail) {
			t.Errorf("the log tells too much: %s", log)
		}
	}
}

var tokenLink = regexp.MustCompile(`href="http://localhost:8080(/activate\?token=[A-Za-z0-9_-]{43})"`)

func TestALetterThatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	front := build(t, nil).server.Handler()
	for _, id := range []string{"0195500a-7c00-7000-8000-00000000000a", "x", "..%2f..%2fgatehouse.db", "%2e%2e"} {
		for _, rest := range []string{"", "/html"} {
			if w := visit(front, ownHost, "/dev/mailbox/"+id+rest, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s%s: %d", id, rest, w.Code)
			}
		}
	}
	if w := visit(front, ownHost, "/dev/mailbox/", nil); w.Code != http.StatusNotFound {
		t.Errorf("no id: %d", w.Code)
	}
}

func TestLettersThatAreSentCantBeRead(t *testing.T) {
	t.Parallel()
	for _, mailURL := range []string{"smtp://localhost:1", "smtps://ada:hunter2@mail.example.com", "resend://re_secret@api.resend.com"} {
		h := build(t, map[string]string{"MAIL_URL": mailURL, "MAIL_FROM": "gatehouse@example.org"})
		for _, path := range trial[4:] {
			if w := visit(h.server.Handler(), ownHost, path, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s: %s: %d", mailURL, path, w.Code)
			}
		}
		if page := visit(h.server.Handler(), ownHost, "/playground", nil); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `data-mailbox=""`) {
			t.Errorf("%s: the playground: %d", mailURL, page.Code)
		}
	}
}
