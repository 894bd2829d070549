package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"entgo.io/ent/dialect"
)

// A Step is a migration that the database has not seen.
type Step struct {
	Name string // of its file
	SQL  string // the whole file
}

// Plan says what [Migrate] would do to the database at url, the oldest first,
// and does nothing of it. A SQLite file that is not there lacks all, and is not
// made.
func Plan(ctx context.Context, url string) (steps []Step, err error) {
	name, path := split(url)
	if name == "" {
		return nil, fmt.Errorf("store: plan migration: %w", errURL)
	}
	files, err := filesFor(name, migrations)
	if err != nil {
		return nil, fmt.Errorf("store: plan migration: %w", err)
	}
	missing, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("store: plan migration: %w", err)
	}
	if !absent(name, path) {
		if missing, err = pendingAt(ctx, url); err != nil {
			return nil, err
		}
	}
	for _, file := range missing {
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("store: plan migration: %w", err)
		}
		steps = append(steps, Step{Name: file, SQL: string(text)})
	}
	return steps, nil
}

func absent(name, path string) bool {
	if name != dialect.SQLite {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func pendingAt(ctx context.Context, url string) (names []string, err error) {
	s, err := Open(ctx, url, Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Pending(ctx)
}
