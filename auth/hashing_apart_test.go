package auth_test

import (
	"context"
	"sync/atomic"
	"testing"

	"gatehouse/auth"
)

// A counting store knows how many transactions are open.
type counting struct {
	auth.Store
	open atomic.Int32
}

func (c *counting) InTx(ctx context.Context, fn func(auth.Queries) error) error {
	c.open.Add(1)
	defer c.open.Add(-1)
	return c.Store.InTx(ctx, fn)
}

// TestNothingIsHashedInATransaction: a hash takes as long as hundreds of
// statements, and waits for a slot before. SQLite's one writer, and on PostgreSQL
// a row or a connection, would be kept from everybody by whoever wants passwords
// hashed.
func TestNothingIsHashedInATransaction(t *testing.T) {
	t.Parallel()
	var store *counting
	h := newHouse(t, unlimited, func(o *auth.Options) {
		store = &counting{Store: o.Store}
		o.Store = store
	})
	hashed := 0
	h.hasher.Observed(func(context.Context, auth.HashStep) func(error) {
		hashed++
		if store.open.Load() > 0 {
			t.Error("something is hashed in a transaction")
		}
		return func(error) {}
	})
	steps := func(name string, most int, do func() error) {
		t.Helper()
		hashed = 0
		ok(t, do())
		if hashed < most {
			t.Errorf("%s: %d steps of hashing were seen, not %d", name, hashed, most)
		}
	}
	// Each hash is a wait and the work.
	steps("register", 2, func() error {
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "new@example.org", Password: password})
		return err
	})
	p, letter := password, h.letter()
	steps("activate", 2, func() error {
		_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token, Password: &p})
		return err
	})
	steps("register without activation", 2, func() error {
		_, err := h.where(withoutActivation).Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "newer@example.org", Password: password})
		return err
	})
	h.letters()
	steps("create a user", 2, func() error {
		_, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: "ada@example.org", Password: &p})
		return err
	})
	var in auth.SignIn
	steps("login", 2, func() (err error) {
		in, err = h.loginWith("ada@example.org", password)
		return err
	})
	c := h.caller(in.Tokens.Access)
	steps("reauthenticate", 2, func() error {
		_, err := h.Reauthenticate(h.ctx, c, password)
		return err
	})
	steps("change of password", 4, func() error {
		_, err := h.changePassword(in, password, another)
		return err
	})
	h.letters()
	token := h.resetLink("ada@example.org")
	steps("reset", 2, func() error {
		_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: password})
		return err
	})
}
