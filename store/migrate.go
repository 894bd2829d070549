package store

import (
	"context"
	stdsql "database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// migrations are the steps from nothing to the tables of package ent/schema,
// one directory a database, written by store/internal/makemigrations. There is
// no way back but a backup: what SQLite would need for one loses rows.
//
//go:embed migrations
var migrations embed.FS

// everyVersion is beyond any file's number.
const everyVersion = math.MaxInt64

// Migrate brings the tables of the database at url to what this program needs,
// and logs each step. Several processes may call it at once: one does the work
// and the others wait for it. With nothing to do it changes nothing.
//
// PostgreSQL is locked by an advisory lock of the session, which a pooler that
// shares connections between transactions breaks: give the server's own URL.
func Migrate(ctx context.Context, url string, logger *slog.Logger) error {
	return steps{migrations, everyVersion, logger}.run(ctx, url)
}

// steps are the migrations in a tree of files, up to a version.
type steps struct {
	files  fs.FS
	upTo   int64
	logger *slog.Logger
}

func (s steps) run(ctx context.Context, url string) (err error) {
	switch name, path := split(url); name {
	case dialect.SQLite:
		err = s.runSQLite(ctx, path)
	case dialect.Postgres:
		err = s.runPostgres(ctx, url)
	default:
		err = errURL
	}
	if err != nil {
		return fmt.Errorf("store: migrate database: %w", err)
	}
	return nil
}

// runSQLite works on a handle of its own, with foreign keys off. SQLite
// changes most columns by building the table anew and dropping the old one;
// with foreign keys on, and they cannot be turned off inside goose's
// transaction, dropping it deletes every row that refers to it, silently.
func (s steps) runSQLite(ctx context.Context, path string) (err error) {
	if err := makeFile(path); err != nil {
		return err
	}
	// SQLite's own locks end with each transaction, and goose looks before its
	// first one begins.
	held, err := lockDirectory(ctx, filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	db, err := sqliteHandle(path, url.Values{"_foreign_keys": {"off"}}, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	applied, err := s.apply(ctx, goose.DialectSQLite3, db)
	if err != nil || applied == 0 {
		return err
	}
	return checkForeignKeys(ctx, db)
}

// checkForeignKeys fails where a row refers to one that is not there.
func checkForeignKeys(ctx context.Context, db *stdsql.DB) (err error) {
	rows, err := db.QueryContext(ctx, "SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var broken []string
	for rows.Next() {
		var child, parent string
		if err := rows.Scan(&child, &parent); err != nil {
			return err
		}
		broken = append(broken, child+" to "+parent)
	}
	if len(broken) > 0 {
		return fmt.Errorf("rows refer to rows that are gone: %s", strings.Join(broken, ", "))
	}
	return rows.Err()
}

func (s steps) runPostgres(ctx context.Context, url string) (err error) {
	config, err := postgresConfig(url, Options{}.completed())
	if err != nil {
		return err
	}
	// A table takes the time it takes. To wait for its lock is another matter:
	// everybody else queues behind who waits.
	config.RuntimeParams["statement_timeout"] = "0"
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	_, err = s.apply(ctx, goose.DialectPostgres, db, goose.WithSessionLocker(locker))
	return err
}

// apply runs what is missing, each file in a transaction of its own, and tells
// how many there were.
func (s steps) apply(ctx context.Context, name goose.Dialect, db *stdsql.DB, more ...goose.ProviderOption) (int, error) {
	files, err := filesFor(string(name), s.files)
	if err != nil {
		return 0, err
	}
	runner, err := goose.NewProvider(name, db, files, append(more,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.logger))...)
	if err != nil {
		return 0, err
	}
	// Without the lock, which nearly always nobody needs.
	if some, err := runner.HasPending(ctx); err != nil || !some {
		return 0, err
	}
	known, err := runner.Status(ctx)
	if err != nil {
		return 0, err
	}
	missing := slices.DeleteFunc(known, func(m *goose.MigrationStatus) bool {
		return m.State == goose.StateApplied || m.Source.Version > s.upTo
	})
	if len(missing) > 0 {
		s.logger.InfoContext(ctx, "migrating database", "steps", len(missing))
	}
	applied := 0
	// One by one, since goose tells of none before all are done. Where another
	// process was faster nothing is done here.
	for _, m := range missing {
		results, err := runner.UpTo(ctx, m.Source.Version)
		if err != nil {
			return applied, err
		}
		for _, r := range results {
			s.logger.InfoContext(ctx, "migrated database", "step", path.Base(r.Source.Path), "took", r.Duration)
		}
		applied += len(results)
	}
	return applied, nil
}

// filesFor are the migrations in a tree that are for one database.
func filesFor(name string, tree fs.FS) (fs.FS, error) {
	if name == dialect.SQLite {
		return fs.Sub(tree, "migrations/sqlite")
	}
	return fs.Sub(tree, "migrations/postgres")
}

// Pending names the migrations that the database has not seen, oldest first; a
// server is not ready while there are any.
func (s *Store) Pending(ctx context.Context) ([]string, error) {
	known, seen, err := s.compared(ctx)
	if err != nil {
		return nil, err
	}
	var pending []string
	for _, m := range known {
		if !seen[m.version] {
			pending = append(pending, m.name)
		}
	}
	return pending, nil
}

// Later says how many migrations the database has seen that are newer than all
// of ours: a later version of this program made them.
func (s *Store) Later(ctx context.Context) (int, error) {
	known, seen, err := s.compared(ctx)
	if err != nil {
		return 0, err
	}
	later, newest := 0, known[len(known)-1].version
	for version := range seen {
		if version > newest {
			later++
		}
	}
	return later, nil
}

// A migration is one of ours.
type migration struct {
	name    string
	version int64
}

// compared are our migrations, oldest first, beside the numbers of those that
// the database has seen.
func (s *Store) compared(ctx context.Context) ([]migration, map[int64]bool, error) {
	files, err := filesFor(s.dialect, migrations)
	if err != nil {
		return nil, nil, fmt.Errorf("store: list migrations: %w", err)
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, nil, fmt.Errorf("store: list migrations: %w", err)
	}
	known := make([]migration, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("store: list migrations: %w", err)
		}
		known[i] = migration{name, version}
	}
	seen, err := s.migrated(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("store: list migrations: %w", err)
	}
	return known, seen, nil
}

// migrated are the numbers of the migrations that were applied, as goose
// remembers them.
func (s *Store) migrated(ctx context.Context) (map[int64]bool, error) {
	exists := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
	if s.dialect == dialect.Postgres {
		exists = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass($1)"
	}
	tables := 0
	err := s.query(ctx, exists, []any{goose.DefaultTablename}, func(rows *stdsql.Rows) error { return rows.Scan(&tables) })
	if err != nil || tables == 0 {
		return nil, err
	}
	seen := make(map[int64]bool)
	err = s.query(ctx, "SELECT version_id FROM "+goose.DefaultTablename+" WHERE is_applied", nil, func(rows *stdsql.Rows) error {
		var version int64
		err := rows.Scan(&version)
		seen[version] = true
		return err
	})
	return seen, err
}
