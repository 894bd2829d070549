package store

import (
	"context"
	stdsql "database/sql"

	"entgo.io/ent/dialect"
)

// A Watch sees what is sent to the database, for traces. The text of a statement
// holds placeholders and never a value. Both calls give what is told how it
// ended; an error of the database may quote values, and is not for showing.
type Watch interface {
	// Statement is told of one statement, up to its first row.
	Statement(ctx context.Context, text string) (end func(error))
	// Transaction is told of one from before it has a connection until it is
	// committed or rolled back. Its statements come with the context that it gives.
	Transaction(ctx context.Context) (within context.Context, end func(error))
}

// eyes are who looks on.
type eyes struct {
	observe func(string)
	watch   Watch
}

// statement costs nothing where nobody looks.
func (e eyes) statement(ctx context.Context, text string) (end func(error)) {
	if e.observe != nil {
		e.observe(text)
	}
	if e.watch == nil {
		return unseen
	}
	return e.watch.Statement(ctx, text)
}

func (e eyes) transaction(ctx context.Context) (context.Context, func(error)) {
	if e.watch == nil {
		return ctx, unseen
	}
	return e.watch.Transaction(ctx)
}

func unseen(error) {}

// A seenTx tells when its transaction ends.
type seenTx struct {
	*stdsql.Tx
	end func(error)
}

// Commit ends it well, if it can.
func (t seenTx) Commit() error {
	err := t.Tx.Commit()
	t.end(err)
	return err
}

// Rollback ends it as a failure, whatever the reason was.
func (t seenTx) Rollback() error {
	err := t.Tx.Rollback()
	t.end(errRolledBack)
	return err
}

// errRolledBack is all that is told of a transaction that was taken back.
var errRolledBack = stdsql.ErrTxDone

// A Pool is a set of connections to the database.
type Pool struct {
	Name  string // what it is for: all, or with SQLite read and write
	Stats stdsql.DBStats
}

// Pools tells how busy the connections are.
func (s *Store) Pools() []Pool {
	if s.dialect == dialect.SQLite {
		return []Pool{{"read", s.driver.reader.Stats()}, {"write", s.driver.turns.stats(s.driver.writer)}}
	}
	return []Pool{{"all", s.driver.turns.stats(s.driver.writer)}}
}
