//go:build !nobrowser

package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const movedAddress = "countess@example.org"

// moving makes a user who asks for another address, and gives the link that
// confirms it.
func moving(t *testing.T, w *world) string {
	t.Helper()
	if err := w.createUser(pagesAddress, password); err != nil {
		t.Fatal(err)
	}
	c := w.client()
	a := c.ask("login", map[string]any{"identifier": pagesAddress, "password": password})
	c.token = a.text("login.tokens.accessToken")
	if a := c.ask("requestEmailChange", map[string]any{"newEmail": movedAddress}); a.code() != "" {
		t.Fatalf("request: %s", a.raw)
	}
	if notice := letterTo(t, w); !strings.Contains(notice.Subject, "is to get another address") {
		t.Fatalf("the present address is told %q", notice.Subject)
	}
	return letterToAddress(t, w, movedAddress).Link()
}

// wantLogin fails the test unless signing in so is answered with the code.
func wantLogin(t *testing.T, w *world, identifier, word, code string) {
	t.Helper()
	if a := w.client().ask("login", map[string]any{"identifier": identifier, "password": word}); a.code() != code {
		t.Errorf("login of %s: %s, want %q", identifier, a.raw, code)
	}
}

func TestAPersonMovesAnAccountAndTakesItBackOnThePagesOfTheLinks(t *testing.T) {
	browsed(t, func(t *testing.T, w *world, b *browser) {
		confirm := moving(t, w)
		// Whoever opens the link, and however often, changes nothing.
		for range 2 {
			wantSaid(t, b.open(confirm), "Confirm your new address", "Nothing has happened yet", "Acme", "somebody else")
		}
		wantLogin(t, w, movedAddress, password, "INVALID_CREDENTIALS")
		wantSaid(t, b.press(), "Your address is confirmed", movedAddress)
		wantLogin(t, w, pagesAddress, password, "INVALID_CREDENTIALS")
		wantLogin(t, w, movedAddress, password, "")
		b.open(confirm)
		wantSaid(t, b.press(), "no longer good", "once more in the app")

		back := letterTo(t, w).Link()
		for range 2 {
			wantSaid(t, b.open(back), "Take your account back", "Nothing has happened yet", "signed out, you too", "The password is void")
		}
		wantLogin(t, w, movedAddress, password, "")
		wantSaid(t, b.press(), "The address is yours again", pagesAddress, "A link to choose a new password")
		wantLogin(t, w, movedAddress, password, "INVALID_CREDENTIALS")
		b.open(back)
		wantSaid(t, b.press(), "no longer good", "Ask for a new password")
		if l := letterToAddress(t, w, movedAddress); !strings.Contains(l.Subject, "no longer belongs") {
			t.Errorf("the address that was left is told %q", l.Subject)
		}

		b.open(letterTo(t, w).Link())
		b.fill("#newPassword", newPassword, "#newPasswordConfirmation", newPassword)
		wantSaid(t, b.press(), "Your password is changed")
		wantLogin(t, w, pagesAddress, newPassword, "")
		b.wantQuiet("422")
		for _, link := range []string{confirm, back} {
			at, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			if secret := at.Query().Get("token"); secret == "" || strings.Contains(w.log.String(), secret) {
				t.Error("the log shows the secret of a link")
			}
		}
	})
}

func TestThePagesOfAnAddressSpeakTheLanguageOfTheBrowser(t *testing.T) {
	w := newWorld(t, worldOptions{database: sqlite(t)})
	b := newBrowser(t, w, "de-AT,de,en", false)
	wantSaid(t, b.open(moving(t, w)), "Neue Adresse bestätigen", "Noch ist nichts geschehen")
	wantSaid(t, b.press(), "Ihre Adresse ist bestätigt", movedAddress)
	wantSaid(t, b.open(letterTo(t, w).Link()), "Konto zurückholen", "Noch ist nichts geschehen", "auch Sie")
	wantSaid(t, b.press(), "Die Adresse gehört wieder Ihnen", pagesAddress)
	b.wantQuiet()
}

// TestPagesFitANarrowScreenByDayAndByNight looks at every page of a link, opened
// and dead: none is to be pushed from side to side, or has dark letters on dark.
func TestPagesFitANarrowScreenByDayAndByNight(t *testing.T) {
	w := newWorld(t, worldOptions{database: sqlite(t), settings: []string{
		"GATEHOUSE_BRAND_NAME=Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesellschaft",
	}})
	b := newBrowser(t, w, "de", true)
	token := "?token=" + strings.Repeat("A", 43)
	for _, scheme := range []string{"light", "dark"} {
		b.run(chromedp.EmulateViewport(320, 640), emulation.SetEmulatedMedia().WithFeatures(
			[]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		for _, path := range []string{"/", "/activate", "/decline", "/reset", "/reset-username", "/confirm-email", "/revert-email"} {
			for _, link := range []string{publicURL + path, publicURL + path + token} {
				b.open(link)
				var width int
				var ink, paper string
				b.run(chromedp.Evaluate(`document.documentElement.scrollWidth`, &width),
					chromedp.Evaluate(`getComputedStyle(document.querySelector("main")).color`, &ink),
					chromedp.Evaluate(`getComputedStyle(document.body).backgroundColor`, &paper))
				if width > 320 {
					t.Errorf("%s, %s: %d pixels wide", path, scheme, width)
				}
				onDark := scheme == "dark"
				if bright(t, ink) != onDark || bright(t, paper) == onDark {
					t.Errorf("%s, %s: %s on %s", path, scheme, ink, paper)
				}
			}
		}
	}
	b.wantQuiet()
}

// bright says whether a computed colour, "rgb(23, 24, 27)", is nearer to white.
func bright(t *testing.T, colour string) bool {
	t.Helper()
	var red, green, blue int
	if _, err := fmt.Sscanf(colour, "rgb(%d, %d, %d)", &red, &green, &blue); err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	return red+green+blue > 3*128
}
