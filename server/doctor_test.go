package server

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/mail/mailtest"
)

// findings are what a doctor says, by the name of the thing.
func findings(t *testing.T, list []Finding) map[string]Finding {
	t.Helper()
	all := map[string]Finding{}
	for _, f := range list {
		if _, twice := all[f.Name]; twice {
			t.Errorf("%s is told twice", f.Name)
		}
		if (f.Verdict == Fine) != (f.Mend == "") || f.Text == "" {
			t.Errorf("%+v", f)
		}
		all[f.Name] = f
	}
	return all
}

// want says that one finding is as it should be, and no other fails.
func (f Finding) is(t *testing.T, v Verdict, text string) {
	t.Helper()
	if f.Verdict != v || !strings.Contains(f.Text, text) {
		t.Errorf("%s: %s %q, want %s %q", f.Name, f.Verdict, f.Text, v, text)
	}
}

func TestADoctorFindsNothingWrongWithAServerThatIsWell(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	list := Examine(t.Context(), h.server.config, h.server.deps)
	all := findings(t, list)
	for _, name := range []string{"settings", "disk", "database", "migrations", "clock", "secret", "keys", "letters", "public URL", "proxies", "cookies", "mail", "templates"} {
		if f := all[name]; name != "disk" {
			f.is(t, Fine, "")
		}
	}
	all["database"].is(t, Fine, "SQLite 3.")
}

func TestADoctorLooksAndChangesNothing(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, nil)
	all := findings(t, Examine(t.Context(), cfg, testDeps(newClock(), &journal{})))
	all["database"].is(t, Doubt, "there is none at")
	left, err := os.ReadDir(filepath.Dir(cfg.SQLitePath()))
	for _, made := range left {
		if made.Name() != "letters" {
			t.Errorf("%s was made", made.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestADoctorSeesWhatADatabaseHolds(t *testing.T) {
	t.Parallel()
	smtp := mailtest.NewSMTP(t, mailtest.SMTPOptions{})
	h := build(t, map[string]string{"MAIL_URL": smtp.URL(), "MAIL_FROM": "a@example.org"})
	cfg, deps := h.server.config, h.server.deps
	examine := func() map[string]Finding {
		t.Helper()
		return findings(t, Examine(t.Context(), cfg, deps))
	}
	h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil)
	examine()["letters"].is(t, Fine, "1 letter to be sent")
	h.clock.move(10 * time.Minute)
	examine()["letters"].is(t, Doubt, "the oldest waits since")
	examine()["keys"].is(t, Fine, "less than an hour old")
	if n := len(smtp.All()); n != 0 {
		t.Errorf("%d letters were sent", n)
	}
	h.clock.move(100 * 24 * time.Hour)
	examine()["keys"].is(t, Doubt, "100 days old, and should have had a successor")

	// A letter that nobody could send is given up, and seen.
	if err := h.server.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	examine()["letters"].is(t, Doubt, "1 letter given up")

	// The secret of another server opens nothing.
	path := cfg.SecretPath()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	examine()["secret"].is(t, Failing, "it is not at")
	another, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(another), 0o600); err != nil {
		t.Fatal(err)
	}
	examine()["secret"].is(t, Failing, "2 signing keys and ")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	examine()["secret"].is(t, Failing, "can be read by others")
}

// An older program was started again, and its tables are not those that it has.
func TestADoctorSeesThatALaterVersionWasHere(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	db, err := sql.Open("sqlite3", h.server.config.SQLitePath())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (20990101000000, 1)"); err != nil {
		t.Fatal(err)
	}
	findings(t, Examine(t.Context(), h.server.config, h.server.deps))["migrations"].is(t, Doubt, "1 migration that this one does not know")
}

func TestADoctorSeesWhatIsAroundAServer(t *testing.T) {
	t.Parallel()
	smtp := mailtest.NewSMTP(t, mailtest.SMTPOptions{Username: "mailer", Password: "hunter2"})
	resend := mailtest.NewResend(t, "re_hunter2")
	resend.Domains(map[string]string{"example.org": "verified"})
	outside := func(more map[string]string) map[string]Finding {
		t.Helper()
		set := map[string]string{
			"LISTEN": "0.0.0.0:8080", "PUBLIC_URL": "https://auth.example.org", "ALLOWED_ORIGINS": "", "HASHING_MEMORY": "19MiB",
			"MAIL_URL": smtp.URL(), "MAIL_FROM": "a@example.org", "TRUSTED_PROXIES": "10.0.0.0/8",
		}
		for name, value := range more {
			set[name] = value
		}
		cfg, _ := settle(t, set)
		list := Examine(t.Context(), cfg, testDeps(newClock(), &journal{}))
		for _, f := range list {
			if strings.Contains(f.Text+f.Mend, "hunter") {
				t.Errorf("a secret is told: %+v", f)
			}
		}
		return findings(t, list)
	}
	good := outside(nil)
	good["public URL"].is(t, Fine, "https://auth.example.org")
	good["proxies"].is(t, Fine, "1 network")
	good["mail"].is(t, Fine, "takes us")
	outside(map[string]string{"TRUSTED_PROXIES": ""})["proxies"].is(t, Doubt, "all clients count as one")
	outside(map[string]string{"ALLOWED_ORIGINS": "https://app.example.org"})["cookies"].is(t, Fine, "1 further origin")
	outside(map[string]string{"ALLOWED_ORIGINS": "https://app.example.net"})["cookies"].is(t, Doubt, "https://app.example.net")
	outside(map[string]string{"ALLOWED_ORIGINS": "https://app.example.net", "COOKIE_TRANSPORT": "off"})["cookies"].is(t, Fine, "not kept")
	outside(map[string]string{"MAIL_URL": strings.Replace(smtp.URL(), "hunter2", "hunter3", 1)})["mail"].is(t, Failing, "535")
	outside(map[string]string{"MAIL_URL": "smtp://127.0.0.1:1"})["mail"].is(t, Failing, "connection refused")
	outside(map[string]string{"MAIL_URL": resend.URL()})["mail"].is(t, Fine, "takes us")
	outside(map[string]string{"MAIL_URL": resend.URL(), "MAIL_FROM": "a@example.net"})["mail"].is(t, Failing, "domain of MAIL_FROM is not known")

	templates := t.TempDir()
	if err := os.WriteFile(filepath.Join(templates, "nothing.en.txt"), []byte("{{"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside(map[string]string{"MAIL_TEMPLATES": templates})["templates"].is(t, Failing, "nothing.en.txt")
	url := "postgres://gatehouse:hunter2@127.0.0.1:1/gatehouse"
	outside(map[string]string{"DATABASE_URL": url, "SECRET": strings.Repeat("AB", 21) + "A"})["database"].is(t, Failing, "does not answer")
	if smtp.All() != nil || len(resend.Keys()) != 0 {
		t.Error("letters were sent")
	}
}

func TestHowMuchIsFreeIsTold(t *testing.T) {
	t.Parallel()
	if free, known := freeBytes(t.TempDir()); !known || free == 0 {
		t.Errorf("%d %v", free, known)
	}
	if _, known := freeBytes("/nowhere/at/all"); known {
		t.Error("of nothing, too")
	}
}

func TestADoctorLooksPastThePooler(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, nil)
	d := &doctor{config: cfg, deps: testDeps(newClock(), &journal{})}
	d.examineDirect(t.Context())
	if len(d.findings) != 0 {
		t.Errorf("without another address: %+v", d.findings)
	}
	// Nobody listens on that port.
	d.config.DatabaseDirectURL = config.NewSecret("postgres://gatehouse:hush@127.0.0.1:1/gatehouse?sslmode=disable&connect_timeout=2")
	d.examineDirect(t.Context())
	f := findings(t, d.findings)["direct URL"]
	f.is(t, Failing, "")
	if strings.Contains(f.Text, "hush") {
		t.Errorf("a password is told: %s", f.Text)
	}
}
