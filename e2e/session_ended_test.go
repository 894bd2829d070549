package e2e

import (
	"testing"
	"time"
)

// TestTheEndOfASessionIsHeardOnEveryNode ends sessions on one process while
// clients listen on another, by every way to listen. Where there is but one
// process it is that one.
func TestTheEndOfASessionIsHeardOnEveryNode(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		for round, way := range []string{"socket", "events", "socket", "events"} {
			here, there := tw.any(round), tw.any(round+1)
			a := here.ask("login", map[string]any{"identifier": "ada@example.org", "password": password})
			session, refresh := a.text("login.session.id"), a.text("login.tokens.refreshToken")
			here.token, there.token = a.text("login.tokens.accessToken"), a.text("login.tokens.accessToken")
			near, refusal, err := here.subscribe("sessionEnded", way)
			if err != nil || len(refusal.errors()) > 0 {
				t.Fatalf("%v %s", err, refusal.raw)
			}
			defer near.hang()
			far, refusal, err := there.subscribe("sessionEnded", way)
			if err != nil || len(refusal.errors()) > 0 {
				t.Fatalf("%v %s", err, refusal.raw)
			}
			defer far.hang()
			here.token = ""
			began := time.Now()
			if out := here.ask("logout", map[string]any{"refreshToken": refresh}); out.text("logout.sessionsEnded") != "1" {
				t.Fatalf("logout: %s", out.raw)
			}
			for where, heard := range map[string]*stream{"the same node": near, "another node": far} {
				end, err := heard.next()
				if err != nil || end.text("sessionEnded.sessionId") != session || end.text("sessionEnded.reason") != "LOGOUT" {
					t.Errorf("%s by %s: %v %s", where, way, err, end.raw)
				}
				if _, err := heard.next(); err != errStreamDone {
					t.Errorf("%s by %s: it goes on: %v", where, way, err)
				}
			}
			t.Logf("both heard within %v", time.Since(began))
		}
	})
}
