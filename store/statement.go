package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
)

// Ent writes most statements. Those that it has no builder for, an upsert with
// a condition, an UPDATE that returns its rows, are written here and there as text
// with numbered parameters, which the functions below send; and so are those of
// signing in and of every request, which to build anew costs Ent more than it
// costs the database to run them.

// exec sends one statement and answers how many rows it changed.
func (q *queries) exec(ctx context.Context, text string, args ...any) (int, error) {
	result, err := q.c.ExecContext(ctx, q.numbered(text), args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// query sends one statement and hands each row that it returns to scan. It
// always reads to the end: SQLite commits a statement that returns rows with
// the last of them, and an error of that commit must not be lost.
func (q *queries) query(ctx context.Context, text string, args []any, scan func(*stdsql.Rows) error) error {
	rows, err := q.c.QueryContext(ctx, q.numbered(text), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read to the end they are closed, and Err tells how
	var unread error
	for rows.Next() {
		if unread == nil {
			unread = scan(rows)
		}
	}
	return errors.Join(rows.Err(), unread)
}

// first sends a SELECT and hands the first row that it returns to scan;
// [auth.ErrNotFound] where there is none. What follows that row is not asked for:
// with SQLite that there is nothing would cost half as much again.
func (q *queries) first(ctx context.Context, text string, args []any, scan func(*stdsql.Rows) error) (err error) {
	rows, err := q.c.QueryContext(ctx, q.numbered(text), args...)
	if err != nil {
		return err
	}
	defer func() {
		// Instead of what was found, or of nothing: a failure must not look like that.
		if closed := rows.Close(); closed != nil {
			err = closed
		}
	}()
	if rows.Next() {
		return scan(rows)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return auth.ErrNotFound
}

// numbered turns PostgreSQL's $1 into SQLite's ?1, which means the same.
func (q *queries) numbered(text string) string {
	if q.dialect == dialect.SQLite {
		return strings.ReplaceAll(text, "$", "?")
	}
	return text
}

// parameters collects the arguments of a statement whose length varies.
type parameters []any

// add keeps the value and answers its placeholder.
func (p *parameters) add(value any) string {
	*p = append(*p, value)
	return "$" + strconv.Itoa(len(*p))
}

// integer is add for a number whose type PostgreSQL could not infer.
func (p *parameters) integer(value int64) string {
	return "CAST(" + p.add(value) + " AS bigint)"
}

// list adds each value and answers "$1, $2, $3".
func list[T any](p *parameters, values []T) string {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = p.add(v)
	}
	return strings.Join(marks, ", ")
}

// optional is nil for the zero time, which the tables know as NULL.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// required is the instant behind a column that may be NULL; zero where it is.
func required(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// optionalID is nil for the zero UUID, which the tables know as NULL.
func optionalID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// requiredID is the UUID behind a column that may be NULL; zero where it is.
func requiredID(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

// optionalText is nil for "", which the columns of what users need not tell
// know as NULL.
func optionalText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// text is what is behind a column that may be NULL; "" where it is.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// A scannedTime reads an instant from what a statement with RETURNING answers.
// SQLite gives such columns no declared type, so that its driver hands out the
// text that it keeps. NULL is the zero time.
type scannedTime struct{ to *time.Time }

// Scan implements sql.Scanner.
func (s scannedTime) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*s.to = time.Time{}
	case time.Time:
		*s.to = v
	case string:
		return s.parse(v)
	case []byte:
		return s.parse(string(v))
	default:
		return fmt.Errorf("read instant from %T", value)
	}
	return nil
}

func (s scannedTime) parse(text string) error {
	t, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", text)
	if err != nil {
		return fmt.Errorf("read instant: %w", err)
	}
	*s.to = t.UTC()
	return nil
}

// failed wraps an error with what was being done. What Ent calls not found is
// [auth.ErrNotFound] outside of this package.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	if ent.IsNotFound(err) {
		err = auth.ErrNotFound
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// won turns the count of a conditional UPDATE into whether this call won.
func won(doing string, changed int, err error) (bool, error) {
	if err != nil {
		return false, failed(doing, err)
	}
	return changed > 0, nil
}
