package e2e

import (
	"fmt"
	"sync"
	"testing"
)

func TestOfTwoLastAdministratorsOneStays(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		stays := ""
		for round := range rounds {
			// Whoever stayed the round before is one of the two.
			addresses := []string{stays, fmt.Sprintf("round%d@example.org", round)}
			if stays == "" {
				addresses[0] = "first@example.org"
				tw.run(password, "user", "create", addresses[0], "--password-stdin", "--role", "admin")
			}
			tw.run(password, "user", "create", addresses[1], "--password-stdin", "--role", "admin")
			var tokens [2]string
			for i, address := range addresses {
				tokens[i] = tw.login(i, address).text("login.tokens.accessToken")
			}
			var codes [2]string
			together(2, func(i int) {
				c := tw.any(i)
				c.token = tokens[i]
				a, err := c.try("deleteAccount", nil)
				if err != nil {
					t.Error(err)
					return
				}
				codes[i] = a.code()
			})
			if codes != [2]string{"CONFLICT", ""} && codes != [2]string{"", "CONFLICT"} {
				t.Fatalf("round %d: they were told %q", round, codes)
			}
			stays = addresses[0]
			if codes[0] == "" {
				stays = addresses[1]
			}
		}
	})
}

func TestNoSessionOutlivesItsAccount(t *testing.T) {
	t.Parallel()
	// Otherwise the many sign-ins push the owner's session out.
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, unlimited...)
	towns(t, settings, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			tw.user(address)
			first := tw.login(0, address).text("login.tokens.accessToken")
			var mu sync.Mutex
			var refresh, access []string
			together(51, func(i int) {
				c := tw.any(i)
				if i == 25 {
					c.token = first
					if a := c.ask("deleteAccount", nil); a.code() != "" {
						t.Errorf("deletion: %v", a.errors())
					}
					return
				}
				a, err := c.try("login", map[string]any{"identifier": address, "password": password})
				if err == nil && a.code() == "" {
					mu.Lock()
					defer mu.Unlock()
					refresh = append(refresh, a.text("login.tokens.refreshToken"))
					access = append(access, a.text("login.tokens.accessToken"))
				}
			})
			for i, token := range refresh {
				if a := tw.any(i).ask("refresh", map[string]any{"refreshToken": token}); a.code() != "INVALID_TOKEN" {
					t.Fatalf("a session of the deleted account answers %q", a.code())
				}
				for _, n := range tw.nodes {
					c := n.client()
					c.token = access[i]
					eventually(t, "the deletion is heard", func() bool { return c.ask("me", nil).code() == "UNAUTHENTICATED" })
				}
			}
		}
	})
}
