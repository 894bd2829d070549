package e2e

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	long = flag.Bool("long", false, "try every fault as often as `make faults` does, instead of some seconds each")
	seed = flag.Uint64("seed", 0, "what chance begins with in TestFaults, to repeat a run; 0 draws one")
)

// TestFaults brings upon the server what operation brings, one scenario each,
// and prints what was tried, what was acknowledged and what was lost: nothing
// may be. After each the town goes on without a restart of what survived.
func TestFaults(t *testing.T) {
	t.Parallel()
	began := *seed
	if began == 0 {
		began = uint64(time.Now().UnixNano())
	}
	var all []*scenario
	t.Cleanup(func() {
		fmt.Printf("faults, by chance from -seed=%d\n", began)
		for _, s := range all {
			s.print(os.Stdout)
		}
	})
	for i, try := range []struct {
		name  string
		short int // how often the fault comes
		long  int
		play  func(t *testing.T, s *scenario)
	}{
		{"the process is killed, on SQLite", 4, 100, killOnSQLite},
		{"one of two processes is killed, on PostgreSQL", 3, 50, killOnPostgres},
		{"PostgreSQL is stopped at once and started again", 2, 15, crashPostgres},
		{"a process of PostgreSQL is killed", 2, 20, killBackends},
		{"a standby of PostgreSQL is promoted", 1, 5, promoteStandbys},
		{"the line to PostgreSQL is disturbed", 6, 36, disturbDatabaseLine},
		{"PostgreSQL falls silent", 1, 5, silenceDatabaseLine},
		{"the line to the clients is disturbed", 6, 36, disturbClientLine},
		{"the disk is full under SQLite", 3, 20, fillDisk},
		{"SQLite has no pages left", 3, 20, fillPages},
		{"each statement of each mutation fails, on SQLite", 1, 1, failMutationsOnSQLite},
		{"each statement of each mutation fails, on PostgreSQL", 1, 1, failMutationsOnPostgres},
		{"what is kept of one user is spoilt, on SQLite", 1, 1, corruptOnSQLite},
		{"what is kept of one user is spoilt, on PostgreSQL", 1, 1, corruptOnPostgres},
		{"the clock of a node is set", 3, 24, stepClocks},
		{"the mail server is in trouble", 1, 3, troubleMail},
	} {
		s := &scenario{name: try.name, times: try.short, chance: rand.New(rand.NewPCG(began, uint64(i)))}
		if *long {
			s.times = try.long
		}
		all = append(all, s)
		t.Run(try.name, func(t *testing.T) {
			t.Parallel()
			s.t = t
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("to repeat: -seed=%d", began)
				}
			})
			try.play(t, s)
		})
	}
}

// A scenario is one kind of fault, and the book that is kept of it.
type scenario struct {
	t      *testing.T
	name   string
	times  int
	chance *rand.Rand // of the scenario's own goroutine

	mu           sync.Mutex
	tried        int
	kinds        map[string]int // of the faults, where there are several
	acknowledged map[string]int // by operation
	unanswered   map[string]int // by what came instead of an answer
	checked      int            // what was acknowledged and looked for afterwards
	lost         []string
	remarks      []string
}

// tally counts one more in a map of the book.
func (s *scenario) tally(book *map[string]int, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *book == nil {
		*book = map[string]int{}
	}
	(*book)[what]++
}

// holds notes that something acknowledged was looked for, and fails the test
// where it was not found.
func (s *scenario) holds(so bool, format string, args ...any) bool {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checked++
	if !so {
		what := fmt.Sprintf(format, args...)
		s.lost = append(s.lost, what)
		s.t.Errorf("after %d of %d: %s", s.tried, s.times, what)
	}
	return so
}

// remark adds a line of the scenario's own to the book.
func (s *scenario) remark(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remarks = append(s.remarks, fmt.Sprintf(format, args...))
}

func (s *scenario) print(w *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(w, "%s: tried %d times", s.name, s.tried)
	if len(s.kinds) > 0 {
		fmt.Fprintf(w, " (%s)", counts(s.kinds))
	}
	if len(s.acknowledged) > 0 {
		fmt.Fprintf(w, "; acknowledged %s", counts(s.acknowledged))
	}
	if len(s.unanswered) > 0 {
		fmt.Fprintf(w, "; instead of an answer %s", counts(s.unanswered))
	}
	for _, remark := range s.remarks {
		fmt.Fprintf(w, "; %s", remark)
	}
	fmt.Fprintf(w, "; looked for %d, lost %d\n", s.checked, len(s.lost))
	for _, what := range s.lost {
		fmt.Fprintf(w, "  %s\n", what)
	}
}

// counts are the entries of a book, in the order of their names.
func counts(book map[string]int) string {
	parts := make([]string, 0, len(book))
	for _, what := range slices.Sorted(maps.Keys(book)) {
		parts = append(parts, fmt.Sprintf("%d %s", book[what], what))
	}
	return strings.Join(parts, ", ")
}

// moment is a chance between nothing and most.
func (s *scenario) moment(most time.Duration) <-chan time.Time {
	return time.After(time.Duration(s.chance.Int64N(int64(most))))
}
