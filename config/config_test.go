package config_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/config"
)

var goodSecret = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb, 0xef}, 16))

// load wants the environment, each entry without its prefix, to be good.
func load(t *testing.T, entries ...string) config.Config {
	t.Helper()
	c, err := config.Load(environ(entries))
	if err != nil {
		t.Fatalf("unexpected faults:\n%v", err)
	}
	return c
}

// faults wants the environment to be bad, and gives its faults by name.
func faults(t *testing.T, entries ...string) map[string]string {
	t.Helper()
	_, err := config.Load(environ(entries))
	var all config.Faults
	if !errors.As(err, &all) {
		t.Fatalf("%q: error is %v, want faults", entries, err)
	}
	found := make(map[string]string)
	for _, f := range all {
		name := strings.TrimPrefix(f.Name, "GATEHOUSE_")
		if found[name] != "" {
			t.Errorf("%s has two faults: %q and %q", name, found[name], f.Text)
		}
		found[name] = f.Text
	}
	return found
}

func environ(entries []string) []string {
	all := []string{"PATH=/bin", "HOME=/nowhere"}
	for _, e := range entries {
		all = append(all, "GATEHOUSE_"+e)
	}
	return all
}

// production is the least that a server for everybody needs.
var production = []string{
	"LISTEN=0.0.0.0:8080", "PUBLIC_URL=https://auth.example.com",
	"DATABASE_URL=postgres://gatehouse:hunter2@db/gatehouse", "SECRET=" + goodSecret,
	"MAIL_URL=smtps://mailer:hunter3@mail.example.com", "MAIL_FROM=Acme <no-reply@example.com>",
}

func with(base []string, more ...string) []string { return append(slices.Clone(base), more...) }

func TestNoSettingIsNeeded(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, check := range []struct {
		name      string
		got, want any
	}{
		{"Listen", strings.Join(c.Listen, ","), "127.0.0.1:8080"},
		{"PublicURL", c.PublicURL, "http://localhost:8080"},
		{"Issuer", c.Issuer, "http://localhost:8080"},
		{"Audience", c.Audience, "http://localhost:8080"},
		{"SQLitePath", c.SQLitePath(), "gatehouse.db"},
		{"SecretPath", c.SecretPath(), "gatehouse.db.secret"},
		{"MailURL", c.MailURL.Reveal(), "log:"},
		{"MailFrom", c.MailFrom, "no-reply@localhost"},
		{"MailTemplates", c.MailTemplates, ""},
		{"DefaultLocale", c.DefaultLocale, "en"},
		{"SigningAlgorithm", c.SigningAlgorithm, "ES256"},
		{"Loopback", c.Loopback(), true},
		{"Secure", c.Secure(), false},
		{"Introspection", c.Introspection, true},
		{"CookieTransport", c.CookieTransport, true},
		{"RegistrationOpen", c.RegistrationOpen, true},
		{"RegistrationFields", len(c.RegistrationFields), 0},
		{"Usernames", c.Usernames, true},
		{"Activation", c.Activation, true},
		{"WelcomeLetter", c.WelcomeLetter, false},
		{"Migrate", c.Migrate, true},
		{"RateLimits", c.RateLimits, true},
		{"Leeway", c.Leeway, 5 * time.Second},
		{"AccessTokenLifetime", c.AccessTokenLifetime, 10 * time.Minute},
		{"SessionIdleLifetime", c.SessionIdleLifetime, 14 * 24 * time.Hour},
		{"SessionLifetime", c.SessionLifetime, 90 * 24 * time.Hour},
		{"KeyRotationInterval", c.KeyRotationInterval, 90 * 24 * time.Hour},
		{"RefreshGrace", c.RefreshGrace, 10 * time.Second},
		{"SessionsPerUser", c.SessionsPerUser, 20},
		{"PasswordMinLength", c.PasswordMinLength, 12},
		{"HashingMemory", c.HashingMemory, config.Size(19 << 20)},
		{"HashingPasses", c.HashingPasses, 2},
		{"HashingLanes", c.HashingLanes, 1},
		{"LinkURLActivate", c.LinkURLActivate, "http://localhost:8080/activate?token={token}"},
		{"LinkURLDecline", c.LinkURLDecline, "http://localhost:8080/decline?token={token}"},
		{"LinkURLReset", c.LinkURLReset, "http://localhost:8080/reset?token={token}"},
		{"LinkURLResetUsername", c.LinkURLResetUsername, "http://localhost:8080/reset-username?token={token}"},
		{"LinkURLConfirmEmail", c.LinkURLConfirmEmail, "http://localhost:8080/confirm-email?token={token}"},
		{"LinkURLRevertEmail", c.LinkURLRevertEmail, "http://localhost:8080/revert-email?token={token}"},
		{"LinkURLRequestReset", c.LinkURLRequestReset, "http://localhost:8080/reset"},
		{"LogLevel", c.LogLevel, slog.LevelInfo},
		{"DocumentMaxBytes", c.DocumentMaxBytes, config.Size(64 << 10)},
		{"DocumentMaxDepth", c.DocumentMaxDepth, 10},
		{"DocumentMaxFields", c.DocumentMaxFields, 300},
		{"DocumentMaxAliases", c.DocumentMaxAliases, 10},
		{"ReauthenticationAge", c.ReauthenticationAge, 10 * time.Minute},
		{"ActivationLifetime", c.ActivationLifetime, 24 * time.Hour},
		{"PasswordResetLifetime", c.PasswordResetLifetime, time.Hour},
		{"EmailChangeLifetime", c.EmailChangeLifetime, time.Hour},
		{"EmailRevertLifetime", c.EmailRevertLifetime, 7 * 24 * time.Hour},
		{"LimitSignInFree", c.LimitSignInFree, 5},
		{"LimitSignInLongestWait", c.LimitSignInLongestWait, 900 * time.Second},
		{"LimitSignInFailures", c.LimitSignInFailures, 100},
		{"LimitSignInPerAddress", fmt.Sprint(c.LimitSignInPerAddress), "[{20 1m0s} {100 1h0m0s}]"},
		{"LimitCodePerAccount", fmt.Sprint(c.LimitCodePerAccount), "[{5 15m0s} {20 24h0m0s}]"},
		{"LimitCodePerAddress", fmt.Sprint(c.LimitCodePerAddress), "[{30 15m0s}]"},
		{"LimitMailPerAccount", fmt.Sprint(c.LimitMailPerAccount), "[{3 1h0m0s} {10 24h0m0s}]"},
		{"LimitMailPerAddress", fmt.Sprint(c.LimitMailPerAddress), "[{10 1h0m0s}]"},
		{"LimitRegisterPerAddress", fmt.Sprint(c.LimitRegisterPerAddress), "[{10 1h0m0s}]"},
		{"LimitRegisterLettersPerNetwork", fmt.Sprint(c.LimitRegisterLettersPerNetwork), "[{3 1h0m0s}]"},
		{"LimitRegisterLettersPerAccount", fmt.Sprint(c.LimitRegisterLettersPerAccount), "[{20 24h0m0s}]"},
		{"LimitRefreshPerSession", c.LimitRefreshPerSession, config.Rate{N: 30, Per: time.Minute}},
		{"LimitRefreshPerAddress", c.LimitRefreshPerAddress, config.Rate{N: 300, Per: time.Minute}},
		{"LimitAnonymousPerAddress", c.LimitAnonymousPerAddress, config.Rate{N: 300, Per: time.Minute}},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.name, check.got, check.want)
		}
	}
	if c.HashingSlots < 1 {
		t.Errorf("HashingSlots is %d, want the number of cores", c.HashingSlots)
	}
}

func TestDefaultsFollowWhatWasGiven(t *testing.T) {
	t.Parallel()
	if got := load(t, "LISTEN=[::1]:9000,localhost:9001").PublicURL; got != "http://localhost:9000" {
		t.Errorf("PUBLIC_URL does not follow the port of LISTEN: %s", got)
	}
	c := load(t, production...)
	if c.Issuer != "https://auth.example.com" || c.Audience != c.Issuer {
		t.Errorf("issuer %s and audience %s, want the public URL", c.Issuer, c.Audience)
	}
	if c.LinkURLReset != "https://auth.example.com/reset?token={token}" {
		t.Errorf("link of a reset is %s", c.LinkURLReset)
	}
	if c.Introspection || c.Loopback() || !c.Secure() {
		t.Errorf("introspection %v, loopback %v, secure %v off loopback", c.Introspection, c.Loopback(), c.Secure())
	}
	if !load(t, with(production, "INTROSPECTION=on")...).Introspection {
		t.Error("introspection stays off where it is asked for")
	}
	if c.SecretPath() != "" || c.SQLitePath() != "" {
		t.Errorf("PostgreSQL has SQLite path %q and secret file %q", c.SQLitePath(), c.SecretPath())
	}
	if got := load(t, "DATABASE_URL=sqlite:/var/lib/g.db", "SECRET="+goodSecret).SecretPath(); got != "" {
		t.Errorf("a secret was given and %s would still be made", got)
	}
}

func TestGoodValuesAreTakenInEveryForm(t *testing.T) {
	t.Parallel()
	c := load(t,
		"PUBLIC_URL=https://Auth.Example.com:443/", "ALLOWED_ORIGINS=https://App.example.com:443, http://localhost:5173,capacitor://localhost",
		"TRUSTED_PROXIES=10.1.2.3/8, ::ffff:192.0.2.1,2001:db8::/32,::ffff:172.16.0.0/108", "SESSION_IDLE_LIFETIME=1d12h", "REFRESH_GRACE=0",
		"HASHING_MEMORY=65536KiB", "DOCUMENT_MAX_BYTES=4096", "LIMIT_CODE_PER_ACCOUNT= 5/15m , 20/1d ", "BRAND_COLOUR=#ABCDEF",
		"LOG_LEVEL=warn", "LOG_FORMAT=json", "REGISTRATION=closed", "REGISTRATION_FIELDS= name , avatarUrl", "USERNAMES=off", "ACTIVATION=off", "WELCOME_LETTER=on", "COOKIE_TRANSPORT=off", "MIGRATE=off", "MAIL_URL=smtp://localhost:2525", "MAIL_FROM=a@example.com",
		"MAIL_TEMPLATES=.", "DEFAULT_LOCALE=de_at",
		"LINK_URL_RESET=https://app.example.com/#/reset/{token}", "LEEWAY=", "LEEWAY_FILE=",
		"DATABASE_URL=postgres://u:p@h/d", "SECRET="+goodSecret+","+base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff, 0xfe}, 16)),
	)
	if c.PublicURL != "https://auth.example.com" {
		t.Errorf("PublicURL is %s", c.PublicURL)
	}
	if got := strings.Join(c.AllowedOrigins, " "); got != "https://app.example.com http://localhost:5173 capacitor://localhost" {
		t.Errorf("AllowedOrigins are %s", got)
	}
	if got := fmt.Sprint(c.TrustedProxies); got != "[10.0.0.0/8 192.0.2.1/32 2001:db8::/32 172.16.0.0/12]" {
		t.Errorf("TrustedProxies are %s", got)
	}
	if c.MailTemplates != "." || c.DefaultLocale != "de-AT" {
		t.Errorf("templates in %s, language %s", c.MailTemplates, c.DefaultLocale)
	}
	if c.SessionIdleLifetime != 36*time.Hour || c.RefreshGrace != 0 || c.Leeway != 5*time.Second {
		t.Errorf("idle %v, grace %v, leeway %v", c.SessionIdleLifetime, c.RefreshGrace, c.Leeway)
	}
	if c.HashingMemory != 64<<20 || c.DocumentMaxBytes != 4096 {
		t.Errorf("sizes are %v and %v", c.HashingMemory, c.DocumentMaxBytes)
	}
	if got := fmt.Sprint(c.LimitCodePerAccount); got != "[{5 15m0s} {20 24h0m0s}]" {
		t.Errorf("rates are %s", got)
	}
	if c.BrandColour != "#abcdef" || c.LogLevel != slog.LevelWarn || c.LogFormat != "json" {
		t.Errorf("colour %s, level %v, format %s", c.BrandColour, c.LogLevel, c.LogFormat)
	}
	if got := fmt.Sprint(c.RegistrationFields); got != "[name avatarUrl]" {
		t.Errorf("fields are %s", got)
	}
	if c.RegistrationOpen || c.Usernames || c.Activation || c.CookieTransport || c.Migrate {
		t.Error("a switch stays on that was turned off")
	}
	if !c.WelcomeLetter {
		t.Error("a switch stays off that was turned on")
	}
}

func TestABadValueIsAFaultOfItsVariable(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"LISTEN=8080", "LISTEN=127.0.0.1:http", "LISTEN=127.0.0.1:65536", "LISTEN=127.0.0.1:1,", "LISTEN=a b:1",
		"PUBLIC_URL=localhost:8080", "PUBLIC_URL=http://localhost/auth?x=1", "PUBLIC_URL=http://localhost/auth//", "PUBLIC_URL=http://localhost/a//b", "PUBLIC_URL=http://localhost/a/../b", "PUBLIC_URL=http://localhost/a%2Fb", "PUBLIC_URL=http://localhost/auth#", "PUBLIC_URL=ftp://localhost/auth", "PUBLIC_URL=http://localhost/#",
		"PUBLIC_URL=http://user:password@localhost", "PUBLIC_URL=ftp://localhost", "PUBLIC_URL=http://", "PUBLIC_URL=http://localhost:", "PUBLIC_URL=http://:80",
		"PUBLIC_URL=https://a.example:99999", "PUBLIC_URL=https://a.example:0443", "PUBLIC_URL=http://localhost:0", "ALLOWED_ORIGINS=https://a.example:08443",
		"DATABASE_URL=sqlite:", "DATABASE_URL=sqlite::memory:", "DATABASE_URL=sqlite://gatehouse.db", "DATABASE_URL=sqlite:a.db?mode=ro", "DATABASE_URL=sqlite:/nowhere/at/all.db", "DATABASE_URL=sqlite:config_test.go/a.db", "DATABASE_URL=sqlite:.", "DATABASE_URL=mysql://h/d", "DATABASE_URL=gatehouse.db",
		"SECRET=short", "SECRET=" + goodSecret + ",", "SECRET=" + goodSecret[:42] + "!", "SECRET=" + goodSecret[:42] + "9=", "SECRET=" + strings.Repeat("+", 42) + "_",
		"SECRET=" + strings.Repeat("A", 43), "SECRET=" + goodSecret + "," + strings.TrimRight(goodSecret, "="),
		"MAIL_URL=log:x", "MAIL_URL=file:", "MAIL_URL=smtp://", "MAIL_URL=resend://api.resend.com", "MAIL_URL=http://mail", "MAIL_URL=smtp://a:%zz@host",
		"MAIL_URL=smtp://mail.example.com/?starttls=off", "MAIL_URL=smtps://mail.example.com/inbox", "MAIL_URL=resend://key@api.resend.com#x",
		"MAIL_TEMPLATES=/nowhere/at/all", "MAIL_TEMPLATES=config_test.go", "DEFAULT_LOCALE=german", "DEFAULT_LOCALE=und", "DEFAULT_LOCALE=*", "DEFAULT_LOCALE=de-x-" + strings.Repeat("a-", 20) + "a",
		"MAIL_FROM=nobody", "MAIL_FROM=A <a@example.com>\nBcc: b@example.com",
		"ISSUER=gatehouse", "ISSUER=https://a.example/?x=1", "AUDIENCE=two words", "SIGNING_ALGORITHM=none", "SIGNING_ALGORITHM=HS256",
		"LEEWAY=5", "LEEWAY=-1s", "LEEWAY=61s", "ACCESS_TOKEN_LIFETIME=0s", "ACCESS_TOKEN_LIFETIME=25h", "SESSION_LIFETIME=999999d", "SESSION_LIFETIME=99999999999999999d",
		"REFRESH_GRACE=2m", "REFRESH_GRACE=-1s", "KEY_ROTATION_INTERVAL=30m", "SESSIONS_PER_USER=0", "PASSWORD_MIN_LENGTH=7", "PASSWORD_MIN_LENGTH=twelve",
		"HASHING_SLOTS=0", "HASHING_MEMORY=19MB", "HASHING_MEMORY=1KiB", "HASHING_MEMORY=99999999999999GiB", "HASHING_MEMORY=-1MiB", "HASHING_PASSES=0", "HASHING_LANES=300",
		"ALLOWED_ORIGINS=*", "ALLOWED_ORIGINS=null", "ALLOWED_ORIGINS=https://*.example.com", "ALLOWED_ORIGINS=https://a.example/app", "ALLOWED_ORIGINS=http://app.example.com", "ALLOWED_ORIGINS=app.example.com",
		"TRUSTED_PROXIES=proxy", "TRUSTED_PROXIES=0.0.0.0/0", "TRUSTED_PROXIES=10.0.0.0/8,::/0", "TRUSTED_PROXIES=10.0.0.0/33", "TRUSTED_PROXIES=::ffff:0:0/96",
		"REGISTRATION=yes", "REGISTRATION_FIELDS=email", "REGISTRATION_FIELDS=name,name", "REGISTRATION_FIELDS=name,", "USERNAMES=no", "ACTIVATION=on", "WELCOME_LETTER=yes", "COOKIE_TRANSPORT=true", "RATE_LIMITS=false", "INTROSPECTION=1", "MIGRATE=On", "LOG_FORMAT=xml", "LOG_LEVEL=loud",
		"LINK_URL_ACTIVATE=https://app.example.com/activate", "LINK_URL_DECLINE=https://a.example/{token}/{token}", "LINK_URL_RESET=https://{token}.example.com/", "LINK_URL_RESET=javascript:alert('{token}')",
		"LINK_URL_REQUEST_RESET=https://app.example.com/{token}", "LINK_URL_ACTIVATE=/activate?token={token}", "LINK_URL_RESET=https://a.example/\"{token}",
		"BRAND_NAME=two\nlines", "BRAND_NAME=" + strings.Repeat("x", 101), "BRAND_COLOUR=blue", "BRAND_COLOUR=#12345", "BRAND_LOGO_URL=logo.png", "BRAND_TERMS_URL=javascript:alert(1)",
		"DOCUMENT_MAX_BYTES=100", "DOCUMENT_MAX_DEPTH=0", "DOCUMENT_MAX_FIELDS=x", "DOCUMENT_MAX_ALIASES=-1",
		"STREAMS=0", "STREAMS_PER_ADDRESS=-1", "STREAMS_PER_SESSION=1001",
		"REQUESTS_IN_FLIGHT=15", "REQUESTS_IN_FLIGHT=many", "REQUESTS_IN_FLIGHT_PER_ADDRESS=0", "REQUESTS_IN_FLIGHT_PER_ADDRESS=-1",
		"LIMIT_SIGN_IN_FREE=0", "LIMIT_SIGN_IN_PER_ADDRESS=20", "LIMIT_SIGN_IN_PER_ADDRESS=0/1m", "LIMIT_SIGN_IN_PER_ADDRESS=20/0s", "LIMIT_SIGN_IN_PER_ADDRESS=20/1m,",
		"LIMIT_ANONYMOUS_PER_ADDRESS=300/1m,1/1s", "LIMIT_MAIL_PER_ACCOUNT=off",
		"DATABASE_POOLER=session", "DATABASE_MAX_CONNECTIONS=0", "DATABASE_ACQUIRE_TIMEOUT=0", "DATABASE_STATEMENT_TIMEOUT=1h", "DATABASE_LOCK_TIMEOUT=1", "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT=0s",
	} {
		name, _, _ := strings.Cut(entry, "=")
		if found := faults(t, entry); len(found) != 1 || found[name] == "" {
			t.Errorf("%q gives the faults %q", entry, found)
		}
	}
}

func TestAPublicURLMayLieBelowAPath(t *testing.T) {
	t.Parallel()
	c := load(t, "PUBLIC_URL=https://Example.com:443/team/auth/", "MAIL_URL=smtp://localhost:2525", "MAIL_FROM=a@example.com")
	const want = "https://example.com/team/auth"
	if c.PublicURL != want || c.Issuer != want || c.LinkURLReset != want+"/reset?token={token}" {
		t.Errorf("public URL %s, issuer %s, link %s", c.PublicURL, c.Issuer, c.LinkURLReset)
	}
	if c.Loopback() {
		t.Error("it is taken for loopback")
	}
	if !load(t, "PUBLIC_URL=http://localhost/auth").Loopback() {
		t.Error("a path takes loopback away")
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	found := faults(t,
		"LISTN=:80", "LEEWAY=soon", "DATABASE_URL=postgres://h/d", "LOG_FORMAT=xml",
		"ACCESS_TOKEN_LIFETIME=1h", "SESSION_IDLE_LIFETIME=30m", "SESSION_LIFETIME=10m", "MAIL_URL=smtp://mail.example.com")
	for _, name := range []string{"LISTN", "LEEWAY", "SECRET", "LOG_FORMAT", "SESSION_IDLE_LIFETIME", "SESSION_LIFETIME", "MAIL_FROM"} {
		if found[name] == "" {
			t.Errorf("no fault of %s", name)
		}
	}
	if len(found) != 7 {
		t.Errorf("faults are %q", found)
	}
	if want := "there is no such setting; did you mean GATEHOUSE_LISTEN?"; found["LISTN"] != want {
		t.Errorf("an unknown name is answered %q, want %q", found["LISTN"], want)
	}
	if got := faults(t, "ZZZZZZZZZZ=1")["ZZZZZZZZZZ"]; got != "there is no such setting" {
		t.Errorf("a name that is near none is answered %q", got)
	}
}

func TestWhatIsForLoopbackStopsTheStartElsewhere(t *testing.T) {
	t.Parallel()
	load(t, with(production, "HASHING_MEMORY=7MiB")...)
	for _, c := range []struct{ entry, name string }{
		{"PUBLIC_URL=http://auth.example.com", "PUBLIC_URL"},
		{"PUBLIC_URL=http://localhost:8080", "PUBLIC_URL"},
		{"PUBLIC_URL=", "PUBLIC_URL"},
		{"MAIL_URL=log:", "MAIL_URL"},
		{"MAIL_URL=file:/tmp/letters", "MAIL_URL"},
		{"RATE_LIMITS=off", "RATE_LIMITS"},
		{"HASHING_MEMORY=6MiB", "HASHING_MEMORY"},
		{"ISSUER=http://auth.example.com", "ISSUER"},
		{"LINK_URL_RESET=http://app.example.com/{token}", "LINK_URL_RESET"},
		{"BRAND_LOGO_URL=http://app.example.com/logo.png", "BRAND_LOGO_URL"},
	} {
		if found := faults(t, with(production, c.entry)...); len(found) != 1 || found[c.name] == "" {
			t.Errorf("%s: faults are %q", c.entry, found)
		}
	}
	// On loopback all of it goes.
	load(t, "RATE_LIMITS=off", "MAIL_URL=file:letters", "HASHING_MEMORY=64KiB", "LINK_URL_RESET=http://localhost:5173/{token}", "LISTEN=127.0.0.1:1,[::1]:1,localhost:1")
	// Loopback means everywhere: one address that others reach, or the host of
	// the public URL, takes it away.
	for _, entry := range []string{"LISTEN=127.0.0.1:8080,192.0.2.1:8080", "LISTEN=:8080", "LISTEN=[::]:8080", "LISTEN=example.com:8080", "PUBLIC_URL=https://auth.example.com"} {
		if found := faults(t, entry, "RATE_LIMITS=off"); found["RATE_LIMITS"] == "" || found["MAIL_URL"] == "" {
			t.Errorf("%s counts as loopback: %q", entry, found)
		}
	}
}

func TestAUsernameIsNotWantedWhereThereAreNone(t *testing.T) {
	t.Parallel()
	if found := faults(t, "USERNAMES=off", "REGISTRATION_FIELDS=phone,username"); len(found) != 1 || found["REGISTRATION_FIELDS"] == "" {
		t.Errorf("faults %q", found)
	}
	load(t, "USERNAMES=off", "REGISTRATION_FIELDS=phone")
}

func TestAPortOfTheSystemsChoiceNeedsAPublicURL(t *testing.T) {
	t.Parallel()
	if found := faults(t, "LISTEN=127.0.0.1:0"); found["PUBLIC_URL"] == "" {
		t.Errorf("faults are %q", found)
	}
	load(t, "LISTEN=127.0.0.1:0", "PUBLIC_URL=http://localhost:4000")
}

func TestWhatKubernetesAddsIsNoFault(t *testing.T) {
	t.Parallel()
	load(t, "SERVICE_HOST=10.0.0.1", "SERVICE_PORT=8080", "SERVICE_PORT_HTTP=8080", "PORT=tcp://10.0.0.1:8080",
		"PORT_8080_TCP=tcp://10.0.0.1:8080", "PORT_8080_TCP_PROTO=tcp", "PORT_8080_TCP_PORT=8080", "PORT_8080_TCP_ADDR=10.0.0.1")
	if found := faults(t, "PORT=8080"); found["PORT"] == "" {
		t.Error("a port that an operator wrote is silently passed over")
	}
}

func TestASecretMayLieInAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mail")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	write("smtps://u:p@mail.example.com\n")
	c := load(t, "MAIL_URL_FILE="+path, "MAIL_FROM=a@example.com")
	if got := c.MailURL.Reveal(); got != "smtps://u:p@mail.example.com" {
		t.Errorf("MAIL_URL is %q", got)
	}
	if found := faults(t, "MAIL_URL_FILE="+path, "MAIL_URL=log:"); len(found) != 1 || !strings.Contains(found["MAIL_URL"], "twice") {
		t.Errorf("faults are %q", found)
	}
	if found := faults(t, "MAIL_URL_FILE="+path+".none"); len(found) != 1 || !strings.Contains(found["MAIL_URL"], path+".none") {
		t.Errorf("faults are %q", found)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(" \n")
	if found := faults(t, "MAIL_URL_FILE="+path); !strings.Contains(found["MAIL_URL"], "empty") {
		t.Errorf("faults are %q", found)
	}
	if found := faults(t, "LISTEN_FILE=/etc/hostname"); found["LISTEN_FILE"] == "" {
		t.Error("what is no secret is taken from a file")
	}
}

func TestASecretIsNeverShown(t *testing.T) {
	t.Parallel()
	c := load(t, production...)
	var out strings.Builder
	type holder struct{ inner config.Config }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", holder{c})
		fmt.Fprintf(&out, verb+"\n", c.Secret)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("started", "config", c, "secret", c.Secret, "mail", &c.MailURL)
	}
	// What a bad value says must not show it either.
	for _, entry := range []string{
		"SECRET=hunter4", "DATABASE_URL=mysql://u:hunter4@h", "DATABASE_URL=postgres://u:hunter4@[h", "DATABASE_DIRECT_URL=postgres://u:hunter4@[h", "DATABASE_DIRECT_URL=sqlite:hunter4", "MAIL_URL=smtp://u:hunter4%zz@h", "MAIL_URL=hunter4",
		"PUBLIC_URL=https://u:hunter4@h", "LINK_URL_RESET=https://u:hunter4@h/{token}", "SECERT=hunter4",
	} {
		_, err := config.Load(environ([]string{entry}))
		if err == nil {
			t.Fatalf("%s is no fault", entry)
		}
		fmt.Fprintln(&out, err)
	}
	for _, secret := range []string{goodSecret, "hunter", fmt.Sprintf("%x", "hunter"), fmt.Sprintf("%x", goodSecret)} {
		if i := strings.Index(out.String(), secret); i >= 0 {
			t.Errorf("%q is shown: ...%s", secret, out.String()[max(0, i-80):i+len(secret)])
		}
	}
}
