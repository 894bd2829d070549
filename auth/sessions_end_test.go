package auth_test

import (
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestEndingAllSessionsSignsEverybodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.user("grace@example.org")
	ins := []auth.SignIn{h.login("ada@example.org"), h.login("ada@example.org"), h.login("grace@example.org")}
	out := h.login("grace@example.org")
	_, err := h.Logout(h.ctx, h.stranger(), out.Tokens.Refresh)
	ok(t, err)
	fresh := auth.NewBlacklist()
	feed := auth.NewFeed(h.store, fresh)
	ok(t, feed.Poll(h.ctx, h.Now()))

	ended, err := h.EndAllSessions(h.ctx)
	if err != nil || ended != 3 {
		t.Fatalf("%d, %v", ended, err)
	}
	ok(t, feed.Poll(h.ctx, h.Now()))
	for _, in := range ins {
		wants(t, h.caller(in.Tokens.Access).Refused, auth.InvalidToken)
		_, err := h.refresh(in.Tokens.Refresh)
		wants(t, err, auth.InvalidToken)
		// A process that heard of it, and storage, up to the last moment.
		claims, err := h.keys.Verify(h.Now(), in.Tokens.Access)
		ok(t, err)
		last := claims.ExpiresAt.Add(5 * time.Second)
		if !fresh.Forbids(claims, h.Now()) || !fresh.Forbids(claims, last) {
			t.Error("another process lets it in")
		}
		forbidden, err := h.store.IsBlacklisted(h.ctx, claims.SessionID, claims.Subject, claims.IssuedAt, last)
		if err != nil || !forbidden {
			t.Errorf("storage lets it in: %v", err)
		}
	}
	// Whoever signs in afterwards is in, once the second is over within which
	// clocks may differ.
	h.pass(time.Second)
	if c := h.caller(h.login("ada@example.org").Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("a new sign-in: %v", c.Refused)
	}
	left := rows(t, h)
	if strings.Count(left, "ALL_SESSIONS_ENDED") != 1 || strings.Count(left, "ENDED_BY_OPERATOR") != 3 {
		t.Errorf("left is\n%s", left)
	}
	if ended, err = h.EndAllSessions(h.ctx); err != nil || ended != 1 {
		t.Errorf("again: %d, %v", ended, err)
	}
}

// An access token may have been given when they lived longer.
func TestTheEndOfAllOutlivesTheTokensOfALongerLifetime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.AccessTokenLifetime = 24 * time.Hour })
	lower := newHouse(t, func(o *auth.Options) { o.Store, o.Keys, o.Secrets, o.Clock = h.store, h.keys, h.secrets, h.clock })
	h.user("ada@example.org")
	c := h.signedIn("ada@example.org")
	_, err := lower.EndAllSessions(h.ctx)
	ok(t, err)
	forbidden, err := h.store.IsBlacklisted(h.ctx, c.SessionID, c.UserID, h.Now(), h.Now().Add(24*time.Hour))
	if err != nil || !forbidden {
		t.Errorf("a token of a day is let in before it is over: %v", err)
	}
}
