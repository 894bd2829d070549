package e2e

import (
	"strings"
	"testing"

	"gatehouse/store/storetest"
)

// pooler is a pgbouncer before the cluster that lends connections for one
// transaction each.
func pooler(t *testing.T) *storetest.Pooler {
	t.Helper()
	p, err := cluster.StartPooler(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// pooled are the settings of a server that comes by the pooler.
func pooled(p *storetest.Pooler, direct string) []string {
	return []string{
		"GATEHOUSE_DATABASE_URL=" + p.URL(direct),
		"GATEHOUSE_DATABASE_DIRECT_URL=" + direct,
		"GATEHOUSE_DATABASE_POOLER=transaction",
	}
}

// TestTwoNodesBehindAPooler has real processes do what needs more than one
// transaction: migrate, hear each other, obey commands, race.
func TestTwoNodesBehindAPooler(t *testing.T) {
	t.Parallel()
	direct, err := cluster.CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	p := pooler(t)
	tw := newTown(t, direct, append(pooled(p, direct), unlimited...)...)
	one, two := tw.start(), tw.start()
	a := one.client().ask("register", map[string]any{"email": "ada@example.org", "password": password})
	letter := tw.letter("ada@example.org")
	tw.race(20, "activate", func(int) map[string]any {
		return map[string]any{"code": letter.Code(), "flow": a.text("register.flow")}
	}).wants(t, map[string]int{"": 1, "INVALID_CREDENTIALS": 19})

	in := tw.login(0, "ada@example.org")
	access, refresh := in.text("login.tokens.accessToken"), in.text("login.tokens.refreshToken")
	tw.everywhere(t, access, "")
	waiting := told[toldKey](t, tw.run("", "keys", "rotate", "--json"))
	if waiting.State != "WAITING" {
		t.Errorf("%+v", waiting)
	}
	tw.run("", "migrate", "--plan")
	tw.run("", "prune")
	if said := tw.run("", "doctor"); !strings.Contains(said, "it answers past the pooler") {
		t.Errorf("the doctor has not looked past the pooler: %s", said)
	}
	tw.race(20, "refresh", func(int) map[string]any { return map[string]any{"refreshToken": refresh} }).wants(t, map[string]int{"": 20})

	c := two.client()
	c.token = access
	if got := c.ask("logout", nil); got.text("logout.sessionsEnded") != "1" {
		t.Fatalf("logout: %v", got.errors())
	}
	t.Logf("heard within %v", tw.everywhere(t, access, "UNAUTHENTICATED"))
	for _, n := range tw.nodes {
		if n.log.has("notifications are cut off") {
			t.Errorf("%s", n.log)
		}
	}
	tw.run("", "user", "delete", "ada@example.org", "--yes")
}
