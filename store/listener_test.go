package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/auth"
)

// An ear keeps what a listener tells.
type ear struct {
	news chan News
	log  *journal
}

type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// listening is a listener that runs until the test ends.
func listening(t *testing.T, s *Store, url string) *ear {
	t.Helper()
	e := &ear{news: make(chan News, 10_000), log: &journal{}}
	l, err := s.NewListener(url, rand.Reader, slog.New(slog.NewTextHandler(e.log, nil)), func(_ context.Context, n News) { e.news <- n })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return e
}

// hears waits until all of it was told.
func (e *ear) hears(t *testing.T, what string, all func(News) bool) {
	t.Helper()
	var sum News
	for deadline := time.After(60 * time.Second); ; {
		select {
		case n := <-e.news:
			sum.Everything = sum.Everything || n.Everything
			sum.Keys = sum.Keys || n.Keys
			sum.Blacklisted = append(sum.Blacklisted, n.Blacklisted...)
			if all(sum) {
				return
			}
		case <-deadline:
			t.Fatalf("not heard: %s, but %+v: %s", what, sum, e.log)
		}
	}
}

func everything(n News) bool { return n.Everything }

func named(ids ...uuid.UUID) func(News) bool {
	return func(n News) bool {
		for _, id := range ids {
			if !slices.Contains(n.Blacklisted, id) {
				return false
			}
		}
		return true
	}
}

func ended() auth.BlacklistedToken {
	now := time.Now()
	return auth.BlacklistedToken{
		ID: uuid.New(), Kind: auth.BlacklistSession, SubjectID: uuid.New(), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func aKey(sequence int) auth.SigningKey {
	now := time.Now()
	return auth.SigningKey{
		ID: uuid.NewString(), Sequence: sequence, Algorithm: "ES256", PublicJWK: []byte("{}"), Sealed: []byte("x"), CreatedAt: now, SignsFrom: now,
	}
}

func TestWhatANodeWritesIsHeardByTheOthersOnceItIsCommitted(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	here, there := opened(t, url, Options{}), opened(t, url, Options{})
	e := listening(t, there, url)
	e.hears(t, "the beginning", everything)

	undone, kept := ended(), ended()
	rolledBack := errors.New("no")
	err := here.InTx(t.Context(), func(q auth.Queries) error {
		if err := q.InsertBlacklisted(t.Context(), undone); err != nil {
			return err
		}
		return rolledBack
	})
	if !errors.Is(err, rolledBack) {
		t.Fatal(err)
	}
	err = here.InTx(t.Context(), func(q auth.Queries) error { return q.InsertBlacklisted(t.Context(), kept) })
	if err != nil {
		t.Fatal(err)
	}
	e.hears(t, "a row", func(n News) bool {
		if slices.Contains(n.Blacklisted, undone.ID) {
			t.Error("what was rolled back is told")
		}
		return named(kept.ID)(n)
	})
	rows, err := there.BlacklistedByID(t.Context(), []uuid.UUID{kept.ID, undone.ID}, time.Now())
	if err != nil || len(rows) != 1 || rows[0].SubjectID != kept.SubjectID {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, err := there.BlacklistedByID(t.Context(), []uuid.UUID{kept.ID}, kept.ExpiresAt); err != nil || len(rows) != 0 {
		t.Errorf("one that has expired: %v, %v", rows, err)
	}

	key := aKey(1)
	for _, change := range []func() (bool, error){
		func() (bool, error) { return here.InsertSigningKey(t.Context(), key) },
		func() (bool, error) { return here.DropSigningKey(t.Context(), key.ID, time.Now()) },
	} {
		if changed, err := change(); err != nil || !changed {
			t.Fatal(changed, err)
		}
		e.hears(t, "a key", func(n News) bool { return n.Keys })
		// The second time it changes nothing, and there is nothing to tell.
		if changed, err := change(); err != nil || changed {
			t.Fatal(changed, err)
		}
	}
	last := ended()
	if err := here.InsertBlacklisted(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	e.hears(t, "the last row", func(n News) bool {
		if n.Keys {
			t.Error("a key that did not change is told")
		}
		return named(last.ID)(n)
	})
}

func TestManyRowsAreToldAndTooManyAreRead(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	s := opened(t, url, Options{})
	e := listening(t, s, url)
	e.hears(t, "the beginning", everything)
	rows := make([]auth.BlacklistedToken, 5*saidAtOnce/2)
	ids := make([]uuid.UUID, len(rows))
	for i := range rows {
		rows[i] = ended()
		ids[i] = rows[i].ID
	}
	if err := s.InsertBlacklisted(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	e.hears(t, "every row", named(ids...))

	var n News
	for range mostNews {
		n.Blacklisted = append(n.Blacklisted, uuid.New())
	}
	n.add(&pgconn.Notification{Channel: channelBlacklist, Payload: uuid.NewString()})
	if !n.Everything || n.Blacklisted != nil {
		t.Errorf("%d rows are asked for by name", len(n.Blacklisted))
	}
}

func TestWhatStrangersSayIsNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []pgconn.Notification{
		{Channel: channelBlacklist, Payload: "all"}, {Channel: channelBlacklist, Payload: "'; DROP TABLE users"},
		{Channel: channelBlacklist}, {Channel: channelHello, Payload: uuid.NewString()}, {Channel: "another", Payload: uuid.NewString()},
	} {
		var n News
		if n.add(&s); !n.none() {
			t.Errorf("%+v is heard as %+v", s, n)
		}
	}
}

func TestAListenerThatWasCutOffComesBackAndCatchesUp(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	gate, err := cluster(t).OpenGate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gate.Close(); err != nil {
			t.Error(err)
		}
	})
	s := opened(t, url, Options{})
	e := listening(t, s, gate.URL(url))
	e.hears(t, "the beginning", everything)
	for range 3 {
		before := ended()
		if err := s.InsertBlacklisted(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		e.hears(t, "a row", named(before.ID))
		gate.Shut()
		missed := ended()
		if err := s.InsertBlacklisted(t.Context(), missed); err != nil {
			t.Fatal(err)
		}
		gate.Open()
		e.hears(t, "that everything may have changed", func(n News) bool {
			if slices.Contains(n.Blacklisted, missed.ID) {
				t.Error("what was said to nobody is heard")
			}
			return n.Everything
		})
	}
	after := ended()
	if err := s.InsertBlacklisted(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	e.hears(t, "a row", named(after.ID))
	if log := e.log.String(); strings.Count(log, "notifications are cut off") != 3 || strings.Count(log, "notifications arrive again") != 3 {
		t.Errorf("%s", log)
	}
}

// By a pooler LISTEN succeeds, and nothing ever comes: so does it in another
// database of the same server.
func TestAListenerThatHearsNothingSaysSo(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	s := opened(t, url, Options{})
	for name, elsewhere := range map[string]string{
		"a pooler":         "",
		"another database": postgresURL(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if elsewhere == "" {
				// Without the timeouts that it would turn away.
				elsewhere = pooler(t).URL(url)
			}
			l, err := s.NewListener(elsewhere, rand.Reader, silent, func(context.Context, News) {})
			if err != nil {
				t.Fatal(err)
			}
			for name := range (Options{}).completed().timeouts() {
				delete(l.config.RuntimeParams, name)
			}
			if heard, err := l.listen(t.Context()); heard || !errors.Is(err, errDeaf) {
				t.Errorf("heard: %v, %v", heard, err)
			}
		})
	}
}

func TestAListenerOfAFileHasNothingToDo(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	l, err := s.NewListener("", rand.Reader, silent, func(context.Context, News) { t.Error("it hears") })
	if err != nil {
		t.Fatal(err)
	}
	l.Run(t.Context())
}

func TestNodesThatWereCutOffTogetherDoNotComeBackTogether(t *testing.T) {
	t.Parallel()
	l := &Listener{random: rand.Reader}
	seen := map[time.Duration]bool{}
	for range 50 {
		pause := l.jittered(time.Second)
		if pause < time.Second/2 || pause >= time.Second {
			t.Fatal(pause)
		}
		seen[pause] = true
	}
	if len(seen) < 2 {
		t.Error("always the same pause")
	}
}
