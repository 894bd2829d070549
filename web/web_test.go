package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const token = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"

var acme = Brand{
	Name: "Acme", Colour: "#0a7f5a", LogoURL: "https://cdn.acme.example/logo.png?v=1",
	TermsURL: "https://acme.example/terms", PrivacyURL: "https://acme.example/privacy",
}

func testPages(t *testing.T, brand Brand) *Pages {
	t.Helper()
	p, err := New(Options{
		Brand: brand, Endpoint: "https://id.example.com/graphql", PasswordMinLength: 12,
		Paths: Paths{
			GraphQL: "/graphql", JWKS: "/.well-known/jwks.json", Discovery: "/.well-known/openid-configuration",
			Alive: "/healthz", Ready: "/readyz", RequestReset: "https://acme.example/forgot",
			Playground: "/playground", Mailbox: "/dev/mailbox",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func show(t *testing.T, p *Pages, language string, name Page, v View) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", language)
	if err := p.Write(w, r, name, http.StatusOK, v); err != nil {
		t.Fatal(err)
	}
	return w
}

// views are a page's every state.
func views() map[string]View {
	all := map[string]View{
		"opened": {Token: token}, "with digits": {Token: token, Digits: "123456"}, "done": {Done: true, Email: "ada@example.org", Username: "ada"},
		"flawed": {Token: token, Fault: "INVALID_INPUT", Flaws: map[string]Flaw{
			"password": {Code: "REQUIRED"}, "email": {Code: "MALFORMED"}, "newPassword": {Code: "TOO_SHORT", Limit: 12},
			"newPasswordConfirmation": {Code: "MISMATCH"}, "username": {Code: "TAKEN"},
		}},
		"with a letter": {Letters: []Letter{testLetter}},
	}
	for _, code := range []string{
		"INVALID_CREDENTIALS", "INVALID_TOKEN", "EXPIRED_TOKEN", "RATE_LIMITED", "OVERLOADED", "ORIGIN_REFUSED",
		"BAD_DOCUMENT", "INTERNAL", NoLink, "A_CODE_OF_TOMORROW",
	} {
		all[code] = View{Token: token, Fault: code}
	}
	return all
}

// every calls f with each page in each state and each language.
func every(t *testing.T, brand Brand, f func(where string, name Page, v View, w *httptest.ResponseRecorder)) {
	t.Helper()
	p := testPages(t, brand)
	for _, tag := range tags() {
		for _, name := range pages() {
			for state, v := range views() {
				f(tag+" "+string(name)+" "+state, name, v, show(t, p, tag, name, v))
			}
		}
	}
}

func TestNoTextIsMissingInALanguage(t *testing.T) {
	t.Parallel()
	first, err := newEdition(tags()[0], Options{})
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`\{\w+\}`)
	for _, tag := range tags() {
		e, err := newEdition(tag, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range e.texts {
			if text == "" {
				t.Errorf("%s: %s is empty", tag, name)
			}
			other, known := first.texts[name]
			if !known {
				t.Errorf("%s: %s is in no other language", tag, name)
			}
			places, others := place.FindAllString(text, -1), place.FindAllString(other, -1)
			slices.Sort(places)
			slices.Sort(others)
			if !slices.Equal(places, others) {
				t.Errorf("%s: %s has places %v, not %v", tag, name, places, others)
			}
		}
		for name := range first.texts {
			if e.texts[name] == "" {
				t.Errorf("%s lacks %s", tag, name)
			}
		}
		if e.texts["language"] != tag {
			t.Errorf("the texts of %s say they are %s", tag, e.texts["language"])
		}
	}
}

func TestEveryTextIsUsedAndEveryUsedOneIsThere(t *testing.T) {
	t.Parallel()
	e, err := newEdition("en", Options{})
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	entries, err := templates.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		raw, err := templates.ReadFile("templates/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range regexp.MustCompile(`"([a-z_.]+)"`).FindAllStringSubmatch(string(raw), -1) {
			used[quoted[1]] = true
		}
		for _, called := range regexp.MustCompile(`text "([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
			if e.texts[called[1]] == "" {
				t.Errorf("%s: no text %s", entry.Name(), called[1])
			}
		}
	}
	for name := range e.texts {
		if !used[name] && !strings.HasPrefix(name, "fault.") && !strings.HasPrefix(name, "field.") && !strings.HasPrefix(name, "wait.") {
			t.Errorf("nothing uses the text %s", name)
		}
	}
}

func TestAPageSpeaksTheLanguageItsReaderLikesBest(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-CH, en;q=0.5": "de", "en-GB,de;q=0.9": "en", "fr, de;q=0.8, en;q=0.2": "de", "fr": "en",
		"*": "en", "not a language at all;;;": "en", strings.Repeat("de,", 200): "en", "de;q=0.1, en;q=0.2": "en",
	} {
		w := show(t, p, accept, Reset, View{Token: token})
		if got := w.Header().Get("Content-Language"); got != want || w.Header().Get("Vary") != "Accept-Language" ||
			!strings.Contains(w.Body.String(), `<html lang="`+want+`">`) {
			t.Errorf("%.30q gets %s, want %s", accept, got, want)
		}
	}
}

func TestAPagesPolicyNamesExactlyItsOwnStyleSheet(t *testing.T) {
	t.Parallel()
	every(t, acme, func(where string, name Page, _ View, w *httptest.ResponseRecorder) {
		_, rest, _ := strings.Cut(w.Body.String(), "<style>")
		style, _, found := strings.Cut(rest, "</style>")
		if !found {
			t.Fatalf("%s: no style sheet", where)
		}
		sum := sha256.Sum256([]byte(style))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src https://cdn.acme.example; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" + framePolicy(name)
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", where, got, want)
		}
	})
}

func TestAPageRunsNothingAndLoadsItsPictureAlone(t *testing.T) {
	t.Parallel()
	every(t, acme, func(where string, name Page, v View, w *httptest.ResponseRecorder) {
		body := w.Body.String()
		if name == MailboxLetter && v.Letters != nil {
			frame := `<iframe src="/dev/mailbox/1/html" title="Activate your account" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`
			if !strings.Contains(body, frame) {
				t.Errorf("%s: the letter is not in its box", where)
			}
			body = strings.Replace(body, frame, "", 1)
		}
		for _, element := range []string{"<script", "<iframe", "<link", "style=", " on", "url(", "@import", "javascript:"} {
			if element == " on" {
				if regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(body) {
					t.Errorf("%s: the page has an event handler", where)
				}
			} else if strings.Contains(body, element) {
				t.Errorf("%s: the page has %s", where, element)
			}
		}
		if strings.Count(body, "<img") != 1 || !strings.Contains(body, `<img src="https://cdn.acme.example/logo.png?v=1" alt="Acme">`) {
			t.Errorf("%s: the brand's picture is not the only one", where)
		}
	})
}

func TestPagesOfLinksAreKeptByNobody(t *testing.T) {
	t.Parallel()
	every(t, acme, func(where string, name Page, _ View, w *httptest.ResponseRecorder) {
		if name == Home {
			return
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
			"Content-Type": "text/html; charset=utf-8",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", where, header, got, want)
			}
		}
		if !strings.Contains(w.Body.String(), `<meta name="robots" content="noindex, nofollow">`) {
			t.Errorf("%s: no robots meta", where)
		}
	})
}

func TestATokenStandsInTheHiddenFieldAlone(t *testing.T) {
	t.Parallel()
	every(t, acme, func(where string, _ Page, v View, w *httptest.ResponseRecorder) {
		body := w.Body.String()
		hidden := strings.Count(body, `<input type="hidden" name="token" value="`+token+`">`)
		if strings.Count(body, token) != hidden || hidden > 1 {
			t.Errorf("%s: the token stands elsewhere", where)
		}
	})
}

func TestEveryFieldHasALabelAndSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	input := regexp.MustCompile(`<input id="(\w+)"[^>]*>`)
	described := regexp.MustCompile(`aria-describedby="([^"]+)"`)
	every(t, acme, func(where string, name Page, v View, w *httptest.ResponseRecorder) {
		if v.Flaws != nil && slices.Contains([]Page{Home, Decline, EmailChange, EmailRevert, Mailbox, MailboxLetter}, name) {
			return // they have no fields
		}
		body := w.Body.String()
		for _, field := range input.FindAllStringSubmatch(body, -1) {
			if !strings.Contains(body, `<label for="`+field[1]+`">`) || !strings.Contains(field[0], `autocomplete="`) {
				t.Errorf("%s: %s has no label, or says nothing to password stores", where, field[1])
			}
			_, flawed := v.Flaws[field[1]]
			if flawed != strings.Contains(field[0], `aria-invalid="true"`) {
				t.Errorf("%s: %s is flawed: %v, but: %s", where, field[1], flawed, field[0])
			}
			if flawed && !strings.Contains(field[0], field[1]+"-fault") {
				t.Errorf("%s: %s is not described by its fault", where, field[1])
			}
			for _, ids := range described.FindAllStringSubmatch(field[0], -1) {
				for id := range strings.FieldsSeq(ids[1]) {
					if !strings.Contains(body, `id="`+id+`"`) {
						t.Errorf("%s: nothing is called %s", where, id)
					}
				}
			}
			if strings.Contains(field[0], `type="password"`) && !strings.Contains(field[0], `value=""`) {
				t.Errorf("%s: a password stands in the page", where)
			}
		}
		if v.Fault != "" {
			if strings.Count(body, " autofocus") != 1 || !strings.Contains(body, `role="alert"`) {
				t.Errorf("%s: what went wrong is not where the reader goes on", where)
			}
			if !strings.Contains(body, "<title>Error: ") && !strings.Contains(body, "<title>Fehler: ") {
				t.Errorf("%s: the title does not tell that something went wrong", where)
			}
		}
	})
}

func TestAFieldKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	v := View{Token: token, Fault: "INVALID_INPUT", Email: "ada@example", Username: "duchess"}
	for name, want := range map[Page]string{Request: `value="ada@example"`, ResetUsername: `value="duchess"`} {
		if body := show(t, p, "en", name, v).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", name, want)
		}
	}
}

func TestWhatIsWrongWithAUsernameIsSaid(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	for flaw, want := range map[Flaw][2]string{
		{Code: "TAKEN"}:               {"Somebody else has this one", "Das hat schon jemand anderes"},
		{Code: "MALFORMED"}:           {"This can not be right", "Das kann nicht stimmen"},
		{Code: "TOO_SHORT", Limit: 3}: {"At least 3 characters", "Mindestens 3 Zeichen"},
		{Code: "TOO_LONG", Limit: 64}: {"At most 64 characters", "Höchstens 64 Zeichen"},
		{Code: "A_CODE_OF_TOMORROW"}:  {"This can not be right", "Das kann nicht stimmen"},
	} {
		v := View{Token: token, Fault: "INVALID_INPUT", Flaws: map[string]Flaw{"username": flaw}}
		for i, tag := range []string{"en", "de"} {
			if body := show(t, p, tag, ResetUsername, v).Body.String(); !strings.Contains(body, want[i]) {
				t.Errorf("%s is not told in %s", flaw.Code, tag)
			}
		}
	}
}

func TestALinkThatIsNoGoodHasNoForm(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	for _, fault := range []string{"INVALID_TOKEN", "EXPIRED_TOKEN", NoLink, "ORIGIN_REFUSED", "BAD_DOCUMENT"} {
		for _, name := range []Page{Activate, Decline, Reset, ResetUsername, EmailChange, EmailRevert} {
			if strings.Contains(show(t, p, "en", name, View{Token: token, Fault: fault}).Body.String(), "<form") {
				t.Errorf("%s: %s has a form", fault, name)
			}
		}
	}
	for _, name := range []Page{Reset, EmailRevert} {
		if !strings.Contains(show(t, p, "en", name, View{Fault: "EXPIRED_TOKEN"}).Body.String(), `href="https://acme.example/forgot"`) {
			t.Errorf("%s: an expired link does not lead to where a new one is asked for", name)
		}
	}
}

func TestThePagesOfAnAddressSayWhatTheyDoBeforeAndAfter(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	for _, c := range []struct {
		name    Page
		tag     string
		opened  []string
		done    []string
		form    string
		address string
	}{
		{EmailChange, "en", []string{"Nothing has happened yet", "every device is signed out", "somebody else"}, []string{"Your address is confirmed", "The former address was told"}, "confirm-email", "goes by ada@example.org now"},
		{EmailChange, "de", []string{"Noch ist nichts geschehen", "alle Geräte werden abgemeldet", "eines anderen Menschen"}, []string{"Ihre Adresse ist bestätigt", "Die bisherige Adresse hat davon erfahren"}, "confirm-email", "gehört jetzt ada@example.org"},
		{EmailRevert, "en", []string{"Nothing has happened yet", "former address", "signed out, you too", "password is void"}, []string{"The address is yours again", "A link to choose a new password is on its way"}, "revert-email", "goes by ada@example.org again"},
		{EmailRevert, "de", []string{"Noch ist nichts geschehen", "frühere Adresse", "abgemeldet, auch Sie", "Passwort gilt nicht mehr"}, []string{"Die Adresse gehört wieder Ihnen", "ein neues zu wählen, ist zu Ihnen unterwegs"}, "revert-email", "gehört wieder ada@example.org"},
	} {
		opened := show(t, p, c.tag, c.name, View{Token: token}).Body.String()
		done := show(t, p, c.tag, c.name, View{Done: true, Email: "ada@example.org"}).Body.String()
		for _, word := range append(c.opened, `<form method="post" action="`+c.form+`">`) {
			if !strings.Contains(opened, word) {
				t.Errorf("%s in %s, opened: no %q", c.name, c.tag, word)
			}
		}
		for _, word := range append(c.done, c.address) {
			if !strings.Contains(done, word) {
				t.Errorf("%s in %s, done: no %q", c.name, c.tag, word)
			}
		}
		if strings.Contains(done, "<form") {
			t.Errorf("%s in %s goes on after it is done", c.name, c.tag)
		}
	}
}

func TestTheWaitIsTold(t *testing.T) {
	t.Parallel()
	p := testPages(t, acme)
	for wait, want := range map[time.Duration]string{
		0: "in a second", time.Second: "in a second", 1500 * time.Millisecond: "in 2 seconds", 2 * time.Minute: "in 120 seconds",
		121 * time.Second: "in 3 minutes", 2 * time.Hour: "in 120 minutes", 24 * time.Hour: "in 24 hours",
	} {
		if body := show(t, p, "en", Activate, View{Fault: "RATE_LIMITED", Wait: wait}).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: no %q", wait, want)
		}
	}
}

func TestWhatCameWithTheRequestAndTheBrandAreEscaped(t *testing.T) {
	t.Parallel()
	brand := acme
	brand.Name = `Möbel & <script>alert(1)</script>`
	brand.LogoURL = ""
	brand.TermsURL = "javascript:alert(1)"
	p := testPages(t, brand)
	for _, name := range pages() {
		for _, v := range []View{{}, {Done: true}, {Fault: "INVALID_INPUT"}} {
			v.Email, v.Token, v.Digits, v.Username = `"><script>@x`, `"><script>`, `<script>`, `"><script>`
			body := show(t, p, "en", name, v).Body.String()
			if strings.Contains(body, "<script") || strings.Contains(body, "javascript:") {
				t.Errorf("%s: text became markup", name)
			}
			if !strings.Contains(body, "Möbel &amp; &lt;script&gt;") || strings.Contains(body, "<img") {
				t.Errorf("%s: the brand's name is missing", name)
			}
		}
	}
}

func TestABadColourIsRefused(t *testing.T) {
	t.Parallel()
	for _, colour := range []string{"", "red", "#fff", "#12345g", "#123456;} body{display:none", "#1234567", "x#123456"} {
		if _, err := New(Options{Brand: Brand{Name: "Acme", Colour: colour}}); err == nil {
			t.Errorf("colour %q was taken", colour)
		}
	}
}

func TestAButtonCanBeReadInAnyColour(t *testing.T) {
	t.Parallel()
	for colour, want := range map[string]string{
		"#000000": "#ffffff", "#ffffff": "#000000", "#1f4e79": "#ffffff", "#ffd700": "#000000", "#0000FF": "#ffffff", "#00ff00": "#000000",
	} {
		c, err := palette(colour)
		if err != nil || c.onBrand != want {
			t.Errorf("on %s: %s, want %s (%v)", colour, c.onBrand, want, err)
		}
	}
}

func TestTheAccentCanBeReadByDayAndByNightInAnyColour(t *testing.T) {
	t.Parallel()
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				brand := rgb{float64(r), float64(g), float64(b)}.String()
				c, err := palette(brand)
				if err != nil {
					t.Fatal(err)
				}
				for name, got := range map[string]float64{
					"day": contrast(parseColour(c.accent), parseColour(lightGround)), "night": contrast(parseColour(c.night), parseColour(darkGround)),
					"button": contrast(parseColour(c.onBrand), parseColour(brand)),
				} {
					if got < readable {
						t.Errorf("%s, %s: contrast %.2f", brand, name, got)
					}
				}
			}
		}
	}
	// One that can be read already stays as it is.
	if c, err := palette("#1f4e79"); err != nil || c.accent != "#1f4e79" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTheFirstPageSaysWhereThingsAre(t *testing.T) {
	t.Parallel()
	body := show(t, testPages(t, acme), "en", Home, View{}).Body.String()
	for _, word := range []string{
		"/graphql", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz", "/readyz",
		"https://id.example.com/graphql", "width=device-width", "prefers-color-scheme: dark", "https://acme.example/privacy",
	} {
		if !strings.Contains(body, word) {
			t.Errorf("the page lacks %q", word)
		}
	}
}
