package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gatehouse/auth"
)

var recent = auth.Guard{Recent: true, By: []auth.CallerKind{auth.BySession}}

func TestReauthenticatingMakesTheSessionRecentAndItsTokensToCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	h.pass(time.Hour)
	refreshed, err := h.refresh(in.Tokens.Refresh)
	ok(t, err)
	h.pass(time.Minute)
	c := h.caller(refreshed.Tokens.Access)
	wants(t, h.Authorize(h.ctx, c, recent), auth.ReauthenticationRequired)

	again, err := h.Reauthenticate(h.ctx, c, password)
	ok(t, err)
	if again.Tokens.Refresh != "" || !again.Tokens.RefreshExpiresAt.IsZero() {
		t.Error("a refresh token came with it")
	}
	if again.Session.ID != in.Session.ID || again.Session.Generation != refreshed.Session.Generation ||
		!again.Tokens.AccessExpiresAt.Equal(h.Now().Add(10*time.Minute)) {
		t.Errorf("session %+v", again.Session)
	}
	ok(t, h.Authorize(h.ctx, h.caller(again.Tokens.Access), recent))
	// The old access token is good as it was, and no more recent.
	wants(t, h.Authorize(h.ctx, h.caller(refreshed.Tokens.Access), recent), auth.ReauthenticationRequired)

	h.pass(time.Minute)
	next, err := h.refresh(refreshed.Tokens.Refresh)
	ok(t, err)
	ok(t, h.Authorize(h.ctx, h.caller(next.Tokens.Access), recent))
	h.pass(10 * time.Minute)
	next, err = h.refresh(next.Tokens.Refresh)
	ok(t, err)
	wants(t, h.Authorize(h.ctx, h.caller(next.Tokens.Access), recent), auth.ReauthenticationRequired)
}

// TestTheBlacklistOutlivesTheTokenOfAReauthentication holds where the row did
// not follow: the entry would go while the last token is good.
func TestTheBlacklistOutlivesTheTokenOfAReauthentication(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	h.pass(9 * time.Minute)
	again, err := h.Reauthenticate(h.ctx, h.caller(in.Tokens.Access), password)
	ok(t, err)
	_, err = h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	for range 10 {
		if h.caller(again.Tokens.Access).Kind != auth.Anonymous {
			t.Fatal("a token of an ended session is good again")
		}
		h.pass(time.Minute)
	}
}

func TestNoAccessTokenOfAReauthenticationOutlivesItsSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.SessionLifetime = 15 * time.Minute })
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	h.pass(8 * time.Minute)
	again, err := h.Reauthenticate(h.ctx, h.caller(in.Tokens.Access), password)
	ok(t, err)
	if !again.Tokens.AccessExpiresAt.Equal(in.Session.EndsAt) {
		t.Errorf("ends at %v, and the session at %v", again.Tokens.AccessExpiresAt, in.Session.EndsAt)
	}
}

func TestAnEndedSessionDoesNotReauthenticate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	// Judged before the session ended, on another node say.
	c := h.caller(in.Tokens.Access)
	_, err := h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	_, err = h.Reauthenticate(h.ctx, c, password)
	wants(t, err, auth.Unauthenticated)
	_, err = h.Reauthenticate(h.ctx, h.stranger(), password)
	wants(t, err, auth.Unauthenticated)
}

func TestAWrongPasswordInASessionIsCountedAsAtSignIn(t *testing.T) {
	t.Parallel()
	ways := map[string]func(h *house, c auth.Caller, guess string) error{
		"reauthenticate": func(h *house, c auth.Caller, guess string) error {
			_, err := h.Reauthenticate(h.ctx, c, guess)
			return err
		},
		"change password": func(h *house, c auth.Caller, guess string) error {
			_, err := h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: guess, NewPassword: "nine silent harbours"})
			return err
		},
	}
	for name, try := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			u := h.user("ada@example.org")
			in, second := h.login("ada@example.org"), h.login("ada@example.org")
			_, hashes := h.counted(func() {
				together(50, func(i int) {
					c := h.caller(in.Tokens.Access)
					c.Address = h.from(fmt.Sprintf("198.51.%d.1", i)).Address
					if err := try(h, c, fmt.Sprint("guess ", i)); !errors.Is(err, auth.InvalidCredentials) && !errors.Is(err, auth.RateLimited) {
						t.Error(err)
					}
				})
			})
			if hashes != 5 {
				t.Errorf("%d guesses were hashed, not 5", hashes)
			}
			// On the account too, however many ways there are to guess.
			account, err := h.store.AccountByID(h.ctx, u.ID)
			ok(t, err)
			if account.FailedSignIns != 5 {
				t.Errorf("%d failures of the account", account.FailedSignIns)
			}
			wants(t, try(h, h.caller(in.Tokens.Access), password), auth.RateLimited)
			// The user's other devices are not kept out by it.
			ok(t, try(h, h.caller(second.Tokens.Access), password))
			account, err = h.store.AccountByID(h.ctx, u.ID)
			ok(t, err)
			if account.FailedSignIns != 0 {
				t.Error("a right password does not end the row of failures")
			}
		})
	}
}

func TestNoStrangerKeepsASignedInSessionFromItsPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	for i := range 10 {
		if err := h.wrong("ada@example.org", i); !errors.Is(err, auth.InvalidCredentials) {
			wants(t, err, auth.RateLimited)
		}
	}
	wants(t, h.wrong("ada@example.org", 10), auth.RateLimited)
	_, err := h.Reauthenticate(h.ctx, h.caller(in.Tokens.Access), password)
	ok(t, err)
	_, err = h.ChangePassword(h.ctx, h.caller(in.Tokens.Access), auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "nine silent harbours"})
	ok(t, err)
}

func TestAHundredFailuresOfStrangersDoNotBindASignedInSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) {
		o.Limits = auth.Limits{SignIn: auth.Backoff{Free: 1000, Longest: time.Second}, SignInFailures: 20}
	})
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	for i := range 20 {
		wants(t, h.wrong("ada@example.org", i), auth.InvalidCredentials)
	}
	_, err := h.Reauthenticate(h.ctx, h.caller(in.Tokens.Access), password)
	ok(t, err)
	// Strangers stay out: the guess that comes next may be right.
	_, err = h.Login(h.ctx, h.from(elsewhere), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)
	// With another password nobody has guessed at anything yet.
	_, err = h.ChangePassword(h.ctx, h.caller(in.Tokens.Access), auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "nine silent harbours"})
	ok(t, err)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "nine silent harbours"})
	ok(t, err)
}

func TestNoReauthenticationOutlivesAResetThatOvertookIt(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		h.user("ada@example.org")
		in := h.login("ada@example.org")
		c := h.caller(in.Tokens.Access)
		_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
		ok(t, err)
		token := h.letter().Token
		given := make([]string, 11)
		together(11, func(i int) {
			if i == 0 {
				_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: "nine silent harbours"})
				ok(t, err)
				return
			}
			again, err := h.Reauthenticate(h.ctx, c, password)
			if err != nil && !errors.Is(err, auth.Unauthenticated) {
				wants(t, err, auth.InvalidCredentials)
			}
			given[i] = again.Tokens.Access
		})
		for _, access := range given {
			if access != "" && h.caller(access).Kind != auth.Anonymous {
				t.Fatal("an access token of the old password is good")
			}
		}
	}
}

func TestASuspendedUserIsToldSoByTheRightPasswordAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	c := h.caller(in.Tokens.Access) // judged before
	_, err := h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.Reauthenticate(h.ctx, c, "wrong")
	wants(t, err, auth.InvalidCredentials)
	_, err = h.Reauthenticate(h.ctx, c, password)
	wants(t, err, auth.AccountSuspended)
	_, err = h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "nine silent harbours"})
	wants(t, err, auth.AccountSuspended)
}
