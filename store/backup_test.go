package store

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func TestABackupIsOneInstantOfADatabaseThatIsWrittenTo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	live := "sqlite:" + filepath.Join(dir, "live.db")
	if err := Migrate(ctx, live, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, live, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	// Each transaction writes two events, so an odd number would be half of one.
	writing, stop := context.WithCancel(ctx)
	written := make(chan error, 1)
	amid := make(chan struct{})
	go func() {
		for n := 0; writing.Err() == nil; n++ {
			if n == 20 {
				close(amid)
			}
			err := s.InTx(ctx, func(q auth.Queries) error {
				if err := q.InsertEvents(ctx, testEvent()); err != nil {
					return err
				}
				return q.InsertEvents(ctx, testEvent())
			})
			if err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	<-amid
	copied := filepath.Join(dir, "copy.db")
	err = Backup(ctx, live, copied)
	stop()
	if err := errors.Join(err, <-written); err != nil {
		t.Fatal(err)
	}

	about, err := os.Stat(copied)
	if err != nil {
		t.Fatal(err)
	}
	if mode := about.Mode().Perm(); mode != 0o600 {
		t.Errorf("its mode is %o", mode)
	}
	restored, err := Open(ctx, "sqlite:"+copied, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if pending, err := restored.Pending(ctx); err != nil || len(pending) > 0 {
		t.Errorf("pending: %v, %v", pending, err)
	}
	events, err := restored.c.Event.Query().Count(ctx)
	if err != nil || events < 40 || events%2 != 0 {
		t.Errorf("%d events, %v", events, err)
	}
	var verdict string
	if err := restored.driver.reader.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q, %v", verdict, err)
	}
}

func testEvent() auth.Event {
	return auth.Event{ID: uuid.Must(uuid.NewV7()), Type: auth.EventSigningKeyRotated, At: time.Now()}
}

func TestABackupOverwritesNothingAndLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	live := "sqlite:" + filepath.Join(dir, "live.db")
	if err := Migrate(ctx, live, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "kept.db")
	if err := os.WriteFile(kept, []byte("last night's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Backup(ctx, live, kept); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "last night's" {
		t.Errorf("it holds %q now, %v", text, err)
	}

	ended, end := context.WithCancel(ctx)
	end()
	cut := filepath.Join(dir, "cut.db")
	if err := Backup(ended, live, cut); !errors.Is(err, context.Canceled) {
		t.Errorf("cut off: %v", err)
	}
	if _, err := os.Stat(cut); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left of it: %v", err)
	}

	missing := filepath.Join(dir, "missing.db")
	if err := Backup(ctx, "sqlite:"+missing, cut); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("of nothing: %v", err)
	}
	for _, path := range []string{missing, cut} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was made: %v", path, err)
		}
	}
	if err := Backup(ctx, "postgres://localhost/gatehouse", cut); !errors.Is(err, ErrNotOneFile) {
		t.Errorf("of PostgreSQL: %v", err)
	}
}
