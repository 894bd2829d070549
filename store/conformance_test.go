package store

import (
	"context"
	"testing"

	"gatehouse/store/storetest"
)

func TestSQLiteKeepsEveryPromise(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, observe func(string)) storetest.Database {
		return openedTwice(t, sqliteURL(t), Options{Observe: observe})
	})
}

func TestPostgreSQLKeepsEveryPromise(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, observe func(string)) storetest.Database {
		return openedTwice(t, postgresURL(t), Options{Observe: observe})
	})
}

// openedTwice opens two stores on one database, as two processes would.
func openedTwice(t *testing.T, url string, o Options) storetest.Database {
	t.Helper()
	one := opened(t, url, o)
	o.Observe = nil
	two := opened(t, url, o)
	noted := note(one)
	return storetest.Database{
		One: one,
		Two: two,
		Exec: func(ctx context.Context, statement string, args ...any) error {
			_, err := two.exec(ctx, statement, args...)
			return err
		},
		Count: func(ctx context.Context, from string, args ...any) (int, error) {
			rows, err := two.c.QueryContext(ctx, two.numbered("SELECT count(*) FROM "+from), args...)
			if err != nil {
				return 0, err
			}
			defer rows.Close()
			var n int
			for rows.Next() {
				if err := rows.Scan(&n); err != nil {
					return 0, err
				}
			}
			return n, rows.Err()
		},
		Fill:    two.fill,
		Explain: noted.explain,
	}
}

func TestAQuietSQLiteHasNotChanged(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	for i, want := range []bool{true, false, false} {
		changed, err := s.BlacklistChanged(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if changed != want {
			t.Errorf("asked for the %d. time: %v", i+1, changed)
		}
	}
}
