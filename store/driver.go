package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"slices"
	"strings"
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
		Conn: sql.Conn{ExecQuerier: inside{tx: tx, eyes: d.eyes, watched: watched, postgres: d.name == dialect.Postgres}},
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
	args = normalized(args, !l.sqlite)
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
	args = normalized(args, !l.sqlite)
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
	tx       *stdsql.Tx
	eyes     eyes
	watched  context.Context // the transaction, as those see it who watch
	postgres bool
}

func (i inside) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	end := i.eyes.statement(i.watched, query)
	result, err := i.tx.ExecContext(ctx, query, normalized(args, i.postgres)...)
	end(err)
	return result, err
}

func (i inside) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	end := i.eyes.statement(i.watched, query)
	rows, err := i.tx.QueryContext(ctx, query, normalized(args, i.postgres)...)
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
