package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestABackupTakenUnderLoadIsRestored rehearses what docs/operations.md says of
// the worst day: a backup is taken while people sign in, the database is lost,
// the backup is put in its place, and everybody is signed out before the first
// server starts.
func TestABackupTakenUnderLoadIsRestored(t *testing.T) {
	t.Parallel()
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, unlimited...)
	towns(t, settings, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		lives, ends := tw.login(0, "ada@example.org"), tw.login(1, "ada@example.org")

		var stopped atomic.Bool
		var load sync.WaitGroup
		var mu sync.Mutex
		var acknowledged []string
		known := func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(acknowledged) }
		enough := make(chan struct{})
		for w := range 4 {
			load.Go(func() {
				for i := 0; !stopped.Load(); i++ {
					address := fmt.Sprintf("w%di%d@example.org", w, i)
					if tw.any(w).ask("register", map[string]any{"email": address, "password": password}).code() != "" {
						continue // shed
					}
					mu.Lock()
					if acknowledged = append(acknowledged, address); len(acknowledged) == 20 {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		before := known()
		restore := tw.backUp(t)

		// What is ended after the backup lives in it, and what is renewed is older.
		c := tw.any(0)
		c.token = ends.text("login.tokens.accessToken")
		if a := c.ask("logout", nil); a.code() != "" {
			t.Fatal(a.errors())
		}
		renewed := tw.any(1).ask("refresh", map[string]any{"refreshToken": lives.text("login.tokens.refreshToken")})
		if renewed.code() != "" {
			t.Fatal(renewed.errors())
		}
		stopped.Store(true)
		load.Wait()
		nodes := len(tw.nodes)
		for _, n := range tw.nodes {
			n.kill()
		}
		tw.nodes = nil

		restore()
		tw.run("", "sessions", "end", "--all", "--yes")
		for range nodes {
			tw.start()
		}
		for _, address := range before {
			token := tokenOf(t, tw.letter(address).Text)
			if a := tw.any(0).ask("activate", map[string]any{"token": token, "password": password}); a.code() != "" {
				t.Errorf("a registration from before the backup is lost: %v", a.errors())
			}
		}
		for what, token := range map[string]string{
			"the token of a session that had ended": ends.text("login.tokens.accessToken"),
			"a token from before the backup":        lives.text("login.tokens.accessToken"),
			"a token from after the backup":         renewed.text("refresh.tokens.accessToken"),
		} {
			c := tw.any(0)
			c.token = token
			if code := c.ask("me", nil).code(); code != "UNAUTHENTICATED" {
				t.Errorf("%s: %q", what, code)
			}
		}
		// Nobody is called a thief for what the backup does not know.
		for what, token := range map[string]string{
			"a session that had ended":     ends.text("login.tokens.refreshToken"),
			"the token before the renewal": lives.text("login.tokens.refreshToken"),
			"the token of the renewal":     renewed.text("refresh.tokens.refreshToken"),
		} {
			if code := tw.any(1).ask("refresh", map[string]any{"refreshToken": token}).code(); code != "INVALID_TOKEN" {
				t.Errorf("refreshing with %s: %q", what, code)
			}
		}
		// The second within which clocks may differ is over once somebody is in.
		eventually(t, "a new sign-in is good", func() bool {
			c := tw.any(1)
			c.token = tw.login(1, "ada@example.org").text("login.tokens.accessToken")
			return c.ask("me", nil).code() == ""
		})
		t.Logf("%d registrations from before the backup were there, of %d in all", len(before), len(known()))
	})
}

// backUp takes a backup as an operator would; what it gives puts it into a
// database of its own, on which the town goes on.
func (tw *town) backUp(t *testing.T) (restore func()) {
	t.Helper()
	const setting = "GATEHOUSE_DATABASE_URL="
	at := slices.IndexFunc(tw.environ, func(v string) bool { return strings.HasPrefix(v, setting) })
	url := strings.TrimPrefix(tw.environ[at], setting)
	if strings.HasPrefix(url, "sqlite:") {
		copied := filepath.Join(t.TempDir(), "copy.db")
		tw.run("", "backup", copied)
		return func() { tw.environ[at] = setting + "sqlite:" + copied }
	}
	dump, err := cluster.Dump(url)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		fresh, err := cluster.CreateEmptyDatabase()
		if err == nil {
			err = cluster.Restore(fresh, dump)
		}
		if err != nil {
			t.Fatal(err)
		}
		tw.environ[at] = setting + fresh
	}
}
