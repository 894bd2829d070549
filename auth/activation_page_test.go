package auth_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAPageActivatesByThePasswordAndSignsNobodyIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("ada@example.org")
	letter := h.letter()
	email, err := h.ActivateOnly(h.ctx, h.stranger(), letter.Token, password)
	ok(t, err)
	if email != "ada@example.org" {
		t.Errorf("it gives %q back", email)
	}
	if held := rows(t, h); !strings.Contains(held, "ada@example.org") {
		t.Errorf("no user:\n%s", held)
	}
	if s := h.login("ada@example.org"); s.User.Email.Text != "ada@example.org" || !s.User.EmailVerified {
		t.Errorf("signed in as %v", s.User)
	}
	_, err = h.ActivateOnly(h.ctx, h.stranger(), letter.Token, password)
	wants(t, err, auth.InvalidToken)
	_, err = h.ActivationCode(h.ctx, h.stranger(), letter.Token)
	wants(t, err, auth.InvalidToken)
}

func TestAPageDoesNotActivateWithoutTheRightPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("owner@example.org")
	letter := h.letter()
	_, err := h.ActivateOnly(h.ctx, h.stranger(), letter.Token, "")
	wants(t, err, auth.InvalidInput)
	_, err = h.ActivateOnly(h.ctx, h.stranger(), letter.NotMeToken, password)
	wants(t, err, auth.InvalidToken)
	// Wrong ones are counted with those of activate and login.
	for range 5 {
		_, err = h.ActivateOnly(h.ctx, h.stranger(), letter.Token, "a password of the owner's")
		wants(t, err, auth.InvalidCredentials)
	}
	p := password
	_, err = h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token, Password: &p})
	wants(t, err, auth.RateLimited)
	_, err = h.ActivateOnly(h.ctx, h.stranger(), letter.Token, password)
	wants(t, err, auth.RateLimited)
	h.pass(25 * time.Hour)
	_, err = h.ActivateOnly(h.ctx, h.stranger(), letter.Token, password)
	wants(t, err, auth.ExpiredToken)
}

func TestThePageShowsTheDigitsOfTheLetterAndChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("ada@example.org")
	letter := h.letter()
	before := rows(t, h)
	statements, hashes := h.counted(func() {
		code, err := h.ActivationCode(h.ctx, h.stranger(), letter.Token)
		ok(t, err)
		if code == "" || code != letter.Code {
			t.Errorf("the page shows %q, the letter %q", code, letter.Code)
		}
	})
	for _, s := range statements {
		if !strings.HasPrefix(s, "SELECT") {
			t.Errorf("opening sends %s", s)
		}
	}
	if hashes != 0 || rows(t, h) != before {
		t.Error("opening changes something")
	}
	for _, other := range []string{letter.NotMeToken, "", "x", strings.Repeat("A", 43)} {
		_, err := h.ActivationCode(h.ctx, h.stranger(), other)
		wants(t, err, auth.InvalidToken)
	}
}

func TestALinkThatWasSentAgainWithoutDigitsShowsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("ada@example.org")
	h.letter()
	_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "ada@example.org"})
	ok(t, err)
	code, err := h.ActivationCode(h.ctx, h.stranger(), h.letter().Token)
	ok(t, err)
	if code != "" {
		t.Errorf("it shows %q, which nothing takes", code)
	}
}

func TestManyPostsOfOneLinkActivateOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	h.register("ada@example.org")
	token := h.letter().Token
	won := make(chan bool, 20)
	together(20, func(int) {
		_, err := h.ActivateOnly(h.ctx, h.stranger(), token, password)
		if err != nil {
			wants(t, err, auth.InvalidToken)
		}
		won <- err == nil
	})
	close(won)
	winners := 0
	for w := range won {
		if w {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d posts activated", winners)
	}
}
