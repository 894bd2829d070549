package e2e

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakFor is how long the server is used; 0 is the few rounds in which every
// table has been through its longest lifetime.
var soakFor = flag.Duration("soak", 0, "how long to soak each server")

const (
	// Between two rounds half a day passes, in which what is pruned in the end
	// becomes so: links of an address change are kept for two days.
	soakRoundIs   = 12 * time.Hour
	soakFewest    = 14
	soakWorkers   = 2
	soakResidents = 4 // who stay, beside those who come and go
)

// soakSettings let nobody wait, and rows go within days. Attempts are counted.
func soakSettings() []string {
	settings := []string{
		"GATEHOUSE_SESSION_IDLE_LIFETIME=2h", "GATEHOUSE_SESSION_LIFETIME=2h", "GATEHOUSE_ACTIVATION_LIFETIME=1h",
		"GATEHOUSE_EMAIL_REVERT_LIFETIME=24h", "GATEHOUSE_KEY_ROTATION_INTERVAL=24h", "GATEHOUSE_WELCOME_LETTER=on",
		"GATEHOUSE_LIMIT_SIGN_IN_FREE=1000",
	}
	for _, name := range []string{
		"SIGN_IN_PER_ADDRESS", "CODE_PER_ACCOUNT", "CODE_PER_ADDRESS", "MAIL_PER_ACCOUNT", "MAIL_PER_ADDRESS", "REGISTER_PER_ADDRESS",
		"REGISTER_LETTERS_PER_NETWORK", "REGISTER_LETTERS_PER_ACCOUNT", "REFRESH_PER_SESSION", "REFRESH_PER_ADDRESS", "ANONYMOUS_PER_ADDRESS",
	} {
		settings = append(settings, "GATEHOUSE_LIMIT_"+name+"=1000000/1h")
	}
	return settings
}

// TestAServerThatIsUsedForLongHoldsNoMore has accounts come, do all that can be
// done, and go, round after round of the same, with half a day passing between
// two rounds. What the server holds when a round is over is what it held long
// before: memory, goroutines, descriptors, and rows of every table but the audit
// log, which is for ever.
func TestAServerThatIsUsedForLongHoldsNoMore(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			tw := newTown(t, url, soakSettings()...)
			for i := range soakResidents {
				tw.user(stays(i))
			}
			s := &soak{T: t, town: tw, server: tw.startSoaked(), asked: map[string]int{}}
			began := time.Now()
			var held []holding
			for len(held) < soakFewest || time.Since(began) < *soakFor {
				s.round(len(held))
				if t.Failed() {
					t.Fatalf("in round %d: %.4000s", len(held), s.server.log)
				}
				held = append(held, s.server.pass(t, soakRoundIs, url))
				tw.mail.Empty()
			}
			s.report(held, time.Since(began))
			s.judge(held)
			// Streams are held by tests of their own: here all ask and are answered.
			schema := loadSchema(t)
			for _, field := range slices.Concat(fields(schema.Query), fields(schema.Mutation)) {
				if s.asked[field] == 0 {
					t.Errorf("nobody asked %s", field)
				}
			}
		})
	}
}

func stays(i int) string { return fmt.Sprintf("resident-%d@example.org", i) }

// A soak is one server and all that was asked of it.
type soak struct {
	*testing.T
	town   *town
	server *soaked
	mu     sync.Mutex
	asked  map[string]int
}

// round is the same work each time.
func (s *soak) round(n int) {
	var working sync.WaitGroup
	for w := range soakWorkers {
		working.Go(func() {
			l := s.live(fmt.Sprintf("guest-%d-%d@example.org", n, w), n*soakWorkers+w)
			l.comeAndGo()
			for i := w; i < soakResidents; i += soakWorkers {
				s.live(stays(i), i).stay()
			}
		})
	}
	working.Wait()
}

// A life is one user's. The first thing that goes wrong ends it.
type life struct {
	*client
	soak              *soak
	address, password string
	username          string
	failed            bool
}

func (s *soak) live(address string, number int) *life {
	c := s.server.client()
	c.http.Transport = forwarded{fmt.Sprintf("198.%d.%d.7", 18+number>>8&1, number&255), c.http.Transport.(forwarded).next}
	return &life{client: c, soak: s, address: address, password: password, username: fmt.Sprintf("user%d", number)}
}

// do asks, again where the server was busy, and wants the code.
func (l *life) do(operation, code string, input map[string]any) answer {
	if l.failed {
		return answer{}
	}
	for {
		a, err := l.try(operation, input)
		if err == nil && a.code() == "OVERLOADED" {
			continue
		}
		if err != nil || a.code() != code {
			l.failed = true
			l.soak.Errorf("%s: %v %s, want %q", operation, err, a.raw, code)
			return answer{}
		}
		l.soak.mu.Lock()
		l.soak.asked[operation]++
		l.soak.mu.Unlock()
		return a
	}
}

// login signs in, and asks as that session from now on.
func (l *life) login() (refresh, session string) {
	a := l.do("login", "", map[string]any{"identifier": l.address, "password": l.password})
	l.token = a.text("login.tokens.accessToken")
	return a.text("login.tokens.refreshToken"), a.text("login.session.id")
}

// letter waits for the one that leads to a page, and gives its text.
func (l *life) letter(address, page string) string {
	for !l.failed {
		if text := l.soak.town.letter(address).Text; strings.Contains(text, page+"?token=") {
			return text
		}
	}
	return ""
}

// follow is the token of the letter that leads to a page.
func (l *life) follow(address, page string) string {
	text := l.letter(address, page)
	if l.failed {
		return ""
	}
	return tokenOf(l.soak, text)
}

// stay is a day in the life of somebody whose account is there for good.
func (l *life) stay() {
	l.do("login", "INVALID_CREDENTIALS", map[string]any{"identifier": l.address, "password": "eleven grey umbrellas"})
	refresh, _ := l.login()
	for range 3 {
		refresh = l.do("refresh", "", map[string]any{"refreshToken": refresh}).text("refresh.tokens.refreshToken")
		l.do("me", "", nil)
		l.do("verifyToken", "", map[string]any{"token": refresh})
	}
	l.do("requestPasswordReset", "", map[string]any{"email": "nobody." + l.address})
	l.do("logout", "", map[string]any{"refreshToken": refresh})
	l.login() // and never out
}

// comeAndGo is a life from registering to deletion.
func (l *life) comeAndGo() {
	l.do("settings", "", nil)
	l.enter()
	l.useSessions()
	l.changeThings()
	l.move()
	l.do("exportAccount", "", nil)
	l.do("deleteAccount", "", nil)
}

// enter registers and declines, registers once more and activates.
func (l *life) enter() {
	input := map[string]any{"email": l.address, "password": l.password, "username": l.username}
	l.do("register", "", input)
	text := l.letter(l.address, "/activate")
	if l.failed {
		return
	}
	l.do("declineRegistration", "", map[string]any{"token": notMeOf(l.soak, text)})
	flow := l.do("register", "", input).text("register.flow")
	l.letter(l.address, "/activate")
	l.do("resendActivation", "", map[string]any{"email": l.address, "flow": flow})
	token := l.follow(l.address, "/activate")
	l.do("activate", "INVALID_CREDENTIALS", map[string]any{"code": "none", "flow": flow})
	l.token = l.do("activate", "", map[string]any{"token": token, "flow": flow}).text("activate.tokens.accessToken")
}

func (l *life) useSessions() {
	_, first := l.login()
	l.login()
	l.do("sessions", "", nil)
	l.do("revokeSession", "", map[string]any{"sessionId": first})
	l.do("revokeOtherSessions", "", nil)
	l.stay()
}

func (l *life) changeThings() {
	l.do("updateProfile", "", map[string]any{"name": "Ann", "locale": "de"})
	l.do("changeUsername", "", map[string]any{"username": l.username + "x"})
	l.do("requestUsernameReset", "", map[string]any{"email": l.address})
	l.do("resetUsername", "", map[string]any{"token": l.follow(l.address, "/reset-username"), "username": l.username})
	if !l.failed {
		l.token = l.do("reauthenticate", "", map[string]any{"password": l.password}).text("reauthenticate.accessToken")
	}
	l.do("changePassword", "", map[string]any{"currentPassword": l.password, "newPassword": "nine silent harbours"})
	l.password = "nine silent harbours"
	l.reset(l.address, "seven bright lanterns")
	l.login()
}

// reset sets a password by a link.
func (l *life) reset(address, chosen string) {
	l.do("requestPasswordReset", "", map[string]any{"email": address})
	l.do("resetPassword", "", map[string]any{"token": l.follow(address, "/reset"), "newPassword": chosen})
	l.password = chosen
}

// move moves to another address, and takes the old one back.
func (l *life) move() {
	elsewhere := "new." + l.address
	l.do("requestEmailChange", "", map[string]any{"newEmail": elsewhere})
	l.do("confirmEmailChange", "", map[string]any{"token": l.follow(elsewhere, "/confirm-email")})
	l.do("revertEmailChange", "", map[string]any{"token": l.follow(l.address, "/revert-email")})
	l.do("resetPassword", "", map[string]any{"token": l.follow(l.address, "/reset"), "newPassword": "ten quiet meadows"})
	l.password = "ten quiet meadows"
	l.login()
}

// report prints what was held at some of the rounds.
func (s *soak) report(held []holding, took time.Duration) {
	var b strings.Builder
	all := 0
	for _, n := range s.asked {
		all += n
	}
	fmt.Fprintf(&b, "%d requests in %d rounds, %v and %v of the server's clock\n", all, len(held), took.Round(time.Second), time.Duration(len(held))*soakRoundIs)
	fmt.Fprintf(&b, "%8s %10s %10s %10s %6s %12s %8s  rows\n", "round", "resident", "heap", "goroutines", "files", "database", "pruned")
	tables := slices.Sorted(maps.Keys(held[0].rows))
	for i := range 11 {
		n := i * (len(held) - 1) / 10
		h := held[n]
		fmt.Fprintf(&b, "%8d %6d KiB %6d KiB %10d %6d %8d KiB %8d ", n, h.resident>>10, h.Heap>>10, h.Goroutines, h.descriptors, h.bytes>>10, h.Pruned)
		for _, table := range tables {
			fmt.Fprintf(&b, " %s %d", table, h.rows[table])
		}
		fmt.Fprintln(&b)
	}
	s.Log("\n" + b.String())
}

// judge compares the last rounds with those before. The first half is for
// everything to fill that fills.
func (s *soak) judge(held []holding) {
	before, after := held[len(held)/2:len(held)*3/4], held[len(held)*3/4:]
	grown := func(what string, slack int, of func(holding) int) {
		// The least of some is what is held for good: garbage and what is under way
		// come on top.
		least := func(hs []holding) int {
			n := of(hs[0])
			for _, h := range hs {
				n = min(n, of(h))
			}
			return n
		}
		if was, is := least(before), least(after); is > was+was/10+slack {
			s.Errorf("%s: %d became %d", what, was, is)
		}
	}
	grown("resident memory", 8<<20, func(h holding) int { return h.resident })
	// Some of it remembers clients and sessions, for limits on them: 50,000 of each
	// at most, which takes longer.
	grown("heap", 4<<20, func(h holding) int { return h.Heap })
	grown("goroutines", 5, func(h holding) int { return h.Goroutines })
	grown("descriptors", 5, func(h holding) int { return h.descriptors })
	for table := range held[0].rows {
		if table != "events" {
			grown("rows of "+table, 3, func(h holding) int { return h.rows[table] })
		}
	}
}
