package store

import (
	"testing"
	"time"

	"gatehouse/store/storetest"
)

// TestAURLOfTwoServersFollowsAPromotion holds pool and listener to whichever of
// them takes writes.
func TestAURLOfTwoServersFollowsAPromotion(t *testing.T) {
	t.Parallel()
	primary, err := storetest.StartPostgres("", nil)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, primary)
	direct, err := primary.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	standby, err := primary.StartStandby("", nil)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, standby)
	url := primary.WithStandby(direct, standby)
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Fatal(err)
	}
	s := opened(t, url, Options{})
	e := listening(t, s, url)
	e.hears(t, "the beginning", everything)
	counters(t, s, "a") // acknowledged
	before := ended()
	if err := s.InsertBlacklisted(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	e.hears(t, "a row", named(before.ID))

	if err := primary.Crash(); err != nil {
		t.Fatal(err)
	}
	// One server is away, and the other refuses writes: so nobody is answered.
	if err := increment(t.Context(), &s.queries, "a"); err == nil {
		t.Error("a server that takes no writes took one")
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(60 * time.Second)
	for err = increment(t.Context(), &s.queries, "a"); err != nil && time.Now().Before(deadline); err = increment(t.Context(), &s.queries, "a") {
	}
	if err != nil {
		t.Fatalf("the promoted server is not found: %v", err)
	}
	if n := count(t, s, "a"); n != 1 {
		t.Errorf("counted %d: what was acknowledged is lost", n)
	}
	e.hears(t, "that everything may have changed", everything)
	after := ended()
	if err := s.InsertBlacklisted(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	// By name, or by reading the whole where the listener came back once more.
	e.hears(t, "a row by the new server", func(n News) bool { return n.Everything || named(after.ID)(n) })
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Errorf("migrating after it: %v", err)
	}
}

// closed closes a cluster with the test.
func closed(t *testing.T, c *storetest.Cluster) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
