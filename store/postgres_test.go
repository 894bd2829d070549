package store

import (
	stdsql "database/sql"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/store/storetest"
)

func setting(t *testing.T, q *queries, name string) (value string) {
	t.Helper()
	err := q.query(t.Context(), "SHOW "+name, nil, func(rows *stdsql.Rows) error { return rows.Scan(&value) })
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestASessionIsSetForServers(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	for _, c := range []struct {
		query string
		o     Options
		want  map[string]string
	}{
		{"", Options{}, map[string]string{
			"timezone": "UTC", "application_name": "gatehouse",
			"statement_timeout": "15s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "30s",
		}},
		{"", Options{StatementTimeout: 3 * time.Second, LockTimeout: 1500 * time.Millisecond, IdleInTransactionTimeout: time.Minute}, map[string]string{
			"statement_timeout": "3s", "lock_timeout": "1500ms", "idle_in_transaction_session_timeout": "1min",
		}},
		{"&statement_timeout=3s&application_name=mine&timezone=Asia/Tokyo", Options{}, map[string]string{
			"timezone": "UTC", "application_name": "mine", "statement_timeout": "3s", "lock_timeout": "10s",
		}},
		{"", Options{Pooled: true}, map[string]string{
			"timezone": "UTC", "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
		}},
	} {
		s := opened(t, url+c.query, c.o)
		for name, value := range c.want {
			if got := setting(t, &s.queries, name); got != value {
				t.Errorf("%q, %+v: %s is %s, want %s", c.query, c.o, name, got, value)
			}
		}
	}
}

func TestThePoolKeepsWhatItOpened(t *testing.T) {
	t.Parallel()
	s := opened(t, postgresURL(t), Options{MaxConns: 6})
	for range 5 {
		var done sync.WaitGroup
		for range 24 {
			done.Go(func() {
				if _, err := s.c.User.Query().Count(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	}
	if stats := s.driver.writer.Stats(); stats.MaxOpenConnections != 6 || stats.MaxIdleClosed != 0 || stats.OpenConnections > 6 {
		t.Errorf("%+v", stats)
	}
}

func TestAnErrorHoldsNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:opensesame@127.0.0.1:1/x?connect_timeout=2",
		"postgres://u:opensesame@127.0.0.1:port/x",
		"postgres://u:opensesame@[::1/x",
		"postgresql://u:opensesame@127.0.0.1:1/x?sslmode=strange",
		"mysql://u:opensesame@127.0.0.1/x",
		"opensesame",
	} {
		_, err := Open(t.Context(), url, Options{})
		if err == nil || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("Open: %v", err)
		}
		err = Migrate(t.Context(), url, silent)
		if err == nil || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("Migrate: %v", err)
		}
	}
}

func TestAServerThatComesBackIsFoundAgain(t *testing.T) {
	t.Parallel()
	own, err := storetest.StartPostgres("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	url, err := own.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), url, silent); err != nil {
		t.Fatal(err)
	}
	s := opened(t, url, Options{})
	for i, stop := range []func() error{own.Stop, own.Crash} {
		id := string(rune('a' + i))
		counters(t, s, id) // acknowledged
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.c.User.Query().Count(t.Context()); err == nil {
			t.Error("a server that is down answered")
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a server that is down answered a ping")
		}
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
		// The pool may hold a connection or two more of the old server.
		deadline := time.Now().Add(10 * time.Second)
		for err = s.Ping(t.Context()); err != nil && time.Now().Before(deadline); err = s.Ping(t.Context()) {
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := increment(t.Context(), &s.queries, id); err != nil {
			t.Error(err)
		}
		if n := count(t, s, id); n != 1 {
			t.Errorf("counted %d: what was acknowledged is lost", n)
		}
	}
}
