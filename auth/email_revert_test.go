package auth_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

func (h *house) revert(token string) error {
	_, err := h.RevertEmailChange(h.ctx, h.stranger(), token)
	return err
}

func TestTheWayBackUndoesWhatCameWithTheChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	thief := h.newcomer(adaOld)
	back := h.changed(thief, "thief@example.net")
	// Whatever the thief does now, the way back stays open.
	_, err := h.ChangePassword(h.ctx, thief, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
	ok(t, err)
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "thief@example.net")
	ok(t, err)
	h.letters()
	pending := h.askChange(thief, "thief3@example.net")
	h.pass(7*24*time.Hour - time.Second)

	email, err := h.RevertEmailChange(h.ctx, h.stranger(), back)
	ok(t, err)
	letters := h.lettersByKind()
	told, reset := letters[auth.LetterEmailChangeReverted], letters[auth.LetterPasswordReset]
	if email != adaOld || len(letters) != 2 || told.To != "thief@example.net" || told.Token != "" || reset.To != adaOld {
		t.Fatalf("%s, letters %+v", email, letters)
	}
	for _, p := range []string{password, another} {
		_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: adaOld, Password: p})
		wants(t, err, auth.InvalidCredentials)
	}
	if living, err := h.store.LivingSessions(h.ctx, thief.UserID, h.Now()); err != nil || len(living) != 0 {
		t.Errorf("the thief's session goes on: %v, %v", living, err)
	}
	_, err = h.ConfirmEmailChange(h.ctx, h.stranger(), pending)
	if !errors.Is(err, auth.InvalidToken) && !errors.Is(err, auth.ExpiredToken) {
		t.Errorf("a change that was asked for before: %v", err)
	}
	wants(t, h.revert(back), auth.InvalidToken)
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: reset.Token, NewPassword: "nine silent harbours"})
	ok(t, err)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: adaOld, Password: "nine silent harbours"})
	ok(t, err)
	// What the account left is nobody's, and not reserved: it was no change.
	h.letters()
	h.register("thief@example.net")
	if kind := h.letter().Kind; kind != auth.LetterActivation {
		t.Errorf("the address that was left gets %s", kind)
	}
}

// TestEachHopHasAWayBackAndAnEarlierOneEndsTheLater is the thief's road from A to
// B to C, with B and C his own.
func TestEachHopHasAWayBackAndAnEarlierOneEndsTheLater(t *testing.T) {
	t.Parallel()
	road := func(t *testing.T) (h *house, toA, toB, toC string) {
		h = newHouse(t, unlimited)
		c := h.newcomer("a@example.org")
		toA = h.changed(c, "b@example.org")
		toB = h.changed(c, "c@example.org")
		toC = h.changed(c, "d@example.org")
		return h, toA, toB, toC
	}
	t.Run("the first ends all others", func(t *testing.T) {
		t.Parallel()
		h, toA, toB, toC := road(t)
		ok(t, h.revert(toA))
		wants(t, h.revert(toB), auth.InvalidToken)
		wants(t, h.revert(toC), auth.InvalidToken)
		h.letters()
		h.register("b@example.org") // which is free again
		if kind := h.letter().Kind; kind != auth.LetterActivation {
			t.Errorf("B gets %s", kind)
		}
	})
	t.Run("a later one leaves the earlier", func(t *testing.T) {
		t.Parallel()
		h, toA, toB, toC := road(t)
		ok(t, h.revert(toB))
		wants(t, h.revert(toC), auth.InvalidToken)
		ok(t, h.revert(toA))
		if account, err := h.store.AccountByEmail(h.ctx, "a@example.org"); err != nil || account.PasswordHash != "" {
			t.Errorf("%+v, %v", account, err)
		}
	})
	t.Run("a clock that was set back does not turn them round", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, unlimited)
		c := h.newcomer("a@example.org")
		toA := h.changed(c, "b@example.org")
		token := h.askChange(c, "c@example.org")
		early := h.stranger()
		early.Now = early.Now.Add(-time.Second)
		_, err := h.ConfirmEmailChange(h.ctx, early, token)
		ok(t, err)
		toB := h.letter().Token
		ok(t, h.revert(toA))
		wants(t, h.revert(toB), auth.InvalidToken)
	})
}

func TestAWayBackEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	back := h.changed(h.newcomer(adaOld), adaNew)
	_, err := h.SuspendUser(h.ctx, adaNew)
	ok(t, err)
	wants(t, h.revert(back), auth.InvalidToken)
	h.pass(7 * 24 * time.Hour)
	wants(t, h.revert(back), auth.ExpiredToken)
}

func TestAnAddressIsReservedWhileItsWayBackIsOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	// Whoever registered before the account left can not slip in either.
	h.register("left@example.org")
	registered := h.letter().Token
	c := h.newcomer("mover@example.org")
	h.letters()
	toMover := h.changed(c, "left@example.org")
	toLeft := h.changed(c, "last@example.org")
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &registered, Password: new(password)})
	wants(t, err, auth.InvalidToken)
	for name, ask := range map[string]func() error{
		"register": func() error { h.register("LEFT@example.org"); return nil },
		"reset":    func() error { _, err := h.RequestPasswordReset(h.ctx, h.stranger(), "left@example.org"); return err },
		"username reset": func() error {
			_, err := h.RequestUsernameReset(h.ctx, h.stranger(), "left@example.org")
			return err
		},
		"change": func() error {
			bob := h.newcomer("bob@example.org")
			h.letters()
			_, err := h.RequestEmailChange(h.ctx, bob, "left@example.org")
			return err
		},
	} {
		ok(t, ask())
		var got []auth.Letter
		for _, l := range h.letters() {
			if l.To == "left@example.org" {
				got = append(got, l)
			}
		}
		if len(got) != 1 || got[0].Kind != auth.LetterAddressReserved || got[0].Token != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	_, err = h.CreateUser(h.ctx, auth.CreateUserInput{Email: "left@example.org"})
	violates(t, err, "input.email TAKEN")
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "left@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)
	// The account itself comes back by no other way.
	h.letters()
	_, err = h.RequestEmailChange(h.ctx, c, "left@example.org")
	ok(t, err)
	if letter := h.lettersByKind()[auth.LetterAddressReserved]; letter.To != "left@example.org" {
		t.Errorf("the account's own: %+v", letter)
	}
	ok(t, h.revert(toLeft))
	ok(t, h.revert(toMover))
}

func TestDeletingTheAccountFreesTheAddressesThatItLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	back := h.changed(c, adaNew)
	_, err := h.DeleteAccount(h.ctx, c)
	ok(t, err)
	wants(t, h.revert(back), auth.InvalidToken)
	h.letters()
	h.user(adaOld)
	h.register(adaNew)
	if kind := h.letter().Kind; kind != auth.LetterActivation {
		t.Errorf("the new one gets %s", kind)
	}
}

// TestLettersToAnAddressThatWasLeftBelongToTheAccount while the way back to it is
// open: it is nobody else's meanwhile.
func TestLettersToAnAddressThatWasLeftBelongToTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	token := h.askChange(c, adaNew)
	_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
	ok(t, err)
	export, err := h.ExportAccount(h.ctx, c)
	ok(t, err)
	told := false
	for _, l := range export.Letters {
		told = told || l.Kind == auth.LetterEmailChanged
	}
	if !told {
		t.Errorf("the export lacks the way back: %+v", export.Letters)
	}
	_, err = h.DeleteAccount(h.ctx, c)
	ok(t, err)
	for _, l := range h.letters() {
		if l.Kind != auth.LetterAccountDeleted {
			t.Errorf("letter %+v", l)
		}
	}
}

// TestOfManyWhoUseTheLinksAtOnceOneWins races uses of the link of a change, then
// of its way back, then both with each other.
func TestOfManyWhoUseTheLinksAtOnceOneWins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	race := func(n int, use func(i int) error) int {
		start, won := make(chan struct{}), 0
		var mu sync.Mutex
		var group sync.WaitGroup
		for i := range n {
			group.Go(func() {
				<-start
				err := use(i)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case !errors.Is(err, auth.InvalidToken):
					t.Errorf("a loser is told %v", err)
				}
			})
		}
		close(start)
		group.Wait()
		return won
	}
	for round := range 20 {
		from, to := string(rune('a'+round))+"@example.org", string(rune('a'+round))+"@example.net"
		c := h.newcomer(from)
		token := h.askChange(c, to)
		if won := race(50, func(int) error {
			_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
			return err
		}); won != 1 {
			t.Fatalf("%d of 50 confirmed", won)
		}
		back := h.letter().Token
		if won := race(20, func(int) error { return h.revert(back) }); won != 1 {
			t.Fatalf("%d of 20 reverted", won)
		}
		h.letters()
	}
}

// TestAChangeThatMeetsTheWayBackComesToNothing races the thief's next change with
// the owner's way back: whoever is first, the account is the owner's in the end,
// and nothing of the thief's is left.
func TestAChangeThatMeetsTheWayBackComesToNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	for round := range 20 {
		at := func(domain string) string { return string(rune('a'+round)) + "@" + domain }
		c := h.newcomer(at("owner.example"))
		back := h.changed(c, at("thief.example"))
		token := h.askChange(c, at("thief2.example"))
		var group sync.WaitGroup
		start := make(chan struct{})
		group.Go(func() {
			<-start
			if _, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token); err != nil && !errors.Is(err, auth.InvalidToken) {
				t.Errorf("confirm: %v", err)
			}
		})
		group.Go(func() {
			<-start
			ok(t, h.revert(back))
		})
		close(start)
		group.Wait()
		user, err := h.store.UserByID(h.ctx, c.UserID)
		ok(t, err)
		if user.Email.Text != at("owner.example") {
			t.Errorf("it is %s's", user.Email.Text)
		}
		for _, l := range h.letters() {
			if l.Kind == auth.LetterEmailChanged {
				wants(t, h.revert(l.Token), auth.InvalidToken)
			}
		}
		ways, err := h.store.WaysBack(h.ctx, c.UserID, h.Now())
		ok(t, err)
		sessions, err := h.store.LivingSessions(h.ctx, c.UserID, h.Now())
		ok(t, err)
		if len(ways) != 0 || len(sessions) != 0 {
			t.Errorf("left are %d ways back, %d sessions", len(ways), len(sessions))
		}
	}
}
