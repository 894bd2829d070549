package e2e

import (
	"fmt"
	"sync"
	"testing"
)

// registered makes an active user who is signed in, and answers its client on the
// given node.
func (tw *town) registered(t *testing.T, i int, address string) *client {
	t.Helper()
	a := tw.any(0).ask("register", map[string]any{"email": address, "password": password})
	b := tw.any(0).ask("activate", map[string]any{"token": tokenOf(t, tw.letter(address).Text), "flow": a.text("register.flow")})
	c := tw.any(i)
	if c.token = b.text("activate.tokens.accessToken"); c.token == "" {
		t.Fatalf("activate: %v", b.errors())
	}
	return c
}

func TestNoSignInOutlivesAChangeOfPassword(t *testing.T) {
	t.Parallel()
	// Otherwise the many sign-ins push the owner's session out.
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, unlimited...)
	towns(t, settings, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			owner := tw.registered(t, round, address)
			var mu sync.Mutex
			var tokens []string
			together(51, func(i int) {
				if i == 25 {
					for {
						a := owner.ask("changePassword", map[string]any{"currentPassword": password, "newPassword": another})
						if a.code() == "OVERLOADED" {
							continue
						}
						if a.code() != "" {
							t.Errorf("change: %v", a.errors())
						}
						return
					}
				}
				a, err := tw.any(i).try("login", map[string]any{"identifier": address, "password": password})
				if err == nil && a.code() == "" {
					mu.Lock()
					tokens = append(tokens, a.text("login.tokens.refreshToken"))
					mu.Unlock()
				}
			})
			tw.letter(address)
			for i, token := range tokens {
				if a := tw.any(i).ask("refresh", map[string]any{"refreshToken": token}); a.code() != "INVALID_TOKEN" {
					t.Fatalf("a session of the old password answers %q", a.code())
				}
			}
			if a := owner.ask("sessions", nil); a.text("me.sessions.0.current") != "true" || a.at("me.sessions.1") != nil {
				t.Fatalf("sessions: %v", a.at("me.sessions"))
			}
		}
	})
}

func TestOfManyChangesOfOnePasswordOneWins(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			token := tw.registered(t, 0, address).token
			choice := func(i int) string { return fmt.Sprintf("choice of racer %d!", i) }
			var c tally
			together(10, func(i int) {
				racer := tw.any(i)
				racer.token = token
				for {
					a := racer.ask("changePassword", map[string]any{"currentPassword": password, "newPassword": choice(i)})
					if a.code() != "OVERLOADED" {
						c.add(a)
						return
					}
				}
			})
			c.wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 9})
			// The losers' passwords did not stick.
			tw.race(10, "login", func(i int) map[string]any {
				return map[string]any{"identifier": address, "password": choice(i)}
			}).wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 9})
		}
	})
}

func TestARevokedSessionIsOverOnEveryNode(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		owner := tw.any(0)
		owner.token = tw.login(0, "ada@example.org").text("login.tokens.accessToken")
		for round := range rounds {
			in := tw.login(round, "ada@example.org")
			// One by its ID, the next with all others, in turn.
			if round%2 == 0 {
				owner.ask("revokeSession", map[string]any{"sessionId": in.text("login.session.id")})
			} else {
				owner.ask("revokeOtherSessions", nil)
			}
			for i := range tw.nodes {
				c := tw.nodes[i].client()
				c.token = in.text("login.tokens.accessToken")
				if i == 0 {
					// The node that answered knows at once.
					if a := c.ask("me", nil); a.code() != "UNAUTHENTICATED" {
						t.Fatalf("after the answer: %q", a.code())
					}
				}
				eventually(t, "the token dies", func() bool { return c.ask("me", nil).code() == "UNAUTHENTICATED" })
				if a := c.ask("refresh", map[string]any{"refreshToken": in.text("login.tokens.refreshToken")}); a.code() != "INVALID_TOKEN" {
					t.Fatalf("refresh answers %q", a.code())
				}
			}
		}
		if a := owner.ask("me", nil); a.code() != "" {
			t.Fatalf("the owner: %v", a.errors())
		}
	})
}
