package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/mail/mailtest"
)

const (
	newEmail                   = "countess@example.com"
	documentRequestEmailChange = `mutation($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { newEmail } }`
)

// moving asks for another address for the account, and gives the token that
// confirms it, with the access token of the session that asked.
func (h *house) moving() (token, access string) {
	h.t.Helper()
	access = h.login("BEARER").text("login", "tokens", "accessToken")
	if a := h.ask(documentRequestEmailChange, map[string]any{"newEmail": newEmail}, bearer(access)); a.code != "" {
		h.t.Fatalf("request: %s", a.body)
	}
	return tokenOf(h.t, h.letters(2)[newEmail].Link()), access
}

// moved gives the account another address, and the letter with the way back.
func (h *house) moved() mailtest.Letter {
	h.t.Helper()
	token, _ := h.moving()
	h.says(h.post("/confirm-email", url.Values{"token": {token}}), http.StatusOK, "Your address is confirmed")
	return h.letters(1)[testEmail]
}

func TestThePageOfANewAddressConfirmsIt(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	elsewhere := h.login("BEARER").text("login", "tokens", "accessToken")
	token, access := h.moving()
	form := url.Values{"token": {token}}

	h.says(h.do(http.MethodGet, "/confirm-email?token="+token, "", nil), http.StatusOK, "Confirm your new address", "Nothing has happened yet", token)
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != testEmail {
		t.Errorf("after the page was opened: %s", a.body)
	}
	// It is good for nothing on the page of the way back.
	h.says(h.post("/revert-email", form), http.StatusUnprocessableEntity, "no longer good")
	h.says(h.post("/confirm-email", form), http.StatusOK, "Your address is confirmed", newEmail)
	h.says(h.post("/confirm-email", form), http.StatusUnprocessableEntity, "no longer good")

	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != newEmail {
		t.Errorf("the session that asked: %s", a.body)
	}
	if a := h.ask(documentMe, nil, bearer(elsewhere)); a.code != "UNAUTHENTICATED" {
		t.Errorf("another session: %s", a.body)
	}
	for identifier, code := range map[string]string{newEmail: "", testEmail: "INVALID_CREDENTIALS"} {
		if a := h.ask(documentLogin, map[string]any{"identifier": identifier, "password": testPassword}, nil); a.code != code {
			t.Errorf("login with %s: %s", identifier, a.body)
		}
	}
	if log := h.journal.String(); strings.Contains(log, token) || strings.Contains(log, newEmail) {
		t.Errorf("the log tells too much: %s", log)
	}
}

func TestThePageOfTheWayBackTakesTheAccountBack(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	back := tokenOf(t, h.moved().Link())
	signedIn := h.ask(documentLogin, map[string]any{"identifier": newEmail, "password": testPassword}, nil)
	access := signedIn.text("login", "tokens", "accessToken")
	form := url.Values{"token": {back}}

	h.says(h.do(http.MethodGet, "/revert-email?token="+back, "", nil), http.StatusOK, "Take your account back", "Nothing has happened yet", back)
	h.says(h.post("/confirm-email", form), http.StatusUnprocessableEntity, "no longer good")
	if a := h.ask(documentMe, nil, bearer(access)); a.text("me", "email") != newEmail {
		t.Errorf("before the button was pressed: %s", a.body)
	}
	h.says(h.post("/revert-email", form), http.StatusOK, "The address is yours again", testEmail, "is on its way to you")
	again := h.post("/revert-email", form)
	h.says(again, http.StatusUnprocessableEntity, "no longer good", `href="`+ownOrigin+`/reset"`)

	if a := h.ask(documentMe, nil, bearer(access)); a.code != "UNAUTHENTICATED" {
		t.Errorf("the session of the new address: %s", a.body)
	}
	for _, identifier := range []string{newEmail, testEmail} {
		if a := h.ask(documentLogin, map[string]any{"identifier": identifier, "password": testPassword}, nil); a.code != "INVALID_CREDENTIALS" {
			t.Errorf("login with %s and the void password: %s", identifier, a.body)
		}
	}
	letters := h.letters(2)
	if l := letters[newEmail]; !strings.Contains(l.Text, "no longer belongs") {
		t.Errorf("the address that was left is told: %s", l.Text)
	}
	reset := tokenOf(t, letters[testEmail].Link())
	h.says(h.post("/reset", url.Values{
		"token": {reset}, "newPassword": {"nine silent harbours"}, "newPasswordConfirmation": {"nine silent harbours"},
	}), http.StatusOK, "Your password is changed")
	if a := h.ask(documentLogin, map[string]any{"identifier": testEmail, "password": "nine silent harbours"}, nil); a.text("login", "user", "email") != testEmail {
		t.Errorf("login with the new password: %s", a.body)
	}
	if log := h.journal.String(); strings.Contains(log, back) || strings.Contains(log, testEmail) {
		t.Errorf("the log tells too much: %s", log)
	}
}

func TestTheLinksOfAnAddressExpireOnTheirPages(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	stale, _ := h.moving()
	h.clock.move(61 * time.Minute)
	h.says(h.post("/confirm-email", url.Values{"token": {stale}}), http.StatusUnprocessableEntity, "This link has expired", "once more in the app")
	back := tokenOf(t, h.moved().Link())
	h.clock.move(7*24*time.Hour + time.Minute)
	h.says(h.do(http.MethodGet, "/revert-email?token="+back, "", nil), http.StatusOK, "Nothing has happened yet")
	h.says(h.post("/revert-email", url.Values{"token": {back}}), http.StatusUnprocessableEntity, "This link has expired")
}
