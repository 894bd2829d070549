package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/store"
)

// NewUser is what an operator gives for an account at the command line.
type NewUser = auth.CreateUserInput

// User is an account, as commands show it.
type User = auth.User

// Migrate brings the database up to date. Several nodes may do so at once: past
// any pooler, since they keep each other off by a lock of the session.
func Migrate(ctx context.Context, cfg config.Config, deps Deps) error {
	return store.Migrate(ctx, cfg.DatabaseDirectURL.Reveal(), deps.Logger)
}

// Step is a migration that the database has not seen.
type Step = store.Step

// PlanMigration says what Migrate would do, and does nothing.
func PlanMigration(ctx context.Context, cfg config.Config) ([]Step, error) {
	return store.Plan(ctx, cfg.DatabaseDirectURL.Reveal())
}

// Backup copies the SQLite database into a new file while servers run on it.
func Backup(ctx context.Context, cfg config.Config, path string) error {
	return store.Backup(ctx, cfg.DatabaseURL.Reveal(), path)
}

// Prune takes away what has expired, and says how many rows that were. Meanwhile
// progress is told how many they are so far; it may be nil.
func Prune(ctx context.Context, cfg config.Config, deps Deps, progress func(removed int)) (int, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (int, error) { return a.prune(ctx, progress) })
}

// CreateUser makes an account whose address the operator vouches for. Where it
// gets no password, a letter with a link to choose one is left to the running
// server.
func CreateUser(ctx context.Context, cfg config.Config, deps Deps, in NewUser) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.CreateUser(ctx, in) })
}

// SendTestLetter sends a letter past the outbox, so that what the mail server
// says is heard here and now.
func SendTestLetter(ctx context.Context, cfg config.Config, deps Deps, address string) error {
	return with(ctx, cfg, deps, func(a *assembly) error {
		letter, err := a.rules.TestLetter(address)
		if err != nil {
			return err
		}
		renderer, err := a.renderer()
		if err != nil {
			return err
		}
		wire, err := a.wire()
		if err != nil {
			return err
		}
		message, err := renderer.Render(letter)
		if err != nil {
			return err
		}
		return wire.Send(ctx, message)
	})
}

// with runs a command on an assembly of its own. In the wrong folder that makes a
// database of its own too, in which nobody is found: it is said.
func with(ctx context.Context, cfg config.Config, deps Deps, command func(*assembly) error) error {
	if path := cfg.SQLitePath(); path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			deps.Logger.WarnContext(ctx, "there was no database here, and a new one is made", "path", path)
		}
	}
	a, err := assemble(ctx, cfg, deps, nil)
	if err != nil {
		return err
	}
	return errors.Join(command(a), a.close())
}

// pruneBatch bounds how many rows one statement removes, so that nobody waits
// for a table to be swept.
const pruneBatch = 500

// prune removes batch after batch until nothing is left that has expired.
func (a *assembly) prune(ctx context.Context, progress func(removed int)) (int, error) {
	removed, err := a.store.Prune(ctx, a.rules.Now(), pruneBatch, progress)
	if err != nil {
		return removed, fmt.Errorf("server: prune: %w", err)
	}
	return removed, nil
}
