package auth_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // reads the file beside the store
)

// rows is the content of every table, but the counters of attempts and those
// named, as text.
func rows(t *testing.T, h *house, but ...string) string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+h.file+"?mode=ro")
	ok(t, err)
	defer db.Close()
	var all strings.Builder
	for _, table := range tables(t, db) {
		if slices.Contains(but, table) {
			continue
		}
		rs, err := db.Query("SELECT * FROM " + table + " ORDER BY 1")
		ok(t, err)
		columns, err := rs.Columns()
		ok(t, err)
		for rs.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			ok(t, rs.Scan(into...))
			fmt.Fprintf(&all, "%s %v\n", table, values)
		}
		ok(t, rs.Err())
		ok(t, rs.Close())
	}
	return all.String()
}

func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rs, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%' AND name <> 'attempt_counters'`)
	ok(t, err)
	defer rs.Close()
	var names []string
	for rs.Next() {
		var name string
		ok(t, rs.Scan(&name))
		names = append(names, name)
	}
	ok(t, rs.Err())
	if len(names) < 9 {
		t.Fatalf("%d tables", len(names))
	}
	return names
}

func databaseFile(t *testing.T) string { return filepath.Join(t.TempDir(), "gatehouse.db") }
