package auth_test

import (
	"errors"
	"slices"
	"testing"

	"gatehouse/auth"
)

// The kinds of secret that this server gives out.
const (
	accessToken    = "access token"
	refreshToken   = "refresh token"
	activationLink = "activation link"
	declineLink    = "decline link"
	resetLink      = "reset link"
	usernameLink   = "username link"
	changeLink     = "link to change the address"
	wayBack        = "way back to an address"
	digits         = "digits"
	flow           = "flow"
)

// A purse holds one good secret of every kind.
type purse map[string]string

func fill(h *house) purse {
	h.t.Helper()
	h.user("ada@example.org")
	signIn := h.login("ada@example.org")
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(h.t, err)
	reset := h.letter()
	_, err = h.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
	ok(h.t, err)
	username := h.letter()
	registered := h.register("new@example.org")
	activation := h.letter()
	moved := h.changed(h.newcomer("bob@example.org"), "bob@example.net")
	change := h.askChange(h.caller(signIn.Tokens.Access), "ada@example.net")
	return purse{
		accessToken: signIn.Tokens.Access, refreshToken: signIn.Tokens.Refresh,
		activationLink: activation.Token, declineLink: activation.NotMeToken, resetLink: reset.Token,
		usernameLink: username.Token, changeLink: change, wayBack: moved, digits: activation.Code, flow: registered.Flow,
	}
}

// A way in takes a secret; whatever else it asks for is right.
type way struct {
	name string
	take string // the kind it is for
	try  func(h *house, p purse, secret string) error
}

func ways() []way {
	activate := func(h *house, in auth.ActivateInput) error {
		_, err := h.Activate(h.ctx, h.stranger(), in)
		return err
	}
	return []way{
		{"authenticate", accessToken, func(h *house, _ purse, s string) error {
			c := h.caller(s)
			if (c.Kind == auth.Anonymous) != (c.Refused != nil) {
				h.t.Errorf("a caller of kind %q who was refused: %v", c.Kind, c.Refused)
			}
			return c.Refused
		}},
		{"refresh", refreshToken, func(h *house, _ purse, s string) error {
			_, err := h.refresh(s)
			return err
		}},
		{"log out", refreshToken, func(h *house, _ purse, s string) error {
			ended, err := h.Logout(h.ctx, h.stranger(), s)
			if err == nil && ended == 0 {
				return auth.InvalidToken // which is no error to who signs out
			}
			return err
		}},
		{"activate by link and password", activationLink, func(h *house, _ purse, s string) error {
			return activate(h, auth.ActivateInput{Token: &s, Password: new(password)})
		}},
		{"activate by link and flow", activationLink, func(h *house, p purse, s string) error {
			return activate(h, auth.ActivateInput{Token: &s, Flow: new(p[flow])})
		}},
		{"activate by digits", digits, func(h *house, p purse, s string) error {
			return activate(h, auth.ActivateInput{Code: &s, Flow: new(p[flow])})
		}},
		{"activate as flow of the link", flow, func(h *house, p purse, s string) error {
			return activate(h, auth.ActivateInput{Token: new(p[activationLink]), Flow: &s})
		}},
		{"activate as flow of the digits", flow, func(h *house, p purse, s string) error {
			return activate(h, auth.ActivateInput{Code: new(p[digits]), Flow: &s})
		}},
		{"activate on the page", activationLink, func(h *house, _ purse, s string) error {
			_, err := h.ActivateOnly(h.ctx, h.stranger(), s, password)
			return err
		}},
		{"be shown the digits", activationLink, func(h *house, _ purse, s string) error {
			_, err := h.ActivationCode(h.ctx, h.stranger(), s)
			return err
		}},
		{"decline", declineLink, func(h *house, _ purse, s string) error {
			_, err := h.DeclineRegistration(h.ctx, h.stranger(), s)
			return err
		}},
		{"reset", resetLink, func(h *house, _ purse, s string) error {
			_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: s, NewPassword: "nine silent harbours"})
			return err
		}},
		{"reset the username", usernameLink, func(h *house, _ purse, s string) error {
			_, err := h.ResetUsername(h.ctx, h.stranger(), s, "countess")
			return err
		}},
		{"confirm an address", changeLink, func(h *house, _ purse, s string) error {
			_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), s)
			return err
		}},
		{"take an address back", wayBack, func(h *house, _ purse, s string) error {
			return h.revert(s)
		}},
	}
}

// TestNoSecretIsGoodForAnotherPurpose tries every secret at every way in. Only
// the diagonal succeeds, and still does after the secret was tried at all the
// others: being misused does not use it up.
func TestNoSecretIsGoodForAnotherPurpose(t *testing.T) {
	t.Parallel()
	kinds := []string{accessToken, refreshToken, activationLink, declineLink, resetLink, usernameLink, changeLink, wayBack, digits, flow}
	succeeded := 0
	for _, own := range ways() {
		t.Run(own.name, func(t *testing.T) {
			h := newHouse(t, unlimited)
			p := fill(h)
			if len(p) != len(kinds) || slices.ContainsFunc(kinds, func(k string) bool { return p[k] == "" }) {
				t.Fatalf("not one secret of every kind: %d", len(p))
			}
			for _, other := range ways() {
				if other.take == own.take {
					continue
				}
				err := other.try(h, p, p[own.take])
				if !errors.Is(err, auth.InvalidToken) && !errors.Is(err, auth.InvalidCredentials) {
					t.Errorf("%s, tried to %s: %v", own.take, other.name, err)
				}
			}
			if err := own.try(h, p, p[own.take]); err != nil {
				t.Errorf("%s, after it was misused: %v", own.take, err)
				return
			}
			succeeded++
		})
	}
	if succeeded != len(ways()) {
		t.Errorf("%d ways in let in whom they are for, of %d", succeeded, len(ways()))
	}
}

// TestAMisusedSecretChangesNothing holds the rows against what they were: what
// is refused leaves a mark in the audit log and on the count of tries alone.
func TestAMisusedSecretChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	p := fill(h)
	before := rows(t, h, "events", "registrations")
	for _, w := range ways() {
		for kind, secret := range p {
			// Digits at most five times a registration; the others have no say here.
			if kind != w.take && w.take != digits {
				if err := w.try(h, p, secret); err == nil {
					t.Errorf("%s, tried to %s, was let in", kind, w.name)
				}
			}
		}
	}
	if after := rows(t, h, "events", "registrations"); after != before {
		t.Errorf("it left\n%s\nof\n%s", after, before)
	}
}

// TestOfAllSecretsTokensAloneAreVerified asks verifyToken of every kind.
func TestOfAllSecretsTokensAloneAreVerified(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	for kind, secret := range fill(h) {
		status, err := h.VerifyToken(h.ctx, h.stranger(), secret)
		ok(t, err)
		if token := kind == accessToken || kind == refreshToken; status.Active != token {
			t.Errorf("%s is active: %v", kind, status.Active)
		}
	}
}
