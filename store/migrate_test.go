package store

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"entgo.io/ent/dialect"

	"gatehouse/store/internal/schemadiff"
)

func TestTheMigrationsLeadToTheSchema(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{dialect.SQLite: emptySQLiteURL(t), dialect.Postgres: emptyPostgresURL(t)} {
		s := opened(t, url, Options{})
		files, err := filesFor(name, migrations)
		if err != nil {
			t.Fatal(err)
		}
		missing, err := schemadiff.Next(t.Context(), name, s.driver.writer, files)
		if err != nil {
			t.Fatal(err)
		}
		if missing != "" {
			t.Errorf("go run ./store/internal/makemigrations; missing for %s:\n%s", name, missing)
		}
		// What is missing is seen, else the above proves nothing.
		all, err := schemadiff.Next(t.Context(), name, opened(t, map[string]string{
			dialect.SQLite: emptySQLiteURL(t), dialect.Postgres: emptyPostgresURL(t),
		}[name], Options{}).driver.writer, fstest.MapFS{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(all, "CREATE TABLE") || strings.Contains(all, "+goose Down") {
			t.Errorf("from nothing, %s needs:\n%s", name, all)
		}
	}
}

func TestBothDatabasesHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	names := func(name string) (names []string) {
		t.Helper()
		files, err := filesFor(name, migrations)
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			names = append(names, name)
			text, err := fs.ReadFile(files, name)
			if !strings.HasPrefix(string(text), "-- +goose Up\n") || strings.Contains(string(text), "+goose Down") {
				t.Errorf("%s goes somewhere else than up", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if lite, pg := names(dialect.SQLite), names(dialect.Postgres); len(lite) == 0 || !slices.Equal(lite, pg) {
		t.Errorf("SQLite has %v, PostgreSQL has %v", lite, pg)
	}
}

func TestEveryQueryHasItsIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		indexes := map[string]bool{}
		for _, table := range shape(t, s.driver.writer, s.dialect).Tables {
			for _, index := range table.Indexes {
				columns := []string{}
				for _, part := range index.Parts {
					columns = append(columns, part.C.Name)
				}
				kind := "index"
				if index.Unique {
					kind = "unique"
				}
				indexes[kind+" "+table.Name+"("+strings.Join(columns, ", ")+")"] = true
			}
		}
		for _, want := range []string{
			"unique users(email_key)",
			"unique users(username_key)",
			"unique credentials(user_id)",
			"unique registrations(flow_digest)",
			"index registrations(email_key, network, created_at)",
			"index registrations(expires_at)",
			"index sessions(user_id, rotated_at)",
			"index sessions(user_id)",
			"index sessions(expires_at)",
			"index blacklisted_tokens(subject_id)",
			"index blacklisted_tokens(created_at)",
			"index blacklisted_tokens(expires_at)",
			"unique link_tokens(digest)",
			"index link_tokens(email_key)",
			"index link_tokens(user_id)",
			"index link_tokens(registration_id)",
			"index link_tokens(expires_at)",
			"unique signing_keys(sequence)",
			"index outbox_letters(next_attempt_at)",
			"index outbox_letters(created_at)",
			"index attempt_counters(expires_at)",
			"index events(user_id, at)",
			"index events(at)",
		} {
			if !indexes[want] {
				t.Errorf("missing: %s", want)
			}
		}
	})
}

// withStep is the tree of migrations and one more, for SQLite and PostgreSQL.
func withStep(t *testing.T, sqlite, postgres string) fs.FS {
	t.Helper()
	tree := fstest.MapFS{}
	err := fs.WalkDir(migrations, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, name)
		tree[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const last = "99991231235959_last.sql"
	tree["migrations/sqlite/"+last] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + sqlite)}
	tree["migrations/postgres/"+last] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + postgres)}
	return tree
}

// rebuild changes a parent's column in the way in which SQLite has to, written
// as Ent's generator writes it.
func rebuild(t *testing.T) string {
	t.Helper()
	s := opened(t, sqliteURL(t), Options{})
	table, found := shape(t, s.driver.writer, s.dialect).Table("users")
	if !found {
		t.Fatal("no users")
	}
	definition := ""
	err := s.query(t.Context(), "SELECT sql FROM sqlite_master WHERE name = 'users'", nil,
		func(rows *stdsql.Rows) error { return rows.Scan(&definition) })
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, column := range table.Columns {
		names = append(names, "`"+column.Name+"`")
	}
	columns := strings.Join(names, ", ")
	return "PRAGMA foreign_keys = off;\n" +
		strings.Replace(strings.Replace(definition, "`users`", "`new_users`", 1), "`name` text NOT NULL", "`name` text NULL", 1) + ";\n" +
		"INSERT INTO `new_users` (" + columns + ") SELECT " + columns + " FROM `users`;\n" +
		"DROP TABLE `users`;\n" +
		"ALTER TABLE `new_users` RENAME TO `users`;\n" +
		"CREATE UNIQUE INDEX `users_email_key_key` ON `users` (`email_key`);\n" +
		"PRAGMA foreign_keys = on;\n"
}

// Each step is applied to tables with a row in each, and no row may be gone
// after it. The last step is one that rebuilds a parent.
func TestNoMigrationLosesARow(t *testing.T) {
	t.Parallel()
	tree := withStep(t, rebuild(t), `ALTER TABLE users ALTER COLUMN name DROP NOT NULL;`)
	for name, url := range map[string]string{dialect.SQLite: emptySQLiteURL(t), dialect.Postgres: emptyPostgresURL(t)} {
		files, err := filesFor(name, tree)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		before := map[string]int{}
		for i, step := range names {
			version, err := strconv.ParseInt(step[:14], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if err := (steps{tree, version, silent}).run(t.Context(), url); err != nil {
				t.Fatal(err)
			}
			s := opened(t, url, Options{})
			after := rowCounts(t, s)
			for table, n := range before {
				if after[table] < n {
					t.Errorf("%s: of %s %d rows are left of %d", path.Join(name, step), table, after[table], n)
				}
			}
			if i == 0 && len(after) < 10 {
				t.Errorf("%s: only %d tables", step, len(after))
			}
			seed(t, s)
			before = rowCounts(t, s)
			for table, n := range before {
				if n == 0 {
					t.Errorf("%s: %s was not seeded", step, table)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// With foreign keys on, the same step loses the children and reports success.
// This is what the handle of its own is for, and the test above must see it.
func TestTheRebuildWouldLoseRowsOnAnOrdinaryHandle(t *testing.T) {
	t.Parallel()
	tree := withStep(t, rebuild(t), "")
	url := sqliteURL(t)
	s := opened(t, url, Options{})
	seed(t, s)
	if _, err := (steps{tree, everyVersion, silent}).apply(t.Context(), dialect.SQLite, s.driver.writer); err != nil {
		t.Fatal(err)
	}
	if after := rowCounts(t, s); after["users"] != 1 || after["sessions"] != 0 || after["credentials"] != 0 {
		t.Errorf("it lost nothing: %v", after)
	}
}

func TestAMigrationThatLeavesOrphansIsAnError(t *testing.T) {
	t.Parallel()
	tree := withStep(t, "DELETE FROM users;", "")
	url := sqliteURL(t)
	s := opened(t, url, Options{})
	seed(t, s)
	err := steps{tree, everyVersion, silent}.run(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "sessions to users") {
		t.Errorf("got %v", err)
	}
}

func TestAStepThatFailsLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	const broken = "CREATE TABLE half (id integer);\nINSERT INTO nothing VALUES (1);\n"
	tree := withStep(t, broken, broken)
	onBoth(t, func(t *testing.T, url string) {
		if err := (steps{tree, everyVersion, silent}).run(t.Context(), url); err == nil {
			t.Fatal("it went through")
		}
		s := opened(t, url, Options{})
		if _, found := shape(t, s.driver.writer, s.dialect).Table("half"); found {
			t.Error("half of it is there")
		}
		// The lock is free again, and the rest stands.
		if err := Migrate(t.Context(), url, silent); err != nil {
			t.Error(err)
		}
	})
}

// A handler that looks at the database each time something is logged.
type onLog struct {
	slog.Handler
	look func(slog.Record)
}

func (onLog) Enabled(context.Context, slog.Level) bool { return true }

func (l onLog) Handle(_ context.Context, r slog.Record) error {
	l.look(r)
	return nil
}

// Whoever waits for a large table sees that something is done, and what is.
func TestAStepIsToldBeforeTheNextOneBegins(t *testing.T) {
	t.Parallel()
	for _, url := range []string{emptySQLiteURL(t), emptyPostgresURL(t)} {
		s := opened(t, url, Options{})
		all, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told := -1
		logger := slog.New(onLog{silent.Handler(), func(slog.Record) {
			told++
			if pending, err := s.Pending(t.Context()); err != nil || len(pending) != len(all)-told {
				t.Errorf("after %d lines %v is pending, %v", told+1, pending, err)
			}
		}})
		if err := Migrate(t.Context(), url, logger); err != nil {
			t.Fatal(err)
		}
		if told != len(all) {
			t.Errorf("%d lines about %d steps", told+1, len(all))
		}
	}
}

func TestWhatIsPendingIsNamedUntilItIsApplied(t *testing.T) {
	t.Parallel()
	for _, url := range []string{emptySQLiteURL(t), emptyPostgresURL(t)} {
		s := opened(t, url, Options{})
		pending, err := s.Pending(t.Context())
		if err != nil || len(pending) == 0 || pending[0] != "20261122000000_core.sql" {
			t.Errorf("at first: %v, %v", pending, err)
		}
		if err := Migrate(t.Context(), url, silent); err != nil {
			t.Fatal(err)
		}
		if pending, err := s.Pending(t.Context()); err != nil || len(pending) != 0 {
			t.Errorf("then: %v, %v", pending, err)
		}
		seed(t, s)
		before := rowCounts(t, s)
		if err := Migrate(t.Context(), url, silent); err != nil {
			t.Fatal(err)
		}
		if after := rowCounts(t, s); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("migrating again: %v, before %v", after, before)
		}
	}
}

// A server that runs on the file need not be stopped for `gatehouse migrate`.
func TestAFileInUseCanBeMigrated(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := opened(t, url, Options{})
	seed(t, s)
	tree := withStep(t, rebuild(t), "")
	if err := (steps{tree, everyVersion, silent}).run(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	// Its prepared statements notice.
	if n, err := s.c.User.Query().Count(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if after := rowCounts(t, s); after["sessions"] != 1 {
		t.Errorf("left are %v", after)
	}
}
