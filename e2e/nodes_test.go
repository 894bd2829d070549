package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"gatehouse/store/storetest"
)

// heardWithin is the longest that a sign-out may take to reach another node,
// whatever fails in between.
const heardWithin = 5 * time.Second

// gate is a way to the cluster that a test can shut.
func gate(t testing.TB) *storetest.Gate {
	t.Helper()
	g, err := cluster.OpenGate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// quantile is the value that the part q of them does not exceed.
func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// revocations signs out as often as asked, on each node in turn, and takes the
// time until the other nodes know.
func (tw *town) revocations(t *testing.T, logouts int) []time.Duration {
	t.Helper()
	var all []time.Duration
	for i := range logouts {
		here := tw.any(i)
		here.token = tw.login(i, "ada@example.org").text("login.tokens.accessToken")
		began := time.Now()
		if a := here.ask("logout", nil); a.text("logout.sessionsEnded") != "1" {
			t.Fatalf("logout: %v", a.errors())
		}
		answered := time.Now()
		var mu sync.Mutex
		together(len(tw.nodes), func(n int) {
			there := tw.nodes[n].client()
			there.token = here.token
			for there.ask("me", nil).code() != "UNAUTHENTICATED" {
				if time.Since(answered) > 2*heardWithin {
					t.Errorf("node %d lets in whom node %d signed out", n, i%len(tw.nodes))
					return
				}
			}
			if n != i%len(tw.nodes) {
				mu.Lock()
				all = append(all, time.Since(began))
				mu.Unlock()
			}
		})
	}
	return all
}

// TestASignOutIsHeardAtOnceAndByAskingWhereNotificationsAreCut has three nodes
// whose notifications come by a way of their own.
func TestASignOutIsHeardAtOnceAndByAskingWhereNotificationsAreCut(t *testing.T) {
	t.Parallel()
	database, g := postgres(t), gate(t)
	tw := newTown(t, database, append([]string{"GATEHOUSE_DATABASE_DIRECT_URL=" + g.URL(database)}, unlimited...)...)
	for range 3 {
		tw.start()
	}
	tw.user("ada@example.org")
	const logouts = 15
	with := tw.revocations(t, logouts)
	g.Shut()
	for _, n := range tw.nodes {
		eventually(t, "the node says that notifications are cut off", func() bool { return n.log.has("notifications are cut off") })
	}
	without := tw.revocations(t, logouts)
	g.Open()
	for _, n := range tw.nodes {
		eventually(t, "notifications arrive again", func() bool { return n.log.has("notifications arrive again") })
	}
	again := tw.revocations(t, logouts)
	for name, all := range map[string][]time.Duration{"with notifications": with, "without": without, "with them again": again} {
		p50, p99 := quantile(all, 0.5), quantile(all, 0.99)
		t.Logf("%d logouts of three nodes, %s: p50 %v, p99 %v", logouts, name, p50, p99)
		if p99 > heardWithin {
			t.Errorf("%s: heard after %v", name, p99)
		}
	}
	if quantile(with, 0.5) >= quantile(without, 0.5) || quantile(again, 0.5) >= quantile(without, 0.5) {
		t.Error("notifications make nothing faster")
	}
}

// TestANodeThatIsCutOffLetsNobodyIn cuts one node off from the database while
// somebody signs out on another.
func TestANodeThatIsCutOffLetsNobodyIn(t *testing.T) {
	t.Parallel()
	database, g := postgres(t), gate(t)
	tw := newTown(t, database, unlimited...)
	here := tw.start().client()
	cutOff := *tw
	cutOff.environ = append(slices.Clone(tw.environ), "GATEHOUSE_DATABASE_URL="+g.URL(database))
	there := cutOff.start().client()
	tw.user("ada@example.org")
	here.token = tw.login(0, "ada@example.org").text("login.tokens.accessToken")
	lives := tw.login(0, "ada@example.org").text("login.tokens.accessToken")
	verify := func(token string) answer { return there.ask("verifyToken", map[string]any{"token": token}) }
	for _, token := range []string{here.token, lives} {
		if a := verify(token); a.text("verifyToken.active") != "true" {
			t.Fatalf("%v %v", a.body.Data, a.errors())
		}
	}
	g.Shut()
	shut := time.Now()
	if a := here.ask("logout", nil); a.text("logout.sessionsEnded") != "1" {
		t.Fatalf("logout: %v", a.errors())
	}
	refused := map[string]bool{"INTERNAL": true, "OVERLOADED": true}
	// A request that begins when five seconds are over lets nobody in; those
	// before may still.
	for late := 0; late < 20; {
		for _, token := range []string{here.token, lives} {
			over := time.Since(shut) > heardWithin
			a := verify(token)
			if over {
				late++
				if !refused[a.code()] {
					t.Fatalf("cut off for %v it answers %v %v", time.Since(shut), a.body.Data, a.errors())
				}
			}
			there.token = token
			if me := there.ask("me", nil); !refused[me.code()] {
				t.Fatalf("without its database it answers %v %v", me.body.Data, me.errors())
			}
			there.token = ""
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.Open()
	eventually(t, "who lives is let in again", func() bool { return verify(lives).text("verifyToken.active") == "true" })
	if a := verify(here.token); a.text("verifyToken.active") != "false" {
		t.Errorf("who signed out meanwhile: %v %v", a.body.Data, a.errors())
	}
}

func TestNodesThatStartTogetherOnAnEmptyDatabaseMigrateItOnceAndShareOneKey(t *testing.T) {
	t.Parallel()
	url, err := cluster.CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	towns := make([]*town, 3)
	shared := newTown(t, url)
	for i := range towns {
		own := *shared
		towns[i] = &own
	}
	together(len(towns), func(i int) { towns[i].start() })
	keys := towns[0].nodes[0].published(t)
	for _, tw := range towns {
		if got := tw.nodes[0].published(t); len(got) != 1 || !slices.Equal(got, keys) {
			t.Errorf("published %v, want %v", got, keys)
		}
		shared.nodes = append(shared.nodes, tw.nodes...)
	}
	shared.user("ada@example.org")
	for i := range shared.nodes {
		shared.everywhere(t, shared.login(i, "ada@example.org").text("login.tokens.accessToken"), "")
	}
}

// TestALetterIsSentOnceHoweverManyNodesLookForIt has three nodes empty one
// outbox.
func TestALetterIsSentOnceHoweverManyNodesLookForIt(t *testing.T) {
	t.Parallel()
	tw := newTown(t, postgres(t), unlimited...)
	for range 3 {
		tw.start()
	}
	const letters = 60
	together(letters, func(i int) {
		for {
			a, err := tw.any(i).try("register", map[string]any{"email": fmt.Sprintf("u%d@example.org", i), "password": password})
			if err != nil || a.code() != "" && a.code() != "OVERLOADED" {
				t.Errorf("register: %v %v", err, a.errors())
				return
			}
			if a.code() == "" {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	for i := range letters {
		tw.letter(fmt.Sprintf("u%d@example.org", i))
	}
	// Another to everybody comes after what would have come twice.
	together(letters, func(i int) {
		tw.any(i).ask("resendActivation", map[string]any{"email": fmt.Sprintf("u%d@example.org", i)})
	})
	for i := range letters {
		tw.letter(fmt.Sprintf("u%d@example.org", i))
	}
	if sent := len(tw.mail.All()); sent > 2*letters {
		t.Errorf("%d letters, where %d were written", sent, 2*letters)
	}
}
