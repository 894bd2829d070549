package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// A driver is what Ent sends its statements through. On PostgreSQL reader and
// writer are the same pool.
type driver struct {
	sql.Conn
	name   string
	writer *stdsql.DB
	reader *stdsql.DB
	watch  *dataVersion
	eyes   eyes
	turns  turnstile
	// patience is for how long a statement waits for a connection; 0 for as long
	// as its context allows.
	patience time.Duration
	// bounds is what each transaction begins with; "" is nothing.
	bounds string
}

func newDriver(name string, writer, reader *stdsql.DB, o Options) *driver {
	patience := o.AcquireTimeout
	var turns turnstile
	if name == dialect.SQLite {
		patience, turns = 0, make(turnstile, 1)
	}
	eyes := eyes{observe: o.Observe, watch: o.Watch}
	return &driver{
		Conn: sql.Conn{ExecQuerier: lone{
			write: pool{writer, patience}, read: pool{reader, patience}, turns: turns, eyes: eyes,
		}},
		name: name, writer: writer, reader: reader, eyes: eyes, turns: turns, patience: patience,
	}
}

// Dialect is the name by which Ent knows the database.
func (d *driver) Dialect() string { return d.name }

// Close closes every connection.
func (d *driver) Close() error {
	var errs []error
	if d.watch != nil {
		errs = append(errs, d.watch.close())
	}
	if d.reader != d.writer {
		errs = append(errs, d.reader.Close())
	}
	return errors.Join(append(errs, d.writer.Close())...)
}

// Tx begins a transaction, READ COMMITTED on PostgreSQL whatever the server's
// default is: the rules rely on a conditional UPDATE that waits for the row and
// then looks again, which a stricter level would refuse instead.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) {
	var level *stdsql.TxOptions
	if d.name == dialect.Postgres {
		level = &stdsql.TxOptions{Isolation: stdsql.LevelReadCommitted}
	}
	watched, told := d.eyes.transaction(ctx)
	ctx, leave, err := d.turns.enter(ctx)
	if err != nil {
		told(err)
		return nil, err
	}
	end := func(err error) {
		leave()
		told(err)
	}
	tx, err := pool{d.writer, d.patience}.BeginTx(ctx, level)
	if err != nil {
		end(err)
		return nil, err
	}
	if d.bounds != "" {
		if _, err := tx.ExecContext(ctx, d.bounds); err != nil {
			end(err)
			return nil, errors.Join(err, tx.Rollback())
		}
	}
	return &sql.Tx{
		Conn: sql.Conn{ExecQuerier: inside{tx: tx, sqlite: d.turns != nil, eyes: d.eyes, watched: watched}},
		Tx:   seenTx{Tx: tx, end: end},
	}, nil
}

// A turnstile lets one after another at SQLite's only writer: for a transaction,
// or for sending a lone statement. To wait before it ends with the context; what
// comes after is not cut off, being short. A statement that could be costs
// SQLite's driver and database/sql a goroutine each, as much as a read, and there
// is nothing to cancel but the waiting. Nil lets everybody in, who may be cut off.
type turnstile chan struct{}

// enter gives the context to go on with; leave may be called again.
func (t turnstile) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	if t == nil {
		return ctx, func() {}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case t <- struct{}{}:
	default:
		select {
		case t <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return context.WithoutCancel(ctx), sync.OnceFunc(func() { <-t }), nil
}

// lone sends statements that are a transaction each.
type lone struct {
	write, read pool
	turns       turnstile // nil on PostgreSQL
	eyes        eyes
}

// ExecContext sends a statement that returns no rows to the writer.
func (l lone) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	args = normalized(args, l.turns == nil)
	return again(ctx, func() (stdsql.Result, error) {
		end := l.eyes.statement(ctx, query)
		ctx, leave, err := l.turns.enter(ctx)
		if err != nil {
			end(err)
			return nil, err
		}
		defer leave()
		result, err := l.write.ExecContext(ctx, query, args...)
		end(err)
		return result, err
	})
}

// QueryContext sends a statement that returns rows. UPDATE ... RETURNING comes
// this way too, and so does a WITH that ends in one, so only what begins with
// SELECT is a read: on SQLite it waits for nobody.
func (l lone) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	args = normalized(args, l.turns == nil)
	db, enter := l.write, l.turns.enter
	if reads(query) {
		db = l.read
		if l.turns != nil {
			enter = atOnce
		}
	}
	return again(ctx, func() (*stdsql.Rows, error) {
		end := l.eyes.statement(ctx, query)
		ctx, leave, err := enter(ctx)
		if err != nil {
			end(err)
			return nil, err
		}
		// Rows of a write may still have to be read, which keeps the connection.
		defer leave()
		rows, err := db.QueryContext(ctx, query, args...)
		end(err)
		return rows, err
	})
}

// atOnce lets everybody in, and cuts nobody off.
func atOnce(ctx context.Context) (context.Context, func(), error) {
	return context.WithoutCancel(ctx), func() {}, ctx.Err()
}

// inside sends statements of one transaction. None is repeated by itself: the
// transaction as a whole is.
type inside struct {
	tx      *stdsql.Tx
	sqlite  bool
	eyes    eyes
	watched context.Context // the transaction, as those see it who watch
}

func (i inside) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	ctx, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	end := i.eyes.statement(i.watched, query)
	result, err := i.tx.ExecContext(ctx, query, normalized(args, !i.sqlite)...)
	end(err)
	return result, err
}

func (i inside) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	ctx, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	end := i.eyes.statement(i.watched, query)
	rows, err := i.tx.QueryContext(ctx, query, normalized(args, !i.sqlite)...)
	end(err)
	return rows, err
}

// begin gives the context of a statement. On SQLite a transaction ends with its
// context between two statements, as a lone one does before it.
func (i inside) begin(ctx context.Context) (context.Context, error) {
	if !i.sqlite {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// reads tells whether the first word of a statement is SELECT.
func reads(query string) bool {
	query = strings.TrimLeft(query, " \t\r\n")
	const word = "SELECT"
	return len(query) > len(word) && strings.EqualFold(query[:len(word)], word) &&
		strings.ContainsRune(" \t\r\n*(", rune(query[len(word)]))
}

// normalized puts arguments into the form in which the database takes them.
// Instants are UTC, cut to the microsecond: SQLite compares them as text, and
// PostgreSQL would round what is finer. PostgreSQL's driver takes a UUID for text
// that it has to read again, being told its bytes it does not.
func normalized(args []any, postgres bool) []any {
	out := args
	for i, arg := range args {
		plain, changed := plainly(arg, postgres)
		if !changed {
			continue
		}
		if &out[0] == &args[0] {
			out = slices.Clone(args)
		}
		out[i] = plain
	}
	return out
}

// plainly is normalized for one argument.
func plainly(arg any, postgres bool) (_ any, changed bool) {
	switch v := arg.(type) {
	case time.Time:
		return v.UTC().Truncate(time.Microsecond), true
	case *time.Time:
		if v != nil {
			return plainly(*v, postgres)
		}
	case uuid.UUID:
		return [16]byte(v), postgres
	case *uuid.UUID:
		if v != nil {
			return plainly(*v, postgres)
		}
	}
	return nil, false
}
