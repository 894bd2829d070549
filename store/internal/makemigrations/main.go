// Command makemigrations writes the migration that brings the tables of both
// databases to the shape that package ent/schema describes:
//
//	go run ./store/internal/makemigrations -version 20261122000000 -name core
//
// It replays the migrations so far on an empty SQLite file and an empty
// database of a throw-away PostgreSQL, and writes what is missing. It prints
// nothing and writes nothing where nothing is. With -check it writes nothing
// in any case, and fails where something is missing.
//
// Read what it has written before committing it: it renames nothing, but drops
// and adds; and SQLite rebuilds tables.
package main

import (
	"context"
	stdsql "database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"entgo.io/ent/dialect"
	_ "github.com/jackc/pgx/v5/stdlib" // the database/sql driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // the database/sql driver "sqlite3"

	"gatehouse/store/internal/schemadiff"
	"gatehouse/store/storetest"
)

func main() {
	version := flag.String("version", "", "the number the files begin with: a date and time as 20060102150405")
	name := flag.String("name", "", "what the migration is about, in lower case and underscores")
	dir := flag.String("dir", "store/migrations", "where the files are, in one directory a database")
	check := flag.Bool("check", false, "write nothing, and fail where something is missing")
	flag.Parse()
	if err := run(context.Background(), *dir, *version, *name, *check); err != nil {
		fmt.Fprintln(os.Stderr, "makemigrations:", err)
		os.Exit(1)
	}
}

var (
	versions = regexp.MustCompile(`^\d{14}$`)
	names    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func run(ctx context.Context, dir, version, name string, check bool) (err error) {
	if !check && (!versions.MatchString(version) || !names.MatchString(name)) {
		return errors.New("needs -version, fourteen digits, and -name, lower case and underscores; or -check")
	}
	scratch, err := os.MkdirTemp("", "gatehouse-sqlite-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	cluster, err := storetest.StartPostgres("", nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	url, err := cluster.CreateEmptyDatabase()
	if err != nil {
		return err
	}

	missing := false
	for _, database := range []struct{ dir, dialect, driver, source string }{
		{"sqlite", dialect.SQLite, "sqlite3", "file:" + filepath.Join(scratch, "replay.db") + "?_foreign_keys=on"},
		{"postgres", dialect.Postgres, "pgx", url},
	} {
		files := filepath.Join(dir, database.dir)
		if err := os.MkdirAll(files, 0o755); err != nil {
			return err
		}
		db, err := stdsql.Open(database.driver, database.source)
		if err != nil {
			return err
		}
		text, err := schemadiff.Next(ctx, database.dialect, db, os.DirFS(files))
		if err := errors.Join(err, db.Close()); err != nil {
			return err
		}
		switch {
		case text == "":
		case check:
			missing = true
			fmt.Printf("-- missing in %s\n%s\n", files, text)
		default:
			path := filepath.Join(files, version+"_"+name+".sql")
			if err := write(path, text); err != nil {
				return err
			}
			fmt.Println(path)
		}
	}
	if missing {
		return errors.New("the migrations do not bring the tables to the shape of ent/schema")
	}
	return nil
}

// write makes a new file, and never overwrites a migration.
func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
