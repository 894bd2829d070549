// Package store keeps what package auth decides: it stands behind the ports of
// auth and mail, on SQLite or on PostgreSQL, and is the only one to know Ent.
//
// The model in a paragraph: a [Store] is one database. Each method of its
// queries is one statement; [Store.InTx] hands the same methods out bound to a
// transaction. Below Ent sits a driver of this package's own, through which
// every statement passes: it counts them, puts instants into the one form in
// which they compare, sends reads of SQLite to connections that never wait for
// the writer, and repeats a lone statement that the database gave up for a
// deadlock. Tables come from [Migrate] alone; [Store.Prune] takes away what
// has expired. What may happen once is one conditional UPDATE whose count says
// who won, so that both databases, and several processes over one of them,
// keep the same promises; package storetest holds them to it.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"gatehouse/ent"
)

// Options are what a store may be told beside its URL. The zero value is good.
// All but the last two are about PostgreSQL alone: SQLite always has one
// connection that writes, and nobody waits for another machine.
type Options struct {
	// MaxConns bounds the connections; 0 means 16, beyond which rotations gain
	// nothing.
	MaxConns int
	// AcquireTimeout is for how long a statement or transaction waits for one of
	// them; 0 means 3 s. Who has waited longer is refused with [auth.Overloaded],
	// and nothing was sent.
	AcquireTimeout time.Duration
	// StatementTimeout bounds one statement; 0 means 15 s.
	StatementTimeout time.Duration
	// LockTimeout bounds how long a statement waits for another transaction; 0
	// means 10 s.
	LockTimeout time.Duration
	// IdleInTransactionTimeout is when the server ends a transaction that says
	// nothing, since others wait for what it holds; 0 means 30 s.
	IdleInTransactionTimeout time.Duration
	// Pooled says that a pooler stands between which lends connections for one
	// transaction each. Nothing that lasts longer is relied on then: statements
	// are not prepared, and those that are no part of a transaction go by the
	// timeouts that the server has for the role.
	Pooled bool
	// Observe is called with the text of every statement before it is sent,
	// BEGIN, COMMIT and ROLLBACK aside, from whichever goroutine sends it. The
	// text holds placeholders and never a value. May be nil.
	Observe func(statement string)
	// Watch sees statements and transactions as they pass; nil is nobody.
	Watch Watch
}

// A Store is one open database. It is safe for use by many goroutines.
type Store struct {
	queries
	driver *driver
}

// queries are the statements of the ports, against the pool or inside one
// transaction. The methods stand in files named after features.
type queries struct {
	c       *ent.Client
	dialect string // dialect.SQLite or dialect.Postgres
	watch   *dataVersion
}

// Open opens the database at url and proves that it answers:
//
//   - sqlite:PATH, relative or absolute; the file is made where there is none,
//     readable by its owner alone. There is no database in memory: several
//     connections must see the same one.
//   - postgres://... or postgresql://..., as pgx reads it.
//
// It makes no tables: that is [Migrate]. An error never holds the URL, which
// may hold a password.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	o = o.completed()
	var (
		d     *driver
		watch *dataVersion
		err   error
	)
	switch scheme, path := split(url); scheme {
	case dialect.SQLite:
		d, watch, err = openSQLite(ctx, path, o)
	case dialect.Postgres:
		d, err = openPostgres(ctx, url, o)
	default:
		err = errURL
	}
	if err != nil {
		return nil, fmt.Errorf("store: open database: %w", err)
	}
	return &Store{
		queries: queries{c: ent.NewClient(ent.Driver(d)), dialect: d.name, watch: watch},
		driver:  d,
	}, nil
}

// Close ends every connection. Statements under way are waited for.
func (s *Store) Close() error {
	if err := s.driver.Close(); err != nil {
		return fmt.Errorf("store: close database: %w", err)
	}
	return nil
}

// Ping asks the database for an answer, on a connection that writes, and fails
// where PostgreSQL takes no writes: a replica, after a failover, answers every
// question and would sign nobody in.
func (s *Store) Ping(ctx context.Context) error {
	// Whoever is past the turnstile counts on a connection being there.
	_, leave, err := s.driver.turns.enter(ctx)
	if err != nil {
		return fmt.Errorf("store: ping database: %w", err)
	}
	defer leave()
	readOnly := false
	err = s.driver.writer.PingContext(ctx)
	if err == nil && s.dialect == dialect.Postgres {
		err = s.driver.writer.QueryRowContext(ctx, "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean").Scan(&readOnly)
	}
	if err == nil && readOnly {
		err = errReadOnly
	}
	if err != nil {
		return fmt.Errorf("store: ping database: %w", err)
	}
	return nil
}

var errReadOnly = errors.New("it takes no writes")

var errURL = errors.New("a database URL is sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")

// split tells which database a URL means, and the path of SQLite's file.
// What is neither has no dialect.
func split(url string) (name, path string) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return dialect.SQLite, rest
	case "postgres", "postgresql":
		return dialect.Postgres, ""
	}
	return "", ""
}
