package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"gatehouse/mail/mailtest"
)

// A filling takes all room that is left, but for some bytes, and gives it back.
type filling interface {
	fill(left int)
	free()
}

// fillDisk lets a disk of 32 MiB run full under the database, where this process
// may mount one.
func fillDisk(t *testing.T, s *scenario) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); errors.Is(err, os.ErrPermission) {
		// The next scenario goes on without.
		s.remark("not tried, since no disk may be mounted here")
		return
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	tw := newTown(t, "sqlite:"+filepath.Join(dir, "gatehouse.db"), crowdSettings()...)
	tw.start()
	fillUp(s, newCrowd(s, tw, 6), ballast{t, filepath.Join(dir, "ballast")})
}

// fillPages lets SQLite run out of pages, whoever runs the tests.
func fillPages(t *testing.T, s *scenario) {
	const pages = 4000 // some of them for what the crowd leaves behind
	database := sqlite(t)
	pageLimits.set(strings.TrimPrefix(database, "sqlite:"), pages)
	w := newWorld(t, worldOptions{database: database, settings: crowdSettings()})
	fillUp(s, w.newCrowd(s, 6), &stuffing{t: t, db: besides(t, database), pages: pages})
}

// fillUp fills up what holds the database, amid writes. Who only reads is
// answered meanwhile, and once there is room all goes on.
func fillUp(s *scenario, c *crowd, f filling) {
	s.t.Helper()
	s.repeat(c, func() {
		f.fill(s.chance.IntN(64 << 10))
		refused := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.unanswered["INTERNAL"]
		}
		before := refused()
		for began := time.Now(); refused() < before+5; time.Sleep(time.Millisecond) {
			if time.Since(began) > time.Minute {
				s.t.Fatal("the disk did not run full")
			}
		}
		a, told := c.idle.ask("me", c.idle.seats[0].access, nil)
		s.holds(told && a.code() == "", "who only reads is answered %q: %v", a.code(), a.errors())
		f.free()
	})
	c.activate()
}

// ballast is a file that takes the room on a disk.
type ballast struct {
	t    *testing.T
	path string
}

func (b ballast) fill(left int) {
	b.t.Helper()
	f, err := os.Create(b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	size := 0
	for full := false; !full; {
		n, err := f.Write(make([]byte, 4096))
		size += n
		if full = errors.Is(err, syscall.ENOSPC); err != nil && !full {
			b.t.Fatal(err)
		}
	}
	if err := f.Truncate(int64(max(0, size-left))); err != nil {
		b.t.Fatal(err)
	}
}

func (b ballast) free() {
	b.t.Helper()
	if err := os.Remove(b.path); err != nil {
		b.t.Fatal(err)
	}
}

// stuffing is a table that takes the pages of a database.
type stuffing struct {
	t     *testing.T
	db    *sql.DB
	pages int
}

func (u *stuffing) fill(left int) {
	u.t.Helper()
	u.exec("CREATE TABLE stuffing (x)")
	for {
		var used int
		if err := u.db.QueryRow("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count").Scan(&used); err != nil {
			u.t.Fatal(err)
		}
		const page = 4096
		// A page keeps the next one's number beside what it holds.
		size := max(1, (u.pages-used)*page*99/100-left)
		_, err := u.db.Exec(fmt.Sprintf("INSERT INTO stuffing VALUES (zeroblob(%d))", size))
		if full, ok := errors.AsType[sqlite3.Error](err); !ok || full.Code != sqlite3.ErrFull {
			if err != nil {
				u.t.Fatal(err)
			}
			return
		}
		// The others have taken some meanwhile.
	}
}

func (u *stuffing) free() {
	u.t.Helper()
	u.exec("DROP TABLE stuffing")
}

func (u *stuffing) exec(statement string) {
	u.t.Helper()
	if _, err := u.db.Exec(statement); err != nil {
		u.t.Fatal(err)
	}
}

// newCrowd makes people of a world, whose only clock is the test's.
func (w *world) newCrowd(s *scenario, size int) *crowd {
	c := &crowd{s: s, patience: 30 * time.Second, letter: func(address string) mailtest.Letter {
		letter, err := w.nextLetter(address)
		if err != nil {
			s.t.Fatal(err)
		}
		return letter
	}}
	c.reach(w.http.URL)
	c.gather(size, func(address string) {
		if err := w.createUser(address, password); err != nil {
			s.t.Error(err)
		}
	})
	return c
}

// pageLimits bounds the pages of SQLite files in this process. A connection is
// told when it is made, which a hook of the driver's does.
var pageLimits pageLimit

type pageLimit struct {
	mu    sync.Mutex
	pages map[string]int // by path
}

func (l *pageLimit) set(path string, pages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages[path] = pages
}

// install puts the hook into the driver that the store opens files with.
func (l *pageLimit) install() error {
	l.pages = map[string]int{}
	db, err := sql.Open("sqlite3", "")
	if err != nil {
		return err
	}
	driver, ok := db.Driver().(*sqlite3.SQLiteDriver)
	if !ok {
		return fmt.Errorf("the driver is a %T", db.Driver())
	}
	driver.ConnectHook = func(conn *sqlite3.SQLiteConn) error {
		l.mu.Lock()
		pages, bounded := l.pages[conn.GetFilename("main")]
		l.mu.Unlock()
		if !bounded {
			return nil
		}
		_, err := conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil)
		return err
	}
	return db.Close()
}
