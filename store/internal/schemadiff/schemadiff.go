// Package schemadiff tells what a migration would have to do that brings the
// migrations so far to the shape that package ent/schema describes. The
// command that writes migrations and the test that none is missing ask it the
// same question.
package schemadiff

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/sqltool"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"gatehouse/ent/migrate"
)

// Next is the text of the migration that follows files, in goose's format and
// without a way back; "" where there is nothing to do. The files are replayed
// on the empty database db, whose dialect is one of entgo.io/ent/dialect.
func Next(ctx context.Context, name string, db *stdsql.DB, files fs.FS) (string, error) {
	dir, err := os.MkdirTemp("", "gatehouse-migrations-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.CopyFS(dir, files); err != nil {
		return "", err
	}
	goose, err := sqltool.NewGooseDir(dir)
	if err != nil {
		return "", err
	}
	// Atlas wants a checksum beside the files; goose does not know it, and git
	// keeps it better.
	sum, err := goose.Checksum()
	if err != nil {
		return "", err
	}
	if err := atlas.WriteSumFile(goose, sum); err != nil {
		return "", err
	}
	plan, err := schema.NewMigrate(sql.OpenDB(name, db),
		schema.WithDir(goose),
		schema.WithDialect(name),
		schema.WithFormatter(sqltool.GooseFormatter),
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
		schema.WithErrNoPlan(true),
	)
	if err != nil {
		return "", fmt.Errorf("schemadiff: plan %s: %w", name, err)
	}
	const suffix = "schemadiff"
	err = plan.NamedDiff(ctx, suffix, migrate.Tables...)
	if errors.Is(err, atlas.ErrNoPlan) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("schemadiff: compare %s: %w", name, err)
	}
	made, err := filepath.Glob(filepath.Join(dir, "*_"+suffix+".sql"))
	if err != nil {
		return "", err
	}
	if len(made) != 1 {
		return "", fmt.Errorf("schemadiff: compare %s: %d files came of it", name, len(made))
	}
	text, err := os.ReadFile(made[0])
	if err != nil {
		return "", err
	}
	up, _, found := strings.Cut(string(text), "\n-- +goose Down")
	if !found {
		return "", fmt.Errorf("schemadiff: compare %s: its text has no second section", name)
	}
	return strings.TrimSpace(up) + "\n", nil
}
