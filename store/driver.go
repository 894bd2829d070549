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
	// turns are before the writer; before the reader too where that is the same.
	turns *turnstile
	watch *dataVersion
	eyes  eyes
	// bounds is what each transaction begins with; "" is nothing.
	bounds string
}

func newDriver(name string, writer, reader *stdsql.DB, turns *turnstile, o Options) *driver {
	d := &driver{name: name, writer: writer, reader: reader, turns: turns, eyes: eyes{observe: o.Observe, watch: o.Watch}}
	d.Conn = sql.Conn{ExecQuerier: lone{d}}
	return d
}

func (d *driver) postgres() bool { return d.name == dialect.Postgres }

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
	if d.postgres() {
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
	tx, err := d.writer.BeginTx(ctx, level)
	if err != nil {
		end(err)
		return nil, err
	}
	if d.bounds != "" {
		if _, err := tx.ExecContext(ctx, d.bounds); err != nil {
			err = errors.Join(err, tx.Rollback())
			end(err)
			return nil, err
		}
	}
	return &sql.Tx{
		Conn: sql.Conn{ExecQuerier: inside{tx: tx, postgres: d.postgres(), eyes: d.eyes, watched: watched}},
		Tx:   seenTx{Tx: tx, end: end},
	}, nil
}

// lone sends statements that are a transaction each.
type lone struct{ d *driver }

// ExecContext sends a statement that returns no rows to the writer.
func (l lone) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	args = normalized(args, l.d.postgres())
	return again(ctx, func() (stdsql.Result, error) {
		end := l.d.eyes.statement(ctx, query)
		ctx, leave, err := l.d.turns.enter(ctx)
		if err != nil {
			end(err)
			return nil, err
		}
		defer leave()
		result, err := l.d.writer.ExecContext(ctx, query, args...)
		end(err)
		return result, err
	})
}

// QueryContext sends a statement that returns rows. UPDATE ... RETURNING comes
// this way too, and so does a WITH that ends in one, so only what begins with
// SELECT is a read: on SQLite it waits for no writer.
func (l lone) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	args = normalized(args, l.d.postgres())
	db, turns := l.d.writer, l.d.turns
	if reads(query) && l.d.reader != l.d.writer {
		db, turns = l.d.reader, nil
	}
	return again(ctx, func() (*stdsql.Rows, error) {
		end := l.d.eyes.statement(ctx, query)
		ctx, leave, err := turns.enter(ctx)
		if err != nil {
			end(err)
			return nil, err
		}
		// The rows may still have to be read, which keeps the connection.
		defer leave()
		rows, err := db.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // whoever asked does
		end(err)
		return rows, err
	})
}

// inside sends statements of one transaction. None is repeated by itself: the
// transaction as a whole is.
type inside struct {
	tx       *stdsql.Tx
	postgres bool
	eyes     eyes
	watched  context.Context // the transaction, as those see it who watch
}

func (i inside) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	end := i.eyes.statement(i.watched, query)
	result, err := i.tx.ExecContext(unwatched{ctx}, query, normalized(args, i.postgres)...)
	end(err)
	return result, err
}

func (i inside) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	end := i.eyes.statement(i.watched, query)
	rows, err := i.tx.QueryContext(unwatched{ctx}, query, normalized(args, i.postgres)...)
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
