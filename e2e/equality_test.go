package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// strangerRounds is how often each stranger asks at one instant: more often
// than any limit lets pass. Then an hour goes by, and it begins anew.
const strangerRounds = 12

// A stranger types one address over and over, from an address of its own, so
// that only what it types can make a difference.
type stranger struct {
	*client
	email string
	flow  string // of its last registration
}

// strangers are one for each kind of address. All are of one length: that of an
// answer is a part of it.
func strangers(t *testing.T, w *world) map[string]*stranger {
	t.Helper()
	addresses := map[string]string{
		"unknown": "1@example.org", "registered only": "2@example.org", "active": "3@example.org",
		"suspended": "4@example.org", "without a password": "5@example.org", "reserved": "6@example.org",
	}
	wanted := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if a := w.client().ask("register", map[string]any{"email": addresses["registered only"], "password": password}); a.code() != "" {
		t.Fatalf("register: %s", a.code())
	}
	wanted(w.createUser(addresses["active"], password))
	wanted(w.createUser(addresses["reserved"], password))
	w.move(addresses["reserved"], "elsewhere@example.org")
	wanted(w.createUser(addresses["suspended"], password))
	wanted(w.suspendUser(addresses["suspended"]))
	_, err := w.server.Auth().CreateUser(context.Background(), auth.CreateUserInput{Email: addresses["without a password"]})
	wanted(err)

	all := make(map[string]*stranger, len(addresses))
	for i, kind := range slices.Sorted(maps.Keys(addresses)) {
		s := &stranger{client: w.client(), email: addresses[kind]}
		s.http = &http.Client{Transport: forwarded{fmt.Sprintf("198.51.100.%d", i+1), http.DefaultTransport}}
		s.keepCookies()
		s.origin = publicURL
		all[kind] = s
		wanted(w.createUser(s.account(), password))
	}
	return all
}

// move gives the account another address.
func (w *world) move(from, to string) {
	w.t.Helper()
	c := w.client()
	c.token = c.ask("login", map[string]any{"identifier": from, "password": password}).text("login.tokens.accessToken")
	asked := c.ask("requestEmailChange", map[string]any{"newEmail": to})
	letter, err := w.nextLetter(to)
	if err != nil {
		w.t.Fatal(asked.code(), err)
	}
	token := mainLink.FindStringSubmatch(letter.Text)[1]
	if a := c.ask("confirmEmailChange", map[string]any{"token": token}); a.code() != "" {
		w.t.Fatal(a.code())
	}
}

// account is the address of an account that the stranger has.
func (s *stranger) account() string { return "own-" + s.email }

// register registers with a password that is no account's.
func (s *stranger) register() answer {
	a := s.ask("register", map[string]any{"email": s.email, "password": "nine silent harbours"})
	if flow := a.text("register.flow"); flow != "" {
		s.flow = flow
	}
	return a
}

// identifiers are what differs between any two answers.
var identifiers = regexp.MustCompile(`"(requestId|flow)":"[\w-]+"`)

// shown is all that a stranger can see of an answer: status, headers, cookies
// among them, and body. Of both only what differs between any two is left out.
func (s *stranger) shown(a answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		if name != "Date" {
			fmt.Fprintf(&b, "%s: %q\n", name, a.header[name])
		}
	}
	body := identifiers.ReplaceAllString(string(a.raw), `"$1":""`)
	b.WriteString(strings.ReplaceAll(body, s.email, "ADDRESS"))
	return b.String()
}

// TestNoAnswerShowsWhatKindOfAddressWasTyped compares all that comes over the
// wire, up to the limits on attempts and beyond.
func TestNoAnswerShowsWhatKindOfAddressWasTyped(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*stranger) []answer{
		"login": func(s *stranger) []answer {
			return []answer{s.ask("login", map[string]any{"identifier": s.email, "password": "wrong", "transport": "COOKIE"})}
		},
		"register": func(s *stranger) []answer {
			return []answer{s.register()}
		},
		"register, then login with that password": func(s *stranger) []answer {
			return []answer{s.register(), s.ask("login", map[string]any{
				"identifier": s.email, "password": "nine silent harbours", "transport": "COOKIE",
			})}
		},
		"register, then activate with that flow": func(s *stranger) []answer {
			// No digits, so that nobody guesses right by chance.
			return []answer{s.register(), s.ask("activate", map[string]any{
				"flow": s.flow, "code": "guess!", "transport": "COOKIE",
			})}
		},
		"resend": func(s *stranger) []answer {
			return []answer{s.ask("resendActivation", map[string]any{"email": s.email})}
		},
		"register, then resend with that flow": func(s *stranger) []answer {
			return []answer{s.register(), s.ask("resendActivation", map[string]any{"email": s.email, "flow": s.flow})}
		},
		"reset": func(s *stranger) []answer {
			return []answer{s.ask("requestPasswordReset", map[string]any{"email": s.email})}
		},
		"username reset": func(s *stranger) []answer {
			return []answer{s.ask("requestUsernameReset", map[string]any{"email": s.email})}
		},
		"e-mail change": func(s *stranger) []answer {
			signedIn := s.ask("login", map[string]any{"identifier": s.account(), "password": password})
			s.token = signedIn.text("login.tokens.accessToken")
			defer func() { s.token = "" }()
			return []answer{s.ask("requestEmailChange", map[string]any{"newEmail": s.email})}
		},
	}
	for name, database := range databases(t) {
		for way, ask := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, worldOptions{database: database(t)})
				all := strangers(t, w)
				limited := false
				for round := range 2 * strangerRounds {
					if round == strangerRounds {
						if err := w.pass(time.Hour); err != nil {
							t.Fatal(err)
						}
					}
					want := ""
					for _, kind := range slices.Sorted(maps.Keys(all)) {
						var shown []string
						for _, a := range ask(all[kind]) {
							shown = append(shown, all[kind].shown(a))
							limited = limited || a.code() == string(auth.RateLimited)
						}
						got := strings.Join(shown, "\n")
						if want == "" {
							want = got
						}
						if got != want {
							t.Fatalf("round %d: an address that is %s is told\n%s\nand another\n%s", round, kind, got, want)
						}
					}
				}
				if !limited {
					t.Error("no limit was crossed, so nothing beyond one was compared")
				}
			})
		}
	}
}
