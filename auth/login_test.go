package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAHashMadeWithWeakerParametersIsReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ada@example.org")
	before, err := h.store.AccountByEmail(h.ctx, u.Email.Key)
	ok(t, err)
	stronger, err := auth.NewHasher(auth.HashParameters{MemoryKiB: 128, Passes: 1, Lanes: 1}, 2, rand.Reader, time.Now)
	ok(t, err)
	risen := auth.New(auth.Options{
		Store: h.store, Secrets: h.secrets, Keys: h.keys, Hasher: stronger, Settings: defaults(),
		Limits: limits(), Clock: h.clock, Random: rand.Reader,
	})
	_, err = risen.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	ok(t, err)
	after, err := h.store.AccountByEmail(h.ctx, u.Email.Key)
	ok(t, err)
	if after.PasswordHash == before.PasswordHash || stronger.Weaker(after.PasswordHash) {
		t.Error("the hash is still the weaker one")
	}
	_, err = risen.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	ok(t, err)
}

func TestTheTwentyFirstSessionEndsTheOneUnusedTheLongest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	second := h.login("ada@example.org")
	h.pass(time.Minute)
	first, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)
	for range 19 {
		h.pass(time.Second)
		h.login("ada@example.org")
	}
	if c := h.caller(second.Tokens.Access); c.Kind != auth.Anonymous {
		t.Error("the session unused the longest still lives")
	}
	if c := h.caller(first.Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("a session that was used has ended: %v", c.Refused)
	}
}

func TestRacingSignInsNeverMakeMoreThanTwentySessions(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		u := h.user("ada@example.org")
		for range 15 {
			h.login("ada@example.org")
		}
		together(20, func(int) { h.login("ada@example.org") })
		beyond, err := h.store.SessionsBeyond(h.ctx, u.ID, 0, h.Now())
		ok(t, err)
		if len(beyond) != 20 {
			t.Fatalf("%d sessions live", len(beyond))
		}
	}
}

func TestOfManyGuessesAtOnceOnlyTheFreeOnesReachTheHash(t *testing.T) {
	t.Parallel()
	for range 5 {
		h := newHouse(t)
		h.user("ada@example.org")
		_, hashes := h.counted(func() {
			together(200, func(i int) {
				c := h.from(fmt.Sprintf("198.51.%d.1", i))
				_, err := h.Login(h.ctx, c, auth.LoginInput{Identifier: "Ada@example.org", Password: fmt.Sprint("guess ", i)})
				if !errors.Is(err, auth.InvalidCredentials) && !errors.Is(err, auth.RateLimited) {
					t.Error(err)
				}
			})
		})
		if hashes != 5 {
			t.Errorf("%d guesses were hashed, not 5", hashes)
		}
	}
}

func TestAfterAHundredFailuresInARowOnlyAResetHelps(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) {
		o.Limits = auth.Limits{SignIn: auth.Backoff{Free: 1000, Longest: time.Second}, SignInFailures: 100,
			MailPerAccount: limits().MailPerAccount}
	})
	h.user("ada@example.org")
	for range 100 {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "wrong"})
		wants(t, err, auth.InvalidCredentials)
	}
	_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: password})
	ok(t, err)
	h.login("ada@example.org")
}

func TestNoLimitsLimitNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Limits = auth.Limits{} })
	h.user("ada@example.org")
	for range 10 {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "wrong"})
		wants(t, err, auth.InvalidCredentials)
	}
	h.login("ada@example.org")
}

func TestAGuesserDoesNotClearTheCountOfTheAddressBySigningIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("own@example.org")
	guessed := 0
	for i := range 60 {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: fmt.Sprintf("u%d@example.org", i), Password: "wrong"})
		if errors.Is(err, auth.InvalidCredentials) {
			guessed++
		}
		_, _ = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "own@example.org", Password: password})
	}
	if guessed != 20 {
		t.Errorf("%d guesses in a minute from one address, not 20", guessed)
	}
}

func TestWhatIsShedIsNotCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	for range 10 {
		gone, cancel := context.WithCancel(h.ctx)
		statement := 0
		// The client goes once it is counted, and before anything is hashed.
		h.watch(func(string) {
			if statement++; statement == 2 {
				cancel()
			}
		})
		_, err := h.Login(gone, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "wrong"})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	h.watch(nil)
	h.login("ada@example.org")
}

func TestNoSignInOutlivesAResetThatOvertookIt(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		u := h.user("ada@example.org")
		_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
		ok(t, err)
		token := h.letter().Token
		together(21, func(i int) {
			if i == 0 {
				_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: "nine silent harbours"})
				ok(t, err)
				return
			}
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
			if err != nil {
				wants(t, err, auth.InvalidCredentials)
			}
		})
		left, err := h.store.SessionsBeyond(h.ctx, u.ID, 0, h.Now())
		ok(t, err)
		if len(left) != 0 {
			t.Fatalf("%d sessions of the old password live", len(left))
		}
	}
}

func TestNoSignInOutlivesASuspensionThatOvertookIt(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t, unlimited)
		u := h.user("ada@example.org")
		var suspended atomic.Bool
		together(11, func(i int) {
			if i == 0 {
				_, err := h.SuspendUser(h.ctx, "ada@example.org")
				ok(t, err)
				suspended.Store(true)
				return
			}
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
			if err != nil {
				wants(t, err, auth.AccountSuspended)
			}
		})
		left, err := h.store.SessionsBeyond(h.ctx, u.ID, 0, h.Now())
		ok(t, err)
		if len(left) != 0 || !suspended.Load() {
			t.Fatalf("%d sessions of a suspended user live", len(left))
		}
	}
}

// TestWhoHangsUpAfterAGuessIsCounted before being told that it was wrong.
func TestWhoHangsUpAfterAGuessIsCounted(t *testing.T) {
	t.Parallel()
	var over *overtaken
	h := newHouse(t, func(o *auth.Options) {
		over = &overtaken{Store: o.Store}
		o.Store = over
	})
	user := h.user("ada@example.org")
	ctx, hangUp := context.WithCancel(h.ctx)
	over.by = hangUp
	_, err := h.Login(ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "not the password"})
	wants(t, err, auth.InvalidCredentials)
	if user, err = h.store.UserByID(h.ctx, user.ID); err != nil || user.FailedSignIns != 1 {
		t.Errorf("%d failures were counted, %v", user.FailedSignIns, err)
	}
}
