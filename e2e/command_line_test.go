package e2e

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// published are the IDs of the keys that the node publishes.
func (n *node) published(t *testing.T) []string {
	t.Helper()
	response, err := http.Get(n.url + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// told decodes what a command answered in JSON.
func told[Answer any](t *testing.T, text string) Answer {
	t.Helper()
	var answer Answer
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return answer
}

type toldKey struct{ ID, State string }

// everywhere asks all nodes with one access token until they answer so, and
// gives the longest time that it took.
func (tw *town) everywhere(t *testing.T, token, code string) time.Duration {
	t.Helper()
	slowest := time.Duration(0)
	for _, n := range tw.nodes {
		c := n.client()
		c.token = token
		slowest = max(slowest, eventually(t, "me answers "+code, func() bool { return c.ask("me", nil).code() == code }))
	}
	return slowest
}

func TestEverySessionEndsOnEveryNodeAtACommand(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		slowest := time.Duration(0)
		for round := range 5 {
			users := []string{"ada@example.org", "grace@example.org"}
			var ins []answer
			for i, address := range users {
				if round == 0 {
					tw.user(address)
				}
				ins = append(ins, tw.login(i+round, address))
			}
			if got := told[map[string]int](t, tw.run("", "sessions", "end", "--all", "--yes", "--json")); got["ended"] != 2 {
				t.Fatalf("ended: %v", got)
			}
			for i, in := range ins {
				slowest = max(slowest, tw.everywhere(t, in.text("login.tokens.accessToken"), "UNAUTHENTICATED"))
				if code := tw.any(i).ask("refresh", map[string]any{"refreshToken": in.text("login.tokens.refreshToken")}).code(); code != "INVALID_TOKEN" {
					t.Fatalf("refresh answers %q", code)
				}
			}
			// After the second within which clocks may differ everybody may come back.
			eventually(t, "a new sign-in is good", func() bool {
				c := tw.any(round)
				c.token = tw.login(round, users[0]).text("login.tokens.accessToken")
				return c.ask("me", nil).code() == ""
			})
			tw.run("", "sessions", "end", "--all", "--yes")
		}
		t.Logf("heard within %v", slowest)
	})
}

func TestADroppedKeyIsGoneFromEveryNodeAndSignsNobodyOut(t *testing.T) {
	t.Parallel()
	towns(t, append([]string{"GATEHOUSE_REFRESH_GRACE=0"}, unlimited...), func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		slowest := time.Duration(0)
		in := tw.login(0, "ada@example.org")
		access, refresh := in.text("login.tokens.accessToken"), in.text("login.tokens.refreshToken")
		for round := range 5 {
			tw.everywhere(t, access, "")
			before := tw.nodes[0].published(t)
			if len(before) != 1 {
				t.Fatalf("published: %v", before)
			}
			dropped := told[toldKey](t, tw.run("", "keys", "drop", before[0], "--yes", "--json"))
			if dropped.ID != before[0] || dropped.State != "DROPPED" {
				t.Fatalf("dropped: %v", dropped)
			}
			slowest = max(slowest, tw.everywhere(t, access, "UNAUTHENTICATED"))
			for _, n := range tw.nodes {
				if after := n.published(t); len(after) != 1 || after[0] == before[0] {
					t.Errorf("still published: %v", after)
				}
			}
			a := tw.any(round).ask("refresh", map[string]any{"refreshToken": refresh})
			access, refresh = a.text("refresh.tokens.accessToken"), a.text("refresh.tokens.refreshToken")
			if access == "" {
				t.Fatalf("refresh: %v", a.errors())
			}
		}
		// A successor that is made by hand is published everywhere before it signs.
		waiting := told[toldKey](t, tw.run("", "keys", "rotate", "--json"))
		for _, n := range tw.nodes {
			eventually(t, "the successor is published", func() bool { return slices.Contains(n.published(t), waiting.ID) })
		}
		tw.everywhere(t, access, "")
		t.Logf("heard within %v", slowest)
	})
}

// A team changes its secret while everything runs, one node after the other.
func TestTheSecretChangesWhileTheServersRun(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, database(t), unlimited...)
			var secrets [2]string
			for i := range secrets {
				var err error
				if secrets[i], err = auth.NewSecret(rand.Reader); err != nil {
					t.Fatal(err)
				}
			}
			listing := func(list ...string) {
				tw.environ = append(slices.DeleteFunc(slices.Clone(tw.environ), func(v string) bool {
					return strings.HasPrefix(v, "GATEHOUSE_SECRET=")
				}), "GATEHOUSE_SECRET="+strings.Join(list, ","))
			}
			restart := func(list ...string) {
				listing(list...)
				for _, n := range tw.nodes {
					if err := n.stop(); err != nil {
						t.Fatalf("%v: %s", err, n.log)
					}
				}
				tw.nodes = nil
				tw.start()
			}
			old, young := secrets[0], secrets[1]
			listing(old)
			tw.start()
			tw.user("ada@example.org")
			in := tw.login(0, "ada@example.org")
			access, refresh := in.text("login.tokens.accessToken"), in.text("login.tokens.refreshToken")
			restart(old, young)
			restart(young, old)

			// A letter that was written by somebody who has not heard of it yet.
			if err := tw.nodes[0].stop(); err != nil {
				t.Fatal(err)
			}
			tw.nodes = nil
			listing(old, young)
			tw.run("", "user", "reset-password", "ada@example.org")
			listing(young, old)
			done := told[map[string]any](t, tw.run("", "secret", "rewrap", "--json"))
			if done["signingKeys"] != 1.0 || done["letters"] != 1.0 || done["keepUntil"] == nil {
				t.Errorf("rewrapped: %v", done)
			}
			tw.start()
			tw.everywhere(t, access, "")
			a := tw.any(0).ask("refresh", map[string]any{"refreshToken": refresh})
			refresh = a.text("refresh.tokens.refreshToken")
			tokenOf(t, tw.letter("ada@example.org").Text)

			restart(young)
			tw.everywhere(t, a.text("refresh.tokens.accessToken"), "")
			eventually(t, "the session goes on", func() bool {
				return tw.any(0).ask("refresh", map[string]any{"refreshToken": refresh}).code() == ""
			})
		})
	}
}

func TestOperatorsLookAfterUsersOfARunningServer(t *testing.T) {
	t.Parallel()
	towns(t, unlimited, func(t *testing.T, tw *town) {
		const ada, grace = "ada@example.org", "grace@example.org"
		tw.user(ada)
		tw.user(grace)
		in := tw.login(0, ada)
		c := tw.any(1)
		c.token = in.text("login.tokens.accessToken")

		// Roles are the user's from the next request on.
		tw.run("", "user", "promote", ada)
		if a := c.ask("me", nil); a.text("me.roles.0") != "admin" {
			t.Errorf("roles: %v", a.at("me.roles"))
		}
		if got := tw.run("", "user", "sessions", ada); !strings.Contains(got, "story/1.0") || !strings.Contains(got, clientAddress) {
			t.Errorf("sessions:\n%s", got)
		}

		// What an operator exports is what the user does.
		theirs := told[map[string]any](t, tw.run("", "user", "export", ada))
		own, is := c.ask("exportAccount", nil).at("exportAccount.account").(map[string]any)
		if !is || !slices.Equal(slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(own))) {
			t.Errorf("the export has %v, the user's own %v", slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(own)))
		}
		for _, name := range []string{"user", "sessions", "credentials"} {
			got, err := json.Marshal(theirs[name])
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(own[name])
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}

		// A letter with a link, which works.
		tw.run("", "user", "reset-password", ada)
		link := tokenOf(t, tw.letter(ada).Text)
		if a := tw.any(0).ask("resetPassword", map[string]any{"token": link, "newPassword": another}); a.code() != "" {
			t.Errorf("reset: %v", a.errors())
		}
		tw.letter(ada)
		signIn := func() answer { return tw.any(0).ask("login", map[string]any{"identifier": ada, "password": another}) }

		tw.run("", "user", "suspend", ada)
		if code := signIn().code(); code != "ACCOUNT_SUSPENDED" {
			t.Errorf("suspended: %q", code)
		}
		tw.run("", "user", "reinstate", ada)
		in = signIn()
		if in.code() != "" {
			t.Fatalf("reinstated: %v", in.errors())
		}

		tw.run("", "user", "promote", grace)
		tw.run("", "user", "delete", ada, "--yes")
		tw.everywhere(t, in.text("login.tokens.accessToken"), "UNAUTHENTICATED")
		if l := tw.letter(ada); !strings.Contains(l.Text, "deleted") {
			t.Errorf("the farewell:\n%s", l.Text)
		}
		if code := signIn().code(); code != "INVALID_CREDENTIALS" {
			t.Errorf("deleted: %q", code)
		}
	})
}
