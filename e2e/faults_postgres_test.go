package e2e

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/store/storetest"
)

// ownCluster starts a PostgreSQL for one scenario, since things are done to it,
// and gives an empty database of it.
func ownCluster(t *testing.T) (*storetest.Cluster, string) {
	t.Helper()
	own, err := storetest.StartPostgres("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	url, err := own.CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return own, url
}

// crashPostgres stops the database without a checkpoint, amid writes, and starts
// it again.
func crashPostgres(t *testing.T, s *scenario) {
	own, url := ownCluster(t)
	tw := newTown(t, url, crowdSettings()...)
	tw.start()
	tw.start()
	c := newCrowd(s, tw, 6)
	s.repeat(c, func() {
		if err := own.Crash(); err != nil {
			t.Fatal(err)
		}
		<-s.moment(time.Second)
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
	})
	c.activate()
}

// killBackends kills the process behind one connection, upon which PostgreSQL
// ends all the others and recovers.
func killBackends(t *testing.T, s *scenario) {
	_, url := ownCluster(t)
	tw := newTown(t, url, crowdSettings()...)
	tw.start()
	tw.start()
	c := newCrowd(s, tw, 6)
	s.repeat(c, func() {
		pids := backends(t, url)
		if err := syscall.Kill(pids[s.chance.IntN(len(pids))], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	})
	c.activate()
}

// backends are the processes of PostgreSQL that serve the town.
func backends(t *testing.T, url string) []int {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE application_name = 'gatehouse' AND datname = current_database()")
	if err != nil {
		t.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(pids) == 0 {
		t.Fatalf("%d processes of PostgreSQL: %v", len(pids), err)
	}
	return pids
}

// promoteStandbys kills the database and promotes its standby, to which the
// nodes go over by themselves. The standby of the next time follows the one that
// was promoted, at an address that only new nodes know: hence a town each.
func promoteStandbys(t *testing.T, s *scenario) {
	for range s.times {
		own, url := ownCluster(t)
		standby, err := own.StartStandby("", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := standby.Close(); err != nil {
				t.Error(err)
			}
		})
		tw := newTown(t, own.WithStandby(url, standby), crowdSettings()...)
		tw.start()
		tw.start()
		c := newCrowd(s, tw, 6)
		s.once(c, func() {
			if err := own.Crash(); err != nil {
				t.Fatal(err)
			}
			<-s.moment(time.Second)
			if err := standby.Promote(); err != nil {
				t.Fatal(err)
			}
		})
		c.activate()
	}
}
