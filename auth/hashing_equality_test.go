package auth_test

import (
	"strconv"
	"testing"

	"gatehouse/auth"
)

// TestACrowdedQueueTellsNobodyApart takes places for hashing away, first those
// for choosing passwords and then all: what is asked about an account is shed or
// let through as it is where there is none, and before anything is read or
// counted.
func TestACrowdedQueueTellsNobodyApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("known@example.org")
	mine := h.signedIn("known@example.org")
	ways := map[string]map[string]func() error{"choosing": {}, "proving": {}}
	for name, email := range map[string]string{"known": "known@example.org", "unknown": "unknown@example.org"} {
		ways["proving"]["login, "+name] = func() error {
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: email, Password: "wrong"})
			return err
		}
		ways["choosing"]["register, "+name] = func() error {
			_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: email, Password: password})
			return err
		}
	}
	ways["choosing"]["resetPassword"] = func() error {
		_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: "no link", NewPassword: password})
		return err
	}
	ways["proving"]["reauthenticate"] = func() error {
		_, err := h.Reauthenticate(h.ctx, mine, "wrong")
		return err
	}
	ways["proving"]["changePassword"] = func() error {
		_, err := h.ChangePassword(h.ctx, mine, auth.ChangePasswordInput{CurrentPassword: "wrong", NewPassword: password})
		return err
	}
	shed := func(ways map[string]func() error) {
		t.Helper()
		for name, ask := range ways {
			var err error
			statements, hashes := h.counted(func() { err = ask() })
			wants(t, err, auth.Overloaded)
			if len(statements) != 0 || hashes != 0 {
				t.Errorf("%s: shed after %d hashes and %q", name, hashes, statements)
			}
		}
	}
	take := func(u auth.Urgency) {
		for i := 0; ; i++ {
			// Each a client of its own, so that none makes room.
			if _, err := h.hasher.Admit(strconv.Itoa(i), u); err != nil {
				return
			}
		}
	}
	take(auth.Choosing)
	shed(ways["choosing"])
	for _, ask := range ways["proving"] {
		wants(t, ask(), auth.InvalidCredentials)
	}
	wants(t, h.Room(h.stranger(), auth.Choosing), auth.Overloaded)
	ok(t, h.Room(h.stranger(), auth.Proving))
	take(auth.Proving)
	shed(ways["choosing"])
	shed(ways["proving"])
	wants(t, h.Room(h.stranger(), auth.Proving), auth.Overloaded)
}
