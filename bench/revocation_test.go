package bench

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"gatehouse/store/storetest"
)

const (
	logouts = 500
	// atATime is how many sign out together: an answer by asking takes half a
	// second, and there are many.
	atATime        = 10
	logoutDocument = `mutation Logout { logout { sessionsEnded } }`
	// revocationWithin is when a run is given up: a node that has heard nothing
	// for half of that asks the database.
	revocationWithin = 10 * time.Second
)

// measureRevocation takes the time from asking a node to sign out until another
// refuses the token, with notifications and without.
func measureRevocation(b *testing.B, s *sheet) {
	s.begin(fmt.Sprintf("When does another node know of a sign-out? %d of them on three nodes over one PostgreSQL", logouts))
	cluster, err := storetest.StartPostgres("", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer cluster.Close()
	direct, err := cluster.CreateEmptyDatabase()
	if err != nil {
		b.Fatal(err)
	}
	gate, err := cluster.OpenGate()
	if err != nil {
		b.Fatal(err)
	}
	defer gate.Close()
	settings := append(append(cheapHashing(), wideLimits()...), "GATEHOUSE_DATABASE_DIRECT_URL="+gate.URL(direct))
	environ := serving(b, direct, settings...)
	world := newServer(b, environ)
	createUser(b, world, "ada@example.org")
	if err := world.Close(); err != nil {
		b.Fatal(err)
	}
	var nodes []*client
	for range 3 {
		p := startGatehouse(b, environ)
		defer p.end()
		nodes = append(nodes, newClient(b, p.url, 8))
	}
	s.add("with notifications", "p99 < 1 s", "%s", delays(b, nodes))
	gate.Shut()
	s.add("without", "at most 5 s", "%s", delays(b, nodes))
}

// delays signs out on one node after the other, some at a time.
func delays(b *testing.B, nodes []*client) string {
	var (
		mu  sync.Mutex
		all []time.Duration
		out sync.WaitGroup
	)
	turn := make(chan int)
	for range atATime {
		out.Go(func() {
			for i := range turn {
				took := delay(b, nodes, i%len(nodes))
				mu.Lock()
				all = append(all, took...)
				mu.Unlock()
			}
		})
	}
	for i := range logouts {
		turn <- i
	}
	close(turn)
	out.Wait()
	if b.Failed() {
		b.FailNow()
	}
	p50, p99 := quantile(all, 0.5), quantile(all, 0.99)
	return fmt.Sprintf("p50 %6.1f ms, p99 %6.1f ms", float64(p50.Microseconds())/1e3, float64(p99.Microseconds())/1e3)
}

// delay signs in and out on one node, and takes the time until each of the
// others knows.
func delay(b *testing.B, nodes []*client, here int) (all []time.Duration) {
	in, err := nodes[here].ask(login("ada@example.org", password))
	if err != nil || in.code() != "" {
		b.Errorf("login: %q %v", in.code(), err)
		return nil
	}
	leave, me := ask(logoutDocument, nil), ask(meDocument, nil)
	leave.token = in.body.Data["login"].Tokens.AccessToken
	me.token = leave.token
	began := time.Now()
	if left, err := nodes[here].ask(leave); err != nil || left.code() != "" {
		b.Errorf("logout: %q %v", left.code(), err)
		return nil
	}
	for n, there := range nodes {
		for n != here {
			a, err := there.ask(me)
			took := time.Since(began)
			if err != nil || took > revocationWithin {
				b.Errorf("node %d lets in who signed out %v ago (%v)", n, took, err)
				return nil
			}
			if a.code() == "UNAUTHENTICATED" {
				all = append(all, took)
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return all
}
