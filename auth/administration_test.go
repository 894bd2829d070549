package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func TestOperatorsGiveUsernames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := password
	u, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: "ada@example.org", Username: "Countess", Password: &p})
	ok(t, err)
	if in := h.login("COUNTESS"); in.User.ID != u.ID || in.User.Username.Text != "Countess" {
		t.Errorf("%+v", in.User)
	}
	create := func(s *auth.Service, in auth.CreateUserInput) error {
		u, err := s.CreateUser(h.ctx, in)
		if err != nil && u.ID != uuid.Nil {
			t.Errorf("refused, and answered %+v", u)
		}
		return err
	}
	for want, in := range map[string]auth.CreateUserInput{
		"[username TAKEN]":               {Email: "beth@example.org", Username: "countess"},
		"[email TAKEN]":                  {Email: "ADA@example.org", Username: "beth"},
		"[username MALFORMED]":           {Email: "beth@example.org", Username: "b@th"},
		"[password PASSWORD_TOO_COMMON]": {Email: "beth@example.org", Username: "elisabethwindsor", Password: new("elisabethwindsor1")},
	} {
		if got := fmt.Sprint(violations(t, create(h.Service, in))); got != want {
			t.Errorf("%+v is refused with %s, not %s", in, got, want)
		}
	}
	off := h.where(func(s *auth.Settings) { s.Usernames = false })
	wants(t, create(off, auth.CreateUserInput{Email: "beth@example.org", Username: "beth"}), auth.Disabled)
	h.pass(time.Minute)
	ok(t, create(off, auth.CreateUserInput{Email: "beth@example.org"}))
}
