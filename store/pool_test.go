package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"gatehouse/auth"
)

// held is a transaction that keeps a connection until it is let go.
func held(t *testing.T, s *Store) (letGo func() error) {
	t.Helper()
	tx, err := s.c.Tx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tx.Rollback
}

func overloaded(err error) bool {
	refusal, ok := errors.AsType[*auth.Refusal](err)
	return ok && refusal.Code == auth.Overloaded && refusal.RetryAfter > 0
}

func TestWhoWaitsTooLongForAConnectionIsToldToComeBack(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{MaxConns: 2, AcquireTimeout: 200 * time.Millisecond})
	letGo := []func() error{held(t, s), held(t, s)}
	for name, ask := range map[string]func(context.Context) error{
		"a read": func(ctx context.Context) error { _, err := s.c.User.Query().Count(ctx); return err },
		"a write": func(ctx context.Context) error {
			return s.InsertEvents(ctx, auth.Event{Type: auth.EventSigningKeyRotated})
		},
		"a write that reads":       func(ctx context.Context) error { _, err := s.ClaimLetters(ctx, time.Now(), time.Second, 1); return err },
		"a transaction":            func(ctx context.Context) error { return s.InTx(ctx, func(auth.Queries) error { return nil }) },
		"a transaction of several": func(ctx context.Context) error { return increment(ctx, &s.queries, "late") },
	} {
		if err := ask(t.Context()); !overloaded(err) {
			t.Errorf("%s: %v", name, err)
		}
		// Whose own time is up is not told that the server is busy.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := ask(ctx); overloaded(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	for _, f := range letGo {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.c.User.Query().Count(t.Context()); err != nil {
		t.Errorf("with a connection to be had: %v", err)
	}
}

func TestPatienceEndsWithTheWaiting(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{MaxConns: 1, AcquireTimeout: 200 * time.Millisecond})
	// A statement and a transaction that take longer than anybody waits.
	if _, err := s.exec(t.Context(), "SELECT pg_sleep(0.6)"); err != nil {
		t.Errorf("a long statement: %v", err)
	}
	err := s.inTx(t.Context(), func(q *queries) error {
		for range 3 {
			if _, err := q.exec(t.Context(), "SELECT pg_sleep(0.2)"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("a long transaction: %v", err)
	}
	// Whose client leaves is cut off all the same.
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.exec(ctx, "SELECT pg_sleep(60)"); err == nil || overloaded(err) {
		t.Errorf("a statement that nobody waits for: %v", err)
	}
	err = s.inTx(t.Context(), func(q *queries) error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := q.exec(ctx, "SELECT pg_sleep(60)")
		return err
	})
	if err == nil || overloaded(err) {
		t.Errorf("a statement of a transaction that nobody waits for: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	err = s.inTx(ended, func(q *queries) error {
		_, err := q.exec(ended, "SELECT 1")
		end()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the end of a transaction that nobody waits for: %v", err)
	}
	if _, err := s.exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestWhoWaitsTooLongForTheServerToTakeAConnectionIsToldToComeBack(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	config, err := postgresConfig("postgres://"+silent.Addr().String()+"/x?sslmode=disable", Options{}.completed())
	if err != nil {
		t.Fatal(err)
	}
	config.ConnectTimeout = 300 * time.Millisecond
	c := watchingConnector{stdlib.GetConnector(*config)}
	if _, err := c.Connect(unwatched{t.Context()}); !overloaded(err) || !strings.Contains(err.Error(), silent.Addr().String()) {
		t.Errorf("a request: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Connect(unwatched{ctx}); overloaded(err) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one whose own time is up: %v", err)
	}
	if _, err := c.Connect(t.Context()); err == nil || overloaded(err) {
		t.Errorf("somebody who starts: %v", err)
	}
	silent.Close()
	if _, err := c.Connect(unwatched{t.Context()}); err == nil || overloaded(err) {
		t.Errorf("with nobody there: %v", err)
	}
}

func TestWhoWaitsForAConnectionIsCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{MaxConns: 1})
		stats := func() stdsql.DBStats { return s.Pools()[len(s.Pools())-1].Stats }
		times(t, s)
		if before := stats(); before.WaitCount != 0 {
			t.Errorf("alone, somebody waited: %+v", before)
		}
		letGo := held(t, s)
		waited := make(chan error)
		go func() {
			_, err := s.exec(t.Context(), "INSERT INTO times VALUES (1, $1)", time.Now())
			waited <- err
		}()
		time.Sleep(100 * time.Millisecond)
		if err := letGo(); err != nil {
			t.Fatal(err)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
		if after := stats(); after.WaitCount != 1 || after.WaitDuration < 20*time.Millisecond {
			t.Errorf("%d waited, for %v", after.WaitCount, after.WaitDuration)
		}
	})
}

func TestOfACrowdWithoutConnectionsEverybodyIsAnsweredOrToldToComeBack(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{MaxConns: 1, AcquireTimeout: 100 * time.Millisecond})
	counters(t, s, "crowd")
	var (
		mu        sync.Mutex
		done      sync.WaitGroup
		succeeded int
		shed      int
	)
	for range 40 {
		done.Go(func() {
			err := s.inTx(t.Context(), func(q *queries) error {
				if _, err := q.exec(t.Context(), "SELECT pg_sleep(0.02)"); err != nil {
					return err
				}
				return increment(t.Context(), q, "crowd")
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				succeeded++
			case overloaded(err):
				shed++
			default:
				t.Error(err)
			}
		})
	}
	done.Wait()
	if n := count(t, s, "crowd"); n != succeeded || shed == 0 || succeeded == 0 {
		t.Errorf("%d counted, %d answered, %d shed", n, succeeded, shed)
	}
}

// code is what PostgreSQL calls an error.
func code(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

func TestTheServerEndsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	o := Options{StatementTimeout: 2 * time.Second, LockTimeout: 300 * time.Millisecond, IdleInTransactionTimeout: 300 * time.Millisecond}
	pooled := o
	pooled.Pooled = true
	for name, s := range map[string]*Store{
		"direct": opened(t, url, o),
		"pooled": opened(t, pooler(t).URL(url), pooled),
	} {
		counters(t, s, name)
		err := s.inTx(t.Context(), func(q *queries) error {
			_, err := q.exec(t.Context(), "SELECT pg_sleep(60)")
			return err
		})
		if got := code(err); got != "57014" { // query_canceled
			t.Errorf("%s: a statement without end: %v", name, err)
		}
		// The one that holds the row talks on, so that it is not idle.
		err = s.inTx(t.Context(), func(q *queries) error {
			if err := increment(t.Context(), q, name); err != nil {
				return err
			}
			waited := make(chan error, 1)
			go func() {
				waited <- s.inTx(t.Context(), func(q *queries) error { return increment(t.Context(), q, name) })
			}()
			for {
				select {
				case err := <-waited:
					return err
				default:
					if _, err := q.exec(t.Context(), "SELECT pg_sleep(0.01)"); err != nil {
						return err
					}
				}
			}
		})
		if got := code(err); got != "55P03" { // lock_not_available
			t.Errorf("%s: a row that is held: %v", name, err)
		}
		// One that hangs with a row in its hand loses it.
		tx, err := s.c.Tx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := increment(t.Context(), s.within(tx), name); err != nil {
			t.Fatal(err)
		}
		free := false
		for deadline := time.Now().Add(30 * time.Second); !free && time.Now().Before(deadline); {
			free = increment(t.Context(), &s.queries, name) == nil
		}
		if err := tx.Commit(); err == nil || !free {
			t.Errorf("%s: it was committed: %v; the row was free: %v", name, err, free)
		}
	}
}

// What has lain idle is asked whether it is still alive before it is used again.
func TestAConnectionThatFellSilentWhileIdleKeepsNobodyBeyondTheRequest(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	for name, ask := range map[string]func(context.Context, *Store) error{
		"a read":        func(ctx context.Context, s *Store) error { _, err := s.c.User.Query().Count(ctx); return err },
		"a write":       func(ctx context.Context, s *Store) error { _, err := s.exec(ctx, "SELECT 1"); return err },
		"a transaction": func(ctx context.Context, s *Store) error { return s.inTx(ctx, func(*queries) error { return nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, url, Options{MaxConns: 1})
			deafen(t, s)
			time.Sleep(1200 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			answered := make(chan error, 1)
			go func() { answered <- ask(ctx, s) }()
			select {
			case err := <-answered:
				if !errors.Is(err, context.DeadlineExceeded) || overloaded(err) {
					t.Errorf("got %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("it waits on")
			}
			if err := ask(t.Context(), s); err != nil {
				t.Errorf("with a connection that is alive: %v", err)
			}
		})
	}
}

// deafen stops the server's side of the one connection that the store has.
func deafen(t *testing.T, s *Store) {
	t.Helper()
	pid := 0
	if err := s.query(t.Context(), "SELECT pg_backend_pid()", nil, func(rows *stdsql.Rows) error { return rows.Scan(&pid) }); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	})
}

func TestWhoComesWhileTheHealthCheckWaitsForTheServerGivesUpWithTheRequest(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{MaxConns: 1})
	deafen(t, s)
	checking, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	checked := make(chan error, 1)
	go func() { checked <- s.Ping(checking) }()
	for s.driver.writer.Stats().InUse == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.exec(ctx, "SELECT 1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	select {
	case err := <-checked:
		t.Fatalf("it was kept until the check had ended: %v", err)
	default:
	}
	if err := <-checked; err == nil {
		t.Error("the check heard an answer")
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("with a connection that is alive: %v", err)
	}
}
