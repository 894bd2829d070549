package auth_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/auth"
)

// guess tries a wrong password from the address.
func (h *house) guess(address string) error {
	_, err := h.Login(h.ctx, h.from(address), auth.LoginInput{Identifier: adaOld, Password: "wrong"})
	return err
}

// signInFrom signs in with the right password from the address.
func (h *house) signInFrom(address string) error {
	_, err := h.Login(h.ctx, h.from(address), auth.LoginInput{Identifier: adaOld, Password: password})
	return err
}

const (
	home      = "192.0.2.7"
	neighbour = "192.0.2.99"
	elsewhere = "198.51.100.7"
)

func TestStrangersKeepNobodyOutWhoComesFromWhereHeSignedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	ok(t, h.signInFrom(home))
	for i := range 6 {
		_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
	}
	wants(t, h.signInFrom(elsewhere), auth.RateLimited)
	ok(t, h.signInFrom(home))
	ok(t, h.signInFrom(neighbour))
	// And their own waits go on: a sign-in from home gives them nothing.
	wants(t, h.guess("203.0.113.9"), auth.RateLimited)
}

func TestALockedAccountIsOpenFromAKnownNetworkAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	ok(t, h.signInFrom(home))
	for range 100 {
		wants(t, h.guess(elsewhere), auth.InvalidCredentials)
		h.pass(901 * time.Second)
	}
	wants(t, h.signInFrom(elsewhere), auth.InvalidCredentials)
	ok(t, h.signInFrom(home))
	// That was no reset: strangers have not got a hundred guesses more.
	h.pass(901 * time.Second)
	wants(t, h.signInFrom(elsewhere), auth.InvalidCredentials)
}

func TestAKnownNetworkCountsItsOwnGuesses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	ok(t, h.signInFrom(home))
	for range 5 {
		wants(t, h.guess(neighbour), auth.InvalidCredentials)
	}
	wants(t, h.guess(home), auth.RateLimited)
	wants(t, h.signInFrom(home), auth.RateLimited)
	ok(t, h.signInFrom(elsewhere))
}

func TestANeighbourLearnsOfNoUsernameWhoseItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.named(adaOld, "ada")
	ok(t, h.signInFrom(home))
	for range 6 {
		_ = h.guess(neighbour)
	}
	wants(t, h.guess(neighbour), auth.RateLimited)
	_, err := h.Login(h.ctx, h.from(neighbour), auth.LoginInput{Identifier: "ada", Password: "wrong"})
	wants(t, err, auth.InvalidCredentials)
}

func TestANetworkIsKnownToOneAccountAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	h.user("neighbour@example.org")
	_, err := h.Login(h.ctx, h.from(home), auth.LoginInput{Identifier: "neighbour@example.org", Password: password})
	ok(t, err)
	for i := range 6 {
		_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
	}
	wants(t, h.signInFrom(home), auth.RateLimited)
}

func TestANetworkIsKnownForThirtyDaysAfterTheLastSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	locked := func() bool {
		t.Helper()
		for i := range 8 {
			_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
		}
		err := h.signInFrom(home)
		h.pass(time.Hour)
		return err != nil
	}
	ok(t, h.signInFrom(home))
	h.pass(20 * 24 * time.Hour)
	if locked() {
		t.Error("unknown after 20 days")
	}
	h.pass(29 * 24 * time.Hour)
	if locked() {
		t.Error("a sign-in did not make it known again")
	}
	h.pass(30 * 24 * time.Hour)
	if !locked() {
		t.Error("known after 30 days")
	}
}

// TestWhatEndsSessionsMakesNetworksUnknown is about a thief who signed in from his
// own before the owner ended it.
func TestWhatEndsSessionsMakesNetworksUnknown(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house){
		"reset": func(h *house) {
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
			ok(h.t, err)
			_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: another})
			ok(h.t, err)
		},
		"change of password": func(h *house) {
			_, err := h.ChangePassword(h.ctx, h.signedIn(adaOld), auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
			ok(h.t, err)
		},
		"way back": func(h *house) {
			back := h.changed(h.signedIn(adaOld), adaNew)
			ok(h.t, h.revert(back))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			user := h.user(adaOld)
			ok(t, h.signInFrom(elsewhere))
			end(h)
			if known, err := h.store.NetworksOf(h.ctx, user.ID); err != nil || len(known) != 0 {
				t.Errorf("known are %v, %v", known, err)
			}
		})
	}
}

func TestWhoRegistersWithoutActivationIsKnownWhereHeDid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.where(withoutActivation).Register(h.ctx, h.from(home), auth.RegisterInput{Email: adaOld, Password: password})
	ok(t, err)
	for i := range 6 {
		_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
	}
	wants(t, h.signInFrom(elsewhere), auth.RateLimited)
	ok(t, h.signInFrom(neighbour))
}

func TestWhoActivatesIsKnownWhereHeDid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.register(adaOld)
	token := h.letter().Token
	_, err := h.Activate(h.ctx, h.from(home), auth.ActivateInput{Token: &token, Flow: &r.Flow})
	ok(t, err)
	for i := range 6 {
		_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
	}
	wants(t, h.signInFrom(elsewhere), auth.RateLimited)
	ok(t, h.signInFrom(neighbour))
}
