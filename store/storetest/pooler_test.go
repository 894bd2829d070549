package storetest

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAPoolerLendsAConnectionForOneTransaction(t *testing.T) {
	t.Parallel()
	c := started(t)
	url, err := c.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.StartPooler(t.Output())
	if err != nil {
		t.Fatal(err)
	}
	pooled := p.URL(url) + "&default_query_exec_mode=exec"
	process := func(conn *pgx.Conn) (pid int) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	var clients [2]*pgx.Conn
	for i := range clients {
		if clients[i], err = pgx.Connect(t.Context(), pooled); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = clients[i].Close(t.Context()) }()
	}
	if process(clients[0]) != process(clients[1]) {
		t.Error("each has a connection of the server's own")
	}
	tx, err := clients[0].Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if process(tx.Conn()) == process(clients[1]) {
		t.Error("one was lent to two at once")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), pooled); err == nil {
		t.Error("closed, but it listens")
	}
}
