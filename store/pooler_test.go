package store

import (
	"strings"
	"testing"

	"gatehouse/store/storetest"
)

// pooler is a pgbouncer before the shared cluster.
func pooler(t *testing.T) *storetest.Pooler {
	t.Helper()
	p, err := cluster(t).StartPooler(nil)
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

func TestPostgreSQLBehindAPoolerKeepsEveryPromise(t *testing.T) {
	t.Parallel()
	p := pooler(t)
	// The features run side by side, past the end of this function: in a test of
	// their own, so that the pooler outlives them.
	t.Run("features", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T, observe func(string)) storetest.Database {
			return openedTwice(t, p.URL(postgresURL(t)), Options{Pooled: true, Observe: observe})
		})
	})
}

func TestAPoolerThatNobodySpokeOfIsNamed(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), pooler(t).URL(postgresURL(t)), Options{})
	if err == nil || !strings.Contains(err.Error(), "GATEHOUSE_DATABASE_POOLER=transaction") {
		t.Errorf("got %v", err)
	}
}

func TestMigratingByTheServersOwnURLServesWhoComesByThePooler(t *testing.T) {
	t.Parallel()
	url := emptyPostgresURL(t)
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Fatal(err)
	}
	s := opened(t, pooler(t).URL(url), Options{Pooled: true})
	if pending, err := s.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("pending are %v, %v", pending, err)
	}
}
