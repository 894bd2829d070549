package store

import (
	"context"
	stdsql "database/sql"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestOnlyWhatBeginsWithSelectIsARead(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]bool{
		"SELECT 1":                    true,
		"\n\t select *FROM users":     true,
		"SELECT(1)":                   true,
		"SELECT\n1":                   true,
		"SELECTED":                    false,
		"SELECT":                      false,
		"":                            false,
		"UPDATE users RETURNING id":   false,
		"WITH x AS (SELECT 1) SELECT": false,
		"INSERT INTO x SELECT 1":      false,
		"PRAGMA data_version":         false,
	} {
		if got := reads(statement); got != want {
			t.Errorf("%q: %v", statement, got)
		}
	}
}

// times makes a table of instants.
func times(t *testing.T, s *Store) {
	t.Helper()
	kind := "datetime"
	if s.watch == nil {
		kind = "timestamptz"
	}
	if _, err := s.exec(t.Context(), "CREATE TABLE times (id integer PRIMARY KEY, at "+kind+")"); err != nil {
		t.Fatal(err)
	}
}

// SQLite keeps instants as text, and compares them as such.
func TestInstantsCompareAsTheyFollowEachOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		times(t, s)
		second := time.Date(2026, 11, 22, 18, 39, 59, 0, time.UTC)
		elsewhere := time.FixedZone("", -5*60*60)
		var all []time.Time
		// Fractions of every length, the empty one included, and what is less
		// or more by the last digit.
		for _, micros := range []int{0, 1, 9, 10, 99_999, 100_000, 100_001, 109_999, 110_000, 900_000, 999_990, 999_999, 1_000_000, 1_000_001} {
			all = append(all, second.Add(time.Duration(micros)*time.Microsecond))
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			all = append(all, second.Add(time.Duration(random.IntN(3_000_000))*time.Microsecond))
		}
		for _, i := range random.Perm(len(all)) {
			// As of elsewhere, and finer than is kept: the driver sees to both.
			if _, err := s.exec(t.Context(), "INSERT INTO times VALUES ($1, $2)", i, all[i].In(elsewhere).Add(999)); err != nil {
				t.Fatal(err)
			}
		}
		var got []time.Time
		err := s.query(t.Context(), "SELECT at FROM times ORDER BY at", nil, func(rows *stdsql.Rows) error {
			var at time.Time
			err := rows.Scan(&at)
			if at.Location() != time.UTC {
				t.Errorf("%v came back in %v", at, at.Location())
			}
			got = append(got, at)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.SortedFunc(slices.Values(all), time.Time.Compare)
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("ordered by the database:\n%v\nwant:\n%v", got, want)
		}
		for _, pivot := range all {
			before, upTo, atIt := 0, 0, 0
			err := s.query(t.Context(), `SELECT
				count(CASE WHEN at < $1 THEN 1 END), count(CASE WHEN at <= $1 THEN 1 END), count(CASE WHEN at = $1 THEN 1 END)
				FROM times`, []any{&pivot}, func(rows *stdsql.Rows) error { return rows.Scan(&before, &upTo, &atIt) })
			if err != nil {
				t.Fatal(err)
			}
			wantBefore, wantUpTo := 0, 0
			for _, at := range all {
				if at.Before(pivot) {
					wantBefore++
				}
				if !at.After(pivot) {
					wantUpTo++
				}
			}
			if before != wantBefore || upTo != wantUpTo || atIt != wantUpTo-wantBefore {
				t.Errorf("around %v: %d before, %d up to, %d at it; want %d, %d, %d",
					pivot, before, upTo, atIt, wantBefore, wantUpTo, wantUpTo-wantBefore)
			}
		}
	})
}

func TestTheCallersArgumentsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	id := uuid.Must(uuid.NewV7())
	args := []any{"x", at, &at, (*time.Time)(nil), id, &id, (*uuid.UUID)(nil)}
	given := slices.Clone(args)
	want := time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		postgres bool
		want     []any
	}{
		{false, []any{"x", want, want, (*time.Time)(nil), id, &id, (*uuid.UUID)(nil)}},
		{true, []any{"x", want, want, (*time.Time)(nil), [16]byte(id), [16]byte(id), (*uuid.UUID)(nil)}},
	} {
		if out := normalized(args, c.postgres); !slices.Equal(out, c.want) {
			t.Errorf("got %v, want %v", out, c.want)
		}
	}
	if !slices.Equal(args, given) {
		t.Error("the caller's own slice was changed")
	}
}

func TestEveryStatementIsObservedButBeginAndCommit(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		var mu sync.Mutex
		var seen []string
		s := opened(t, url, Options{Observe: func(statement string) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, strings.Fields(statement)[0])
		}})
		times(t, s)
		seen = nil
		if _, err := s.c.User.Query().Count(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.c.User.Update().SetName("x").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.query(t.Context(), "INSERT INTO times VALUES (1, $1) RETURNING id", []any{time.Now()}, func(*stdsql.Rows) error { return nil }); err != nil {
			t.Fatal(err)
		}
		err := s.inTx(t.Context(), func(q *queries) error {
			if _, err := q.exec(t.Context(), "DELETE FROM times"); err != nil {
				return err
			}
			_, err := q.c.User.Query().Exist(t.Context())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"SELECT", "UPDATE", "INSERT", "DELETE", "SELECT"}; !slices.Equal(seen, want) {
			t.Errorf("observed %v, want %v", seen, want)
		}
	})
}

// A read that waited for the writer would make a slow mutation stop everybody.
func TestAReadDoesNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		times(t, s)
		err := s.inTx(t.Context(), func(q *queries) error {
			if _, err := q.exec(t.Context(), "INSERT INTO times VALUES (1, $1)", time.Now()); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			n := -1
			err := s.query(ctx, "SELECT count(*) FROM times", nil, func(rows *stdsql.Rows) error { return rows.Scan(&n) })
			if n != 0 {
				t.Errorf("a read beside the transaction counted %d rows", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestAReadOfARequestThatIsGoneIsNotBegun(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.c.User.Query().Count(ctx); err == nil {
			t.Error("it was read")
		}
	})
}
