package auth_test

import (
	"strings"
	"testing"

	"gatehouse/auth"
)

func TestAPageActivatesWithoutAUsernameThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tokens := map[string]string{}
	for email, username := range map[string]string{"slow@example.org": "Countess", "sole@example.org": "Grace"} {
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
			Email: email, Password: password, ProfileInput: auth.ProfileInput{Username: username, Phone: "+442079460958"},
		})
		ok(t, err)
		tokens[email] = h.letter().Token
	}
	h.named("ada@example.org", "countess")
	for email, want := range map[string]string{"slow@example.org": "", "sole@example.org": "Grace"} {
		_, err := h.ActivateOnly(h.ctx, h.stranger(), tokens[email], password)
		ok(t, err)
		if u := h.login(email).User; u.Username.Text != want || u.Phone != "+442079460958" {
			t.Errorf("%s became %+v", email, u)
		}
	}
}

func TestAPasswordIsNotChangedToTheUsername(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.named("ada@example.org", "countess-of-lovelace")
	_, err := h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "Countess-Of-Lovelace"})
	faultsAre(t, err, "input.newPassword PASSWORD_TOO_COMMON")
	_, err = h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
	ok(t, err)
}

func TestAnAccountIsExportedWithItsUsernameAndGoesWithIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.named("ada@example.org", "Countess")
	_, err := h.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	link := h.letter().Token
	held, err := h.ExportAccount(h.ctx, c)
	ok(t, err)
	if held.User.Username.Text != "Countess" {
		t.Errorf("exported: %+v", held.User)
	}
	if len(held.Links) != 1 || held.Links[0].Purpose != auth.LinkUsernameReset || held.Links[0].Digest != nil {
		t.Errorf("links: %+v", held.Links)
	}
	if !strings.Contains(rows(t, h), "ountess") {
		t.Error("the rows can not show a username")
	}

	_, err = h.DeleteAccount(h.ctx, c)
	ok(t, err)
	_, err = h.ResetUsername(h.ctx, h.stranger(), link, "Countess")
	wants(t, err, auth.InvalidToken)
	if left := rows(t, h); strings.Contains(left, "ountess") {
		t.Errorf("the username is left:\n%s", left)
	}
	// The name is free for anybody.
	if got, err := h.Me(h.ctx, h.named("eve@example.org", "countess")); err != nil || got.Username.Text != "countess" {
		t.Errorf("%+v, %v", got, err)
	}
}
