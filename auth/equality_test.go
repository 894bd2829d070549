package auth_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/auth"
)

// addresses makes an address of every kind that a stranger may type, under the
// name of its kind.
func addresses(h *house) map[string]string {
	h.t.Helper()
	h.user("active@example.org")
	h.user("suspended@example.org")
	_, err := h.SuspendUser(h.ctx, "suspended@example.org")
	ok(h.t, err)
	_, err = h.CreateUser(h.ctx, auth.CreateUserInput{Email: "passwordless@example.org"})
	ok(h.t, err)
	_, err = h.Register(h.ctx, h.from("198.51.100.9"), auth.RegisterInput{Email: "registered@example.org", Password: password})
	ok(h.t, err)
	_, err = h.where(withoutActivation).Register(h.ctx, h.from("198.51.100.10"), auth.RegisterInput{Email: "unproved@example.org", Password: password})
	ok(h.t, err)
	h.user("reserved@example.org")
	mover := h.signedIn("reserved@example.org")
	mover.Address = h.from("198.51.100.10").Address
	h.changed(mover, "elsewhere@example.org")
	return map[string]string{
		"unproved": "unproved@example.org", "unknown": "unknown@example.org", "registered": "registered@example.org", "active": "active@example.org",
		"suspended": "suspended@example.org", "passwordless": "passwordless@example.org",
		"reserved": "reserved@example.org",
	}
}

// kindOf is a statement without what tells nothing: placeholders are numbered
// in the order of the meters' keys, which are HMACs, and columns that stay NULL
// are not named when a row is inserted.
func kindOf(statement string) string {
	table, _, inserts := strings.Cut(statement, " (")
	if inserts && strings.HasPrefix(strings.TrimSpace(statement), "INSERT") {
		return table
	}
	return regexp.MustCompile(`\?\d+`).ReplaceAllString(statement, "?")
}

// TestNoAnswerTellsWhetherAnAddressHasAnAccount compares answers, hash calls
// and statements, which are exact where times are not.
func TestNoAnswerTellsWhetherAnAddressHasAnAccount(t *testing.T) {
	t.Parallel()
	ways := map[string]func(h *house, c auth.Caller, email string) (any, error){
		"login": func(h *house, c auth.Caller, email string) (any, error) {
			_, err := h.Login(h.ctx, c, auth.LoginInput{Identifier: email, Password: "wrong"})
			return nil, err
		},
		"register": func(h *house, c auth.Caller, email string) (any, error) {
			r, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: "nine silent harbours"})
			return len(r.Flow), err
		},
		"register, then login with that password": func(h *house, c auth.Caller, email string) (any, error) {
			_, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: "nine silent harbours"})
			ok(h.t, err)
			_, err = h.Login(h.ctx, c, auth.LoginInput{Identifier: email, Password: "nine silent harbours"})
			return nil, err
		},
		"register, then activate with that flow": func(h *house, c auth.Caller, email string) (any, error) {
			r, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: "nine silent harbours"})
			ok(h.t, err)
			code := "guess!"
			_, err = h.Activate(h.ctx, c, auth.ActivateInput{Code: &code, Flow: &r.Flow})
			return nil, err
		},
		"resend": func(h *house, c auth.Caller, email string) (any, error) {
			to, err := h.ResendActivation(h.ctx, c, auth.ResendActivationInput{Email: email})
			return to == email, err
		},
		"resend with a flow": func(h *house, c auth.Caller, email string) (any, error) {
			r, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: "nine silent harbours"})
			ok(h.t, err)
			to, err := h.ResendActivation(h.ctx, c, auth.ResendActivationInput{Email: email, Flow: &r.Flow})
			return to == email, err
		},
		"reset": func(h *house, c auth.Caller, email string) (any, error) {
			to, err := h.RequestPasswordReset(h.ctx, c, email)
			return to == email, err
		},
		"register with a username": func(h *house, c auth.Caller, email string) (any, error) {
			r, err := h.Register(h.ctx, c, auth.RegisterInput{
				Email: email, Password: "nine silent harbours",
				ProfileInput: auth.ProfileInput{Username: "somebody", Phone: "+442079460958"},
			})
			return len(r.Flow), err
		},
		"username reset": func(h *house, c auth.Caller, email string) (any, error) {
			to, err := h.RequestUsernameReset(h.ctx, c, email)
			return to == email, err
		},
	}
	for name, ask := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			// By how often it was asked for.
			var first [5]string
			var statements [5][]string
			network := 0
			for kind, email := range addresses(h) {
				// Up to and over every limit: the fifth answer tells nothing either.
				network++
				for i := range first {
					var answer string
					sent, hashes := h.counted(func() {
						got, err := ask(h, h.from(fmt.Sprintf("198.51.%d.%d", network, i)), email)
						answer = fmt.Sprint(got, err)
					})
					what := fmt.Sprintf("%s, %d hashes", answer, hashes)
					for j := range sent {
						sent[j] = kindOf(sent[j])
					}
					if network == 1 {
						first[i], statements[i] = what, sent
					}
					if what != first[i] {
						t.Errorf("%s: %s, and another kind %s", kind, what, first[i])
					}
					if diff := cmp.Diff(statements[i], sent); diff != "" {
						t.Errorf("%s: other statements: %s", kind, diff)
					}
				}
			}
		})
	}
}

func TestStatementsStayWithinTheirBudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	var signIn auth.SignIn
	budget := func(name string, most int, f func() error) {
		statements, _ := h.counted(func() { ok(t, f()) })
		if len(statements) > most {
			t.Errorf("%s: %d statements, not %d", name, len(statements), most)
		}
		t.Logf("%s: %d", name, len(statements))
	}
	budget("register", 8, func() error {
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "new@example.org", Password: password})
		return err
	})
	budget("register without activation", 12, func() error {
		_, err := h.where(withoutActivation).Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "newer@example.org", Password: password})
		return err
	})
	h.login("ada@example.org")
	budget("login", 8, func() (err error) {
		signIn, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
		return err
	})
	budget("me", 1, func() error {
		c := h.caller(signIn.Tokens.Access)
		ok(t, h.Authorize(h.ctx, c, auth.Guard{By: []auth.CallerKind{auth.BySession}}))
		_, err := h.Me(h.ctx, c)
		return err
	})
	c := h.caller(signIn.Tokens.Access)
	budget("sessions", 1, func() error {
		_, err := h.Sessions(h.ctx, c, c.UserID)
		return err
	})
	budget("verify access token", 0, func() error {
		_, err := h.VerifyToken(h.ctx, h.stranger(), signIn.Tokens.Access)
		return err
	})
	budget("verify refresh token", 1, func() error {
		_, err := h.VerifyToken(h.ctx, h.stranger(), signIn.Tokens.Refresh)
		return err
	})
	budget("reauthenticate", 6, func() error {
		_, err := h.Reauthenticate(h.ctx, c, password)
		return err
	})
	h.login("ada@example.org")
	budget("revoke the other sessions", 3, func() error {
		_, err := h.RevokeOtherSessions(h.ctx, c)
		return err
	})
	h.login("ada@example.org")
	budget("change password", 12, func() error {
		_, err := h.changePassword(signIn, password, another)
		return err
	})
	h.pass(time.Minute)
	budget("refresh", 2, func() error {
		_, err := h.refresh(signIn.Tokens.Refresh)
		return err
	})
}

// TestAMutationThatFailsAnywhereLeavesAllOrNothing cuts each mutation off at
// each of its statements.
func TestAMutationThatFailsAnywhereLeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	type prepared func(ctx context.Context) error
	mutations := map[string]func(h *house) prepared{
		"register": func(h *house) prepared {
			return func(ctx context.Context) error {
				_, err := h.Register(ctx, h.stranger(), auth.RegisterInput{Email: "new@example.org", Password: password})
				return err
			}
		},
		"register without activation": func(h *house) prepared {
			h.register("new@example.org")
			off := h.where(withoutActivation)
			return func(ctx context.Context) error {
				_, err := off.Register(ctx, h.stranger(), auth.RegisterInput{
					Email: "new@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "ada"},
				})
				return err
			}
		},
		"activate with a welcome": func(h *house) prepared {
			flow := h.register("new@example.org").Flow
			token := h.letter().Token
			welcoming := h.where(func(s *auth.Settings) { s.WelcomeLetter = true })
			return func(ctx context.Context) error {
				_, err := welcoming.Activate(ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &flow})
				return err
			}
		},
		"reset that proves the address": func(h *house) prepared {
			h.squatter("ada@example.org")
			token := h.resetLink("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.ResetPassword(ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: another})
				return err
			}
		},
		"activate": func(h *house) prepared {
			flow := h.register("new@example.org").Flow
			token := h.letter().Token
			return func(ctx context.Context) error {
				_, err := h.Activate(ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &flow})
				return err
			}
		},
		"activate on the page": func(h *house) prepared {
			h.register("new@example.org")
			token := h.letter().Token
			return func(ctx context.Context) error {
				_, err := h.ActivateOnly(ctx, h.stranger(), token, password)
				return err
			}
		},
		"decline": func(h *house) prepared {
			h.register("new@example.org")
			token := h.letter().NotMeToken
			return func(ctx context.Context) error {
				_, err := h.DeclineRegistration(ctx, h.stranger(), token)
				return err
			}
		},
		"login": func(h *house) prepared {
			h.user("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.Login(ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
				return err
			}
		},
		"refresh that ends the session": func(h *house) prepared {
			h.user("ada@example.org")
			first := h.login("ada@example.org")
			h.pass(time.Minute)
			_, err := h.refresh(first.Tokens.Refresh)
			ok(h.t, err)
			h.pass(time.Minute)
			return func(ctx context.Context) error {
				_, err := h.Refresh(ctx, h.stranger(), auth.RefreshInput{RefreshToken: first.Tokens.Refresh})
				if err == auth.RefreshTokenReused {
					return nil
				}
				return err
			}
		},
		"logout": func(h *house) prepared {
			h.user("ada@example.org")
			first := h.login("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.Logout(ctx, h.stranger(), first.Tokens.Refresh)
				return err
			}
		},
		"activate with a username that is taken meanwhile": func(h *house) prepared {
			r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
				Email: "new@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "ada"},
			})
			ok(h.t, err)
			token := h.letter().Token
			h.named("ada@example.org", "Ada")
			return func(ctx context.Context) error {
				_, err := h.Activate(ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &r.Flow})
				return err
			}
		},
		"update profile": func(h *house) prepared {
			c := h.named("ada@example.org", "ada")
			phone := "+442079460958"
			return func(ctx context.Context) error {
				_, err := h.UpdateProfile(ctx, c, auth.ProfileChange{Phone: &phone})
				return err
			}
		},
		"change username": func(h *house) prepared {
			c := h.named("ada@example.org", "ada")
			return func(ctx context.Context) error {
				_, err := h.ChangeUsername(ctx, c, "countess")
				return err
			}
		},
		"request e-mail change": func(h *house) prepared {
			c := h.newcomer(adaOld)
			h.askChange(c, adaNew)
			return func(ctx context.Context) error {
				_, err := h.RequestEmailChange(ctx, c, "third@example.org")
				return err
			}
		},
		"confirm e-mail change": func(h *house) prepared {
			c := h.newcomer(adaOld)
			h.login(adaOld)
			h.register(adaNew)
			token := h.askChange(c, adaNew)
			return func(ctx context.Context) error {
				_, err := h.ConfirmEmailChange(ctx, h.stranger(), token)
				return err
			}
		},
		"revert e-mail change": func(h *house) prepared {
			c := h.newcomer(adaOld)
			back := h.changed(c, adaNew)
			h.changed(c, "third@example.org")
			return func(ctx context.Context) error {
				_, err := h.RevertEmailChange(ctx, h.stranger(), back)
				return err
			}
		},
		"request username reset": func(h *house) prepared {
			h.user("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.RequestUsernameReset(ctx, h.stranger(), "ada@example.org")
				return err
			}
		},
		"reset username": func(h *house) prepared {
			token := h.usernameLink("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.ResetUsername(ctx, h.stranger(), token, "countess")
				return err
			}
		},
		"reauthenticate": func(h *house) prepared {
			h.user("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			c.Now = c.Now.Add(time.Minute)
			return func(ctx context.Context) error {
				_, err := h.Reauthenticate(ctx, c, password)
				return err
			}
		},
		"revoke session": func(h *house) prepared {
			h.user("ada@example.org")
			other := h.login("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			return func(ctx context.Context) error {
				_, err := h.RevokeSession(ctx, c, other.Session.ID.String())
				return err
			}
		},
		"revoke the other sessions": func(h *house) prepared {
			h.user("ada@example.org")
			h.login("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			return func(ctx context.Context) error {
				_, err := h.RevokeOtherSessions(ctx, c)
				return err
			}
		},
		"change password": func(h *house) prepared {
			h.user("ada@example.org")
			h.login("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			return func(ctx context.Context) error {
				_, err := h.ChangePassword(ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
				return err
			}
		},
		"request reset": func(h *house) prepared {
			h.user("ada@example.org")
			return func(ctx context.Context) error {
				_, err := h.RequestPasswordReset(ctx, h.stranger(), "ada@example.org")
				return err
			}
		},
		"reset": func(h *house) prepared {
			h.user("ada@example.org")
			h.login("ada@example.org")
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
			ok(h.t, err)
			token := h.letter().Token
			return func(ctx context.Context) error {
				_, err := h.ResetPassword(ctx, h.stranger(), auth.ResetPasswordInput{Token: token, NewPassword: "nine silent harbours"})
				return err
			}
		},
		"export": func(h *house) prepared {
			h.user("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			return func(ctx context.Context) error {
				_, err := h.ExportAccount(ctx, c)
				return err
			}
		},
		"delete": func(h *house) prepared {
			h.user("ada@example.org")
			c := h.caller(h.login("ada@example.org").Tokens.Access)
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
			ok(h.t, err)
			return func(ctx context.Context) error {
				_, err := h.DeleteAccount(ctx, c)
				return err
			}
		},
	}
	for name, prepare := range mutations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, unlimited)
			run := prepare(h)
			before := rows(t, h)
			for at := 1; ; at++ {
				ctx, cancel := context.WithCancel(h.ctx)
				statement := 0
				h.watch(func(string) {
					if statement++; statement == at {
						cancel()
					}
				})
				err := run(ctx)
				h.watch(nil)
				cancel()
				if err == nil {
					if statement < at && at < 2 {
						t.Error("no statement was cut off")
					}
					break
				}
				if after := rows(t, h); after != before {
					t.Fatalf("cut off at statement %d, it left\n%s\nof\n%s", at, after, before)
				}
			}
			if rows(t, h) == before {
				t.Error("whole, it changed nothing")
			}
		})
	}
}
