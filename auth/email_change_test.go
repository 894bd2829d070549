package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gatehouse/auth"
)

const (
	adaOld = "ada@example.org"
	adaNew = "Ada.King@example.net"
)

// lettersByKind are those that wait, no two of one kind.
func (h *house) lettersByKind() map[auth.LetterKind]auth.Letter {
	h.t.Helper()
	byKind := map[auth.LetterKind]auth.Letter{}
	for _, l := range h.letters() {
		if _, twice := byKind[l.Kind]; twice {
			h.t.Errorf("two letters %s", l.Kind)
		}
		byKind[l.Kind] = l
	}
	return byKind
}

// askChange asks for another address in a session of the user, and gives the
// token of the link that went there.
func (h *house) askChange(c auth.Caller, to string) string {
	h.t.Helper()
	h.letters()
	answer, err := h.RequestEmailChange(h.ctx, c, to)
	ok(h.t, err)
	if answer != to {
		h.t.Errorf("answered %s", answer)
	}
	return h.lettersByKind()[auth.LetterEmailChange].Token
}

// changed moves the account of the session, and gives the token of the way back.
func (h *house) changed(c auth.Caller, to string) string {
	h.t.Helper()
	token := h.askChange(c, to)
	_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
	ok(h.t, err)
	return h.letter().Token
}

// newcomer makes the user of the address and signs in.
func (h *house) newcomer(email string) auth.Caller {
	h.t.Helper()
	h.user(email)
	return h.signedIn(email)
}

func TestAnAccountMovesToTheAddressThatConfirms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	asking, other := h.login(adaOld), h.login(adaOld)
	c := h.caller(asking.Tokens.Access)
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
	ok(t, err)
	reset := h.letter().Token
	h.register("ada.king@example.net") // a stranger's, or her own from before
	h.letters()

	_, err = h.RequestEmailChange(h.ctx, c, adaNew)
	ok(t, err)
	letters := h.lettersByKind()
	link, notice := letters[auth.LetterEmailChange], letters[auth.LetterEmailChangeRequested]
	if len(letters) != 2 || link.To != adaNew || link.Token == "" || notice.To != adaOld || notice.Token != "" {
		t.Fatalf("letters %+v", letters)
	}
	user, err := h.Me(h.ctx, c)
	ok(t, err)
	if user.Email.Text != adaOld {
		t.Errorf("asking moved it to %s", user.Email.Text)
	}

	email, err := h.ConfirmEmailChange(h.ctx, h.stranger(), link.Token)
	ok(t, err)
	back := h.letter()
	if email != adaNew || back.Kind != auth.LetterEmailChanged || back.To != adaOld || !back.ExpiresAt.Equal(h.Now().Add(7*24*time.Hour)) {
		t.Errorf("%s, letter %+v", email, back)
	}
	if user, err = h.Me(h.ctx, h.caller(asking.Tokens.Access)); err != nil || user.Email.Text != adaNew || !user.EmailVerified {
		t.Errorf("%+v, %v", user, err)
	}
	if h.caller(other.Tokens.Access).Kind != auth.Anonymous {
		t.Error("the other session goes on")
	}
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: reset, NewPassword: another})
	wants(t, err, auth.InvalidToken)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: adaOld, Password: password})
	wants(t, err, auth.InvalidCredentials)
	h.login("ada.king@EXAMPLE.net")
	_, err = h.ConfirmEmailChange(h.ctx, h.stranger(), link.Token)
	wants(t, err, auth.InvalidToken)
	_, err = h.store.NewestRegistration(h.ctx, "ada.king@example.net", h.Now())
	if err == nil {
		t.Error("a registration of the new address is still good")
	}
}

func TestTheSessionThatConfirmsStaysInsteadOfTheOneThatAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user(adaOld)
	asking, confirming := h.login(adaOld), h.login(adaOld)
	token := h.askChange(h.caller(asking.Tokens.Access), adaNew)
	_, err := h.ConfirmEmailChange(h.ctx, h.caller(confirming.Tokens.Access), token)
	ok(t, err)
	if h.caller(asking.Tokens.Access).Kind != auth.Anonymous || h.caller(confirming.Tokens.Access).Kind != auth.BySession {
		t.Error("the wrong session ended")
	}
	// A session of somebody else has no say.
	h.user("bob@example.org")
	bob := h.login("bob@example.org")
	token = h.askChange(h.caller(confirming.Tokens.Access), "third@example.org")
	_, err = h.ConfirmEmailChange(h.ctx, h.caller(bob.Tokens.Access), token)
	ok(t, err)
	if h.caller(confirming.Tokens.Access).Kind != auth.BySession || h.caller(bob.Tokens.Access).Kind != auth.BySession {
		t.Error("a session ended that should stay")
	}
}

func TestOneCannotMoveToTheAddressThatOneHasOrToNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	for to, want := range map[string]string{
		"ADA@example.org": "input.newEmail UNCHANGED", "": "input.newEmail REQUIRED", "nobody": "input.newEmail MALFORMED",
	} {
		_, err := h.RequestEmailChange(h.ctx, c, to)
		violates(t, err, want)
	}
	if n := len(h.letters()); n > 0 {
		t.Errorf("%d letters", n)
	}
}

func TestNobodyLearnsWhetherTheAddressIsTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	kinds := addresses(h)
	h.letters()
	var first []string
	network := 0
	for kind, email := range kinds {
		asker := kind + "-asks@example.org"
		c := h.newcomer(asker)
		h.letters()
		network++
		c.Address = h.from(fmt.Sprintf("198.51.100.%d", network)).Address
		free := h.askChange(c, "first-"+asker)
		h.pass(time.Second)
		c.Now = h.Now()
		statements, hashes := h.counted(func() {
			_, err := h.RequestEmailChange(h.ctx, c, email)
			ok(t, err)
		})
		for i := range statements {
			statements[i] = kindOf(statements[i])
		}
		if first == nil {
			first = statements
		}
		if diff := cmp.Diff(first, statements); diff != "" || hashes != 0 {
			t.Errorf("%s: %d hashes, statements %s", kind, hashes, diff)
		}
		// What became of the older link tells nothing, nor what the export shows.
		_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), free)
		wants(t, err, auth.InvalidToken)
		export, err := h.ExportAccount(h.ctx, c)
		ok(t, err)
		last := export.Links[len(export.Links)-1]
		if last.Purpose != auth.LinkEmailChange || !last.VoidedAt.IsZero() || !last.UsedAt.IsZero() {
			t.Errorf("%s: the export shows %+v", kind, last)
		}
		got := map[auth.LetterKind]string{}
		for _, l := range h.lettersByKind() {
			got[l.Kind] = l.To
		}
		want := map[auth.LetterKind]string{auth.LetterEmailChangeRequested: asker}
		switch kind {
		case "unknown", "registered":
			want[auth.LetterEmailChange] = email
		case "active", "passwordless", "unproved":
			want[auth.LetterEmailChangeAttempt] = email
		case "reserved":
			want[auth.LetterAddressReserved] = email
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: letters %s", kind, diff)
		}
	}
}

func TestAnAddressThatWasTakenMeanwhileIsNotConfirmed(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(h *house){
		"by an account": func(h *house) { h.user(adaNew) },
		"by another change": func(h *house) {
			h.changed(h.newcomer("bob@example.org"), adaNew)
		},
		"by a change away from it": func(h *house) {
			h.changed(h.newcomer(adaNew), "bob@example.org")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			c := h.newcomer(adaOld)
			token := h.askChange(c, adaNew)
			take(h)
			before := rows(t, h)
			_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
			wants(t, err, auth.InvalidToken)
			if after := rows(t, h); after != before {
				t.Errorf("it left\n%s\nof\n%s", after, before)
			}
			h.login(adaOld)
		})
	}
}

// TestALinkOfBeforeAResetMovesNothing is about a thief who asked in a session of
// his before the owner ended it, and confirms afterwards.
func TestALinkOfBeforeAResetMovesNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, c auth.Caller){
		"reset": func(h *house, _ auth.Caller) {
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
			ok(h.t, err)
			_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: another})
			ok(h.t, err)
		},
		"change of password": func(h *house, c auth.Caller) {
			_, err := h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
			ok(h.t, err)
		},
		"suspension": func(h *house, _ auth.Caller) {
			_, err := h.SuspendUser(h.ctx, adaOld)
			ok(h.t, err)
		},
		"deletion": func(h *house, c auth.Caller) {
			_, err := h.DeleteAccount(h.ctx, c)
			ok(h.t, err)
		},
		"time": func(h *house, _ auth.Caller) { h.pass(time.Hour) },
		"a later request": func(h *house, c auth.Caller) {
			h.askChange(c, "other@example.org")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			c := h.newcomer(adaOld)
			token := h.askChange(c, adaNew)
			end(h, c)
			want := auth.InvalidToken
			if name == "time" {
				want = auth.ExpiredToken
			}
			_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
			wants(t, err, want)
		})
	}
}

// TestALinkThatARequestUnderWayWroteAfterAResetIsDead inserts the link of a
// request that read the account before a reset and wrote after it.
func TestALinkThatARequestUnderWayWroteAfterAResetIsDead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
	ok(t, err)
	reset := h.letter().Token
	h.watch(func(statement string) {
		if strings.Contains(statement, "INSERT INTO") && strings.Contains(statement, "attempt_counters") {
			h.watch(nil)
			_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: reset, NewPassword: another})
			ok(t, err)
		}
	})
	token := h.askChange(c, adaNew)
	_, err = h.ConfirmEmailChange(h.ctx, h.stranger(), token)
	wants(t, err, auth.InvalidToken)
	if _, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: adaOld, Password: another}); err != nil {
		t.Errorf("the reset did not happen: %v", err)
	}
}

// TestALinkThatARequestUnderWayWroteAfterAChangeIsDead although the session that
// asked lives on: its way back would pass for one of the earlier change, and
// outlive the owner's use of that.
func TestALinkThatARequestUnderWayWroteAfterAChangeIsDead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	first := h.askChange(c, adaNew)
	h.watch(func(statement string) {
		if strings.Contains(statement, "INSERT INTO") && strings.Contains(statement, "attempt_counters") {
			h.watch(nil)
			_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), first)
			ok(t, err)
		}
	})
	second := h.askChange(c, "third@example.org")
	_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), second)
	wants(t, err, auth.InvalidToken)
	if user, err := h.Me(h.ctx, c); err != nil || user.Email.Text != adaNew {
		t.Errorf("the account is at %s, %v", user.Email.Text, err)
	}
}

func TestLettersToAnAddressThatOthersWantAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("victim@example.org")
	sent := 0
	for i := range 6 {
		c := h.newcomer(fmt.Sprintf("asker%d@example.org", i))
		h.letters()
		_, err := h.RequestEmailChange(h.ctx, c, "victim@example.org")
		ok(t, err)
		for _, l := range h.letters() {
			if l.To == "victim@example.org" {
				sent++
			}
		}
	}
	if sent != 3 {
		t.Errorf("%d letters in an hour", sent)
	}
	c := h.newcomer("many@example.org")
	var err error
	for i := 0; err == nil && i < 20; i++ {
		_, err = h.RequestEmailChange(h.ctx, c, fmt.Sprintf("to%d@example.org", i))
	}
	wants(t, err, auth.RateLimited)
}
