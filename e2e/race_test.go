package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	password = "seven bright lanterns"
	another  = "nine silent harbours"
	rounds   = 20
)

// unlimited is for races, which try more often than people do.
var unlimited = []string{"GATEHOUSE_RATE_LIMITS=off"}

// tally counts answers by their code; "" is success.
type tally struct {
	mu    sync.Mutex
	codes map[string]int
}

func (c *tally) add(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.codes == nil {
		c.codes = map[string]int{}
	}
	c.codes[a.code()]++
}

// races runs on one process with SQLite, and on three over one PostgreSQL.
func races(t *testing.T, settings []string, test func(t *testing.T, tw *town)) {
	t.Helper()
	on(t, 3, settings, test)
}

// race sends an operation many times at once, over all nodes, and tallies. What
// is shed is asked again.
func (tw *town) race(n int, operation string, input func(i int) map[string]any) *tally {
	var c tally
	together(n, func(i int) {
		for {
			a, err := tw.any(i).try(operation, input(i))
			if err != nil {
				tw.t.Error(err)
				return
			}
			if a.code() != "OVERLOADED" {
				c.add(a)
				if a.code() == "INTERNAL" {
					tw.t.Log(tw.faults())
				}
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return &c
}

// faults are the lines in which the nodes say what went wrong.
func (tw *town) faults() string {
	var faults []string
	for _, n := range tw.nodes {
		for line := range strings.Lines(n.log.String()) {
			if strings.Contains(line, "level=ERROR") {
				faults = append(faults, line)
			}
		}
	}
	return "a node says:\n" + strings.Join(faults, "")
}

// wants fails the test unless the tally is exactly this.
func (c *tally) wants(t *testing.T, codes map[string]int) {
	t.Helper()
	if fmt.Sprint(c.codes) != fmt.Sprint(codes) {
		t.Fatalf("answers by code %v, not %v", c.codes, codes)
	}
}

func TestAHundredRegistrationsAndAllTheirLinksAreOneUser(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			tw.race(100, "register", func(i int) map[string]any {
				email := fmt.Sprintf("Round%d@example.org", round)
				if i%2 == 0 {
					email = fmt.Sprintf("rOUND%d@EXAMPLE.org", round)
				}
				return map[string]any{"email": email, "password": password}
			}).wants(t, map[string]int{"": 100})
			tokens := make([]string, 100)
			for i := range tokens {
				tokens[i] = tokenOf(t, tw.letter(address).Text)
			}
			// Those that were pushed out are unknown by now; of the rest one wins.
			tw.race(100, "activate", func(i int) map[string]any {
				return map[string]any{"token": tokens[i], "password": password}
			}).wants(t, map[string]int{"": 1, "INVALID_TOKEN": 99})
		}
	})
}

func TestALinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			register := func() (flow, activate, decline string) {
				a := tw.any(round).ask("register", map[string]any{"email": address, "password": password})
				text := tw.letter(address).Text
				return a.text("register.flow"), tokenOf(t, text), notMeOf(t, text)
			}
			once := map[string]int{"": 1, "INVALID_TOKEN": 49}

			_, _, decline := register()
			tw.race(50, "declineRegistration", func(int) map[string]any {
				return map[string]any{"token": decline}
			}).wants(t, once)

			flow, activate, _ := register()
			tw.race(50, "activate", func(int) map[string]any {
				return map[string]any{"token": activate, "flow": flow}
			}).wants(t, once)

			tw.any(round).ask("requestPasswordReset", map[string]any{"email": address})
			reset := tokenOf(t, tw.letter(address).Text)
			tw.race(50, "resetPassword", func(i int) map[string]any {
				return map[string]any{"token": reset, "newPassword": fmt.Sprintf("choice of racer %d!", i)}
			}).wants(t, once)
			tw.letter(address)
			// The losers' passwords did not stick.
			tw.race(50, "login", func(i int) map[string]any {
				return map[string]any{"identifier": address, "password": fmt.Sprintf("choice of racer %d!", i)}
			}).wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 49})
		}
	})
}

func TestDigitsActivateOnce(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			a := tw.any(round).ask("register", map[string]any{"email": address, "password": password})
			code := tw.letter(address).Code()
			c := tw.race(50, "activate", func(int) map[string]any {
				return map[string]any{"code": code, "flow": a.text("register.flow")}
			})
			c.wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 49})
		}
	})
}

func TestRefreshesAtOnceSignNobodyOut(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		// Sessions of their own, so that the windows are waited for together.
		refresh := make([]string, rounds)
		for i := range refresh {
			refresh[i] = tw.login(i, "ada@example.org").text("login.tokens.refreshToken")
		}
		time.Sleep(1100 * time.Millisecond)
		access := make([]string, rounds)
		for round, token := range refresh {
			var mu sync.Mutex
			given := map[string]bool{}
			together(50, func(i int) {
				a, err := tw.any(i).try("refresh", map[string]any{"refreshToken": token})
				if err != nil || a.code() != "" {
					t.Errorf("refused: %v %v", err, a.errors())
					return
				}
				c := tw.any(i)
				c.token = a.text("refresh.tokens.accessToken")
				if me := c.ask("me", nil); me.code() != "" {
					t.Errorf("an access token that is no good: %v", me.errors())
				}
				mu.Lock()
				given[a.text("refresh.tokens.refreshToken")] = true
				access[round] = c.token
				mu.Unlock()
			})
			if len(given) != 1 || given[token] {
				t.Fatalf("%d refresh tokens were given", len(given))
			}
		}
		// Outside the window the old one ends its session on every node, though the
		// answer is an error.
		time.Sleep(1100 * time.Millisecond)
		for i, token := range refresh {
			if a := tw.any(i).ask("refresh", map[string]any{"refreshToken": token}); a.code() != "REFRESH_TOKEN_REUSED" {
				t.Fatalf("answered %q", a.code())
			}
			for _, n := range tw.nodes {
				c := n.client()
				c.token = access[i]
				eventually(t, "the thief's access token dies", func() bool { return c.ask("me", nil).code() == "UNAUTHENTICATED" })
			}
		}
	})
}

func TestAtMostTwentySessionsLive(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		var mu sync.Mutex
		var tokens []string
		for range 3 {
			together(20, func(i int) {
				a := tw.login(i, "ada@example.org")
				mu.Lock()
				tokens = append(tokens, a.text("login.tokens.refreshToken"))
				mu.Unlock()
			})
		}
		alive := 0
		for i, token := range tokens {
			if tw.any(i).ask("refresh", map[string]any{"refreshToken": token}).code() == "" {
				alive++
			}
		}
		if alive != 20 {
			t.Fatalf("%d sessions live", alive)
		}
	})
}

func TestNoSessionOfTheOldPasswordIsLeft(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		won := 0
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			a := tw.any(0).ask("register", map[string]any{"email": address, "password": password})
			tw.any(0).ask("activate", map[string]any{"token": tokenOf(t, tw.letter(address).Text), "flow": a.text("register.flow")})
			tw.any(0).ask("requestPasswordReset", map[string]any{"email": address})
			reset := tokenOf(t, tw.letter(address).Text)
			var mu sync.Mutex
			var tokens []string
			together(51, func(i int) {
				if i == 25 {
					if a := tw.any(i).ask("resetPassword", map[string]any{"token": reset, "newPassword": another}); a.code() != "" {
						t.Errorf("reset: %v", a.errors())
					}
					return
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
			won += len(tokens)
		}
		if won == 0 {
			t.Error("no sign-in was ever before the reset")
		}
	})
}

func TestALinkToChooseAUsernameIsUsedOnce(t *testing.T) {
	t.Parallel()
	races(t, unlimited, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			tw.user(address)
			tw.any(round).ask("requestUsernameReset", map[string]any{"email": address})
			token := tokenOf(t, tw.letter(address).Text)
			name := func(i int) string { return fmt.Sprintf("round%dracer%d", round, i) }
			tw.race(50, "resetUsername", func(i int) map[string]any {
				return map[string]any{"token": token, "username": name(i)}
			}).wants(t, map[string]int{"": 1, "INVALID_TOKEN": 49})
			// The losers' names did not stick.
			tw.race(50, "login", func(i int) map[string]any {
				return map[string]any{"identifier": name(i), "password": password}
			}).wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 49})
			tw.letter(address)
		}
	})
}

func TestNoSessionOutlivesASuspension(t *testing.T) {
	t.Parallel()
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, unlimited...)
	races(t, settings, func(t *testing.T, tw *town) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.org", round)
			tw.user(address)
			var mu sync.Mutex
			var access, refresh []string
			together(51, func(i int) {
				if i == 25 {
					tw.run("", "user", "suspend", address)
					return
				}
				a, err := tw.any(i).try("login", map[string]any{"identifier": address, "password": password})
				if err == nil && a.code() == "" {
					mu.Lock()
					defer mu.Unlock()
					access = append(access, a.text("login.tokens.accessToken"))
					refresh = append(refresh, a.text("login.tokens.refreshToken"))
				}
			})
			for i, token := range refresh {
				if a := tw.any(i).ask("refresh", map[string]any{"refreshToken": token}); a.code() != "INVALID_TOKEN" {
					t.Fatalf("a session of the suspended user answers %q", a.code())
				}
			}
			if len(access) > 0 {
				tw.everywhere(t, access[len(access)-1], "UNAUTHENTICATED")
			}
			if code := tw.any(round).ask("login", map[string]any{"identifier": address, "password": password}).code(); code != "ACCOUNT_SUSPENDED" {
				t.Fatalf("a sign-in is answered %q", code)
			}
		}
	})
}

func TestOfTwoHundredGuessesOnlyTheFreeOnesAreAnswered(t *testing.T) {
	t.Parallel()
	// By identifier; the addresses are out of the way.
	settings := []string{"GATEHOUSE_LIMIT_SIGN_IN_PER_ADDRESS=100000/1m", "GATEHOUSE_LIMIT_ANONYMOUS_PER_ADDRESS=100000/1m"}
	races(t, settings, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		for round := range rounds {
			// Each round a name that nobody has: they are counted alike.
			identifier := fmt.Sprintf("nobody%d@example.org", round)
			if round == 0 {
				identifier = "ada@example.org"
			}
			c := tw.race(200, "login", func(i int) map[string]any {
				return map[string]any{"identifier": identifier, "password": fmt.Sprintf("guess number %d", i)}
			})
			// The first wait is over after a second: a slow machine may let one more
			// through, which the waits allow.
			if got := c.codes["INVALID_CREDENTIALS"]; got < 5 || got > 7 || got+c.codes["RATE_LIMITED"] != 200 {
				t.Fatalf("answers by code %v", c.codes)
			}
		}
	})
}

// login signs in, or fails the test.
func (tw *town) login(i int, address string) answer {
	tw.t.Helper()
	for {
		a := tw.any(i).ask("login", map[string]any{"identifier": address, "password": password})
		if a.code() == "OVERLOADED" {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if a.code() != "" {
			tw.t.Errorf("login: %v", a.errors())
		}
		return a
	}
}

func tokenOf(t testing.TB, text string) string { return found(t, mainLink, text) }
func notMeOf(t testing.TB, text string) string { return found(t, notMeLink, text) }

func found(t testing.TB, link *regexp.Regexp, text string) string {
	t.Helper()
	m := link.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link in %s", text)
	}
	return m[1]
}
