package auth_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAnAccessTokenIsVerifiedWithItsClaims(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := password
	u, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: "ada@example.org", Password: &p, Roles: []string{"editor"}})
	ok(t, err)
	in := h.login("ada@example.org")
	var got auth.TokenStatus
	statements, _ := h.counted(func() { got, err = h.VerifyToken(h.ctx, h.stranger(), in.Tokens.Access) })
	ok(t, err)
	want := auth.TokenStatus{
		Active: true, Kind: auth.BySession, Subject: u.ID, SessionID: in.Session.ID, Roles: []string{"editor"},
		IssuedAt: h.Now(), ExpiresAt: h.Now().Add(10 * time.Minute),
	}
	if !reflect.DeepEqual(got, want) || len(statements) > 0 {
		t.Errorf("got %+v, not %+v, by %d statements", got, want, len(statements))
	}
}

// TestEveryGenerationOfALivingSessionIsAnsweredAlike stands against a thief who
// asks about a stolen refresh token until its user has refreshed, to ride along
// within the grace window.
func TestEveryGenerationOfALivingSessionIsAnsweredAlike(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("ada@example.org")
	first := h.login("ada@example.org")
	verify := func(token string) auth.TokenStatus {
		t.Helper()
		status, err := h.VerifyToken(h.ctx, h.stranger(), token)
		ok(t, err)
		return status
	}
	before := verify(first.Tokens.Refresh)
	cut := func(at time.Time) time.Time { return at.Truncate(5 * time.Minute) }
	want := auth.TokenStatus{
		Active: true, Subject: u.ID, SessionID: first.Session.ID,
		IssuedAt: cut(first.Session.CreatedAt), ExpiresAt: cut(first.Session.ExpiresAt),
	}
	if !reflect.DeepEqual(before, want) {
		t.Errorf("got %+v, not %+v", before, want)
	}
	h.pass(time.Hour)
	second, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)
	h.pass(time.Hour)
	third, err := h.refresh(second.Tokens.Refresh)
	ok(t, err)
	if after := verify(first.Tokens.Refresh); !reflect.DeepEqual(after, before) {
		t.Errorf("a refresh shows in what was stolen before: %+v, not %+v", after, before)
	}
	last := verify(third.Tokens.Refresh)
	last.ExpiresAt = before.ExpiresAt
	if !reflect.DeepEqual(last, before) {
		t.Errorf("the current generation is answered differently: %+v, not %+v", last, before)
	}
	// Asking was no use of the token.
	_, err = h.refresh(third.Tokens.Refresh)
	ok(t, err)
}

func TestWhatHasEndedExpiredOrIsForeignIsInactiveAndNoError(t *testing.T) {
	t.Parallel()
	h, other := newHouse(t), newHouse(t)
	for _, house := range []*house{h, other} {
		house.user("ada@example.org")
	}
	inactive := func(name, token string) {
		t.Helper()
		status, err := h.VerifyToken(h.ctx, h.stranger(), token)
		if err != nil || !reflect.DeepEqual(status, auth.TokenStatus{}) {
			t.Errorf("%s: %+v %v", name, status, err)
		}
	}
	foreign := other.login("ada@example.org")
	inactive("foreign access token", foreign.Tokens.Access)
	inactive("foreign refresh token", foreign.Tokens.Refresh)
	for _, token := range []string{"", "x", "a.b.c", "\x00", strings.Repeat("a", 1<<20), strings.Repeat(".", 8192)} {
		inactive("malformed", token)
	}
	h.register("new@example.org")
	inactive("link", h.letter().Token)

	ended := h.login("ada@example.org")
	living := h.login("ada@example.org")
	_, err := h.Logout(h.ctx, h.stranger(), ended.Tokens.Refresh)
	ok(t, err)
	inactive("access token of an ended session", ended.Tokens.Access)
	inactive("refresh token of an ended session", ended.Tokens.Refresh)
	inactive("generation that was never given", h.secrets.SignRefresh(auth.RefreshClaims{
		SessionID: living.Session.ID, Generation: 7, ExpiresAt: living.Session.ExpiresAt,
	}))
	// A token of a session that goes on, whose own time is over.
	h.pass(13 * 24 * time.Hour)
	inactive("expired access token", living.Tokens.Access)
	_, err = h.refresh(living.Tokens.Refresh)
	ok(t, err)
	h.pass(2 * 24 * time.Hour)
	inactive("expired refresh token", living.Tokens.Refresh)

	suspended := h.login("ada@example.org")
	_, err = h.SuspendUser(h.ctx, "ada@example.org")
	ok(t, err)
	inactive("access token of a suspended user", suspended.Tokens.Access)
	inactive("refresh token of a suspended user", suspended.Tokens.Refresh)
}

func TestAFailingDatabaseIsNeitherActiveNorInactive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	ok(t, h.store.Close())
	status, err := h.VerifyToken(h.ctx, h.stranger(), in.Tokens.Refresh)
	internal(t, err)
	// Nothing was heard for more than five seconds: nobody knows who was signed out.
	stale := auth.Caller{Client: auth.Client{Now: h.Now().Add(6 * time.Second)}}
	byAccess, err := h.VerifyToken(h.ctx, stale, in.Tokens.Access)
	internal(t, err)
	if status.Active || byAccess.Active {
		t.Error("active")
	}
}
