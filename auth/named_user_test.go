package auth_test

import (
	"errors"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAnOperatorNamesUsersByAddressUsernameOrID(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.named("ada@example.org", "Countess").UserID
	h.named("eve@example.org", "eve")
	for _, name := range []string{"ada@example.org", "ADA@Example.org", "countess", "Countess", ada.String()} {
		got, err := h.ViewAccount(h.ctx, name)
		if err != nil || got.ID != ada {
			t.Errorf("%s: %v, %v", name, got.ID, err)
		}
	}
	for _, name := range []string{"", "nobody@example.org", "nobody", "a b", "@", "00000000-0000-0000-0000-000000000000"} {
		_, err := h.ViewAccount(h.ctx, name)
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Who takes the ID of another user for a username must not have an operator
// delete the wrong one, or spare the right one.
func TestTheIDOfOneIsNotTheUsernameOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.user("ada@example.org")
	h.named("eve@example.org", ada.ID.String())
	before := rows(t, h)
	_, err := h.SuspendUser(h.ctx, ada.ID.String())
	wants(t, err, auth.Conflict)
	_, err = h.DeleteUser(h.ctx, ada.ID.String())
	wants(t, err, auth.Conflict)
	if after := rows(t, h); after != before {
		t.Errorf("it left\n%s\nof\n%s", after, before)
	}
	_, err = h.DeleteUser(h.ctx, "eve@example.org")
	ok(t, err)
	got, err := h.ViewAccount(h.ctx, ada.ID.String())
	if err != nil || got.ID != ada.ID {
		t.Errorf("%v, %v", got, err)
	}
	// One's own ID is no riddle.
	h.named("grace@example.org", "00000000-0000-7000-8000-000000000001")
	got, err = h.ViewAccount(h.ctx, "00000000-0000-7000-8000-000000000001")
	if err != nil || got.Email.Text != "grace@example.org" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAnAccountIsShownWithWhatKeepsItFromSigningIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited, func(o *auth.Options) { o.Limits = auth.Limits{SignInFailures: 2} })
	h.user("ada@example.org")
	_, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: "grace@example.org"})
	ok(t, err)
	h.login("ada@example.org")
	h.login("ada@example.org")
	h.pass(15 * 24 * time.Hour) // nobody is signed in any more
	h.login("ada@example.org")
	got, err := h.ViewAccount(h.ctx, "ada@example.org")
	ok(t, err)
	if !got.HasPassword || got.Sessions != 1 || got.LockedOut {
		t.Errorf("%+v", got)
	}
	sessions, err := h.UserSessions(h.ctx, "ada@example.org")
	if err != nil || len(sessions) != 1 {
		t.Errorf("%v, %v", sessions, err)
	}
	for range 2 {
		_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: "a wrong password"})
		wants(t, err, auth.InvalidCredentials)
	}
	if got, err = h.ViewAccount(h.ctx, "ada@example.org"); err != nil || !got.LockedOut || got.FailedSignIns != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = h.ViewAccount(h.ctx, "grace@example.org"); err != nil || got.HasPassword {
		t.Errorf("%+v, %v", got, err)
	}
}
