package auth_test

import (
	"testing"
	"time"

	"gatehouse/auth"
)

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
