package e2e

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"
)

// besides opens a database beside the server, to read what it keeps.
func besides(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, source := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, source = "sqlite3", "file:"+path+"?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// onSQLite tells which of the two databases it is.
func onSQLite(db *sql.DB) bool {
	_, lite := db.Driver().(*sqlite3.SQLiteDriver)
	return lite
}

// tableNames are all that there are.
func tableNames(t testing.TB, db *sql.DB) []string {
	t.Helper()
	query := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if onSQLite(db) {
		query = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	var names []string
	eachRow(t, db, query, func(_ []string, values []any) { names = append(names, text(values[0])) })
	slices.Sort(names)
	return names
}

// eachRow reads what a query finds.
func eachRow(t testing.TB, db *sql.DB, query string, read func(columns []string, values []any)) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		read(columns, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// text is a value of a column as it was written.
func text(value any) string {
	if raw, ok := value.([]byte); ok {
		return string(raw)
	}
	return fmt.Sprint(value)
}
