package store

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"gatehouse/store/storetest"
)

// migrateVariable makes this test binary a process that migrates the database
// at the URL it holds, and does nothing else.
const migrateVariable = "GATEHOUSE_TEST_MIGRATE"

var silent = slog.New(slog.DiscardHandler)

// shared is the one cluster of this test binary, started by the first test
// that asks for it.
var shared struct {
	once    sync.Once
	cluster *storetest.Cluster
	err     error
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	ctx := context.Background()
	if url := os.Getenv(migrateVariable); url != "" {
		if err := Migrate(ctx, url, silent); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	defer func() {
		if shared.cluster == nil {
			return
		}
		if err := shared.cluster.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}

func cluster(t *testing.T) *storetest.Cluster {
	t.Helper()
	shared.once.Do(func() {
		shared.cluster, shared.err = storetest.StartPostgres("", nil)
		if shared.err == nil {
			shared.err = shared.cluster.Prepare(func(url string) error {
				return Migrate(context.Background(), url, silent)
			})
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// postgresURL is a database of the test's own, with tables.
func postgresURL(t *testing.T) string {
	t.Helper()
	url, err := cluster(t).CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// emptyPostgresURL is a database of the test's own, without tables.
func emptyPostgresURL(t *testing.T) string {
	t.Helper()
	url, err := cluster(t).CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// sqliteURL is a database of the test's own, with tables.
func sqliteURL(t *testing.T) string {
	t.Helper()
	url := emptySQLiteURL(t)
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Fatal(err)
	}
	return url
}

// emptySQLiteURL is the URL of a file that is not there yet.
func emptySQLiteURL(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db")
}

// onBoth runs a test on a database of either kind, with tables.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, sqliteURL(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, postgresURL(t))
	})
}

// opened is a store that is closed with the test.
func opened(t *testing.T, url string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
