package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"gatehouse/auth"
	"gatehouse/ent"
)

var _ auth.Store = (*Store)(nil)

// tries is how often a transaction, or a lone statement, is begun before a
// deadlock is the caller's.
const tries = 3

// pause comes before the second try, and twice as long before the third.
const pause = 10 * time.Millisecond

// InTx runs fn in one transaction, READ COMMITTED on PostgreSQL and immediate
// on SQLite, and commits if it returns nil. Where the database gave the
// transaction up (a deadlock, or a writer of another process that outlasted
// the busy timeout), fn runs again, three times at most: it sets anew whatever
// it wants to keep. A panic rolls back and goes on. Inside fn only the queries
// it is given may be used: the store's own, and InTx itself, would want a
// second connection, and with SQLite wait for ever for the first.
func (s *Store) InTx(ctx context.Context, fn func(auth.Queries) error) error {
	return s.inTx(ctx, func(q *queries) error { return fn(q) })
}

func (s *Store) inTx(ctx context.Context, fn func(*queries) error) error {
	_, err := again(ctx, func() (struct{}, error) { return struct{}{}, s.once(ctx, fn) })
	return err
}

func (s *Store) once(ctx context.Context, fn func(*queries) error) (err error) {
	tx, err := s.c.Tx(ctx)
	if err != nil {
		return fmt.Errorf("store: begin transaction: %w", err)
	}
	committing := false
	defer func() {
		// Reached with nothing committed by an error and by a panic, which
		// goes on by itself. What the rollback says adds nothing: a connection
		// on which it fails is closed, and the database rolls back.
		if !committing {
			_ = tx.Rollback()
		}
	}()
	if err := fn(s.within(tx)); err != nil {
		return err
	}
	committing = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: commit transaction: %w", err)
	}
	return nil
}

// within are the same queries, bound to a transaction.
func (q *queries) within(tx *ent.Tx) *queries {
	return &queries{c: tx.Client(), dialect: q.dialect, watch: q.watch}
}

// again runs attempt until it is done, fails for good, or was tried often
// enough. Before it tries again it lets those by for whose sake it was given
// up; else it may take the same lock before they wake, and be given up again.
func again[T any](ctx context.Context, attempt func() (T, error)) (T, error) {
	for n := 1; ; n++ {
		v, err := attempt()
		if err == nil || n == tries || !givenUp(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(time.Duration(n) * pause):
		}
	}
}

// givenUp tells whether the database undid a transaction for the sake of
// another, so that running it again is safe and likely to succeed.
func givenUp(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40P01" || pg.Code == "40001" // deadlock_detected, serialization_failure
	}
	if lite, ok := errors.AsType[sqlite3.Error](err); ok {
		return lite.Code == sqlite3.ErrBusy || lite.Code == sqlite3.ErrLocked
	}
	return false
}
