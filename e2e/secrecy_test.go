package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// TestTheSpyFindsASecretHoweverItIsWritten keeps the test below from passing
// because it looks for the wrong thing.
func TestTheSpyFindsASecretHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"Kühle Möwen & 7 Lampen", "\x00\xff\xfe\x80 bytes of a token", "190151"} {
		for before := range 4 {
			around := []byte(`{"a":"xyz`[:6+before] + secret + `"}`)
			for how, text := range map[string]string{
				"plain": `"` + secret + `"`, "base64": base64.StdEncoding.EncodeToString(around),
				"base64url": base64.URLEncoding.EncodeToString(around), "hex": hex.EncodeToString(around),
				"HEX": fmt.Sprintf("%X", around), "query": url.Values{"q": {secret}}.Encode(),
				"path": url.PathEscape(string(around)), "quoted": fmt.Sprintf("%+q", around), "list": fmt.Sprint(around),
			} {
				if find(text, secret) == "" {
					t.Errorf("%q is not found in %s %q", secret, how, text)
				}
			}
		}
	}
	if how := find("2026-11-22T19:38:40.1901519Z 01a204c4-1901-51dc", "190151"); how != "" {
		t.Errorf("digits within a longer number are found: %s", how)
	}
}

// TestNeitherLogNorDatabaseHoldsASecret tells a whole story, with what goes
// wrong in one, and then looks for every secret of it.
func TestNeitherLogNorDatabaseHoldsASecret(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := database(t)
			w := newWorld(t, worldOptions{database: at})
			s := newSpy(t, w, at)
			s.knows("secret of the server", w.secret)
			tellAll(t, w, s)
			s.judge()

			// The spy has eyes: what may be there was seen.
			if log := w.log.String(); !strings.Contains(log, "path=/activate") || !strings.Contains(log, "level=DEBUG") {
				t.Error("the log holds not even what it should")
			}
			for what, value := range map[string]string{
				"address": "ada@example.org", "digest of a flow": string(auth.Digest(s.secrets["flow (2)"])),
			} {
				if _, seen := s.kept[value]; !seen {
					t.Errorf("the database was read, and no %s was seen", what)
				}
				inFiles := 0
				for _, content := range s.files {
					if find(content, value) != "" {
						inFiles++
					}
				}
				if inFiles == 0 {
					t.Errorf("the files were read, and no %s was seen", what)
				}
			}
			if letters := w.mail.All(); len(letters) < 8 || !strings.Contains(string(letters[0].Raw), "Subject:") {
				t.Errorf("%d letters were read", len(letters))
			}
		})
	}
}

func tellAll(t *testing.T, w *world, s *spy) {
	t.Helper()
	const ada, bob = "ada@example.org", "bob@example.org"
	pass := func(d time.Duration) {
		t.Helper()
		if err := w.pass(d); err != nil {
			t.Fatal(err)
		}
	}
	app := w.client()
	good := func(operation string, input map[string]any) answer {
		t.Helper()
		a := app.ask(operation, input)
		if a.code() != "" {
			t.Fatalf("%s: %s", operation, a.raw)
		}
		return a
	}
	bad := func(operation string, input map[string]any, code auth.Code) {
		t.Helper()
		if a := app.ask(operation, input); a.code() != string(code) {
			t.Fatalf("%s: %s, not %s", operation, a.raw, code)
		}
	}

	// Ada registers, guesses, asks again, and activates by the digits.
	first := s.knows("password", "Kühle Möwen & 7 Lampen")
	flow := s.knows("flow", good("register", map[string]any{"email": ada, "password": first, "passwordConfirmation": first}).text("register.flow"))
	_, _, old := s.letter(ada)
	good("resendActivation", map[string]any{"email": ada, "flow": flow})
	opened, _, code := s.letter(ada)
	if old != code { // one in a million is drawn twice
		bad("activate", map[string]any{"flow": flow, "code": old}, auth.InvalidCredentials)
	}
	page(t, w, "/activate?token="+opened)
	page(t, w, "//activate?token="+opened)
	page(t, w, "/nowhere?token="+opened)
	s.tokens(good("activate", map[string]any{"flow": flow, "code": code}), "activate")

	// Bob registers twice: declines one, and is nobody in the end.
	second := s.knows("password", "Fünf leise Häfen + 3 Segel")
	s.knows("flow", good("register", map[string]any{"email": bob, "password": second}).text("register.flow"))
	link, notMe, _ := s.letter(bob)
	bad("activate", map[string]any{"token": link, "password": s.knows("wrong password", "%41 falsches Segel?")}, auth.InvalidCredentials)
	form(t, w, "/activate", url.Values{"token": {link}, "password": {s.knows("wrong password", "Ein + anderes % Segel?")}})
	form(t, w, "/reset", url.Values{"email": {s.knows("password typed as address", "Geheim & leise / 7")}})
	good("declineRegistration", map[string]any{"token": notMe})
	bad("activate", map[string]any{"token": link, "password": second}, auth.InvalidToken)

	// Whoever signs in mistypes, and types the password where the address goes.
	bad("login", map[string]any{"identifier": ada, "password": s.knows("wrong password", "kuehle Moewen & 7 Lampen")}, auth.InvalidCredentials)
	bad("login", map[string]any{"identifier": first, "password": first}, auth.InvalidCredentials)
	access, refresh := s.tokens(good("login", map[string]any{"identifier": ada, "password": first, "deviceName": "Telefon"}), "login")
	app.token = access
	good("me", nil)
	for _, way := range []string{"socket", "events"} {
		if l, a, err := app.subscribe("sessionEnded", way); err != nil {
			t.Fatalf("a stream by %s: %s %v", way, a.raw, err)
		} else {
			l.hang()
		}
	}

	// Tokens are refreshed, asked for again, and come back once too often.
	pass(11 * time.Minute)
	if a := app.ask("me", nil); a.code() != string(auth.Unauthenticated) {
		t.Fatalf("an expired token: %s", a.raw)
	}
	key := s.knows("idempotency key", "Schlüssel/mit+Zeichen=4711")
	_, next := s.tokens(good("refresh", map[string]any{"refreshToken": refresh, "idempotencyKey": key}), "refresh")
	pass(time.Minute)
	s.tokens(good("refresh", map[string]any{"refreshToken": refresh, "idempotencyKey": key}), "refresh")
	pass(time.Minute)
	s.tokens(good("refresh", map[string]any{"refreshToken": next}), "refresh")
	pass(time.Minute)
	bad("refresh", map[string]any{"refreshToken": refresh, "idempotencyKey": key}, auth.RefreshTokenReused)
	app.token = s.knows("forged token", access[:len(access)-8]+"AAAAAAAA")
	bad("me", nil, auth.Unauthenticated)
	app.token = ""

	// Requests that are none.
	quoted := fmt.Sprintf("%q", s.knows("password in a broken request", "Wo ist mein Passwort & Hut"))
	for _, body := range []string{
		`{"query":"mutation { login(input: {identifier: \"a\", password: ` + strings.ReplaceAll(quoted, `"`, `\"`) + `, nothing: 1}) { __typename } }"}`,
		`{"query":"mutation($input: LoginInput!) { login(input: $input) { __typename } }","variables":{"input":{"identifier":"a","password":[` + quoted + `]}}}`,
		`{"query":"{ me { id } }","operationName":` + quoted + `}`,
		`{"query":` + quoted + `}`,
		`{"query":"{ me { id } }","variables":` + quoted + `}`,
		`{"query":"{ me { id } }",` + quoted,
	} {
		if a, err := app.post([]byte(body)); err != nil || a.code() != string(auth.BadDocument) {
			t.Fatalf("%s: %s %v", body, a.raw, err)
		}
	}

	// A page keeps its tokens in cookies.
	browser := w.client()
	browser.keepCookies()
	browser.origin = publicURL
	cookies := func(a answer) {
		t.Helper()
		if a.code() != "" {
			t.Fatalf("with cookies: %s", a.raw)
		}
		where, err := url.Parse(browser.url)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range browser.http.Jar.Cookies(where) {
			s.knows("cookie", c.Value)
		}
	}
	cookies(browser.ask("login", map[string]any{"identifier": ada, "password": first, "transport": "COOKIE"}))
	pass(11 * time.Minute)
	cookies(browser.ask("refresh", nil))
	cookies(browser.ask("me", nil))
	if a := browser.ask("logout", nil); a.text("logout.sessionsEnded") != "1" {
		t.Fatalf("logout: %s", a.raw)
	}

	// The password is forgotten.
	good("requestPasswordReset", map[string]any{"email": ada})
	reset, _, _ := s.letter(ada)
	page(t, w, "/reset?token="+reset)
	bad("resetPassword", map[string]any{"token": reset, "newPassword": s.knows("password that is too short", "zu kurz%3")}, auth.InvalidInput)
	third := s.knows("password", "Drei rote Türme / 9 Tauben")
	good("resetPassword", map[string]any{"token": reset, "newPassword": third, "newPasswordConfirmation": third})
	bad("resetPassword", map[string]any{"token": reset, "newPassword": third}, auth.InvalidToken)
	s.letter(ada)
	_, last := s.tokens(good("login", map[string]any{"identifier": ada, "password": third}), "login")
	good("logout", map[string]any{"refreshToken": last})

	// Ada looks after the account, takes a copy, and leaves.
	access, _ = s.tokens(good("login", map[string]any{"identifier": ada, "password": third}), "login")
	app.token = access
	bad("reauthenticate", map[string]any{"password": s.knows("wrong password", "Drei rote Tuerme / 9 Tauben")}, auth.InvalidCredentials)
	app.token = s.knows("access token", good("reauthenticate", map[string]any{"password": third}).text("reauthenticate.accessToken"))
	fourth := s.knows("password", "Vier grüne Schirme ? 3 Hunde")
	bad("changePassword", map[string]any{"currentPassword": s.knows("wrong password", "Vier gruene Schirme ? 3 Hunde"), "newPassword": fourth}, auth.InvalidCredentials)
	good("changePassword", map[string]any{"currentPassword": third, "newPassword": fourth, "newPasswordConfirmation": fourth})
	s.letter(ada)
	good("requestUsernameReset", map[string]any{"email": ada})
	naming, _, _ := s.letter(ada)
	page(t, w, "/reset-username?token="+naming)
	good("resetUsername", map[string]any{"token": naming, "username": "countess"})
	s.letter(ada)
	s.silent("verifyToken", good("verifyToken", map[string]any{"token": last}))
	s.silent("sessions", good("sessions", nil))
	s.silent("exportAccount", good("exportAccount", nil))

	// The account moves, and is taken back.
	const elsewhere = "ada@example.net"
	good("requestEmailChange", map[string]any{"newEmail": elsewhere})
	s.letter(ada)
	confirm, _, _ := s.letter(elsewhere)
	page(t, w, "/confirm-email?token="+confirm)
	good("confirmEmailChange", map[string]any{"token": confirm})
	back, _, _ := s.letter(ada)
	page(t, w, "/revert-email?token="+back)
	good("revertEmailChange", map[string]any{"token": back})
	s.letter(elsewhere)
	reset, _, _ = s.letter(ada)
	fifth := s.knows("password", "Fünf blaue Boote = 9 Netze")
	good("resetPassword", map[string]any{"token": reset, "newPassword": fifth})
	s.letter(ada)
	app.token, _ = s.tokens(good("login", map[string]any{"identifier": ada, "password": fifth}), "login")
	s.look()
	s.copyFiles()
	s.silent("deleteAccount", good("deleteAccount", nil))
	s.letter(ada)
}

// page opens one as a browser does that came from it.
func page(t *testing.T, w *world, target string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Not parsed, which would take two slashes for a host.
	path, query, _ := strings.Cut(target, "?")
	r.URL.Path, r.URL.RawQuery = path, query
	r.Header.Set("Referer", publicURL+target)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	// In the field that the page's button posts, and nowhere else: not in an
	// address, which histories and Referer headers keep.
	_, token, _ := strings.Cut(query, "=")
	rest := strings.Replace(string(body), `<input type="hidden" name="token" value="`+token+`">`, "", 1)
	if strings.Contains(rest+fmt.Sprint(resp.Header), token) {
		t.Errorf("the answer to %s repeats the token: %d", path, resp.StatusCode)
	}
}

// form sends one of a page, which it refuses.
func form(t *testing.T, w *world, path string, fields url.Values) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.http.URL+path, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", publicURL)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%s: status %d", path, resp.StatusCode)
	}
}
