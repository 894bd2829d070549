package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"entgo.io/ent/dialect"
)

// ErrNotOneFile is answered by [Backup] where the database is none that lies in
// a file.
var ErrNotOneFile = errors.New("store: only SQLite is backed up so: use pg_dump or pg_basebackup for PostgreSQL")

// Backup copies the SQLite database at url, as it is at one instant, into a new
// file at path that its owner alone may read. Servers go on reading and writing
// meanwhile; copying the file itself would miss what still lies in its -wal. The
// copy is on disk when Backup returns, and is a database that can be opened as
// it is. A file that is there already is left alone, and an error.
func Backup(ctx context.Context, url, path string) (err error) {
	name, from := split(url)
	if name != dialect.SQLite {
		return ErrNotOneFile
	}
	if absent(name, from) {
		return fmt.Errorf("store: back up: there is no database at %s", from)
	}
	// Made here, since SQLite would make it as the umask has it. It takes an empty
	// file for none.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: back up: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := copyInto(ctx, from, path); err != nil {
		return fmt.Errorf("store: back up: %w", err)
	}
	// SQLite leaves writing it out to the system.
	if err := errors.Join(f.Sync(), syncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("store: back up: %w", err)
	}
	return nil
}

// copyInto writes the database into an empty file, from one snapshot: VACUUM
// reads in a transaction, which in WAL mode nobody waits for.
func copyInto(ctx context.Context, from, to string) (err error) {
	db, err := sqliteHandle(from, nil, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// syncDir has the name of a new file outlive the loss of power.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
