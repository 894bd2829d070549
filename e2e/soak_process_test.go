package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gatehouse/config"
	"gatehouse/server"
)

// roleVariable makes this test binary a server whose clock can be moved on, and
// which tells what it holds.
const roleVariable = "E2E_ROLE"

const soakedRole = "soaked"

// A gauge is what a server tells of itself.
type gauge struct {
	Goroutines int
	Heap       int // bytes in use, after garbage was collected
	Pruned     int // rows, since the gauge before
}

// playSoaked serves until its standard input ends. Each line there is a time by
// which its clock moves on; then it prunes, as it would have in that time, and
// answers with a gauge.
func playSoaked() error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cfg, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	var moved atomic.Int64
	deps := server.Deps{
		Clock:  func() time.Time { return time.Now().Add(time.Duration(moved.Load())) },
		Random: rand.Reader, Out: io.Discard, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		// The clock is the test's, whatever the database's says.
		ClockDifference: func(context.Context, func() time.Time) (time.Duration, error) { return 0, nil },
		Ready:           func(addresses []net.Addr) { fmt.Println(addresses[0]) },
	}
	s, err := server.New(ctx, cfg, deps)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		by, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		moved.Add(int64(by))
		told := gauge{}
		// By a connection of its own, as the command does.
		if told.Pruned, err = server.Prune(ctx, cfg, deps, nil); err != nil {
			return err
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		told.Goroutines, told.Heap = runtime.NumGoroutine(), int(memory.HeapAlloc)
		line, err := json.Marshal(told)
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	stop()
	return <-ended
}

// A soaked is such a server, and the pipes to it.
type soaked struct {
	*node
	tell io.Writer
	told *bufio.Scanner
}

// startSoaked runs one over the town's database.
func (tw *town) startSoaked() *soaked {
	tw.t.Helper()
	path, err := os.Executable()
	if err != nil {
		tw.t.Fatal(err)
	}
	n := &node{town: tw, log: &syncBuffer{}, command: exec.Command(path)}
	n.command.Env = append(slices.Clone(tw.environ), roleVariable+"="+soakedRole)
	n.command.Stderr = n.log
	n.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	tell, err := n.command.StdinPipe()
	if err != nil {
		tw.t.Fatal(err)
	}
	out, err := n.command.StdoutPipe()
	if err != nil {
		tw.t.Fatal(err)
	}
	if err := n.command.Start(); err != nil {
		tw.t.Fatal(err)
	}
	tw.t.Cleanup(n.kill)
	s := &soaked{node: n, tell: tell, told: bufio.NewScanner(out)}
	if !s.told.Scan() {
		tw.t.Fatalf("the server did not start: %s", n.log)
	}
	n.url = "http://" + s.told.Text()
	tw.nodes = append(tw.nodes, n)
	return s
}

// A holding is what the server and its database hold at the end of a round.
type holding struct {
	gauge
	resident, descriptors, bytes int
	rows                         map[string]int
}

// pass moves the server's clock on and says what is held then.
func (s *soaked) pass(t *testing.T, by time.Duration, database string) holding {
	t.Helper()
	if _, err := fmt.Fprintln(s.tell, by); err != nil {
		t.Fatal(err)
	}
	if !s.told.Scan() {
		t.Fatalf("the server has ended: %s", s.log)
	}
	h := holding{resident: s.node.resident(t)}
	if err := json.Unmarshal(s.told.Bytes(), &h.gauge); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	h.descriptors = len(open)
	h.rows, h.bytes = tableSizes(t, database)
	return h
}

// tableSizes counts the rows of every table, and the bytes of all.
func tableSizes(t *testing.T, database string) (rows map[string]int, size int) {
	t.Helper()
	path, lite := strings.CutPrefix(database, "sqlite:")
	driver, source := "pgx", database
	list := "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'"
	if lite {
		driver, source = "sqlite3", "file:"+path+"?mode=ro"
		list = "SELECT name, 0 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := db.QueryContext(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	rows = map[string]int{}
	for tables.Next() {
		var name string
		var bytes int
		if err := tables.Scan(&name, &bytes); err != nil {
			t.Fatal(err)
		}
		rows[name] = 0
		size += bytes
	}
	if err := tables.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Collect(maps.Keys(rows)) {
		var n int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+name+`"`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		rows[name] = n
	}
	if lite {
		files, err := filepath.Glob(path + "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if at, err := os.Stat(file); err == nil {
				size += int(at.Size())
			}
		}
	}
	return rows, size
}
