package mail

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

var (
	linkInText = regexp.MustCompile(`https?://\S+`)
	linkInHTML = regexp.MustCompile(`<a [^>]*href="([^"]*)"`)
)

func render(t *testing.T, r *Renderer, l auth.Letter) Message {
	t.Helper()
	m, err := r.Render(l)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheFirstLinkOfALetterIsTheOneItIsFor(t *testing.T) {
	t.Parallel()
	for kind, want := range map[auth.LetterKind]string{
		auth.LetterActivation:          testPublic + "/activate?token=" + testToken,
		auth.LetterPasswordReset:       testPublic + "/reset?token=" + testToken,
		auth.LetterRegistrationAttempt: testPublic + "/reset",
		auth.LetterAccountCreated:      testPublic + "/reset",
		auth.LetterWelcome:             testPublic + "/reset",
		auth.LetterPasswordChanged:     testPublic + "/reset",
		auth.LetterUsernameReset:       testPublic + "/reset-username?token=" + testToken,
		auth.LetterUsernameChanged:     testPublic + "/reset",

		auth.LetterEmailChange:          testPublic + "/confirm-email?token=" + testToken,
		auth.LetterEmailChangeRequested: testPublic + "/reset",
		auth.LetterEmailChanged:         testPublic + "/revert-email?token=" + testToken,
		auth.LetterEmailChangeReverted:  testPublic + "/reset",
	} {
		m := render(t, testRenderer(t), testLetter(kind))
		if got := linkInText.FindString(m.Text); got != want {
			t.Errorf("%s: first link of the text is %s, want %s", kind, got, want)
		}
		if got := linkInHTML.FindStringSubmatch(m.HTML)[1]; got != want {
			t.Errorf("%s: first link of the HTML is %s, want %s", kind, got, want)
		}
	}
}

func TestNotMeComesAfterTheLinkAndTheDigits(t *testing.T) {
	t.Parallel()
	m := render(t, testRenderer(t), testLetter(auth.LetterActivation))
	for _, part := range []string{m.Text, m.HTML} {
		link, digits, notMe := strings.Index(part, testToken), strings.Index(part, "402 917"), strings.Index(part, testNotMe)
		if link < 0 || digits < link || notMe < digits {
			t.Errorf("link at %d, digits at %d, not me at %d", link, digits, notMe)
		}
	}
}

func TestAResentActivationWithoutACodeSpeaksOfNoDigits(t *testing.T) {
	t.Parallel()
	l := testLetter(auth.LetterActivation)
	l.Code = ""
	m := render(t, testRenderer(t), l)
	if strings.Contains(m.Text, "digits") || strings.Contains(m.HTML, "digits") {
		t.Error("the letter speaks of digits that it does not hold")
	}
}

func TestLettersWithoutATokenHoldNone(t *testing.T) {
	t.Parallel()
	for _, kind := range []auth.LetterKind{
		auth.LetterRegistrationAttempt, auth.LetterNoAccount, auth.LetterPasswordChanged, auth.LetterAccountDeleted, auth.LetterTest,
		auth.LetterEmailChangeRequested, auth.LetterEmailChangeAttempt, auth.LetterAddressReserved, auth.LetterEmailChangeReverted,
		auth.LetterAccountCreated, auth.LetterWelcome,
	} {
		l := testLetter(kind)
		l.Token, l.NotMeToken, l.Code = testToken, testNotMe, testCode
		m := render(t, testRenderer(t), l)
		for _, secret := range []string{testToken, testNotMe, testCode, "402 917", "token="} {
			if strings.Contains(m.Text+m.HTML+m.Subject, secret) {
				t.Errorf("%s shows %s", kind, secret)
			}
		}
	}
}

// TestNothingThatAStrangerWroteIsShown: a registrant chooses name, user agent
// and address of somebody else, and must not get the server to write his words
// there.
func TestNothingThatAStrangerWroteIsShown(t *testing.T) {
	t.Parallel()
	r := testRenderer(t)
	for _, evil := range []string{
		"http://evil.example", "evil.example", "you@evil.example", "www.evil.example/x",
		"Ada</p><a href=https://evil.example>click</a>", "Ada\r\nBcc: evil@evil.example",
		"evil\u3002example", "\u202eelpmaxe.live", "javascript:evil", "evil\x00", "<script>evil</script>",
	} {
		for _, kind := range auth.LetterKinds() {
			clean := testLetter(kind)
			clean.Name, clean.UserAgent, clean.IPAddress = "", "", ""
			dirty := clean
			dirty.Name, dirty.UserAgent, dirty.IPAddress, dirty.Locale = evil, evil, evil, evil
			want, got := render(t, r, clean), render(t, r, dirty)
			// A line break is white space in a name: "Ada Bcc: ..." is refused for
			// its colon, so that here too nothing remains.
			if got != want {
				t.Errorf("%s: %q changed the letter:\n%s", kind, evil, got.Text)
			}
		}
	}
}

func TestANameIsShownToTheOwnerOfAnAccountOnly(t *testing.T) {
	t.Parallel()
	for _, kind := range auth.LetterKinds() {
		l := testLetter(kind)
		l.Name = "Ada Lovelace"
		m := render(t, testRenderer(t), l)
		want := kind == auth.LetterPasswordReset || kind == auth.LetterPasswordChanged || kind == auth.LetterRegistrationAttempt ||
			kind == auth.LetterUsernameReset || kind == auth.LetterUsernameChanged ||
			kind == auth.LetterEmailChangeRequested || kind == auth.LetterEmailChangeAttempt || kind == auth.LetterEmailChanged ||
			kind == auth.LetterAccountDeleted || kind == auth.LetterWelcome
		for part, text := range map[string]string{"text": m.Text, "HTML": m.HTML} {
			if got := strings.Contains(text, "Ada"); got != want {
				t.Errorf("%s, %s: name shown %t, want %t", kind, part, got, want)
			}
		}
		if strings.Contains(m.Subject, "Ada") {
			t.Errorf("%s: the name is in the subject", kind)
		}
	}
}

// TestWhoLosesAnAddressIsNotToldFromWhere: the address that an account leaves
// when it is taken back may be a thief's, and where its owner is would be news
// to him.
func TestWhoLosesAnAddressIsNotToldFromWhere(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"en", "de"} {
		l := testLetter(auth.LetterEmailChangeReverted)
		l.Locale = locale
		m := render(t, testRenderer(t), l)
		for _, origin := range []string{"203.0.113.7", "Firefox", "Windows"} {
			if strings.Contains(m.Text+m.HTML, origin) {
				t.Errorf("%s: the letter shows %s:\n%s", locale, origin, m.Text)
			}
		}
	}
}

func TestShownNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                               "",
		"Ada Lovelace":                   "Ada Lovelace",
		"  Ada\t Lovelace ":              "Ada Lovelace",
		"Dr. Ada K. Lovelace Jr.":        "Dr. Ada K. Lovelace Jr.",
		"Conan O'Brien-Smith":            "Conan O'Brien-Smith",
		"Зоя Космодемьянская":            "Зоя Космодемьянская",
		"山田太郎":                           "山田太郎",
		"नरेन्द्र":                       "नरेन्द्र",
		"Ada.Lovelace":                   "",
		".com":                           "",
		"Ada & Co":                       "",
		"Ada\nLovelace":                  "Ada Lovelace",
		"a\u200bb":                       "",
		strings.Repeat("a", 41):          strings.Repeat("a", 40) + "…",
		strings.Repeat("ж", 100):         strings.Repeat("ж", 40) + "…",
		strings.Repeat("a", 39) + " b c": strings.Repeat("a", 39) + "…",
	} {
		if got := shownName(name); got != want {
			t.Errorf("shownName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestUserAgentsAreTakenForWhatTheyAre(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]Device{
		testAgent: {App: "Firefox", System: "Windows"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0":                   {App: "Edge", System: "Windows"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                           {App: "Safari", System: "macOS"},
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36":                                           {App: "Chrome", System: "Linux"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36":                                  {App: "Chrome", System: "ChromeOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1": {App: "Chrome", System: "iPhone"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":             {App: "Samsung Internet", System: "Android"},
		"okhttp/4.12.0": {App: "Android", Native: true},
		"Acme/1.4 CFNetwork/1568.300.101 Darwin/24.2.0": {App: "Apple", Native: true},
		"curl/8.5.0": {App: "curl"},
		"":           {},
		"Buy now":    {},
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%q is %v, want %v", agent, got, want)
		}
	}
}

func TestADeviceIsToldInWords(t *testing.T) {
	t.Parallel()
	r := testRenderer(t)
	for agent, want := range map[string]struct{ en, de string }{
		testAgent:                       {"Firefox on Windows", "Firefox unter Windows"},
		"Safari/604.1 iPhone":           {"Safari on iPhone", "Safari auf iPhone"},
		"curl/8.5.0":                    {"curl", "curl"},
		"okhttp/4.12.0":                 {"Android app", "Android-App"},
		"A/1 CFNetwork/1568 Darwin/24.": {"Apple app", "Apple-App"},
		"Windows NT 10.0":               {"a device with Windows", "ein Gerät mit Windows"},
		"":                              {"an unknown device", "ein unbekanntes Gerät"},
	} {
		l := testLetter(auth.LetterPasswordChanged)
		l.UserAgent = agent
		for locale, line := range map[string]string{"en": "Device: " + want.en + "\n", "de": "Gerät:      " + want.de + "\n"} {
			l.Locale = locale
			if m := render(t, r, l); !strings.Contains(m.Text, line) {
				t.Errorf("%q: no %q in\n%s", agent, line, m.Text)
			}
		}
		l.Locale = "de"
		if m := render(t, r, l); !strings.Contains(m.HTML, "<td>"+want.de+"</td>") {
			t.Errorf("%q: no %q in\n%s", agent, want.de, m.HTML)
		}
	}
}

func TestLifetimesAreToldInWords(t *testing.T) {
	t.Parallel()
	r := testRenderer(t)
	for minutes, want := range map[int]struct{ en, de string }{
		1: {"(1 minute after", "also 1 Minute ab"}, 30: {"(30 minutes after", "also 30 Minuten ab"},
		60: {"(1 hour after", "also 1 Stunde ab"}, 90: {"(1 hour and 30 minutes after", "also 1 Stunde und 30 Minuten ab"},
		1440: {"(24 hours after", "also 24 Stunden ab"},
	} {
		l := testLetter(auth.LetterPasswordReset)
		l.ExpiresAt = l.At.Add(minute(minutes))
		for locale, words := range map[string]string{"en": want.en, "de": want.de} {
			l.Locale = locale
			if m := render(t, r, l); !strings.Contains(m.Text, words) || !strings.Contains(m.HTML, words) {
				t.Errorf("%d minutes: no %q in\n%s", minutes, words, m.Text)
			}
		}
	}
}

func TestInstantsAreWrittenAsTheLanguageWritesThem(t *testing.T) {
	t.Parallel()
	r := testRenderer(t)
	months := strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
	berlin := time.FixedZone("CET", 3600)
	for i, month := range months {
		l := testLetter(auth.LetterTest)
		l.At = time.Date(2026, time.Month(i+1), 9, 1, 4, 0, 0, berlin)
		for locale, want := range map[string]string{
			"en": l.At.UTC().Format("2006-01-02 15:04 UTC"), "de": "9. " + month + " 2026 um 00:04 Uhr (UTC)",
		} {
			l.Locale = locale
			if m := render(t, r, l); !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
				t.Errorf("no %q in\n%s", want, m.Text)
			}
		}
	}
}

func TestALetterOfUnknownKindIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := testRenderer(t).Render(auth.Letter{Kind: "unheard_of", To: testTo, Token: testToken}); err == nil {
		t.Error("rendered")
	} else {
		wantNoSecret(t, err.Error())
	}
}

func TestIPAddressesAreShownInTheirUsualForm(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:DB8::1": "2001:db8::1",
		"fe80::1%evil.example": "fe80::1", "": "", "evil.example": "",
	} {
		if got := address(given); got != want {
			t.Errorf("address(%q) = %q, want %q", given, got, want)
		}
	}
}
