package e2e

import (
	"fmt"
	"testing"
)

// atOnce asks for no activation.
var atOnce = append([]string{"GATEHOUSE_ACTIVATION=off"}, unlimited...)

func TestOfAHundredImmediateRegistrationsOneIsLetIn(t *testing.T) {
	t.Parallel()
	towns(t, atOnce, func(t *testing.T, tw *town) {
		for round := range rounds {
			tw.race(100, "register", func(i int) map[string]any {
				email := fmt.Sprintf("Round%d@example.org", round)
				if i%2 == 0 {
					email = fmt.Sprintf("rOUND%d@EXAMPLE.org", round)
				}
				return map[string]any{"email": email, "password": password, "username": fmt.Sprintf("round%d.%d", round, i)}
			}).wants(t, map[string]int{"": 1, "INVALID_INPUT": 99})
			in := tw.login(round, fmt.Sprintf("round%d@example.org", round))
			c := tw.any(round)
			c.token = in.text("login.tokens.accessToken")
			// The winner's, and the one that has just begun.
			if a := c.ask("sessions", nil); a.at("me.sessions.1") == nil || a.at("me.sessions.2") != nil {
				t.Fatalf("sessions: %v", a.at("me.sessions"))
			}
		}
	})
}

// TestNothingOfASquatterOutlivesTheOwnersReset races all that somebody can do
// who registered another's address with the reset by its owner.
func TestNothingOfASquatterOutlivesTheOwnersReset(t *testing.T) {
	t.Parallel()
	// Otherwise the many sign-ins push the squatter's session out.
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, atOnce...)
	towns(t, settings, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			a := tw.any(0).ask("register", map[string]any{"email": address, "password": password, "username": "mallory", "name": "Mallory", "locale": "de"})
			token := a.text("register.signedIn.tokens.accessToken")
			if token == "" {
				t.Fatalf("register: %v", a.errors())
			}
			tw.letter(address)
			if a := tw.any(0).ask("requestPasswordReset", map[string]any{"email": address}); a.code() != "" {
				t.Fatalf("request: %v", a.errors())
			}
			link := tokenOf(t, tw.letter(address).Text)
			together(33, func(i int) {
				c := tw.any(i)
				operation, input := "updateProfile", map[string]any{"name": fmt.Sprint("Mallory ", i), "phone": "+442079460958"}
				switch {
				case i == 16:
					operation, input = "resetPassword", map[string]any{"token": link, "newPassword": another}
				case i%3 == 1:
					operation, input = "changeUsername", map[string]any{"username": fmt.Sprint("mallory.", i)}
				case i%3 == 2:
					operation, input = "login", map[string]any{"identifier": address, "password": password}
				}
				if operation == "updateProfile" || operation == "changeUsername" {
					c.token = token
				}
				for {
					a, err := c.try(operation, input)
					if err != nil {
						t.Error(err)
						return
					}
					if a.code() == "OVERLOADED" {
						continue
					}
					if i == 16 && a.code() != "" {
						t.Errorf("reset: %v", a.errors())
					}
					if a.code() == "INTERNAL" {
						t.Errorf("%s: %v", operation, a.errors())
					}
					return
				}
			})
			in := tw.any(round).ask("login", map[string]any{"identifier": address, "password": another})
			for field, want := range map[string]string{"emailVerified": "true", "username": "", "name": "", "phone": "", "locale": "en"} {
				if got := in.text("login.user." + field); got != want {
					t.Errorf("round %d: %s is %q", round, field, got)
				}
			}
			c := tw.any(round + 1)
			c.token = in.text("login.tokens.accessToken")
			if a := c.ask("sessions", nil); a.text("me.sessions.0.current") != "true" || a.at("me.sessions.1") != nil {
				t.Fatalf("sessions: %v %v", a.at("me.sessions"), a.errors())
			}
		}
	})
}
