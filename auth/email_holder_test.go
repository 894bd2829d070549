package auth_test

import (
	"testing"
	"time"

	"gatehouse/auth"
)

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
