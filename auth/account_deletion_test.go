package auth_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

// admin makes an active administrator with the test's password.
func (h *house) admin(email string) auth.User {
	h.t.Helper()
	p := password
	u, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: email, Password: &p, Roles: []string{"editor", auth.RoleAdmin}})
	ok(h.t, err)
	return u
}

// signedIn is the caller of a fresh session.
func (h *house) signedIn(email string) auth.Caller {
	h.t.Helper()
	return h.caller(h.login(email).Tokens.Access)
}

func TestADeletedAccountIsGoneWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "Ada@example.org", Password: password, ProfileInput: auth.ProfileInput{Name: "Ada Lovelace"}})
	ok(t, err)
	user := h.user("ada@example.org")
	signIn := h.login("ada@example.org")
	other := h.login("ada@example.org")
	_, err = h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "ada@example.org", Password: password, ProfileInput: auth.ProfileInput{Name: "Somebody"}})
	ok(t, err)
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	var reset string
	for _, l := range h.letters() {
		if l.Kind == auth.LetterPasswordReset {
			reset = l.Token
		}
	}

	email, err := h.DeleteAccount(h.ctx, h.caller(signIn.Tokens.Access))
	if err != nil || email != "ada@example.org" {
		t.Fatalf("%q, %v", email, err)
	}
	// The first request after the answer.
	for _, access := range []string{signIn.Tokens.Access, other.Tokens.Access} {
		c := h.caller(access)
		wants(t, c.Refused, auth.InvalidToken)
		_, err = h.Me(h.ctx, c)
		wants(t, err, auth.Unauthenticated)
	}
	for _, refresh := range []string{signIn.Tokens.Refresh, other.Tokens.Refresh} {
		_, err = h.refresh(refresh)
		wants(t, err, auth.InvalidToken)
	}
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: reset, NewPassword: "nine silent harbours"})
	wants(t, err, auth.InvalidToken)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)

	farewell := h.letter()
	if farewell.Kind != auth.LetterAccountDeleted || farewell.To != "ada@example.org" || farewell.IPAddress == "" {
		t.Errorf("the letter that waits: %+v", farewell)
	}
	left := rows(t, h)
	for _, trace := range []string{"ada@", "Ada", "Somebody", "$argon2", "test/1.0"} {
		// The refused sign-in after the deletion was nobody's.
		for line := range strings.Lines(left) {
			if strings.Contains(line, trace) && !strings.Contains(line, "LOGIN_FAILED") && !strings.Contains(line, "REGISTRATION_REQUESTED") {
				t.Errorf("%q is left: %s", trace, line)
			}
		}
	}
	for line := range strings.Lines(left) {
		if strings.HasPrefix(line, "events") && strings.Contains(line, user.ID.String()) && strings.Contains(line, "203.0.113.7") {
			t.Errorf("an event keeps the address: %s", line)
		}
	}
	if !strings.Contains(left, "ACCOUNT_DELETED "+user.ID.String()) {
		t.Errorf("no event tells of it:\n%s", left)
	}

	// The address is free.
	if again := h.user("ada@example.org"); again.ID == user.ID {
		t.Error("the ID came back")
	}
	h.login("ada@example.org")
}

func TestDeletingAUserRevivesNoToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	out, in := h.login("ada@example.org"), h.login("ada@example.org")
	_, err := h.Logout(h.ctx, h.stranger(), out.Tokens.Refresh)
	ok(t, err)
	_, err = h.DeleteAccount(h.ctx, h.caller(in.Tokens.Access))
	ok(t, err)
	// A process that starts afterwards knows what storage says and no more.
	fresh, deaf := auth.NewBlacklist(), h.stranger()
	ok(t, auth.NewFeed(h.store, fresh).Poll(h.ctx, h.Now()))
	for name, token := range map[string]string{"signed out before": out.Tokens.Access, "deleted": in.Tokens.Access} {
		claims, err := h.keys.Verify(h.Now(), token)
		ok(t, err)
		if !fresh.Forbids(claims, h.Now()) {
			t.Errorf("%s: a process that starts lets it in", name)
		}
		// Up to the last moment at which leeway lets the token pass.
		last := claims.ExpiresAt.Add(5 * time.Second)
		if !fresh.Forbids(claims, last) {
			t.Errorf("%s: it is let in just before it expires", name)
		}
		forbidden, err := h.store.IsBlacklisted(h.ctx, claims.SessionID, claims.Subject, claims.IssuedAt, deaf.Now)
		if err != nil || !forbidden {
			t.Errorf("%s: storage lets it in: %v", name, err)
		}
	}
}

// The lifetime of access tokens may have been set lower since a token was given.
func TestADeletionOutlivesTheTokensOfALongerLifetime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.AccessTokenLifetime = 24 * time.Hour })
	lower := newHouse(t, func(o *auth.Options) { o.Store, o.Keys, o.Secrets, o.Clock = h.store, h.keys, h.secrets, h.clock })
	h.user("ada@example.org")
	c := h.signedIn("ada@example.org")
	_, err := lower.DeleteAccount(h.ctx, c)
	ok(t, err)
	forbidden, err := h.store.IsBlacklisted(h.ctx, c.SessionID, c.UserID, h.Now(), h.Now().Add(24*time.Hour))
	if err != nil || !forbidden {
		t.Errorf("a token of a day is let in before it is over: %v", err)
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.admin("ada@example.org")
	h.admin("suspended@example.org")
	h.user("grace@example.org")
	_, err := h.SuspendUser(h.ctx, "suspended@example.org")
	ok(t, err)
	ada := h.signedIn("ada@example.org")
	before := rows(t, h)
	_, err = h.DeleteAccount(h.ctx, ada)
	wants(t, err, auth.Conflict)
	if after := rows(t, h); after != before {
		t.Errorf("a deletion that was refused left\n%s\nof\n%s", after, before)
	}
	_, err = h.DeleteAccount(h.ctx, h.signedIn("grace@example.org"))
	ok(t, err)
	h.admin("alan@example.org")
	_, err = h.DeleteAccount(h.ctx, ada)
	ok(t, err)
}

func TestWhoeverIsGoneOrSuspendedDeletesAndExportsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.user("grace@example.org")
	// Let in just before.
	gone, suspended := h.signedIn("ada@example.org"), h.signedIn("grace@example.org")
	_, err := h.DeleteAccount(h.ctx, gone)
	ok(t, err)
	_, err = h.SuspendUser(h.ctx, "grace@example.org")
	ok(t, err)
	before := rows(t, h)
	for _, c := range []auth.Caller{gone, suspended, h.stranger()} {
		_, err = h.DeleteAccount(h.ctx, c)
		wants(t, err, auth.Unauthenticated)
		_, err = h.ExportAccount(h.ctx, c)
		wants(t, err, auth.Unauthenticated)
	}
	if after := rows(t, h); after != before {
		t.Errorf("it left\n%s\nof\n%s", after, before)
	}
}

func TestSignInsThatRaceADeletionLeaveNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	for range 5 {
		h.user("ada@example.org")
		c := h.signedIn("ada@example.org")
		var group sync.WaitGroup
		signIns := make([]auth.SignIn, 8)
		for i := range signIns {
			group.Go(func() {
				var err error
				signIns[i], err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
				if err != nil && !errors.Is(err, auth.InvalidCredentials) && !errors.Is(err, auth.Overloaded) {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			if _, err := h.DeleteAccount(h.ctx, c); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		for _, in := range signIns {
			if in.Tokens.Access == "" {
				continue
			}
			wants(t, h.caller(in.Tokens.Access).Refused, auth.InvalidToken)
			_, err := h.refresh(in.Tokens.Refresh)
			wants(t, err, auth.InvalidToken)
		}
		if left := rows(t, h); strings.Contains(left, "sessions [") {
			t.Fatalf("a session is left:\n%s", left)
		}
	}
}

// TestWhereAnAccountWasToMoveGetsNoLetterOfIt once it is deleted: the letter that
// waits there greets its user by name. Whoever else asked for the address, or has
// it, keeps what is theirs.
func TestWhereAnAccountWasToMoveGetsNoLetterOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, eve := h.newcomer(adaOld), h.newcomer("eve@example.org")
	h.user("owner@example.org")
	h.letters()
	for _, ask := range []struct {
		c  auth.Caller
		to string
	}{{ada, adaNew}, {eve, adaNew}, {ada, "owner@example.org"}} {
		_, err := h.RequestEmailChange(h.ctx, ask.c, ask.to)
		ok(t, err)
		h.pass(time.Second)
	}
	_, err := h.DeleteAccount(h.ctx, ada)
	ok(t, err)
	var to []string
	for _, l := range h.letters() {
		to = append(to, string(l.Kind)+" "+l.To)
	}
	want := []string{
		"email_change " + adaNew, "email_change_requested eve@example.org",
		"email_change_attempt owner@example.org", "account_deleted " + adaOld,
	}
	if counted(to) != counted(want) {
		t.Errorf("letters %v, want %v", to, want)
	}
}

// A letter that was written under the secret before is found as well.
func TestLettersOfAnOlderSecretAreDroppedToo(t *testing.T) {
	t.Parallel()
	var texts [2]string
	for i := range texts {
		var err error
		texts[i], err = auth.NewSecret(rand.Reader)
		ok(t, err)
	}
	old, err := auth.ParseSecrets(texts[0])
	ok(t, err)
	both, err := auth.ParseSecrets(texts[1] + "," + texts[0])
	ok(t, err)
	h := newHouse(t, func(o *auth.Options) { o.Secrets = old })
	h.user("ada@example.org")
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	young := newHouse(t, func(o *auth.Options) { o.Store, o.Keys, o.Clock, o.Secrets = h.store, h.keys, h.clock, both })
	_, err = young.DeleteAccount(h.ctx, h.signedIn("ada@example.org"))
	ok(t, err)
	letters, err := h.store.ClaimLetters(h.ctx, h.Now(), time.Hour, 10)
	ok(t, err)
	if len(letters) != 1 || letters[0].Kind != auth.LetterAccountDeleted {
		t.Errorf("waiting: %+v", letters)
	}
}

// A reset that is asked for while its account is deleted is answered as one of
// nobody's.
func TestAResetThatADeletionOvertakesTellsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Limits.MailPerAddress = []auth.Rate{{N: 1, Per: time.Hour}} })
	h.user("ada@example.org")
	c := h.signedIn("ada@example.org")
	overtaken := false
	h.watch(func(statement string) {
		// The account was read; nothing is written yet.
		if overtaken || !strings.HasPrefix(statement, "SELECT") || !strings.Contains(statement, "FROM `registrations`") {
			return
		}
		overtaken = true
		_, err := h.DeleteAccount(h.ctx, c)
		ok(t, err)
	})
	email, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	h.watch(nil)
	if !overtaken || err != nil || email != "ada@example.org" {
		t.Errorf("overtaken %v: %q, %v", overtaken, email, err)
	}
	if l := h.letter(); l.Kind != auth.LetterAccountDeleted {
		t.Errorf("a letter of kind %s waits", l.Kind)
	}
}
