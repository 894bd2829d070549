package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"gatehouse/auth"
)

func counters(t *testing.T, s *Store, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := s.exec(t.Context(), `INSERT INTO attempt_counters (id, "count", tat, emission, burst, expires_at) VALUES ($1, 0, 0, 0, 0, $2)`, id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
}

func increment(ctx context.Context, q *queries, id string) error {
	_, err := q.exec(ctx, `UPDATE attempt_counters SET "count" = "count" + 1 WHERE id = $1`, id)
	return err
}

func count(t *testing.T, s *Store, id string) (n int) {
	t.Helper()
	err := s.query(t.Context(), `SELECT "count" FROM attempt_counters WHERE id = $1`, []any{id},
		func(rows *stdsql.Rows) error { return rows.Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwoTransactionsThatLockEachOtherOutBothSucceed(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t)+"&deadlock_timeout=50ms", Options{})
	counters(t, s, "a", "b")
	var met, done sync.WaitGroup
	met.Add(2)
	attempts := make([]int, 2)
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		done.Go(func() {
			err := s.inTx(t.Context(), func(q *queries) error {
				attempts[i]++
				if err := increment(t.Context(), q, order[0]); err != nil {
					return err
				}
				if attempts[i] == 1 {
					// Each holds one row and is about to want the other's.
					met.Done()
					met.Wait()
				}
				return increment(t.Context(), q, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if a, b := count(t, s, "a"), count(t, s, "b"); a != 2 || b != 2 {
		t.Errorf("counted %d and %d, want 2 and 2", a, b)
	}
	// One gave way at least; on a busy machine it may have had to do so twice.
	if attempts[0]+attempts[1] < 3 {
		t.Errorf("%v attempts: there was no deadlock", attempts)
	}
}

func TestALoneStatementThatIsGivenUpIsSentAgain(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	const both = `WITH first AS (UPDATE attempt_counters SET "count" = "count" + 10 WHERE id = 'a' RETURNING id)
		UPDATE attempt_counters SET "count" = "count" + 10 FROM first WHERE attempt_counters.id = 'b'`
	sent := 0
	s := opened(t, url, Options{Observe: func(statement string) {
		if statement == both {
			sent++
		}
	}})
	counters(t, s, "a", "b")
	// The transaction holds b and will want a. The lone statement holds a and
	// waits for b; it looks for a deadlock after a second, and the transaction
	// later than that.
	patient := opened(t, url+"&deadlock_timeout=5s", Options{})
	held, blocked := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		attempt := 0
		err := patient.inTx(t.Context(), func(q *queries) error {
			if err := increment(t.Context(), q, "b"); err != nil {
				return err
			}
			if attempt++; attempt == 1 {
				close(held)
				<-blocked
			}
			return increment(t.Context(), q, "a")
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	done.Go(func() {
		if _, err := s.exec(t.Context(), both); err != nil {
			t.Error(err)
		}
	})
	waiting := 0
	for waiting == 0 {
		err := s.query(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", nil,
			func(rows *stdsql.Rows) error { return rows.Scan(&waiting) })
		if err != nil {
			t.Fatal(err)
		}
	}
	close(blocked)
	done.Wait()
	if a, b := count(t, s, "a"), count(t, s, "b"); a != 11 || b != 11 {
		t.Errorf("counted %d and %d, want 11 and 11", a, b)
	}
	if sent < 2 {
		t.Error("there was no deadlock")
	}
}

func TestWhatTheDatabaseGivesUpIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "40P01"}), 3},
		{&pgconn.PgError{Code: "40001"}, 3},
		{sqlite3.Error{Code: sqlite3.ErrBusy}, 3},
		{&pgconn.PgError{Code: "23505"}, 1},
		{sqlite3.Error{Code: sqlite3.ErrConstraint}, 1},
		{auth.InvalidToken, 1},
		{nil, 1},
	} {
		n := 0
		_, err := again(t.Context(), func() (int, error) { n++; return n, c.err })
		if n != c.want || !errors.Is(err, c.err) {
			t.Errorf("%v: tried %d times, got %v", c.err, n, err)
		}
	}
	n := 0
	if v, err := again(t.Context(), func() (int, error) {
		if n++; n < 3 {
			return 0, &pgconn.PgError{Code: "40P01"}
		}
		return n, nil
	}); v != 3 || err != nil {
		t.Errorf("the third time: %d, %v", v, err)
	}
}

func TestAnErrorAndAPanicLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{MaxConns: 1})
		counters(t, s, "a")
		wrong := errors.New("wrong")
		if err := s.inTx(t.Context(), func(q *queries) error {
			if err := increment(t.Context(), q, "a"); err != nil {
				return err
			}
			return wrong
		}); !errors.Is(err, wrong) {
			t.Errorf("got %v", err)
		}
		func() {
			defer func() {
				if recover() != wrong {
					t.Error("the panic did not go on")
				}
			}()
			_ = s.inTx(t.Context(), func(q *queries) error {
				if err := increment(t.Context(), q, "a"); err != nil {
					t.Error(err)
				}
				panic(wrong)
			})
		}()
		// With the one connection that writes still in a transaction, this
		// would wait for ever.
		if err := s.inTx(t.Context(), func(q *queries) error { return increment(t.Context(), q, "a") }); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s, "a"); n != 1 {
			t.Errorf("counted %d, want 1", n)
		}
	})
}

func TestATransactionIsReadCommittedWhateverTheServerPrefers(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	s := opened(t, url+"&default_transaction_isolation=serializable", Options{})
	level := ""
	err := s.inTx(t.Context(), func(q *queries) error {
		return q.query(t.Context(), "SHOW transaction_isolation", nil, func(rows *stdsql.Rows) error { return rows.Scan(&level) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if level != "read committed" {
		t.Errorf("it is %s", level)
	}
}

// What reads first and writes then must not lose the write of another.
func TestNoWriteIsLostBetweenHandlesOfOneFile(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	counters(t, opened(t, url, Options{}), "a")
	const handles, each = 4, 25
	var done sync.WaitGroup
	for range handles {
		s := opened(t, url, Options{})
		done.Go(func() {
			for range each {
				err := s.inTx(t.Context(), func(q *queries) error {
					n := 0
					err := q.query(t.Context(), `SELECT "count" FROM attempt_counters WHERE id = 'a'`, nil,
						func(rows *stdsql.Rows) error { return rows.Scan(&n) })
					if err != nil {
						return err
					}
					_, err = q.exec(t.Context(), `UPDATE attempt_counters SET "count" = $1 WHERE id = 'a'`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	if n := count(t, opened(t, url, Options{}), "a"); n != handles*each {
		t.Errorf("counted %d, want %d", n, handles*each)
	}
}

func TestWhoWaitsForTheWriterGivesUpWithTheRequest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{MaxConns: 1})
		times(t, s)
		ways := map[string]func(context.Context) error{
			"a transaction": func(ctx context.Context) error {
				return s.inTx(ctx, func(*queries) error { return nil })
			},
			"a statement": func(ctx context.Context) error {
				_, err := s.exec(ctx, "INSERT INTO times VALUES (1, $1)", time.Now())
				return err
			},
			"a statement that returns rows": func(ctx context.Context) error {
				return s.query(ctx, "INSERT INTO times VALUES (2, $1) RETURNING id", []any{time.Now()}, func(*stdsql.Rows) error { return nil })
			},
		}
		err := s.inTx(t.Context(), func(*queries) error {
			for name, way := range ways {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				if err := way(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", name, err)
				}
				cancel()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, way := range ways {
			if err := way(t.Context()); err != nil {
				t.Errorf("%s, afterwards: %v", name, err)
			}
		}
	})
}

func TestATransactionOfARequestThatIsGoneLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		times(t, s)
		const insert = "INSERT INTO times VALUES (1, $1)"
		ctx, cancel := context.WithCancel(t.Context())
		err := s.inTx(ctx, func(q *queries) error {
			if _, err := q.exec(ctx, insert, time.Now()); err != nil {
				return err
			}
			cancel()
			_, err := q.exec(ctx, insert, time.Now())
			queried := q.query(ctx, insert+" RETURNING id", []any{time.Now()}, func(*stdsql.Rows) error { return nil })
			if err == nil || queried == nil {
				t.Errorf("statements are sent after that: %v, %v", err, queried)
			}
			return errors.Join(err, queried)
		})
		if err == nil {
			t.Error("it was committed")
		}
		n := -1
		if err := s.query(t.Context(), "SELECT count(*) FROM times", nil, func(rows *stdsql.Rows) error { return rows.Scan(&n) }); err != nil || n != 0 {
			t.Errorf("%d rows are left, %v", n, err)
		}
		if _, err := s.exec(t.Context(), insert, time.Now()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
