package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fromPage is what Chromium sends with the form of a page of ours.
func fromPage() http.Header {
	return http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"},
	}
}

// post sends a form, as the page's button does.
func (h *house) post(path string, form url.Values) answer {
	h.t.Helper()
	return h.do(http.MethodPost, path, form.Encode(), fromPage())
}

// registered makes a registration and gives its letter's two tokens.
func (h *house) registered() (activate, decline string) {
	h.t.Helper()
	if a := h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil); a.code != "" {
		h.t.Fatalf("register: %s", a.body)
	}
	links := h.letter().Links()
	return tokenOf(h.t, links[0]), tokenOf(h.t, links[1])
}

func tokenOf(t testing.TB, link string) string {
	t.Helper()
	return mustURL(t, link).Query().Get("token")
}

// says fails the test unless the answer has the status and the words, sets no
// cookie and is kept by nobody.
func (h *house) says(a answer, status int, words ...string) {
	h.t.Helper()
	if a.status != status {
		h.t.Errorf("%d, want %d: %s", a.status, status, a.body)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			h.t.Errorf("the page lacks %q: %s", w, a.body)
		}
	}
	if len(a.cookies()) != 0 || a.header.Get("Cache-Control") != "no-store" {
		h.t.Errorf("cookies %v, Cache-Control %q", a.cookies(), a.header.Get("Cache-Control"))
	}
}

func TestThePageOfAnActivationLinkTakesThePassword(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	token, _ := h.registered()
	form := func(password string) url.Values { return url.Values{"token": {token}, "password": {password}} }
	h.says(h.do(http.MethodGet, "/activate?token="+token, "", nil), http.StatusOK, "Nothing has happened yet", `class="digits"`)
	h.says(h.post("/activate", form("")), http.StatusUnprocessableEntity, "This must be filled in", `class="digits"`)
	a := h.post("/activate", form("not the password"))
	h.says(a, http.StatusUnprocessableEntity, "This is not the password", `class="digits"`, token)
	if strings.Contains(a.body, "not the password\"") {
		t.Error("the page shows the password that was typed")
	}
	h.says(h.post("/activate", form(testPassword)), http.StatusOK, "Your account is active", testEmail)
	h.says(h.post("/activate", form(testPassword)), http.StatusUnprocessableEntity, "no longer good")
	h.says(h.do(http.MethodGet, "/activate?token="+token, "", nil), http.StatusOK, "no longer good")
	h.login("BEARER")
	if log := h.journal.String(); strings.Contains(log, token) || strings.Contains(log, "password") {
		t.Errorf("the log tells too much: %s", log)
	}
}

func TestAPageTellsHowLongToWait(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"LIMIT_SIGN_IN_FREE": "1"})
	token, _ := h.registered()
	wrong := url.Values{"token": {token}, "password": {"not the password"}}
	h.says(h.post("/activate", wrong), http.StatusUnprocessableEntity, "This is not the password")
	a := h.post("/activate", wrong)
	h.says(a, http.StatusTooManyRequests, "Too many attempts. Try again in a second.", "<form")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.clock.move(time.Hour)
	h.says(h.post("/activate", url.Values{"token": {token}, "password": {testPassword}}), http.StatusOK, "Your account is active")
}

func TestPagesCountWithTheRequestsOfStrangers(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"LIMIT_ANONYMOUS_PER_ADDRESS": "2/1m"})
	form := url.Values{"email": {testEmail}}
	h.says(h.post("/reset", form), http.StatusOK)
	h.says(h.post("/reset", form), http.StatusOK)
	h.says(h.post("/reset", form), http.StatusTooManyRequests, "Too many attempts", `value="`+testEmail+`"`)
	unknown := "/activate?token=" + strings.Repeat("A", 43)
	h.says(h.do(http.MethodGet, unknown, "", nil), http.StatusTooManyRequests, "Too many attempts")
	if a := h.ask(`{ settings { registrationOpen } }`, nil, nil); a.status != http.StatusTooManyRequests {
		t.Errorf("the API has a limit of its own: %d", a.status)
	}
}

func TestThePageOfADeclineLinkRemovesTheRegistration(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	activate, decline := h.registered()
	h.says(h.do(http.MethodGet, "/decline?token="+decline, "", nil), http.StatusOK, "Nothing has happened yet")
	// A token is good on its own page alone.
	h.says(h.post("/decline", url.Values{"token": {activate}}), http.StatusUnprocessableEntity, "no longer good")
	h.says(h.post("/decline", url.Values{"token": {decline}}), http.StatusOK, "The registration is removed")
	h.says(h.post("/decline", url.Values{"token": {decline}}), http.StatusUnprocessableEntity, "no longer good")
	h.says(h.post("/activate", url.Values{"token": {activate}, "password": {testPassword}}), http.StatusUnprocessableEntity, "no longer good")
}

func TestThePagesOfAResetLeadToANewPassword(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	h.says(h.do(http.MethodGet, "/reset", "", nil), http.StatusOK, "Forgot your password?")
	h.says(h.post("/reset", url.Values{"email": {"no address"}}), http.StatusUnprocessableEntity, "This can not be right", `value="no address"`)
	known := h.post("/reset", url.Values{"email": {testEmail}})
	h.says(known, http.StatusOK, "If there is an account")
	token := tokenOf(t, h.letter().Link())
	unknown := h.post("/reset", url.Values{"email": {"nobody@example.com"}})
	if known.body != unknown.body || known.status != unknown.status {
		t.Error("the page tells whether an address has an account")
	}

	h.says(h.do(http.MethodGet, "/reset?token="+token, "", nil), http.StatusOK, "Choose a new password", "At least 12 characters")
	form := func(password, repeated string) url.Values {
		return url.Values{"token": {token}, "newPassword": {password}, "newPasswordConfirmation": {repeated}}
	}
	h.says(h.post("/reset", form("short", "shirt")), http.StatusUnprocessableEntity, "At least 12 characters are needed", "The two are not the same")
	h.says(h.post("/reset", form(testEmail, testEmail)), http.StatusUnprocessableEntity, "easy to guess")
	h.says(h.post("/reset", form("nine silent harbours", "nine silent harbours")), http.StatusOK, "Your password is changed")
	h.says(h.post("/reset", form("nine silent harbours", "nine silent harbours")), http.StatusUnprocessableEntity, "no longer good", `href="`+ownOrigin+`/reset"`)
	a := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": "nine silent harbours"}, nil)
	if a.code != "" {
		t.Errorf("login: %s", a.body)
	}
}

// usernameLink asks for a link to choose a username, and gives its token.
func (h *house) usernameLink() string {
	h.t.Helper()
	if a := h.ask(documentRequestUsernameReset, map[string]any{"email": testEmail}, nil); a.code != "" {
		h.t.Fatalf("request: %s", a.body)
	}
	return tokenOf(h.t, h.letter().Link())
}

const (
	documentRequestUsernameReset = `mutation($input: RequestUsernameResetInput!) { requestUsernameReset(input: $input) { email } }`
	usernameOfAnother            = "duchess"
)

func TestThePageOfAUsernameLinkTakesAUsername(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a := h.ask(documentRegister, map[string]any{"email": "eve@example.com", "password": testPassword, "username": usernameOfAnother}, nil)
	flow := a.text("register", "flow")
	if a = h.ask(documentActivate, map[string]any{"code": h.letter().Code(), "flow": flow}, nil); a.code != "" {
		t.Fatalf("activate: %s", a.body)
	}
	h.enrol()
	token := h.usernameLink()
	form := func(username string) url.Values { return url.Values{"token": {token}, "username": {username}} }

	h.says(h.do(http.MethodGet, "/reset-username?token="+token, "", nil), http.StatusOK, "Choose a username", "Nothing has happened yet", token)
	for typed, fault := range map[string]string{
		"": "This must be filled in", "ad": "At least 3 characters are needed", "ada@home": "This can not be right",
		strings.Repeat("a", 65): "At most 64 characters are possible", usernameOfAnother: "Somebody else has this one",
	} {
		h.says(h.post("/reset-username", form(typed)), http.StatusUnprocessableEntity, fault, `value="`+typed+`"`, token)
	}
	h.says(h.post("/reset-username", form("Countess")), http.StatusOK, "Your username is changed", "It is Countess now")
	h.says(h.post("/reset-username", form("baroness")), http.StatusUnprocessableEntity, "no longer good")
	a = h.ask(documentLogin, map[string]any{"identifier": "countess", "password": testPassword}, nil)
	if a.code != "" {
		t.Errorf("login: %s", a.body)
	}
	if log := h.journal.String(); strings.Contains(log, token) || strings.Contains(strings.ToLower(log), "countess") {
		t.Errorf("the log tells too much: %s", log)
	}
}

func TestAUsernameAndAPasswordHaveLinksOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	name := h.usernameLink()
	h.says(h.post("/reset", url.Values{"email": {testEmail}}), http.StatusOK)
	word := tokenOf(t, h.letter().Link())
	h.says(h.post("/reset-username", url.Values{"token": {word}, "username": {"ada"}}), http.StatusUnprocessableEntity, "no longer good")
	crossed := url.Values{"token": {name}, "newPassword": {"nine silent harbours"}, "newPasswordConfirmation": {"nine silent harbours"}}
	h.says(h.post("/reset", crossed), http.StatusUnprocessableEntity, "no longer good")
	h.says(h.post("/reset-username", url.Values{"token": {name}, "username": {"ada"}}), http.StatusOK, "It is ada now")
}

func TestAServerWithoutUsernamesHasNoPageForThem(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"USERNAMES": "off"})
	for _, a := range []answer{
		h.do(http.MethodGet, "/reset-username?token="+strings.Repeat("A", 43), "", nil),
		h.post("/reset-username", url.Values{"token": {strings.Repeat("A", 43)}, "username": {"ada"}}),
	} {
		if a.status != http.StatusNotFound || strings.Contains(a.body, "<form") {
			t.Errorf("%d: %s", a.status, a.body)
		}
	}
}

func TestAnExpiredLinkIsToldOnItsPage(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	activate, decline := h.registered()
	h.clock.move(25 * time.Hour)
	h.says(h.do(http.MethodGet, "/activate?token="+activate, "", nil), http.StatusOK, "This link has expired")
	h.says(h.post("/activate", url.Values{"token": {activate}, "password": {testPassword}}), http.StatusUnprocessableEntity, "This link has expired")
	h.says(h.post("/decline", url.Values{"token": {decline}}), http.StatusUnprocessableEntity, "This link has expired")
}

func TestAPageWithoutAGoodTokenSaysSo(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for _, path := range []string{"/activate", "/decline", "/reset-username", "/confirm-email", "/revert-email"} {
		h.says(h.do(http.MethodGet, path, "", nil), http.StatusOK, "opened by the link of an e-mail")
	}
	const mark = "MARK-%3Cscript%3E"
	for _, path := range []string{"/activate", "/decline", "/reset", "/reset-username", "/confirm-email", "/revert-email"} {
		a := h.do(http.MethodGet, path+"?token="+mark, "", nil)
		h.says(a, http.StatusOK, "no longer good")
		b := h.post(path, url.Values{"token": {"MARK<script>"}, "password": {testPassword},
			"newPassword": {testPassword}, "newPasswordConfirmation": {testPassword}, "username": {"ada"}})
		h.says(b, http.StatusUnprocessableEntity, "no longer good")
		// Where something else is wrong first, the form comes back without it.
		c := h.post(path, url.Values{"token": {"MARK<script>"}, "password": {""}, "newPassword": {"short"}, "username": {"a"}})
		h.says(c, http.StatusUnprocessableEntity)
		if strings.Contains(a.body+b.body+c.body, "MARK") {
			t.Errorf("%s echoes what is no token", path)
		}
	}
}

func TestAFormComesFromOurOwnPage(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	activate, decline := h.registered()
	for name, header := range map[string]http.Header{
		"neither header":     {},
		"a stranger":         {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
		"an allowed origin":  {"Origin": {appOrigin}, "Sec-Fetch-Site": {"cross-site"}},
		"a sandboxed frame":  {"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
		"null alone":         {"Origin": {"null"}},
		"a sibling":          {"Origin": {"null"}, "Sec-Fetch-Site": {"same-site"}},
		"typed":              {"Origin": {"null"}, "Sec-Fetch-Site": {"none"}},
		"two origins":        {"Origin": {"null", "null"}, "Sec-Fetch-Site": {"same-origin"}},
		"a stranger's claim": {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		for path, form := range map[string]url.Values{
			"/activate": {"token": {activate}, "password": {testPassword}}, "/decline": {"token": {decline}}, "/reset": {"email": {testEmail}},
			"/reset-username": {"token": {activate}, "username": {"ada"}},
			"/confirm-email":  {"token": {activate}}, "/revert-email": {"token": {activate}},
		} {
			a := h.do(http.MethodPost, path, form.Encode(), header)
			h.says(a, http.StatusForbidden, "Your browser does not say")
			if strings.Contains(a.body, "<form") || strings.Contains(a.body, activate) || strings.Contains(a.body, decline) {
				t.Errorf("%s: %s goes on", name, path)
			}
		}
	}
	own := http.Header{"Origin": {ownOrigin}, "Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	h.says(h.do(http.MethodPost, "/decline", url.Values{"token": {decline}}.Encode(), own), http.StatusOK, "removed")
}

func TestAFormIsSmallAndOfItsKind(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	for kind, status := range map[string]int{
		"application/json": http.StatusUnsupportedMediaType, "multipart/form-data; boundary=x": http.StatusUnsupportedMediaType,
		"text/plain": http.StatusUnsupportedMediaType, "": http.StatusUnsupportedMediaType,
	} {
		header := fromPage()
		header.Set("Content-Type", kind)
		h.says(h.do(http.MethodPost, "/reset", "email=a%40b.example", header), status, "not what this page sends")
	}
	h.says(h.do(http.MethodPost, "/reset", "email="+strings.Repeat("x", formBytes), fromPage()), http.StatusRequestEntityTooLarge, "not what this page sends")
	h.says(h.do(http.MethodPost, "/reset", "email=%zz", fromPage()), http.StatusBadRequest, "not what this page sends")
	// What stands in the URL is no field.
	h.says(h.do(http.MethodPost, "/reset?email="+testEmail, "", fromPage()), http.StatusUnprocessableEntity, "This must be filled in")
}

func TestOpeningAGoodLinkWritesNothing(t *testing.T) {
	t.Parallel()
	var statements []string
	cfg, letters := settle(t, nil)
	h := &house{t: t, clock: newClock(), journal: &journal{}, mail: letters}
	deps := testDeps(h.clock, h.journal)
	deps.Observe = func(s string) { statements = append(statements, s) }
	var err error
	if h.server, err = New(t.Context(), cfg, deps); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.server.Close() })
	front := httptest.NewServer(h.server.Handler())
	t.Cleanup(front.Close)
	h.url, h.client = front.URL, front.Client()
	activate, decline := h.registered()
	statements = nil
	for _, path := range []string{
		"/activate?token=" + activate, "/decline?token=" + decline, "/reset?token=" + activate, "/reset",
		"/reset-username?token=" + activate, "/confirm-email?token=" + activate, "/revert-email?token=" + activate,
	} {
		h.says(h.do(http.MethodGet, path, "", nil), http.StatusOK)
	}
	for _, s := range statements {
		if !strings.HasPrefix(s, "SELECT") {
			t.Errorf("opening sends %s", s)
		}
	}
}

func TestPasswordStoresAreLedToWhereAPasswordIsChanged(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{"": ownOrigin + "/reset", "https://app.example.com/forgot": "https://app.example.com/forgot"} {
		h := build(t, map[string]string{"LINK_URL_REQUEST_RESET": setting})
		h.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a := h.do(http.MethodGet, pathChangePassword, "", nil)
		if a.status != http.StatusFound || a.header.Get("Location") != want {
			t.Errorf("%d to %s, want %s", a.status, a.header.Get("Location"), want)
		}
		dead := h.do(http.MethodGet, "/reset?token=x", "", nil)
		h.says(dead, http.StatusOK, `href="`+want+`"`)
	}
}

func TestAPageIsWrittenInTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"BRAND_NAME": "Acme", "BRAND_LOGO_URL": "https://cdn.example.com/logo.svg"})
	a := h.do(http.MethodGet, "/reset", "", http.Header{"Accept-Language": {"de-CH,de;q=0.9,en;q=0.8"}})
	h.says(a, http.StatusOK, `<html lang="de">`, "Passwort vergessen?", "https://cdn.example.com/logo.svg")
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src https://cdn.example.com;") || !strings.Contains(policy, "form-action 'self'") {
		t.Errorf("policy %q", policy)
	}
}

func TestAFaultOfStorageIsLoggedAndNotTold(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	if err := h.server.store.Close(); err != nil {
		t.Fatal(err)
	}
	h.says(h.post("/reset", url.Values{"email": {testEmail}}), http.StatusInternalServerError, "Something went wrong on the server")
	if log := h.journal.String(); strings.Count(log, "request failed") != 1 || strings.Contains(log, testEmail) {
		t.Errorf("the log: %s", log)
	}
}
