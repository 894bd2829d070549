package auth_test

import (
	"testing"

	"gatehouse/auth"
)

// TestALetterGoesToTheAddressAsItIsKept and not as it was typed, by whoever asks.
// Two spellings of one key may be two mailboxes: a Kelvin sign is a k to us, and
// to who runs its domain, or part before the @, perhaps another's (the takeover
// by folded addresses of 2019, where resets went to what was typed).
func TestALetterGoesToTheAddressAsItIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	const kept, typed = "Kelvin@example.org", "\u212aELVIN@example.org"
	asker := h.newcomer("eve@example.org")
	arrives := func(what string, kind auth.LetterKind, ask func() error) {
		t.Helper()
		ok(t, ask())
		if l, came := h.lettersByKind()[kind]; !came || l.To != kept {
			t.Errorf("%s: %s went to %q (%v)", what, kind, l.To, came)
		}
	}
	reset := func() error { _, err := h.RequestPasswordReset(h.ctx, h.stranger(), typed); return err }
	register := func() error {
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: typed, Password: another})
		return err
	}
	change := func() error { _, err := h.RequestEmailChange(h.ctx, asker, typed); return err }

	flow := h.register(kept).Flow
	h.letters()
	arrives("resend", auth.LetterActivation, func() error {
		_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: typed})
		return err
	})
	arrives("resend with the flow", auth.LetterActivation, func() error {
		_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: typed, Flow: &flow})
		return err
	})
	arrives("reset of a registration", auth.LetterNoAccount, reset)

	mover := h.newcomer(kept)
	arrives("reset", auth.LetterPasswordReset, reset)
	arrives("username reset", auth.LetterUsernameReset, func() error {
		_, err := h.RequestUsernameReset(h.ctx, h.stranger(), typed)
		return err
	})
	arrives("register", auth.LetterRegistrationAttempt, register)
	arrives("change of address", auth.LetterEmailChangeAttempt, change)

	h.changed(mover, "elsewhere@example.org")
	h.letters()
	arrives("reset while it is reserved", auth.LetterAddressReserved, reset)
	arrives("register while it is reserved", auth.LetterAddressReserved, register)
	arrives("change of address while it is reserved", auth.LetterAddressReserved, change)
}
