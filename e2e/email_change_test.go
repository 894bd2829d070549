package e2e

import (
	"fmt"
	"testing"
)

// asksFor sends the user's session to ask for another address, and gives the
// token of the link that went there.
func (tw *town) asksFor(c *client, from, to string) string {
	tw.t.Helper()
	if a := c.ask("requestEmailChange", map[string]any{"newEmail": to}); a.code() != "" {
		tw.t.Fatal(a.code())
	}
	tw.letter(from) // the notice
	return tokenOf(tw.t, tw.letter(to).Text)
}

func TestAnAddressIsChangedAndTakenBackOnce(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			from, to := fmt.Sprintf("round%d@example.org", round), fmt.Sprintf("round%d@example.net", round)
			token := tw.asksFor(tw.registered(t, round, from), from, to)
			tw.race(50, "confirmEmailChange", func(int) map[string]any {
				return map[string]any{"token": token}
			}).wants(t, map[string]int{"": 1, "INVALID_TOKEN": 49})
			back := tokenOf(t, tw.letter(from).Text)
			tw.race(20, "revertEmailChange", func(int) map[string]any {
				return map[string]any{"token": back}
			}).wants(t, map[string]int{"": 1, "INVALID_TOKEN": 19})
			tw.letter(to)
			reset := tokenOf(t, tw.letter(from).Text)
			if a := tw.any(round).ask("resetPassword", map[string]any{"token": reset, "newPassword": another}); a.text("resetPassword.email") != from {
				t.Fatalf("the account is not at its address again: %+v", a.body)
			}
		}
	})
}

// TestAnAddressThatIsTakenBackStaysSo races the next change of a thief, and sign-ins
// with the password that he knows, with the owner's way back.
func TestAnAddressThatIsTakenBackStaysSo(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			owner, thief := fmt.Sprintf("round%d@example.org", round), fmt.Sprintf("round%d@example.net", round)
			c := tw.registered(t, round, owner)
			if a := c.ask("confirmEmailChange", map[string]any{"token": tw.asksFor(c, owner, thief)}); a.code() != "" {
				t.Fatal(a.code())
			}
			back := tokenOf(t, tw.letter(owner).Text)
			next := tw.asksFor(c, thief, "next-"+thief)
			tokens := make([]string, 50)
			together(len(tokens), func(i int) {
				node := tw.any(i)
				switch i {
				case 0:
					if a := node.ask("revertEmailChange", map[string]any{"token": back}); a.text("revertEmailChange.email") != owner {
						t.Errorf("the owner is told %s", a.code())
					}
				case 1:
					node.ask("confirmEmailChange", map[string]any{"token": next})
				default:
					a := node.ask("login", map[string]any{"identifier": thief, "password": password})
					tokens[i] = a.text("login.tokens.refreshToken")
				}
			})
			for _, token := range tokens {
				if token == "" {
					continue
				}
				if a := tw.any(round).ask("refresh", map[string]any{"refreshToken": token}); a.code() != "INVALID_TOKEN" {
					t.Fatalf("a session of the thief is answered %q", a.code())
				}
			}
			for _, address := range []string{owner, thief, "next-" + thief} {
				a := tw.any(round).ask("login", map[string]any{"identifier": address, "password": password})
				if a.code() != "INVALID_CREDENTIALS" {
					t.Fatalf("the thief at %s is answered %q", address, a.code())
				}
			}
		}
	})
}
