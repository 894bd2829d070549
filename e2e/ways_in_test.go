package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gatehouse/auth"
)

// A person is whoever once had all that an account can have, and keeps it.
type person struct {
	*testing.T
	w                       *world
	number                  int
	address, username       string
	password                string
	from                    *client // of an address of its own
	browser                 *client // with cookies
	flow, code, link, notMe string
	access, refresh         string
	resetLink, usernameLink string
	confirmLink, wayBack    string
}

func (p *person) client() *client {
	c := newClient(p.w.http.URL)
	c.http = p.from.http
	return c
}

// must asks for what a preparation needs.
func (p *person) must(c *client, operation string, input map[string]any) answer {
	p.Helper()
	a := c.ask(operation, input)
	if a.code() != "" {
		p.Fatalf("%s: %s", operation, a.raw)
	}
	return a
}

// post reads the next letter and keeps its secrets.
func (p *person) post() (link string) {
	p.Helper()
	letter, err := p.w.nextLetter(p.address)
	if err != nil {
		p.Fatal(err)
	}
	if letter.Code() != "" {
		p.code, p.notMe = letter.Code(), notMeOf(p.T, letter.Text)
	}
	return tokenOf(p.T, letter.Text)
}

// register begins; the registration waits, or is an account at once.
func (p *person) register() {
	input := map[string]any{"email": p.address, "password": p.password}
	if p.username != "" {
		input["username"] = p.username
	}
	a := p.must(p.client(), "register", input)
	if p.flow = a.text("register.flow"); p.flow == "" {
		p.access, p.refresh = a.text("register.signedIn.tokens.accessToken"), a.text("register.signedIn.tokens.refreshToken")
		p.drop()
		return
	}
	p.link = p.post()
}

// settleIn makes the account and everything that can be had with it.
func (p *person) settleIn() {
	p.register()
	if p.flow != "" {
		a := p.must(p.client(), "activate", map[string]any{"token": p.link, "flow": p.flow})
		p.access, p.refresh = a.text("activate.tokens.accessToken"), a.text("activate.tokens.refreshToken")
	}
	p.must(p.browser, "login", map[string]any{"identifier": p.address, "password": p.password, "transport": "COOKIE"})
	p.must(p.client(), "requestPasswordReset", map[string]any{"email": p.address})
	p.resetLink = p.post()
	p.must(p.client(), "requestUsernameReset", map[string]any{"email": p.address})
	p.usernameLink = p.post()
	p.must(p.signedIn(), "requestEmailChange", map[string]any{"newEmail": p.elsewhere()})
	p.drop()
	letter, err := p.w.nextLetter(p.elsewhere())
	if err != nil {
		p.Fatal(err)
	}
	p.confirmLink = tokenOf(p.T, letter.Text)
}

// elsewhere is the address that the person asked to have instead.
func (p *person) elsewhere() string { return "new." + p.address }

// move makes it the account's. The person goes on with the old one.
func (p *person) move() {
	p.must(p.client(), "confirmEmailChange", map[string]any{"token": p.confirmLink})
	p.wayBack = p.post()
}

func (p *person) invite() {
	if _, err := p.w.server.Auth().CreateUser(context.Background(), auth.CreateUserInput{Email: p.address}); err != nil {
		p.Fatal(err)
	}
	p.resetLink = p.post()
}

func (p *person) signedIn() *client {
	c := p.client()
	c.token = p.access
	return c
}

// drop takes a letter that the preparation is not about.
func (p *person) drop() {
	if _, err := p.w.nextLetter(p.address); err != nil {
		p.Fatal(err)
	}
}

func newPerson(t *testing.T, w *world, n int) *person {
	p := &person{T: t, w: w, address: fmt.Sprintf("p%d@example.org", n), username: fmt.Sprintf("person%d", n), password: password}
	p.from = newClient(w.http.URL)
	p.browser = newClient(w.http.URL)
	p.browser.keepCookies()
	p.browser.origin = publicURL
	p.number = n
	p.stay("198.18")
	return p
}

// stay has the person come from there from now on.
func (p *person) stay(where string) {
	p.from.http.Transport = forwarded{fmt.Sprintf("%s.%d.%d", where, p.number/250, p.number%250+1), http.DefaultTransport}
	p.browser.http.Transport = p.from.http.Transport
}

// travel takes the person to a network that the account doesn't know.
func (p *person) travel() { p.stay("198.19") }

// shortened are the refusals as the table has them.
var shortened = map[string]string{
	"INVALID_CREDENTIALS": "CRED", "ACCOUNT_SUSPENDED": "SUSP", "INVALID_TOKEN": "TOKEN",
	"EXPIRED_TOKEN": "LATE", "UNAUTHENTICATED": "UNAUTH", "REFRESH_TOKEN_REUSED": "REUSED",
}

// came is the letter that came, by what it is for.
func (p *person) came() string {
	letter, err := p.w.nextLetter(p.address)
	if err != nil {
		return "none"
	}
	for subject, word := range map[string]string{
		"Activate": "activation", "You already have": "attempt", "Choose a new password": "reset",
		"Your account at Gatehouse is not active": "inactive", "This address is reserved": "reserved",
	} {
		if strings.HasPrefix(letter.Subject, subject) {
			return word
		}
	}
	return letter.Subject
}

// outcomeOf is the word for an answer.
func outcomeOf(a answer, success string) string {
	if a.code() == "" {
		return success
	}
	if word, short := shortened[a.code()]; short {
		return word
	}
	return a.code()
}

// through tries one way in, and gives the word for what came of it.
func (p *person) through(way string) string {
	lacks := func(things ...string) bool { return slices.Contains(things, "") }
	login := func(c *client, identifier, password, transport string) string {
		if identifier == "" {
			identifier = "nobody-" + strings.Split(p.address, "@")[0]
		}
		return outcomeOf(c.ask("login", map[string]any{"identifier": identifier, "password": password, "transport": transport}), "in")
	}
	activate := func(input map[string]any) string {
		if lacks(p.link, p.flow) {
			return "-"
		}
		return outcomeOf(p.client().ask("activate", input), "in")
	}
	linked := func(operation, token string, input map[string]any) string {
		if lacks(token) {
			return "-"
		}
		input["token"] = token
		return outcomeOf(p.client().ask(operation, input), "ok")
	}
	bearing := func(operation string, input map[string]any) string {
		if lacks(p.access) {
			return "-"
		}
		return outcomeOf(p.signedIn().ask(operation, input), "ok")
	}
	cookie := func(operation, success string) string {
		if lacks(p.access) {
			return "-"
		}
		return outcomeOf(p.browser.ask(operation, nil), success)
	}
	switch way {
	case "login":
		return login(p.client(), p.address, p.password, "BEARER")
	case "name":
		return login(p.client(), p.username, p.password, "BEARER")
	case "cookie":
		fresh := p.client()
		fresh.http = &http.Client{Transport: p.from.http.Transport}
		fresh.keepCookies()
		fresh.origin = publicURL
		return login(fresh, p.address, p.password, "COOKIE")
	case "wrong":
		return login(p.client(), p.address, "not the password", "BEARER")
	case "refresh":
		if lacks(p.refresh) {
			return "-"
		}
		return outcomeOf(p.client().ask("refresh", map[string]any{"refreshToken": p.refresh}), "in")
	case "rcookie":
		return cookie("refresh", "in")
	case "me":
		return bearing("me", nil)
	case "mcookie":
		return cookie("me", "ok")
	case "verify":
		if lacks(p.access) {
			return "-"
		}
		a := p.must(p.client(), "verifyToken", map[string]any{"token": p.access})
		return map[string]string{"true": "yes", "false": "no"}[a.text("verifyToken.active")]
	case "reauth":
		return bearing("reauthenticate", map[string]any{"password": p.password})
	case "change":
		return bearing("changePassword", map[string]any{"currentPassword": p.password, "newPassword": "four green umbrellas"})
	case "code":
		return activate(map[string]any{"code": p.code, "flow": p.flow})
	case "link":
		return activate(map[string]any{"token": p.link, "flow": p.flow})
	case "linkpw":
		return activate(map[string]any{"token": p.link, "password": p.password})
	case "page":
		return p.press()
	case "resend":
		p.must(p.client(), "resendActivation", map[string]any{"email": p.address})
		return p.came()
	case "again":
		a := p.client().ask("register", map[string]any{"email": p.address, "password": "four green umbrellas"})
		switch {
		case a.code() == "INVALID_INPUT":
			return a.errors()[0].Extensions.Violations[0].Code
		case a.at("register.signedIn") != nil:
			p.drop()
			return "in"
		}
		return p.came()
	case "forgot":
		p.must(p.client(), "requestPasswordReset", map[string]any{"email": p.address})
		return p.came()
	case "back":
		return p.comeBack()
	case "reset":
		return linked("resetPassword", p.resetLink, map[string]any{"newPassword": "four green umbrellas"})
	case "rname":
		return linked("resetUsername", p.usernameLink, map[string]any{"username": "other." + strings.Split(p.address, "@")[0]})
	case "confirm":
		return linked("confirmEmailChange", p.confirmLink, map[string]any{})
	case "revert":
		return linked("revertEmailChange", p.wayBack, map[string]any{})
	case "decline":
		return linked("declineRegistration", p.notMe, map[string]any{})
	case "logout":
		if lacks(p.refresh) {
			return "-"
		}
		return p.must(p.client(), "logout", map[string]any{"refreshToken": p.refresh}).text("logout.sessionsEnded")
	}
	p.Fatalf("there is no way in called %s", way)
	return ""
}

// comeBack asks for a reset, uses what comes, and signs in with what was chosen.
func (p *person) comeBack() string {
	p.must(p.client(), "requestPasswordReset", map[string]any{"email": p.address})
	letter, err := p.w.nextLetter(p.address)
	if err != nil || !strings.HasPrefix(letter.Subject, "Choose") {
		return "-"
	}
	p.must(p.client(), "resetPassword", map[string]any{"token": tokenOf(p.T, letter.Text), "newPassword": "four green umbrellas"})
	return outcomeOf(p.client().ask("login", map[string]any{"identifier": p.address, "password": "four green umbrellas"}), "in")
}

// press sends the form of the activation link's page.
func (p *person) press() string {
	if p.link == "" {
		return "-"
	}
	form := url.Values{"token": {p.link}, "password": {p.password}}
	r, err := http.NewRequest(http.MethodPost, p.w.http.URL+"/activate", strings.NewReader(form.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", publicURL)
	resp, err := p.from.http.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		p.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return "ok"
	}
	return fmt.Sprint(resp.StatusCode)
}
