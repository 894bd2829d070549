package store

import (
	"context"
	"errors"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// maxConns is how many connections a process keeps: reads need 4, writes
	// gain up to 16.
	maxConns = 16
	// connLifetime is when a connection is replaced, so that after a failover
	// none stays with a server that has become a replica.
	connLifetime = 30 * time.Minute
)

// openPostgres opens a pool that keeps what it has opened.
func openPostgres(ctx context.Context, url string, o Options) (*driver, error) {
	config, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	conns := o.MaxConns
	if conns == 0 {
		conns = maxConns
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(readUTC))
	db.SetMaxOpenConns(conns)
	// Go's own two idle ones would make every burst open and close connections.
	db.SetMaxIdleConns(conns)
	db.SetConnMaxLifetime(connLifetime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return newDriver(dialect.Postgres, db, db, o), nil
}

// postgresConfig reads the URL and adds what a session should have that the
// URL does not speak of.
func postgresConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx redacts a password it has understood; of a URL that it has not,
		// nothing is repeated.
		return nil, errURL
	}
	wanted := map[string]string{"timezone": "UTC", "application_name": "gatehouse"}
	if config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// Any other mode is chosen for a pooler between, and pgbouncer turns
		// away connections that ask for these.
		wanted["statement_timeout"] = "15s"
		wanted["lock_timeout"] = "10s"
		// A process that hangs must not keep others from a row.
		wanted["idle_in_transaction_session_timeout"] = "30s"
	}
	for name, value := range wanted {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	// Not a choice: instants are UTC.
	config.RuntimeParams["timezone"] = "UTC"
	return config, nil
}

// readUTC makes instants come back in UTC rather than the machine's zone.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}
