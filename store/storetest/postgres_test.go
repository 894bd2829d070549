package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// abandonVariable makes this test binary a process that starts a cluster,
// prints where it is, and waits to be killed.
const abandonVariable = "GATEHOUSE_TEST_ABANDON"

func TestMain(m *testing.M) {
	if os.Getenv(abandonVariable) != "" {
		c, err := StartPostgres("", os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(c.dir)
		fmt.Println(c.Address())
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

func started(t *testing.T) *Cluster {
	t.Helper()
	c, err := StartPostgres("", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("closed, but its directory is there: %v", err)
		}
		if reachable(c.Address()) {
			t.Error("closed, but it listens")
		}
	})
	return c
}

func reachable(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func ask(t *testing.T, url, query string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if err := conn.QueryRow(t.Context(), query).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestADatabaseIsACopyOfThePreparedOne(t *testing.T) {
	t.Parallel()
	c := started(t)
	const count = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'prepared'"
	before, err := c.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	prepared := 0
	err = c.Prepare(func(url string) error {
		prepared++
		ask(t, url, "WITH x AS (SELECT 1) SELECT 'reached'")
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return err
		}
		_, err = conn.Exec(t.Context(), "CREATE TABLE prepared ()")
		return errors.Join(err, conn.Close(t.Context()))
	})
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := c.CreateDatabase()
	two, err2 := c.CreateDatabase()
	empty, err3 := c.CreateEmptyDatabase()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if one == two || one == empty || prepared != 1 {
		t.Errorf("%s, %s, %s; prepared %d times", one, two, empty, prepared)
	}
	for url, want := range map[string]string{before: "0", one: "1", two: "1", empty: "0"} {
		if got := ask(t, url, count); got != want {
			t.Errorf("%s has %s of the tables, want %s", url, got, want)
		}
	}
}

func TestAClusterThatWasStoppedComesBackWithItsRows(t *testing.T) {
	t.Parallel()
	c := started(t)
	url, err := c.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err == nil {
		t.Error("it was started twice")
	}
	if ask(t, url, "SHOW fsync") != "off" {
		t.Error("a cluster that is thrown away waits for the disk")
	}
	for _, stop := range []func() error{c.Stop, c.Crash} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err == nil {
			t.Error("it was stopped twice")
		}
		if reachable(c.Address()) {
			t.Error("stopped, but it listens")
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if ask(t, url, "SELECT current_database()") == "" {
			t.Error("its database is gone")
		}
	}
}

func TestASettingOfTheCallersWins(t *testing.T) {
	t.Parallel()
	c, err := StartPostgres("", nil, "max_connections=7")
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c.url("postgres"), "SHOW max_connections"); got != "7" {
		t.Errorf("max_connections is %s", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := StartPostgres("", nil, "nonsense=7"); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a setting that does not exist: %v", err)
	}
}

// A test binary that is killed has no chance to clean up.
func TestAClusterDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), self)
	process.Env = append(os.Environ(), abandonVariable+"=1")
	process.Stderr = t.Output()
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	dir := lines.Text()
	lines.Scan()
	address := lines.Text()
	if _, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); err != nil || !reachable(address) {
		t.Fatalf("it did not start: %v", err)
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait() // killed, it says
	tick, deadline := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
				if reachable(address) {
					t.Error("its directory is gone, but it listens")
				}
				return
			}
		case <-deadline:
			t.Fatal("its directory is there still")
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	half := t.TempDir()
	if err := os.WriteFile(filepath.Join(half, "initdb"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := firstComplete([]string{"", t.TempDir(), half}); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(half, "postgres"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if dir, err := firstComplete([]string{t.TempDir(), half}); dir != half || err != nil {
		t.Errorf("got %s, %v", dir, err)
	}
	if version("/usr/lib/postgresql/16/bin") <= version("/usr/lib/postgresql/9.6/bin") {
		t.Error("the newest is not the newest")
	}
}
