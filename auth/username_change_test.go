package auth_test

import (
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAUsernameIsChangedAndToldByLetter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.named("ada@example.org", "ada")
	h.named("eve@example.org", "eve")
	for typed, want := range map[string]string{
		"ada": "input.username UNCHANGED", "EVE": "input.username TAKEN",
		"": "input.username REQUIRED", "a@b": "input.username MALFORMED",
	} {
		_, err := h.ChangeUsername(h.ctx, c, typed)
		violates(t, err, want)
	}
	if left := h.letters(); len(left) > 0 {
		t.Errorf("%d letters of what was refused", len(left))
	}
	// Letter case alone is a change, and no collision with oneself.
	u, err := h.ChangeUsername(h.ctx, c, "ADA")
	ok(t, err)
	if u.Username != (auth.Username{Text: "ADA", Key: "ada"}) {
		t.Errorf("%+v", u.Username)
	}
	if l := h.letter(); l.Kind != auth.LetterUsernameChanged || l.To != "ada@example.org" || l.Token != "" {
		t.Errorf("%+v", l)
	}
	_, err = h.ChangeUsername(h.ctx, c, "countess")
	ok(t, err)
	// The old one is free for whoever comes first.
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada", Password: password})
	wants(t, err, auth.InvalidCredentials)
	h.named("new@example.org", "ada")
	_, err = h.ChangeUsername(h.ctx, h.stranger(), "somebody")
	wants(t, err, auth.Unauthenticated)
}

func TestOfAllWhoWantOneUsernameAtOnceOneGetsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	var callers []auth.Caller
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		callers = append(callers, h.named(name+"@example.org", name))
	}
	for _, wanted := range []string{"prize", "second-prize", "third-prize"} {
		var group sync.WaitGroup
		results := make([]error, len(callers))
		for i, c := range callers {
			group.Go(func() { _, results[i] = h.ChangeUsername(h.ctx, c, wanted) })
		}
		group.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
				continue
			}
			violates(t, err, "input.username TAKEN")
		}
		if won != 1 {
			t.Errorf("%s: %d got it", wanted, won)
		}
	}
}

func TestALinkChoosesAUsernameOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.named("eve@example.org", "eve")
	token := h.usernameLink("ada@example.org")
	_, err := h.ResetUsername(h.ctx, h.stranger(), token, "Eve")
	violates(t, err, "input.username TAKEN")
	_, err = h.ResetUsername(h.ctx, h.stranger(), token, "x")
	violates(t, err, "input.username TOO_SHORT 3")
	in := h.login("ada@example.org")
	name, err := h.ResetUsername(h.ctx, h.stranger(), token, "Countess")
	ok(t, err)
	if name != "Countess" {
		t.Errorf("it is %s", name)
	}
	if l := h.letter(); l.Kind != auth.LetterUsernameChanged || l.To != "ada@example.org" {
		t.Errorf("%+v", l)
	}
	_, err = h.ResetUsername(h.ctx, h.stranger(), token, "duchess")
	wants(t, err, auth.InvalidToken)
	// It ends no session, and gives no password.
	if c := h.caller(in.Tokens.Access); c.Kind != auth.BySession {
		t.Error("a session ended")
	}
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "countess", Password: password})
	ok(t, err)
}

func TestALinkForAUsernameIsGoodForNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.usernameLink("ada@example.org")
	_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: "nine silent harbours"})
	wants(t, err, auth.InvalidToken)
	flow := "of another"
	_, err = h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &flow})
	wants(t, err, auth.InvalidToken)
	_, err = h.DeclineRegistration(h.ctx, h.stranger(), token)
	wants(t, err, auth.InvalidToken)

	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	reset := h.letter().Token
	_, err = h.ResetUsername(h.ctx, h.stranger(), reset, "countess")
	wants(t, err, auth.InvalidToken)

	// A password that was reset ends it, since whoever asked for it may be the thief.
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: reset, NewPassword: "nine silent harbours"})
	ok(t, err)
	_, err = h.ResetUsername(h.ctx, h.stranger(), token, "countess")
	wants(t, err, auth.InvalidToken)
}

func TestALinkForAUsernameEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	older := h.usernameLink("ada@example.org")
	_, err := h.RequestUsernameReset(h.ctx, h.stranger(), "ADA@example.org")
	ok(t, err)
	newer := h.letter().Token
	_, err = h.ResetUsername(h.ctx, h.stranger(), older, "countess")
	wants(t, err, auth.InvalidToken)
	h.pass(time.Hour)
	_, err = h.ResetUsername(h.ctx, h.stranger(), newer, "countess")
	wants(t, err, auth.ExpiredToken)

	_, err = h.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	token := h.letter().Token
	_, err = h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.ResetUsername(h.ctx, h.stranger(), token, "countess")
	wants(t, err, auth.InvalidToken)
	_, err = h.RequestUsernameReset(h.ctx, h.from("198.51.100.7"), "ada@example.org")
	ok(t, err)
	if left := h.letters(); len(left) > 0 {
		t.Errorf("a suspended user got %s", left[0].Kind)
	}
}

func TestBeyondThreeLettersAnHourNoLinkComesAndNoneDies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.usernameLink("ada@example.org")
	token := ""
	for i := range 5 {
		to, err := h.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
		ok(t, err)
		if to != "ada@example.org" {
			t.Errorf("answer %s", to)
		}
		letters := h.letters()
		if want := i < 2; (len(letters) == 1) != want {
			t.Errorf("request %d: %d letters", i, len(letters))
		}
		if len(letters) > 0 {
			token = letters[0].Token
		}
	}
	_, err := h.ResetUsername(h.ctx, h.stranger(), token, "countess")
	ok(t, err)
}
