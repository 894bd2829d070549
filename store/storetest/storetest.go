// Package storetest holds every store to the promises that package auth's
// ports make, races included.
//
// The model in a paragraph: a [Database] is one empty database with two stores
// open on it, as two processes of a cluster would have. [Run] goes through the
// promises feature by feature, each on a database of its own; what may happen
// once is asked of both stores by many goroutines released together, round
// after round, and exactly one of them may win.
package storetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// A Node is what is held to its promises: the store as the rules know it, and
// as the dispatcher of letters does.
type Node interface {
	auth.Store

	ClaimLetters(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]auth.OutboxLetter, error)
	MarkLetterSent(ctx context.Context, id uuid.UUID, now time.Time) error
	RetryLetter(ctx context.Context, id uuid.UUID, attempts int, at time.Time, reason string) error
	BuryLetter(ctx context.Context, id uuid.UUID, attempts int, now time.Time, reason string) error
}

// A Database is an empty database and two stores that are open on it.
type Database struct {
	One, Two Node
	// Exec sends a statement past the ports, for what they have no method for.
	Exec func(ctx context.Context, statement string, args ...any) error
	// Count counts the rows that follow FROM: "users WHERE name = $1".
	Count func(ctx context.Context, from string, args ...any) (int, error)
	// Fill makes the tables so large, with rows from before now that live until
	// after it, that the database plans for them as for many more.
	Fill func(ctx context.Context, now time.Time) error
	// Explain tells how the database goes about each statement that the first
	// store sends while do runs.
	Explain func(ctx context.Context, do func() error) ([]Plan, error)
}

// An Opener makes a Database that lives as long as the test. Each statement of
// the first store, and of no other, is told to observe.
type Opener func(t *testing.T, observe func(statement string)) Database

// rounds is how often a race is run.
const rounds = 20

// Run holds the databases that open makes to every promise.
func Run(t *testing.T, open Opener) {
	features := []struct {
		name   string
		verify func(*testing.T, *subject)
	}{
		{"users", users},
		{"profiles", profiles},
		{"address proof", addressProof},
		{"registrations", registrations},
		{"sessions", sessions},
		{"own sessions", ownSessions},
		{"links", links},
		{"attempts", attempts},
		{"blacklist", blacklist},
		{"signing keys", signingKeys},
		{"outbox", outbox},
		{"accounts", accounts},
		{"administration", administration},
		{"changes of address", emailChanges},
		{"known networks", knownNetworks},
		{"transactions", transactions},
		{"statements", statements},
		{"plans", plans},
	}
	for _, f := range features {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := &subject{}
			s.Database = open(t, s.observe)
			f.verify(t, s)
		})
	}
}

// A subject is the database under test, and what was sent to it.
type subject struct {
	Database
	mu   sync.Mutex
	sent []string
}

func (s *subject) observe(statement string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, statement)
}

// during tells which statements the first store sends while fn runs.
func (s *subject) during(fn func()) []string {
	s.mu.Lock()
	s.sent = nil
	s.mu.Unlock()
	fn()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// node deals the two stores out in turn.
func (s *subject) node(i int) Node {
	if i%2 == 0 {
		return s.One
	}
	return s.Two
}

// race releases n goroutines together, dealt over both stores, and answers how
// many of them won.
func (s *subject) race(t *testing.T, n int, attempt func(i int, node Node) (bool, error)) int {
	t.Helper()
	var (
		start = make(chan struct{})
		group sync.WaitGroup
		mu    sync.Mutex
		wins  int
	)
	for i := range n {
		group.Go(func() {
			<-start
			won, err := attempt(i, s.node(i))
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
			if won {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	close(start)
	group.Wait()
	return wins
}

// storm keeps both stores busy with writes of another kind until the test that
// it disturbs is done.
func (s *subject) storm(t *testing.T) (stop func()) {
	t.Helper()
	done := make(chan struct{})
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := s.node(i).InsertEvents(t.Context(), newEvent(), newEvent()); err != nil {
					t.Errorf("storm: %v", err)
					return
				}
			}
		})
	}
	return func() {
		close(done)
		group.Wait()
	}
}

// count is how many rows there are.
func (s *subject) count(t *testing.T, from string, args ...any) int {
	t.Helper()
	n, err := s.Count(t.Context(), from, args...)
	if err != nil {
		t.Fatalf("count %s: %v", from, err)
	}
	return n
}

// must ends the test where err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value is the answer of a call that must not fail.
func value[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// same compares deeply: instants must be in UTC too.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, shown(got), shown(want))
	}
}

func shown(v any) string { return fmt.Sprintf("%+v", v) }
