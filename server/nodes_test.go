package server

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/store/storetest"
)

// nodes are several servers on one PostgreSQL, started together.
func nodes(t *testing.T, count int) []*house {
	t.Helper()
	cluster, err := storetest.StartPostgres("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	database, err := cluster.CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := auth.NewSecret(strings.NewReader("thirty-two bytes of no randomness"))
	if err != nil {
		t.Fatal(err)
	}
	cfg, letters := settle(t, map[string]string{"DATABASE_URL": database, "SECRET": secret})
	clock := newClock()
	all := make([]*house, count)
	failed := make(chan error, count)
	for i := range all {
		h := &house{t: t, clock: clock, journal: &journal{}, mail: letters}
		all[i] = h
		go func() {
			deps := testDeps(clock, h.journal)
			deps.ClockDifference = apartBy(0, nil)
			var err error
			if h.server, err = New(t.Context(), cfg, deps); err != nil {
				err = fmt.Errorf("node %d: %w", i, err)
			}
			failed <- err
		}()
	}
	for range all {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range all {
		t.Cleanup(func() {
			if err := h.server.Close(); err != nil {
				t.Error(err)
			}
		})
		front := httptest.NewServer(h.server.Handler())
		t.Cleanup(front.Close)
		h.url, h.client = front.URL, front.Client()
	}
	return all
}

func TestNodesStartedTogetherHonourEachOthersTokensAndLogouts(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3)
	one, other, deaf := all[0], all[1], all[2]
	one.enrol()

	// Each may have lost the race for the first key; all publish the same set.
	for _, h := range all {
		if err := h.server.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := h.do("GET", pathJWKS, "", nil).body, one.do("GET", pathJWKS, "", nil).body; got != want || strings.Count(got, `"kid"`) != 1 {
			t.Errorf("%s, want %s", got, want)
		}
	}
	token := one.login("BEARER").text("login", "tokens", "accessToken")
	for i, h := range all {
		if a := h.ask(documentMe, nil, bearer(token)); a.text("me", "email") != testEmail {
			t.Fatalf("node %d: %s", i, a.body)
		}
	}
	if a := one.ask(documentLogout, nil, bearer(token)); a.at("logout", "sessionsEnded") != 1.0 {
		t.Fatalf("logout: %s", a.body)
	}
	if a := one.ask(documentMe, nil, bearer(token)); a.code != "UNAUTHENTICATED" {
		t.Errorf("the node that ended it: %s", a.body)
	}
	if err := other.server.Auth().PollBlacklist(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := other.ask(documentMe, nil, bearer(token)); a.code != "UNAUTHENTICATED" {
		t.Errorf("a node that heard of it: %s", a.body)
	}
	// Whoever heard nothing for five seconds asks the database itself.
	deaf.clock.move(6 * time.Second)
	if a := deaf.ask(documentMe, nil, bearer(token)); a.code != "UNAUTHENTICATED" {
		t.Errorf("a node that is cut off: %s", a.body)
	}
}
