//go:build !nobrowser

package e2e

import (
	"net/url"
	"strings"
	"testing"

	"gatehouse/mail/mailtest"
)

const (
	pagesAddress = "ada@example.org"
	newPassword  = "nine silent harbours"
)

// letterTo is the next letter to the test's address.
func letterTo(t *testing.T, w *world) mailtest.Letter {
	t.Helper()
	return letterToAddress(t, w, pagesAddress)
}

func letterToAddress(t *testing.T, w *world, address string) mailtest.Letter {
	t.Helper()
	l, err := w.nextLetter(address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// wantSaid fails the test unless the page says each.
func wantSaid(t *testing.T, page string, sentences ...string) {
	t.Helper()
	for _, s := range sentences {
		if !strings.Contains(page, s) {
			t.Errorf("the page lacks %q:\n%s", s, page)
		}
	}
}

// browsed runs a test in a Chromium that runs scripts, and in one that does not.
func browsed(t *testing.T, test func(t *testing.T, w *world, b *browser)) {
	t.Helper()
	for name, script := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, worldOptions{database: sqlite(t), settings: []string{"GATEHOUSE_BRAND_NAME=Acme"}})
			test(t, w, newBrowser(t, w, "en", script))
		})
	}
}

func TestAPersonActivatesOnThePageOfTheLink(t *testing.T) {
	browsed(t, func(t *testing.T, w *world, b *browser) {
		flow := w.client().ask("register", map[string]any{"email": pagesAddress, "password": password})
		if flow.code() != "" {
			t.Fatalf("register: %s", flow.raw)
		}
		letter := letterTo(t, w)
		// Whoever opens the link, and however often, changes nothing.
		for range 2 {
			wantSaid(t, b.open(letter.Link()), "Nothing has happened yet", letter.Code())
		}
		b.fill("#password", "not the password")
		wantSaid(t, b.press(), "This is not the password", letter.Code())
		if !b.focused("#fault") {
			t.Error("what went wrong has not got the focus")
		}
		b.fill("#password", password)
		wantSaid(t, b.press(), "Your account is active", pagesAddress, "sign in in the app")
		wantSaid(t, b.open(letter.Link()), "no longer good")
		if a := w.client().ask("login", map[string]any{"identifier": pagesAddress, "password": password}); a.code() != "" {
			t.Errorf("login: %s", a.raw)
		}
		b.wantQuiet("422")
	})
}

func TestAPersonDeclinesOnThePageOfTheLink(t *testing.T) {
	browsed(t, func(t *testing.T, w *world, b *browser) {
		if a := w.client().ask("register", map[string]any{"email": pagesAddress, "password": password}); a.code() != "" {
			t.Fatalf("register: %s", a.raw)
		}
		letter := letterTo(t, w)
		decline := letter.Links()[1]
		wantSaid(t, b.open(decline), "This was not me", "Nothing has happened yet", "Acme")
		wantSaid(t, b.press(), "The registration is removed")
		wantSaid(t, b.open(letter.Link()), "no longer good")
		b.open(decline)
		wantSaid(t, b.press(), "no longer good")
		b.wantQuiet("422")
	})
}

func TestAPersonResetsThePasswordFromTheRequestToTheEnd(t *testing.T) {
	browsed(t, func(t *testing.T, w *world, b *browser) {
		if err := w.createUser(pagesAddress, password); err != nil {
			t.Fatal(err)
		}
		wantSaid(t, b.open(publicURL+"/.well-known/change-password"), "Forgot your password?")
		b.fill("#email", "nowhere")
		wantSaid(t, b.press(), "Look at what is marked", "This can not be right")
		if !b.focused("#email") {
			t.Error("the flawed field has not got the focus")
		}
		b.open(publicURL + "/reset")
		b.fill("#email", pagesAddress)
		wantSaid(t, b.press(), "If there is an account with this address")

		link := letterTo(t, w).Link()
		wantSaid(t, b.open(link), "Choose a new password", "At least 12 characters")
		b.fill("#newPassword", "short", "#newPasswordConfirmation", "shirt")
		wantSaid(t, b.press(), "At least 12 characters are needed", "The two are not the same")
		if !b.focused("#newPassword") {
			t.Error("the first flawed field has not got the focus")
		}
		b.fill("#newPassword", newPassword, "#newPasswordConfirmation", newPassword)
		wantSaid(t, b.press(), "Your password is changed")
		b.open(link)
		b.fill("#newPassword", newPassword, "#newPasswordConfirmation", newPassword)
		wantSaid(t, b.press(), "no longer good", "Ask for a new link")
		for word, code := range map[string]string{password: "INVALID_CREDENTIALS", newPassword: ""} {
			if a := w.client().ask("login", map[string]any{"identifier": pagesAddress, "password": word}); a.code() != code {
				t.Errorf("login: %s, want %q", a.raw, code)
			}
		}
		b.wantQuiet("422")

		at, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{at.Query().Get("token"), newPassword, pagesAddress} {
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("the log shows %q", secret)
			}
		}
	})
}

func TestAPersonChoosesAUsernameOnThePageOfTheLink(t *testing.T) {
	browsed(t, func(t *testing.T, w *world, b *browser) {
		if err := w.createUser(pagesAddress, password); err != nil {
			t.Fatal(err)
		}
		if a := w.client().ask("requestUsernameReset", map[string]any{"email": pagesAddress}); a.code() != "" {
			t.Fatalf("request: %s", a.raw)
		}
		link := letterTo(t, w).Link()
		wantSaid(t, b.open(link), "Choose a username", "Nothing has happened yet", "Acme")
		b.fill("#username", "aa")
		wantSaid(t, b.press(), "At least 3 characters are needed")
		if !b.focused("#username") {
			t.Error("the flawed field has not got the focus")
		}
		// What was typed is still there; one letter more makes it long enough.
		b.fill("#username", "a")
		wantSaid(t, b.press(), "Your username is changed", "It is aaa now")
		b.open(link)
		b.fill("#username", "duchess")
		wantSaid(t, b.press(), "no longer good")
		if a := w.client().ask("login", map[string]any{"identifier": "aaa", "password": password}); a.code() != "" {
			t.Errorf("login: %s", a.raw)
		}
		b.wantQuiet("422")
	})
}

func TestPagesSpeakTheLanguageOfTheBrowser(t *testing.T) {
	w := newWorld(t, worldOptions{database: sqlite(t)})
	b := newBrowser(t, w, "de-AT,de,en", false)
	wantSaid(t, b.open(publicURL+"/reset"), "Passwort vergessen?")
	b.fill("#email", pagesAddress)
	wantSaid(t, b.press(), "Sehen Sie in Ihr Postfach")
	b.wantQuiet()
}
