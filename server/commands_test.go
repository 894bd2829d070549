package server

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

func TestARunningServerHearsTheCommandLine(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	cfg, deps := h.server.config, h.server.deps
	password := testPassword
	user, err := CreateUser(t.Context(), cfg, deps, NewUser{Email: testEmail, Name: "Ada", Password: &password, Roles: []string{"admin"}})
	if err != nil || user.Email.Text != testEmail {
		t.Fatalf("%v %v", user, err)
	}
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	if a := h.ask(documentMe, nil, bearer(token)); a.at("me", "emailVerified") != true {
		t.Fatalf("me: %s", a.body)
	}
	if _, err := SuspendUser(t.Context(), cfg, deps, testEmail); err != nil {
		t.Fatal(err)
	}
	if err := h.server.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := h.ask(documentMe, nil, bearer(token)); a.code != "UNAUTHENTICATED" {
		t.Errorf("me of a suspended user: %s", a.body)
	}
	if a := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": testPassword}, nil); a.code != "ACCOUNT_SUSPENDED" {
		t.Errorf("login: %s", a.body)
	}
}

func TestAUserWithoutAPasswordGetsALinkToChooseOne(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	if _, err := CreateUser(t.Context(), h.server.config, h.server.deps, NewUser{Email: testEmail}); err != nil {
		t.Fatal(err)
	}
	if l := h.letter(); !strings.HasPrefix(l.Link(), ownOrigin+"/reset?token=") {
		t.Errorf("link %q", l.Link())
	}
}

func TestACommandSaysEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, nil)
	deps := testDeps(newClock(), &journal{})
	short := "short"
	_, err := CreateUser(t.Context(), cfg, deps, NewUser{Email: "nobody", Password: &short, Roles: []string{"no role"}})
	refusal, ok := errors.AsType[*auth.Refusal](err)
	if !ok || refusal.Code != auth.InvalidInput || len(refusal.Violations) != 3 {
		t.Errorf("%v", err)
	}
}

func TestPruningSaysHowMuchItRemoved(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil)
	if n, err := Prune(t.Context(), h.server.config, h.server.deps, nil); err != nil || n != 0 {
		t.Errorf("%d %v", n, err)
	}
	h.clock.move(48 * time.Hour)
	if n, err := Prune(t.Context(), h.server.config, h.server.deps, nil); err != nil || n == 0 {
		t.Errorf("%d %v", n, err)
	}
}

func TestATestLetterArrivesWithoutTheOutbox(t *testing.T) {
	t.Parallel()
	cfg, letters := settle(t, nil)
	if err := SendTestLetter(t.Context(), cfg, testDeps(newClock(), &journal{}), testEmail); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(letters)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	raw, err := os.ReadFile(letters + "/" + files[0].Name())
	if err != nil {
		t.Fatal(err)
	}
	if l, err := mailtest.Parse(raw); err != nil || !strings.Contains(l.Header.Get("To"), testEmail) {
		t.Errorf("%v %v", l.Header, err)
	}
}

func TestADatabaseThatIsNotUpToDateStopsTheStart(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, map[string]string{"MIGRATE": "off"})
	deps := testDeps(newClock(), &journal{})
	if _, err := New(t.Context(), cfg, deps); err == nil || !strings.Contains(err.Error(), "gatehouse migrate") {
		t.Fatalf("%v", err)
	}
	if err := Migrate(t.Context(), cfg, deps); err != nil {
		t.Fatal(err)
	}
	server, err := New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	if w := requestTo(server.Handler(), pathReady); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if w := requestTo(server.Handler(), pathAlive); w.Code != http.StatusOK {
		t.Errorf("without storage: not alive, %d", w.Code)
	}
}

func TestAClosedDatabaseIsToldByReadinessAndNotByDetail(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, nil)
	server, err := New(t.Context(), cfg, testDeps(newClock(), &journal{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	w := requestTo(server.Handler(), pathReady)
	if w.Code != http.StatusServiceUnavailable || strings.TrimSpace(w.Body.String()) != `{"ready":false,"failed":["storage","migrations"]}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTheSecretIsMadeOnceAndKeptForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	path := h.server.config.SecretPath()
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", stat.Mode(), err)
	}
	h.enrol()
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	// Another process on the same file takes the first one's tokens.
	other, err := New(t.Context(), h.server.config, h.server.deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	if c := other.Auth().Authenticate(t.Context(), auth.Client{Now: h.clock.now()}, token); c.Kind != auth.BySession {
		t.Errorf("%v", c.Refused)
	}
	if second, err := os.ReadFile(path); err != nil || string(second) != string(first) {
		t.Error("the secret changed")
	}
}

func TestAWireThatShowsLiveLinksIsForLoopbackOnly(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, nil)
	cfg.PublicURL = "https://id.example.com" // as config would never let it
	if _, err := New(t.Context(), cfg, testDeps(newClock(), &journal{})); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("%v", err)
	}
}

func TestLettersAreWordedAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	templates := t.TempDir()
	file := filepath.Join(templates, "test.de.txt")
	if err := os.WriteFile(file, []byte(`{{define "subject"}}Grüße{{end}}{{define "body"}}Von {{.Brand.Name}}{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, letters := settle(t, map[string]string{"DEFAULT_LOCALE": "de-AT", "MAIL_TEMPLATES": templates})
	deps := testDeps(newClock(), &journal{})
	if err := SendTestLetter(t.Context(), cfg, deps, testEmail); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(letters)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	raw, err := os.ReadFile(filepath.Join(letters, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	l, err := mailtest.Parse(raw)
	if err != nil || l.Subject != "Grüße" || !strings.HasPrefix(l.Text, "Von Gatehouse\n") || !strings.Contains(l.HTML, `<html lang="de"`) {
		t.Errorf("%v %s", err, raw)
	}

	// What nobody could see when a letter is sent stops the start.
	if err := os.WriteFile(file, []byte(`{{define "subject"}}{{.Nick}}{{end}}{{define "body"}}x{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(templates, "tset.de.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), cfg, deps)
	if err == nil || !strings.Contains(err.Error(), "MAIL_TEMPLATES: template: test.de.txt:1:") || !strings.Contains(err.Error(), "MAIL_TEMPLATES: tset.de.txt:") {
		t.Errorf("error is %v", err)
	}
}

// TestNoHeaderChoosesTheLanguageOfALetter: who asks need not be who reads.
func TestNoHeaderChoosesTheLanguageOfALetter(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, http.Header{"Accept-Language": {"de-DE,de;q=0.9"}})
	if l := h.letter(); !strings.Contains(l.HTML, `<html lang="en"`) || !strings.Contains(l.Subject, "Activate") {
		t.Errorf("subject %q", l.Subject)
	}
}
