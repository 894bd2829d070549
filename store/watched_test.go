package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func TestLettersAreCountedByHowTheyFare(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		check := func(want OutboxState) {
			t.Helper()
			if got, err := s.OutboxState(t.Context()); err != nil || got != want {
				t.Errorf("%+v %v, want %+v", got, err, want)
			}
		}
		check(OutboxState{})
		var ids []uuid.UUID
		for i := range 5 {
			l := auth.OutboxLetter{ID: uuid.New(), Kind: auth.LetterActivation, Sealed: []byte{1}, CreatedAt: noon.Add(time.Duration(i) * time.Minute), Void: i == 0}
			if err := s.InsertLetter(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, l.ID)
		}
		check(OutboxState{Waiting: 4, Oldest: noon.Add(time.Minute)}) // the void one goes nowhere
		if err := errors.Join(s.MarkLetterSent(t.Context(), ids[1], noon), s.BuryLetter(t.Context(), ids[2], 0, noon, "no")); err != nil {
			t.Fatal(err)
		}
		check(OutboxState{Waiting: 2, Oldest: noon.Add(3 * time.Minute), Dead: 1})

		// However many were sent, nobody looks at them.
		plan, err := s.explain(t.Context(), "SELECT count(*) FROM outbox_letters WHERE dead_at IS NOT NULL")
		if err != nil || s.dialect == "sqlite3" && !strings.Contains(plan.Whole, "outboxletter_dead_at") {
			t.Errorf("%v\n%s", err, plan.Whole)
		}
	})
}

func TestSessionsThatLiveAreCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		seed(t, s) // one that has ended
		if _, err := s.exec(t.Context(), "UPDATE sessions SET ended_at = NULL, expires_at = $1, ends_at = $2", noon.Add(time.Hour), noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[time.Duration]int{0: 1, time.Hour - time.Microsecond: 1, time.Hour: 0} {
			if got, err := s.CountLivingSessions(t.Context(), noon.Add(at)); err != nil || got != want {
				t.Errorf("after %v %d live (%v), want %d", at, got, err, want)
			}
		}
		if _, err := s.exec(t.Context(), "UPDATE sessions SET ended_at = $1", noon); err != nil {
			t.Fatal(err)
		}
		if got, err := s.CountLivingSessions(t.Context(), noon); err != nil || got != 0 {
			t.Errorf("%d live (%v)", got, err)
		}
	})
}

func TestADatabaseThatTakesNoWritesDoesNotAnswer(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	if err := opened(t, url, Options{}).Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if err := opened(t, url+"&default_transaction_read_only=on", Options{}).Ping(t.Context()); !errors.Is(err, errReadOnly) {
		t.Errorf("of one that only reads: %v", err)
	}
}

func TestADatabaseTellsItsVersionAndItsPools(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		version, err := s.Version(t.Context())
		if err != nil || !strings.HasPrefix(version, "SQLite 3.") && !strings.HasPrefix(version, "PostgreSQL ") {
			t.Errorf("%q %v", version, err)
		}
		var names []string
		for _, p := range s.Pools() {
			names = append(names, p.Name)
			if p.Stats.MaxOpenConnections == 0 {
				t.Errorf("%+v", p)
			}
		}
		if got := strings.Join(names, " "); got != "read write" && got != "all" {
			t.Error(got)
		}
	})
}

// A witness notes what it sees, each within what it stands in.
type witness struct {
	mu   sync.Mutex
	seen []string
}

type withinKey struct{}

func (w *witness) note(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		what += " failed"
	}
	w.seen = append(w.seen, what)
}

func (w *witness) Statement(ctx context.Context, text string) func(error) {
	within, _ := ctx.Value(withinKey{}).(string)
	verb, _, _ := strings.Cut(text, " ")
	return func(err error) { w.note(within+verb, err) }
}

func (w *witness) Transaction(ctx context.Context) (context.Context, func(error)) {
	return context.WithValue(ctx, withinKey{}, "transaction/"), func(err error) { w.note("transaction", err) }
}

func TestWhoWatchesSeesStatementsWithinTheirTransaction(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		w := &witness{}
		s := opened(t, url, Options{Watch: w})
		if _, err := s.CountLivingSessions(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		insert := func(q auth.Queries) error {
			return q.InsertEvents(t.Context(), auth.Event{ID: uuid.New(), Type: auth.EventActivated, At: noon})
		}
		if err := s.InTx(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
		changedMind := errors.New("no")
		if err := s.InTx(t.Context(), func(q auth.Queries) error { return errors.Join(insert(q), changedMind) }); !errors.Is(err, changedMind) {
			t.Fatal(err)
		}
		if _, err := s.exec(t.Context(), "DELETE FROM nothing"); err == nil {
			t.Fatal("nothing was there")
		}
		want := []string{"SELECT", "transaction/INSERT", "transaction", "transaction/INSERT", "transaction failed", "DELETE failed"}
		if !slices.Equal(w.seen, want) {
			t.Errorf("%q", w.seen)
		}
	})
}

func TestWhereNobodyWatchesNothingIsAllocatedForIt(t *testing.T) {
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		eyes{}.statement(ctx, "SELECT 1")(nil)
		_, end := eyes{}.transaction(ctx)
		end(nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
