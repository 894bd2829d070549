package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// livesOn says whether the session of the sign-in still gets in, by either token.
func (h *house) livesOn(in auth.SignIn) bool {
	h.t.Helper()
	byAccess := h.caller(in.Tokens.Access).Kind == auth.BySession
	status, err := h.VerifyToken(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(h.t, err)
	if status.Active != byAccess {
		h.t.Errorf("by the access token %v, by the refresh token %v", byAccess, status.Active)
	}
	return status.Active
}

// wrong signs in with a wrong password, from an address of its own.
func (h *house) wrong(email string, i int) error {
	c := h.from(fmt.Sprintf("198.51.%d.%d", 100+i/200, 1+i%200))
	_, err := h.Login(h.ctx, c, auth.LoginInput{Identifier: email, Password: "wrong"})
	return err
}

func TestSessionsAreListedTheLatestUsedFirstToFiveMinutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ada@example.org")
	h.user("eve@example.org")
	h.login("eve@example.org")
	ended := h.login("ada@example.org")
	_, err := h.Logout(h.ctx, h.stranger(), ended.Tokens.Refresh)
	ok(t, err)
	first := h.login("ada@example.org")
	h.pass(time.Second)
	second := h.login("ada@example.org")
	listed := func() []uuid.UUID {
		t.Helper()
		sessions, err := h.Sessions(h.ctx, h.stranger(), u.ID)
		ok(t, err)
		var ids []uuid.UUID
		for _, s := range sessions {
			ids = append(ids, s.ID)
		}
		return ids
	}
	want := []uuid.UUID{second.Session.ID, first.Session.ID}
	if got := listed(); !slices.Equal(got, want) {
		t.Errorf("listed %v, not %v", got, want)
	}
	// The user refreshes within the same five minutes: the order must not tell.
	h.pass(15 * time.Second)
	_, err = h.refresh(first.Tokens.Refresh)
	ok(t, err)
	if got := listed(); !slices.Equal(got, want) {
		t.Error("the order tells of a refresh at once")
	}
	h.pass(10 * time.Minute)
	_, err = h.refresh(second.Tokens.Refresh)
	ok(t, err)
	if got := listed(); !slices.Equal(got, want) {
		t.Errorf("listed %v, not %v", got, want)
	}
}

func TestOnlyOwnSessionsAreRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.user("eve@example.org")
	own, other, foreign := h.login("ada@example.org"), h.login("ada@example.org"), h.login("eve@example.org")
	c := h.caller(own.Tokens.Access)
	for name, id := range map[string]string{
		"another's": foreign.Session.ID.String(), "unknown": uuid.NewString(), "malformed": "x", "empty": "", "nil": uuid.Nil.String(),
	} {
		if _, err := h.RevokeSession(h.ctx, c, id); err != auth.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !h.livesOn(foreign) || !h.livesOn(other) {
		t.Fatal("a refusal ended a session")
	}
	_, err := h.RevokeSession(h.ctx, h.stranger(), own.Session.ID.String())
	wants(t, err, auth.Unauthenticated)

	id, err := h.RevokeSession(h.ctx, c, other.Session.ID.String())
	ok(t, err)
	if id != other.Session.ID || h.livesOn(other) || !h.livesOn(own) {
		t.Error("not exactly the one that was named has ended")
	}
	_, err = h.RevokeSession(h.ctx, c, other.Session.ID.String())
	wants(t, err, auth.NotFound)
	_, err = h.refresh(other.Tokens.Refresh)
	wants(t, err, auth.InvalidToken)

	_, err = h.RevokeSession(h.ctx, c, own.Session.ID.String())
	ok(t, err)
	if h.livesOn(own) {
		t.Error("the own session can not be revoked")
	}
}

func TestRevokingTheOtherSessionsLeavesThisOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.user("eve@example.org")
	own, foreign := h.login("ada@example.org"), h.login("eve@example.org")
	others := []auth.SignIn{h.login("ada@example.org"), h.login("ada@example.org")}
	ended, err := h.RevokeOtherSessions(h.ctx, h.caller(own.Tokens.Access))
	ok(t, err)
	if ended != 2 || h.livesOn(others[0]) || h.livesOn(others[1]) || !h.livesOn(own) || !h.livesOn(foreign) {
		t.Errorf("%d ended, and not exactly the others", ended)
	}
	ended, err = h.RevokeOtherSessions(h.ctx, h.caller(own.Tokens.Access))
	ok(t, err)
	if ended != 0 {
		t.Errorf("%d ended twice", ended)
	}
	_, err = h.RevokeOtherSessions(h.ctx, h.stranger())
	wants(t, err, auth.Unauthenticated)
}

// Nobody was signed in by it any more: told that somebody was, a user would look
// for a thief.
func TestASessionThatHadExpiredIsEndedAndNotCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	expired := h.login("ada@example.org")
	h.pass(13 * 24 * time.Hour)
	own, other := h.login("ada@example.org"), h.login("ada@example.org")
	h.pass(36 * time.Hour)
	own, err := h.refresh(own.Tokens.Refresh)
	ok(t, err)
	ended, err := h.RevokeOtherSessions(h.ctx, h.caller(own.Tokens.Access))
	ok(t, err)
	if ended != 1 || h.livesOn(other) {
		t.Errorf("%d sessions ended, not the living one", ended)
	}
	row, err := h.store.SessionByID(h.ctx, expired.Session.ID)
	ok(t, err)
	if row.EndReason != auth.EndedByRevocation {
		t.Errorf("what had expired was left as %q", row.EndReason)
	}

	h.login("ada@example.org")
	h.pass(15 * 24 * time.Hour)
	own = h.login("ada@example.org")
	ended, err = h.changePassword(own, password, another)
	ok(t, err)
	if ended != 0 {
		t.Errorf("a change of password ended %d sessions, of which none lived", ended)
	}
}
