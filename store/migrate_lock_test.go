package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// appliedOnce fails unless every step was applied, and once.
func appliedOnce(t *testing.T, url string) {
	t.Helper()
	s := opened(t, url, Options{})
	if pending, err := s.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("pending are %v, %v", pending, err)
	}
	err := s.query(t.Context(), "SELECT version_id, count(*) FROM goose_db_version GROUP BY version_id", nil, func(rows *stdsql.Rows) error {
		var version, n int
		err := rows.Scan(&version, &n)
		if n != 1 {
			t.Errorf("%d was applied %d times", version, n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSeveralHandlesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	const another = "CREATE TABLE another (id integer);\n"
	tree := withStep(t, another, another)
	urls := []string{emptySQLiteURL(t), emptyPostgresURL(t), postgresURL(t)}
	for range 5 {
		urls = append(urls, sqliteURL(t))
	}
	for _, url := range urls {
		var done sync.WaitGroup
		start := make(chan struct{})
		for range 6 {
			done.Go(func() {
				<-start
				if err := (steps{tree, everyVersion, silent}).run(t.Context(), url); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		done.Wait()
		appliedOnce(t, url)
	}
}

func TestSeveralProcessesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{emptySQLiteURL(t), emptyPostgresURL(t)} {
		var done sync.WaitGroup
		for range 5 {
			done.Go(func() {
				process := exec.CommandContext(t.Context(), self)
				process.Env = append(os.Environ(), migrateVariable+"="+url)
				if out, err := process.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
		}
		done.Wait()
		appliedOnce(t, url)
	}
}

func TestTheLockIsHeldByOneAndWaitedForNoLongerThanAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := lockDirectory(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockInterval)
	defer cancel()
	if _, err := lockDirectory(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second holder: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	second, err := lockDirectory(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lockDirectory(t.Context(), filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}
