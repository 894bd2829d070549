package store

import (
	"context"
	stdsql "database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"gatehouse/auth"
)

// A turnstile stands before a pool and lets in no more than there are
// connections: for a transaction, or for sending a lone statement. Who has waited
// longer than its patience is told to come back, before the queue is as long as
// what clients wait for an answer; package database/sql has no such bound. Nil
// lets everybody in.
type turnstile struct {
	places   chan struct{}
	patience time.Duration // 0: as long as the caller's context allows
	waits    atomic.Int64
	waited   atomic.Int64 // nanoseconds
}

func newTurnstile(places int, patience time.Duration) *turnstile {
	return &turnstile{places: make(chan struct{}, places), patience: patience}
}

// enter waits for a place, and gives the context to go on with. Leave may be
// called more than once, as a transaction may be ended.
func (t *turnstile) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if t == nil {
		return unwatched{ctx}, func() {}, nil
	}
	select {
	case t.places <- struct{}{}:
	default:
		if err := t.wait(ctx); err != nil {
			return nil, nil, err
		}
	}
	return unwatched{ctx}, sync.OnceFunc(func() { <-t.places }), nil
}

var errPatience = errors.New("waited too long for a connection")

// comeBackAfter is when whoever was told to come back may find a connection.
const comeBackAfter = time.Second

func (t *turnstile) wait(ctx context.Context) error {
	began := time.Now() //nolint:forbidigo // for a figure, as database/sql counts it
	defer func() {
		t.waits.Add(1)
		t.waited.Add(int64(time.Since(began))) //nolint:forbidigo // the same
	}()
	var over <-chan time.Time
	if t.patience > 0 {
		timer := time.NewTimer(t.patience)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case t.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-over:
		return fmt.Errorf("store: %w: %w", errPatience, comeBack())
	}
}

func comeBack() error { return &auth.Refusal{Code: auth.Overloaded, RetryAfter: comeBackAfter} }

// stats are those of the pool, and of who waited before it.
func (t *turnstile) stats(of *stdsql.DB) stdsql.DBStats {
	stats := of.Stats()
	stats.WaitCount += t.waits.Load()
	stats.WaitDuration += time.Duration(t.waited.Load())
	return stats
}

// An unwatched is a context whose end package database/sql does not see. To watch
// it costs a goroutine and a context for every statement, which SQLite's driver
// does once more. What SQLite does is short, and is not cut off; pgx watches by
// itself and at little cost, and has the context that is behind this one: see
// [watching].
type unwatched struct{ context.Context }

type unwatchedKey struct{}

// Deadline implements context.Context.
func (unwatched) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (unwatched) Done() <-chan struct{} { return nil }

// Err implements context.Context.
func (unwatched) Err() error { return nil }

// Value implements context.Context.
func (u unwatched) Value(key any) any {
	if key == (unwatchedKey{}) {
		return u.Context
	}
	return u.Context.Value(key)
}

// behind is the context behind an unwatched one.
func behind(ctx context.Context) context.Context {
	if watched, ok := ctx.Value(unwatchedKey{}).(context.Context); ok {
		return watched
	}
	return ctx
}

// Watching is pgx's tracer, which can replace the context of a statement.
type watching struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (watching) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return behind(ctx)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (watching) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A watchingConnector does the same for connecting.
type watchingConnector struct{ sqldriver.Connector }

// Connect implements driver.Connector. Who was let in by the turnstile, and is kept
// waiting by the server, is told to come back as well: nothing was sent.
func (c watchingConnector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	watched := behind(ctx)
	conn, err := c.Connector.Connect(watched)
	var slow net.Error
	if watched != ctx && errors.As(err, &slow) && slow.Timeout() && watched.Err() == nil {
		return nil, fmt.Errorf("store: %w: %w: %w", errPatience, err, comeBack())
	}
	return conn, err
}

// idleUnasked is for how long a connection may lie idle and be used without being
// asked first.
const idleUnasked = time.Second

// dead asks a connection that has lain idle whether anybody is there. Pgx would do
// so by itself, but has no tracer for it and would wait for ever on a server that
// says nothing. It asks again where this is true: of a closed connection, which it
// learns at once.
func dead(ctx context.Context, of stdlib.ShouldPingParams) bool {
	if of.IdleDuration <= idleUnasked {
		return false
	}
	ctx = behind(ctx)
	if of.Conn.PgConn().Ping(ctx) == nil {
		return false
	}
	_ = of.Conn.Close(ctx) // a dead one that does not close is as good
	return true
}
