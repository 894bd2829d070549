package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"gatehouse/auth"
)

const another = "nine silent harbours"

func (h *house) changePassword(in auth.SignIn, current, chosen string) (int, error) {
	h.t.Helper()
	return h.ChangePassword(h.ctx, h.caller(in.Tokens.Access), auth.ChangePasswordInput{CurrentPassword: current, NewPassword: chosen})
}

func TestAChangeOfPasswordLeavesThisSessionAndEndsTheOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.user("eve@example.org")
	own, foreign := h.login("ada@example.org"), h.login("eve@example.org")
	others := []auth.SignIn{h.login("ada@example.org"), h.login("ada@example.org")}
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	link := h.letter().Token

	ended, err := h.changePassword(own, password, another)
	ok(t, err)
	if ended != 2 || h.livesOn(others[0]) || h.livesOn(others[1]) || !h.livesOn(own) || !h.livesOn(foreign) {
		t.Errorf("%d ended, and not exactly the others", ended)
	}
	if l := h.letter(); l.Kind != auth.LetterPasswordChanged || l.To != "ada@example.org" || l.Token != "" {
		t.Errorf("the letter is %+v", l)
	}
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: link, NewPassword: "five lonely glaciers"})
	wants(t, err, auth.InvalidToken)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: another})
	ok(t, err)
}

func TestWhatIsWrongWithTheNewPasswordIsToldToWhoKnowsTheCurrentOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("margaret.hamilton@example.org")
	in := h.login("margaret.hamilton@example.org")
	confirmation := "something else"
	violates := func(err error, want ...string) {
		t.Helper()
		var refusal *auth.Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("got %v, want %v", err, want)
			return
		}
		var got []string
		for _, v := range refusal.Violations {
			got = append(got, v.String())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	_, hashes := h.counted(func() {
		_, err := h.ChangePassword(h.ctx, h.caller(in.Tokens.Access), auth.ChangePasswordInput{NewPassword: "short", NewPasswordConfirmation: &confirmation})
		violates(err, "input.currentPassword REQUIRED", "input.newPassword TOO_SHORT 12", "input.newPasswordConfirmation MISMATCH")
	})
	if hashes != 0 {
		t.Error("something was hashed before the input was good")
	}
	// A thief in the session learns nothing about the password by what he proposes.
	for _, chosen := range []string{password, "margaret.hamilton"} {
		_, err := h.changePassword(in, "wrong", chosen)
		wants(t, err, auth.InvalidCredentials)
	}
	// And none of this is a failure: the current one is right each time.
	for range 10 {
		_, err := h.changePassword(in, password, password)
		violates(err, "input.newPassword UNCHANGED")
		_, err = h.changePassword(in, password, "margaret.hamilton")
		violates(err, "input.newPassword PASSWORD_TOO_COMMON")
	}
	if letters := h.letters(); len(letters) > 0 || !h.livesOn(in) {
		t.Errorf("a refusal left %d letters", len(letters))
	}
	// The same in another spelling is the same: it is compared as it is hashed.
	_, err := h.changePassword(in, password, "caf\u00e9 seven lanterns")
	ok(t, err)
	_, err = h.changePassword(in, "caf\u00e9 seven lanterns", "cafe\u0301 seven lanterns")
	violates(err, "input.newPassword UNCHANGED")
}

func TestOfTwoChangesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		h.user("ada@example.org")
		in := h.login("ada@example.org")
		var wins atomic.Int32
		var chosen atomic.Value
		together(8, func(i int) {
			choice := fmt.Sprintf("choice of racer %d!", i)
			_, err := h.changePassword(in, password, choice)
			if err == nil {
				wins.Add(1)
				chosen.Store(choice)
				return
			}
			wants(t, err, auth.InvalidCredentials)
		})
		if wins.Load() != 1 || len(h.letters()) != 1 {
			t.Fatalf("%d changes", wins.Load())
		}
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: chosen.Load().(string)})
		ok(t, err)
	}
}

func TestNoSignInOutlivesAChangeOfPasswordThatOvertookIt(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		u := h.user("ada@example.org")
		in := h.login("ada@example.org")
		// As many as may live: one more would end the session that changes it.
		together(20, func(i int) {
			if i == 0 {
				_, err := h.changePassword(in, password, another)
				ok(t, err)
				return
			}
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
			if err != nil {
				wants(t, err, auth.InvalidCredentials)
			}
		})
		left, err := h.Sessions(h.ctx, h.stranger(), u.ID)
		ok(t, err)
		if len(left) != 1 || left[0].ID != in.Session.ID {
			t.Fatalf("%d sessions live", len(left))
		}
	}
}

func TestOfAResetAndAChangeAtOnceOneWins(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		h.user("ada@example.org")
		in := h.login("ada@example.org")
		c := h.caller(in.Tokens.Access)
		_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
		ok(t, err)
		token := h.letter().Token
		errs := make([]error, 2)
		together(2, func(i int) {
			if i == 0 {
				_, errs[0] = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: another})
				return
			}
			_, errs[1] = h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "five lonely glaciers"})
		})
		right := another
		switch {
		case errs[0] == nil && errs[1] != nil:
			wants(t, errs[1], auth.InvalidCredentials)
		case errs[1] == nil && errs[0] != nil:
			wants(t, errs[0], auth.InvalidToken)
			right = "five lonely glaciers"
		default:
			t.Fatalf("reset %v, change %v", errs[0], errs[1])
		}
		if h.livesOn(in) != (right != another) {
			t.Error("the session lives although a reset won, or does not although it made the change")
		}
		_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: right})
		ok(t, err)
	}
}

func TestAChangeThatWasShedIsNotCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	for range 10 {
		gone, cancel := context.WithCancel(h.ctx)
		statement := 0
		// The client goes once it is counted, and before anything is hashed.
		h.watch(func(string) {
			if statement++; statement == 2 {
				cancel()
			}
		})
		_, err := h.ChangePassword(gone, h.caller(in.Tokens.Access), auth.ChangePasswordInput{CurrentPassword: "wrong", NewPassword: another})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	h.watch(nil)
	_, err := h.changePassword(in, password, another)
	ok(t, err)
}
