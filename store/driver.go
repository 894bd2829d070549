package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
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
	// patience is for how long a statement waits for a connection; 0 for as long
	// as its context allows.
	patience time.Duration
	// bounds is what each transaction begins with; "" is nothing.
	bounds string
}

func newDriver(name string, writer, reader *stdsql.DB, o Options) *driver {
	patience := o.AcquireTimeout
	if name == dialect.SQLite {
		patience = 0
	}
	eyes := eyes{observe: o.Observe, watch: o.Watch}
	return &driver{
		Conn: sql.Conn{ExecQuerier: lone{
			write: pool{writer, patience}, read: pool{reader, patience}, sqlite: name == dialect.SQLite, eyes: eyes,
		}},
		name: name, writer: writer, reader: reader, eyes: eyes, patience: patience,
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
	watched, end := d.eyes.transaction(ctx)
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
		Conn: sql.Conn{ExecQuerier: inside{tx: tx, eyes: d.eyes, watched: watched}},
		Tx:   seenTx{Tx: tx, end: end},
	}, nil
}

// lone sends statements that are a transaction each.
type lone struct {
	write, read pool
	sqlite      bool
	eyes        eyes
}

// ExecContext sends a statement that returns no rows to the writer.
func (l lone) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	args = normalized(args)
	return again(ctx, func() (stdsql.Result, error) {
		end := l.eyes.statement(ctx, query)
		result, err := l.write.ExecContext(ctx, query, args...)
		end(err)
		return result, err
	})
}

// QueryContext sends a statement that returns rows. UPDATE ... RETURNING comes
// this way too, and so does a WITH that ends in one, so only what begins with
// SELECT is a read.
func (l lone) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	args = normalized(args)
	db := l.write
	if reads(query) {
		db = l.read
		if l.sqlite {
			// A read that can be cancelled costs SQLite's driver and database/sql
			// a goroutine each, as much as the read itself, and there is nothing
			// to cancel: it waits for no writer.
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ctx = context.WithoutCancel(ctx)
		}
	}
	return again(ctx, func() (*stdsql.Rows, error) {
		end := l.eyes.statement(ctx, query)
		rows, err := db.QueryContext(ctx, query, args...)
		end(err)
		return rows, err
	})
}

// inside sends statements of one transaction. None is repeated by itself: the
// transaction as a whole is.
type inside struct {
	tx      *stdsql.Tx
	eyes    eyes
	watched context.Context // the transaction, as those see it who watch
}

func (i inside) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	end := i.eyes.statement(i.watched, query)
	result, err := i.tx.ExecContext(ctx, query, normalized(args)...)
	end(err)
	return result, err
}

func (i inside) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	end := i.eyes.statement(i.watched, query)
	rows, err := i.tx.QueryContext(ctx, query, normalized(args)...)
	end(err)
	return rows, err
}

// reads tells whether the first word of a statement is SELECT.
func reads(query string) bool {
	query = strings.TrimLeft(query, " \t\r\n")
	const word = "SELECT"
	return len(query) > len(word) && strings.EqualFold(query[:len(word)], word) &&
		strings.ContainsRune(" \t\r\n*(", rune(query[len(word)]))
}

// normalized puts instants into the form in which both databases keep them:
// UTC, cut to the microsecond. SQLite compares them as text, and PostgreSQL
// would round what is finer.
func normalized(args []any) []any {
	out := args
	for i, arg := range args {
		var at time.Time
		switch v := arg.(type) {
		case time.Time:
			at = v
		case *time.Time:
			if v == nil {
				continue
			}
			at = *v
		default:
			continue
		}
		if &out[0] == &args[0] {
			out = append([]any(nil), args...)
		}
		out[i] = at.UTC().Truncate(time.Microsecond)
	}
	return out
}
