package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"entgo.io/ent/dialect"
	_ "github.com/mattn/go-sqlite3" // the database/sql driver "sqlite3"
)

// busyMilliseconds is how long SQLite waits for a writer of another process.
const busyMilliseconds = 10_000

// statementsKept is how many prepared statements a connection keeps. All that
// the queries send fit, and preparing is a tenth of a read.
const statementsKept = 128

// openSQLite opens one connection that writes, several that read, and one that
// watches for what others write.
func openSQLite(ctx context.Context, path string, o Options) (*driver, *dataVersion, error) {
	if err := makeFile(path); err != nil {
		return nil, nil, err
	}
	// One writer: SQLite has no more, and who waits for it in the pool is
	// served in turn and gives up with its request, which the busy timeout
	// does not.
	writer, err := sqliteHandle(path, nil, 1)
	if err != nil {
		return nil, nil, err
	}
	// The writer comes first: it is the one that may turn the file to WAL.
	if err := writer.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	reading := url.Values{"_query_only": {"on"}}
	reader, err := sqliteHandle(path, reading, max(4, 2*runtime.NumCPU()))
	if err != nil {
		return nil, nil, errors.Join(err, writer.Close())
	}
	watcher, err := sqliteHandle(path, reading, 1)
	if err != nil {
		return nil, nil, errors.Join(err, writer.Close(), reader.Close())
	}
	d := newDriver(dialect.SQLite, writer, reader, newTurnstile(1, 0), o)
	d.watch = &dataVersion{db: watcher}
	if err := reader.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return d, d.watch, nil
}

// makeFile makes an empty file that its owner alone may read, before SQLite
// would make one as the umask has it. The -wal and -shm files get the mode of
// the first. It comes to its name by a link and was closed before: closing a
// file that another part of this process has just opened as a database would
// drop that one's locks.
func makeFile(path string) (err error) {
	if path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return errors.New("sqlite: needs the path of a file: several connections must see the same database")
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".gatehouse-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// sqliteHandle is a pool of at most conns connections to the file.
func sqliteHandle(path string, more url.Values, conns int) (*stdsql.DB, error) {
	settings := url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.Itoa(busyMilliseconds)},
		"_journal_mode": {"WAL"},
		// An acknowledged write outlives the loss of power.
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		// A transaction takes the write lock when it begins. One that reads
		// first and asks for it later loses updates under load, and the busy
		// timeout does not help it.
		"_txlock":          {"immediate"},
		"_stmt_cache_size": {strconv.Itoa(statementsKept)},
	}
	for key, values := range more {
		settings[key] = values
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	db, err := stdsql.Open(dialect.SQLite, name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// A dataVersion tells whether anything was committed to SQLite's file since it
// was last asked. PRAGMA data_version speaks of what other connections did, and
// only to the one that asked before: hence a connection of its own, which never
// writes, so that it hears this process's writer and the command line alike.
type dataVersion struct {
	db   *stdsql.DB
	mu   sync.Mutex
	conn *stdsql.Conn
	seen int64
}

// changed is true at first, and after an error.
func (v *dataVersion) changed(ctx context.Context) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fresh := v.conn == nil
	if fresh {
		conn, err := v.db.Conn(ctx)
		if err != nil {
			return false, err
		}
		v.conn = conn
	}
	var now int64
	if err := v.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&now); err != nil {
		err = errors.Join(err, v.conn.Close())
		v.conn = nil
		return false, err
	}
	changed := fresh || now != v.seen
	v.seen = now
	return changed, nil
}

func (v *dataVersion) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	if v.conn != nil {
		err = v.conn.Close()
		v.conn = nil
	}
	return errors.Join(err, v.db.Close())
}

// dataChanged tells whether anything may have been written since it was last
// asked, by this process or another; on PostgreSQL always. It is no statement
// of a transaction, and is not observed.
func (q *queries) dataChanged(ctx context.Context) (bool, error) {
	if q.watch == nil {
		return true, nil
	}
	changed, err := q.watch.changed(ctx)
	if err != nil {
		return false, fmt.Errorf("store: read data version: %w", err)
	}
	return changed, nil
}
