package store

import (
	stdsql "database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestTheFileAndWhatSQLitePutsBesideItAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := opened(t, url, Options{})
	counters(t, s, "a")
	path := strings.TrimPrefix(url, "sqlite:")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("beside it is left: %v", entries)
	}
}

func TestAFileThatIsThereKeepsItsMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.db")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	opened(t, "sqlite:"+path, Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("it has mode %v now", info.Mode())
	}
}

func TestOnlyAFileWillDo(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"sqlite:", "sqlite::memory:", "sqlite:file:x?mode=memory", "sqlite:" + t.TempDir() + "/no/such/directory.db"} {
		if s, err := Open(t.Context(), url, Options{}); err == nil {
			t.Errorf("%s was opened", url)
			_ = s.Close()
		}
		if err := Migrate(t.Context(), url, silent); err == nil {
			t.Errorf("%s was migrated", url)
		}
	}
}

func TestAPathMayHoldWhatAURLMayNot(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "a?mode=memory.db", "a#b.db", "100%.db", "%41.db", "ö&x=1.db"} {
		dir := t.TempDir()
		url := "sqlite:" + filepath.Join(dir, name)
		if err := Migrate(t.Context(), url, silent); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		counters(t, opened(t, url, Options{}), "a")
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARelativePathIsOne(t *testing.T) {
	t.Chdir(t.TempDir())
	opened(t, "sqlite:here.db", Options{})
	if _, err := os.Stat("here.db"); err != nil {
		t.Error(err)
	}
}

func TestSQLiteIsSetForSafety(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
	} {
		for name, db := range map[string]*stdsql.DB{"writer": s.driver.writer, "reader": s.driver.reader} {
			got := ""
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s of the %s is %s, want %s", pragma, name, got, want)
			}
		}
	}
}

func TestAReaderCanNotWrite(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	if _, err := s.driver.reader.ExecContext(t.Context(), "DELETE FROM users"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("got %v", err)
	}
}

func TestAChildNeedsItsParent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		_, err := s.exec(t.Context(), "INSERT INTO credentials (id, password_hash, created_at, updated_at, user_id) VALUES ($1, '', $2, $2, $1)",
			"01930000-0000-7000-8000-000000000001", time.Now())
		if err == nil || !strings.Contains(strings.ToUpper(err.Error()), "FOREIGN KEY") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatAnyOtherConnectionWroteIsAChange(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s, other := opened(t, url, Options{}), opened(t, url, Options{})
	changed := func() bool {
		t.Helper()
		c, err := s.dataChanged(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if !changed() {
		t.Error("the first time is a change")
	}
	if changed() {
		t.Error("nothing was written")
	}
	counters(t, s, "a")
	if !changed() {
		t.Error("this store wrote")
	}
	counters(t, other, "b")
	if !changed() {
		t.Error("another wrote")
	}
	if changed() {
		t.Error("nothing was written since")
	}
	// A connection that fails knows nothing of what was asked before.
	if err := s.watch.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.dataChanged(t.Context()); err == nil {
		t.Error("asked on a closed connection")
	}
	if !changed() {
		t.Error("after an error all may have changed")
	}
}

func TestManyMayOpenAFileAtOnce(t *testing.T) {
	t.Parallel()
	url := emptySQLiteURL(t)
	var done sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		done.Go(func() {
			<-start
			s, err := Open(t.Context(), url, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	done.Wait()
}

// The umask is the process's, so this is the only test that may not run beside
// others.
func TestTheUmaskHasNoSay(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	url := emptySQLiteURL(t)
	opened(t, url, Options{})
	info, err := os.Stat(strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.FileMode(0o600) {
		t.Errorf("it has mode %v", info.Mode())
	}
}
