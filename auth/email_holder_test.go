package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// TestTheNoticeTellsNothingOfWhoElseWritesToTheAddress is about a stranger who
// learns by the notice to an address of his own whether the other one was written
// to of late.
func TestTheNoticeTellsNothingOfWhoElseWritesToTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("victim@example.org")
	for range 3 {
		_, err := h.RequestPasswordReset(h.ctx, h.from("198.51.100.1"), "victim@example.org")
		ok(t, err)
	}
	c := h.newcomer("eve@example.org")
	h.letters()
	_, err := h.RequestEmailChange(h.ctx, c, "victim@example.org")
	ok(t, err)
	if letter := h.letter(); letter.Kind != auth.LetterEmailChangeRequested || letter.To != "eve@example.org" {
		t.Errorf("letter %+v", letter)
	}
}

// TestNoticesAreFew however many addresses a thief asks for, from wherever.
func TestNoticesAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	h.letters()
	var err error
	asked := 0
	for i := 0; err == nil && i < 20; i++ {
		c.Address = h.from(fmt.Sprintf("198.51.%d.1", i)).Address
		if _, err = h.RequestEmailChange(h.ctx, c, fmt.Sprintf("to%d@example.org", i)); err == nil {
			asked++
		}
	}
	wants(t, err, auth.RateLimited)
	if notices := len(h.letters()) - asked; asked != 3 || notices != 3 {
		t.Errorf("asked %d times, %d notices", asked, notices)
	}
	h.pass(time.Hour)
	c = h.signedIn(adaOld)
	h.askChange(c, adaNew)
}

// TestWhatAnotherAskedForIsNoneOfAnAccounts is about a user who asked for the
// address of an account: neither does its owner see what becomes of that, nor he
// that the account is deleted.
func TestWhatAnotherAskedForIsNoneOfAnAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, eve := h.newcomer(adaOld), h.newcomer("eve@example.org")
	_, err := h.RequestEmailChange(h.ctx, eve, adaOld)
	ok(t, err)
	export, err := h.ExportAccount(h.ctx, ada)
	ok(t, err)
	if len(export.Links) != 0 {
		t.Errorf("the owner sees %+v", export.Links)
	}
	_, err = h.DeleteAccount(h.ctx, ada)
	ok(t, err)
	export, err = h.ExportAccount(h.ctx, eve)
	ok(t, err)
	if len(export.Links) != 1 || !export.Links[0].VoidedAt.IsZero() {
		t.Errorf("the deletion shows in %+v", export.Links)
	}
}

// TestWhoComesNextToAnAddressSeesNothingOfWhoHadIt once its way back has expired.
func TestWhoComesNextToAnAddressSeesNothingOfWhoHadIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.changed(h.newcomer(adaOld), adaNew)
	h.pass(7 * 24 * time.Hour)
	export, err := h.ExportAccount(h.ctx, h.newcomer(adaOld))
	ok(t, err)
	if len(export.Links) != 0 {
		t.Errorf("links %+v", export.Links)
	}
}

// TestALinkDiesWithTheSessionThatAskedForIt is about a thief whose session the
// owner ends: what he asked for in it must not carry the account off.
func TestALinkDiesWithTheSessionThatAskedForIt(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, owner, thief auth.SignIn) error{
		"revoked": func(h *house, owner, thief auth.SignIn) error {
			_, err := h.RevokeSession(h.ctx, h.caller(owner.Tokens.Access), thief.Session.ID.String())
			return err
		},
		"revoked with all others": func(h *house, owner, _ auth.SignIn) error {
			_, err := h.RevokeOtherSessions(h.ctx, h.caller(owner.Tokens.Access))
			return err
		},
		"signed out": func(h *house, _, thief auth.SignIn) error {
			_, err := h.Logout(h.ctx, h.stranger(), thief.Tokens.Refresh)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.user(adaOld)
			owner, thief := h.login(adaOld), h.login(adaOld)
			ended := h.caller(thief.Tokens.Access)
			token := h.askChange(ended, adaNew)
			ok(t, end(h, owner, thief))
			before := rows(t, h)
			for who, c := range map[string]auth.Caller{"a stranger": h.stranger(), "the session that ended": ended} {
				_, err := h.ConfirmEmailChange(h.ctx, c, token)
				wants(t, err, auth.InvalidToken)
				if after := rows(t, h); after != before {
					t.Errorf("%s left\n%s\nof\n%s", who, after, before)
				}
			}
			// Another session of the user vouches for it as well.
			_, err := h.ConfirmEmailChange(h.ctx, h.caller(owner.Tokens.Access), token)
			ok(t, err)
			if h.caller(owner.Tokens.Access).Kind != auth.BySession {
				t.Error("the session that confirmed ended")
			}
		})
	}
}

// TestAThiefDoesNotOutwaitTheOwnerByLettingTheAccountReturn is about a thief who
// has the owner confirm the old address by a change instead of the way back: what
// he left last would have a way back that outlives the owner's.
func TestAThiefDoesNotOutwaitTheOwnerByLettingTheAccountReturn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	thief := h.newcomer(adaOld)
	back := h.changed(thief, "thief@example.net")
	h.pass(6 * 24 * time.Hour)
	thief = h.signedIn("thief@example.net")
	h.letters()
	_, err := h.RequestEmailChange(h.ctx, thief, adaOld)
	ok(t, err)
	letters := h.lettersByKind()
	told := letters[auth.LetterAddressReserved]
	if len(letters) != 2 || told.To != adaOld || told.Token != "" {
		t.Errorf("letters %+v", letters)
	}
	ok(t, h.revert(back))
}

// TestTheOwnerIsToldThatAThiefDeletedTheAccount at the address that the thief had
// it leave first: the way back is gone, and the farewell must not go to him alone.
func TestTheOwnerIsToldThatAThiefDeletedTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	thief := h.newcomer(adaOld)
	h.changed(thief, "thief@example.net")
	h.changed(thief, "thief2@example.net")
	_, err := h.DeleteAccount(h.ctx, thief)
	ok(t, err)
	to := map[string]int{}
	for _, l := range h.letters() {
		if l.Kind != auth.LetterAccountDeleted {
			t.Errorf("letter %+v", l)
		}
		to[l.To]++
	}
	if fmt.Sprint(to) != fmt.Sprint(map[string]int{adaOld: 1, "thief@example.net": 1, "thief2@example.net": 1}) {
		t.Errorf("farewells to %v", to)
	}
}

// TestADeletedAccountLeavesNothingOfTheAddressesThatItLeft, though strangers
// asked for one while it was reserved.
func TestADeletedAccountLeavesNothingOfTheAddressesThatItLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.newcomer(adaOld)
	h.changed(c, adaNew)
	h.register(adaOld)
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
	ok(t, err)
	export, err := h.ExportAccount(h.ctx, c)
	ok(t, err)
	void := 0
	for _, l := range export.Links {
		if !l.VoidedAt.IsZero() && l.UsedAt.IsZero() {
			void++
		}
	}
	if void != 3 {
		t.Errorf("the export shows %d links that strangers asked for, not 3: %+v", void, export.Links)
	}
	_, err = h.DeleteAccount(h.ctx, c)
	ok(t, err)
	for line := range strings.Lines(rows(t, h)) {
		if strings.Contains(line, adaOld) {
			t.Errorf("left is %s", line)
		}
	}
}

// TestWhoConfirmsInNoSessionKeepsTheOneThatAsked: an API token of the user's is
// none that could stay.
func TestWhoConfirmsInNoSessionKeepsTheOneThatAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	asking := h.newcomer(adaOld)
	token := h.askChange(asking, adaNew)
	confirming := h.stranger()
	confirming.Kind, confirming.UserID = auth.ByAPIToken, asking.UserID
	_, err := h.ConfirmEmailChange(h.ctx, confirming, token)
	ok(t, err)
	living, err := h.store.LivingSessions(h.ctx, asking.UserID, h.Now())
	ok(t, err)
	if len(living) != 1 || living[0].ID != asking.SessionID {
		t.Errorf("sessions %+v", living)
	}
}

// TestALinkToAnAddressThatTheAccountHasLeftIsDead is about a request that read
// the account before it moved, and wrote after it: its letter goes to where the
// account is no more.
func TestALinkToAnAddressThatTheAccountHasLeftIsDead(t *testing.T) {
	t.Parallel()
	var over *overtaken
	h := newHouse(t, func(o *auth.Options) {
		over = &overtaken{Store: o.Store}
		o.Store = over
	})
	token := h.askChange(h.newcomer(adaOld), adaNew)
	over.by = func() {
		_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
		ok(t, err)
	}
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld)
	ok(t, err)
	letter := h.lettersByKind()[auth.LetterPasswordReset]
	if letter.To != adaOld {
		t.Fatalf("the letter went to %q", letter.To)
	}
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: letter.Token, NewPassword: another})
	wants(t, err, auth.InvalidToken)
}
