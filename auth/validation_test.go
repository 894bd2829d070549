package auth_test

import (
	"fmt"
	"testing"

	"gatehouse/auth"
)

// TestWhatIsMalformedIsSaidBeforeAnythingIsAsked: no statement and no hash, so that
// neither what is stored, nor what was tried before, has a say in the answer.
func TestWhatIsMalformedIsSaidBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer("ada@example.org")
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	good := h.letter().Token
	name := h.usernameLink("bob@example.org")
	short, empty, none := "short", "", "no address"
	tries := map[string]func() error{
		"login": func() error {
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "nul\x00"})
			return err
		},
		"register": func() error {
			_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "ada@example.org", Password: short})
			return err
		},
		"activate": func() error {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &good, Password: &empty})
			return err
		},
		"activate on the page": func() error {
			_, err := h.ActivateOnly(h.ctx, h.stranger(), good, "")
			return err
		},
		"resend": func() error {
			_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: none})
			return err
		},
		"ask for a reset": func() error {
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), none)
			return err
		},
		"reset": func() error {
			_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: good, NewPassword: short})
			return err
		},
		"reset by no link": func() error {
			_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: "none", NewPassword: short})
			return err
		},
		"ask for a username": func() error {
			_, err := h.RequestUsernameReset(h.ctx, h.stranger(), none)
			return err
		},
		"reset the username": func() error {
			_, err := h.ResetUsername(h.ctx, h.stranger(), name, "a@b")
			return err
		},
		"reset the username by no link": func() error {
			_, err := h.ResetUsername(h.ctx, h.stranger(), "none", "a@b")
			return err
		},
		"change the username": func() error {
			_, err := h.ChangeUsername(h.ctx, c, "a@b")
			return err
		},
		"change the address": func() error {
			_, err := h.RequestEmailChange(h.ctx, c, none)
			return err
		},
		"change the password": func() error {
			_, err := h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: "wrong", NewPassword: short})
			return err
		},
		"reauthenticate": func() error {
			_, err := h.Reauthenticate(h.ctx, c, "")
			return err
		},
		"change the profile": func() error {
			_, err := h.UpdateProfile(h.ctx, c, auth.ProfileChange{Phone: &short})
			return err
		},
		"refresh": func() error {
			_, err := h.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: "none", IdempotencyKey: &empty})
			return err
		},
	}
	for name, try := range tries {
		// More often than any limit allows.
		for range 40 {
			var said string
			statements, hashes := h.counted(func() { said = fmt.Sprint(violations(t, try())) })
			if len(statements)+int(hashes) != 0 || said == "[]" {
				t.Errorf("%s: %s after %d hashes and %q", name, said, hashes, statements)
				break
			}
		}
	}
}
