package auth_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/auth"
)

// TestAFlowHasLettersSentToItsOwnAddressAlone is about a stranger with a flow at
// somebody's address, who names others of his own: the letters would go to the
// one and be counted by the others.
func TestAFlowHasLettersSentToItsOwnAddressAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	flow := h.register("victim@example.org").Flow
	h.letter()
	_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "eve@example.org", Flow: &flow})
	ok(t, err)
	if letters := h.letters(); len(letters) != 0 {
		t.Errorf("a letter went to %s", letters[0].To)
	}
	_, err = h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "victim@example.org", Flow: &flow})
	ok(t, err)
	if letter := h.letter(); letter.To != "victim@example.org" {
		t.Errorf("the letter went to %s", letter.To)
	}
}

// TestNothingIsActivatedAtAnAccountsAddress is about a stranger who registers it:
// neither with his flow nor without does a letter come by which its owner would
// bring his password to life.
func TestNothingIsActivatedAtAnAccountsAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	flow := h.register("ada@example.org").Flow
	if letter := h.letter(); letter.Kind != auth.LetterRegistrationAttempt || letter.Token != "" || letter.Code != "" {
		t.Errorf("the owner gets %+v", letter)
	}
	for _, with := range []*string{&flow, nil} {
		_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "ada@example.org", Flow: with})
		ok(t, err)
		if letters := h.letters(); len(letters) != 0 {
			t.Errorf("a letter %s came", letters[0].Kind)
		}
	}
}

// TestWhatALimitSilencedPushesNothingOut of the attempts whose letters came.
func TestWhatALimitSilencedPushesNothingOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.register("ada@example.org")
	letter := h.letter()
	for range 8 {
		h.pass(time.Second) // of one instant it would be chance which is the oldest
		h.register("ada@example.org")
	}
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &letter.Code, Flow: &first.Flow})
	ok(t, err)
}

// A fleeting Store has a registration go between the reading of it and the
// transaction.
type fleeting struct {
	auth.Store
	leave func()
}

func (f *fleeting) InTx(ctx context.Context, fn func(auth.Queries) error) error {
	f.leave()
	return f.Store.InTx(ctx, fn)
}

func TestALetterThatWasAskedForAsItsRegistrationWentIsCountedOnce(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]bool{"with the flow": true, "without": false} {
		h := newHouse(t)
		flow := h.register("ada@example.org").Flow
		h.letter()
		in := auth.ResendActivationInput{Email: "ada@example.org"}
		if with {
			in.Flow = &flow
		}
		o := h.options
		o.Store = &fleeting{h.store, func() { ok(t, h.store.DeleteRegistrations(h.ctx, []string{"ada@example.org"})) }}
		to, err := auth.New(o).ResendActivation(h.ctx, h.stranger(), in)
		if err != nil || to != "ada@example.org" {
			t.Errorf("%s: %s %v", name, to, err)
		}
		if n := len(h.letters()); n != 0 {
			t.Errorf("%s: %d letters", name, n)
		}
		// Ten an hour is what one client may ask for.
		for n := 1; n < 10; n++ {
			if _, err := h.ResendActivation(h.ctx, h.stranger(), in); err != nil {
				t.Errorf("%s: request %d: %v", name, n+1, err)
			}
		}
		_, err = h.ResendActivation(h.ctx, h.stranger(), in)
		wants(t, err, auth.RateLimited)
	}
}
