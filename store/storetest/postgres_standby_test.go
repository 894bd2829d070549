package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestAStandbyHoldsWhatWasAcknowledgedAndTakesWritesOnceItIsPromoted(t *testing.T) {
	t.Parallel()
	primary := started(t)
	url, err := primary.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	standby, err := primary.StartStandby("", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Close(); err != nil {
			t.Error(err)
		}
	})
	write(t, url, "CREATE TABLE kept ()")
	either := primary.WithStandby(url, standby)
	if got := ask(t, either, "SHOW port"); !strings.HasSuffix(primary.Address(), ":"+got) {
		t.Errorf("whoever takes writes is at port %s, and not at %s", got, primary.Address())
	}
	there := strings.Replace(url, primary.Address(), standby.Address(), 1)
	conn, err := pgx.Connect(t.Context(), there)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "CREATE TABLE refused ()")
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "25006" {
		t.Errorf("a standby takes writes: %v", err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := primary.Crash(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	write(t, either, "INSERT INTO kept DEFAULT VALUES")
	if got := ask(t, either, "SELECT count(*)::text FROM kept"); got != "1" {
		t.Errorf("%s rows", got)
	}
}

func write(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), statement)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}
