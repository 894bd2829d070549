package mail

import (
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

func minute(n int) time.Duration { return time.Duration(n) * time.Minute }

// wantNoSecret looks for what no error and no line of a log may hold.
func wantNoSecret(t *testing.T, s string) {
	t.Helper()
	for _, secret := range []string{testToken, testNotMe, testCode, "402 917", testTo, "ada@", "ada:", "user ada", "lovelace", "example.org", "hunter2", "re_secret"} {
		if strings.Contains(strings.ToLower(s), strings.ToLower(secret)) {
			t.Errorf("%q holds %q", s, secret)
		}
	}
}

func TestLinksLeadWhereTheSettingsSay(t *testing.T) {
	t.Parallel()
	r, err := NewRenderer(testBrand(), Links{
		PublicURL:    "https://auth.acme.example/",
		Activate:     "https://app.acme.example/#/welcome/{token}",
		Decline:      "https://app.acme.example/decline?t={token}&x=1",
		ConfirmEmail: "https://app.acme.example/address/{token}/confirm",
		RevertEmail:  "https://app.acme.example/back#{token}",
		RequestReset: "https://app.acme.example/forgotten",
	}, Words{})
	if err != nil {
		t.Fatal(err)
	}
	l := testLetter(auth.LetterActivation)
	l.Token = "a/b&c=d e"
	m := render(t, r, l)
	for _, want := range []string{
		"https://app.acme.example/#/welcome/a%2Fb%26c%3Dd+e\n",
		"https://app.acme.example/decline?t=" + testNotMe + "&x=1\n",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("no %q in\n%s", want, m.Text)
		}
	}
	if m := render(t, r, testLetter(auth.LetterPasswordReset)); !strings.Contains(m.Text, "https://auth.acme.example/reset?token="+testToken+"\n") {
		t.Errorf("the link that was left out is not made from the public URL:\n%s", m.Text)
	}
	for kind, want := range map[auth.LetterKind]string{
		auth.LetterEmailChange:  "https://app.acme.example/address/" + testToken + "/confirm\n",
		auth.LetterEmailChanged: "https://app.acme.example/back#" + testToken + "\n",
	} {
		if m := render(t, r, testLetter(kind)); !strings.Contains(m.Text, want) {
			t.Errorf("%s: no %q in\n%s", kind, want, m.Text)
		}
	}
	if m := render(t, r, testLetter(auth.LetterPasswordChanged)); !strings.Contains(m.Text, "https://app.acme.example/forgotten\n") {
		t.Errorf("the page for asking is not the one set:\n%s", m.Text)
	}
}

func TestFaultsOfLinksAndBrandAreToldAtOnceByTheirSettings(t *testing.T) {
	t.Parallel()
	_, err := NewRenderer(
		Brand{Name: "A\r\nBcc: x", Colour: "red;}", LogoURL: "javascript:x", TermsURL: "/terms", PrivacyURL: "https://u:p@h/"},
		Links{
			PublicURL: "ftp://x", Activate: "https://app.example/activate", Decline: "https://{token}.example/{token}",
			ConfirmEmail: "https://app.example/address", RevertEmail: "https://app.example/{token}/{token}",
			Reset: "app:reset?{token}", RequestReset: "https://app.example/{token}",
		}, Words{})
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, setting := range []string{
		"BRAND_NAME", "BRAND_COLOUR", "BRAND_LOGO_URL", "BRAND_TERMS_URL", "BRAND_PRIVACY_URL",
		"PUBLIC_URL", "LINK_URL_ACTIVATE", "LINK_URL_DECLINE", "LINK_URL_RESET", "LINK_URL_REQUEST_RESET",
		"LINK_URL_CONFIRM_EMAIL", "LINK_URL_REVERT_EMAIL",
	} {
		if !strings.Contains(err.Error(), " "+setting+":") {
			t.Errorf("%s is not named in\n%v", setting, err)
		}
	}
}

func TestATokenInTheHostIsRefused(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"https://{token}.example/", "https://{token}/", "https://{token}@app.example/", "https://app.example:{token}/"} {
		if _, err := (Links{PublicURL: testPublic, Reset: template}).withDefaults(); err == nil {
			t.Errorf("%s was taken", template)
		}
	}
}

func TestInkHasTheBetterContrast(t *testing.T) {
	t.Parallel()
	for colour, want := range map[string]string{
		"#000000": "#ffffff", "#0b57d0": "#ffffff", "#b00020": "#ffffff", "#FFD400": "#000000", "#ffffff": "#000000", "#00e676": "#000000",
	} {
		if got := (Brand{Colour: colour}).Ink(); got != want {
			t.Errorf("on %s: %s, want %s", colour, got, want)
		}
	}
}
