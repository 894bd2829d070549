package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/auth"
)

// A pool lends connections, and to nobody who has waited for one longer than
// its patience: whoever asks is told to come back, before the queue is as long
// as what clients wait for an answer. Package database/sql has no such bound.
type pool struct {
	*stdsql.DB
	patience time.Duration // 0: as long as the caller's context allows
}

// ExecContext is a statement that returns no rows.
func (p pool) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	ctx, left := p.queue(ctx)
	result, err := p.DB.ExecContext(ctx, query, args...)
	return result, left(err)
}

// QueryContext is a statement that returns rows.
func (p pool) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	ctx, left := p.queue(ctx)
	rows, err := p.DB.QueryContext(ctx, query, args...)
	return rows, left(err)
}

// BeginTx begins a transaction.
func (p pool) BeginTx(ctx context.Context, o *stdsql.TxOptions) (*stdsql.Tx, error) {
	ctx, left := p.queue(ctx)
	tx, err := p.DB.BeginTx(ctx, o)
	return tx, left(err)
}

// queue gives the context to wait and work with; left makes of an error what the
// caller is told.
func (p pool) queue(ctx context.Context) (_ context.Context, left func(error) error) {
	if p.patience == 0 {
		return ctx, func(err error) error { return err }
	}
	t := &turn{Context: ctx}
	t.waiting, t.leave = context.WithTimeoutCause(ctx, p.patience, errPatience)
	return t, t.left
}

var errPatience = errors.New("waited too long for a connection")

// comeBackAfter is when whoever was told to come back may find a connection.
const comeBackAfter = time.Second

// A turn is the context of a statement that waits for a connection, and then of
// the statement itself. While it waits it ends with the pool's patience; from
// the moment that a connection is there it is the caller's own, and ends with
// that alone: what has begun is not cut off.
type turn struct {
	context.Context                 // the caller's
	waiting         context.Context //nolint:containedctx // the same with the bound: this is a context itself
	leave           context.CancelFunc
	came            atomic.Bool
}

type turnKey struct{}

// current is the context that counts now.
func (t *turn) current() context.Context {
	if t.came.Load() {
		return t.Context
	}
	return t.waiting
}

// Deadline implements context.Context.
func (t *turn) Deadline() (time.Time, bool) { return t.current().Deadline() }

// Done implements context.Context.
func (t *turn) Done() <-chan struct{} { return t.current().Done() }

// Err implements context.Context.
func (t *turn) Err() error { return t.current().Err() }

// Value implements context.Context.
func (t *turn) Value(key any) any {
	if key == (turnKey{}) {
		return t
	}
	return t.Context.Value(key)
}

// left ends the waiting, and tells patience that ran out from every other
// failure: nothing was sent then.
func (t *turn) left(err error) error {
	defer t.leave()
	if err != nil && !t.came.Load() && errors.Is(context.Cause(t.waiting), errPatience) {
		return fmt.Errorf("store: %w: %w", errPatience, &auth.Refusal{Code: auth.Overloaded, RetryAfter: comeBackAfter})
	}
	return err
}

// turns is pgx's tracer, which hears of each statement once it has a connection
// and before anything is sent.
type turns struct{}

// TraceQueryStart implements pgx.QueryTracer. Whoever comes too late keeps a
// context that has ended, with which pgx sends nothing.
func (turns) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if t, ok := ctx.Value(turnKey{}).(*turn); ok && t.waiting.Err() == nil {
		t.came.Store(true)
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (turns) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
