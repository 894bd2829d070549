package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// remaining lists the rows of a table by a column that names them.
func remaining(t *testing.T, s *Store, table, column string) (names []string) {
	t.Helper()
	err := s.query(t.Context(), "SELECT "+column+" FROM "+table+" ORDER BY "+column, nil, func(rows *stdsql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPruningTakesWhatHasExpiredAndNothingElse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		ctx, day, bit := t.Context(), 24*time.Hour, time.Microsecond
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		user := s.c.User.Create().SetID(uuid.New()).SetEmail("a@b.example").SetEmailKey("a@b.example").SetEmailVerified(true).SetName("").
			SetLocale("en").SetStatus("ACTIVE").SetRoles([]string{}).SetFailedSignIns(0).SetVersion(1).SetCreatedAt(noon).SetUpdatedAt(noon).SaveX(ctx)
		registration := func(name string, expires time.Time) uuid.UUID {
			id := uuid.New()
			must(s.c.Registration.Create().SetID(id).SetEmail(name).SetEmailKey(name).SetNetwork("").SetPasswordHash("").SetName("").SetLocale("").
				SetFlowDigest(id[:]).SetCodeDigest([]byte{}).SetTries(0).SetVoid(false).SetIPAddress("").SetUserAgent("").
				SetCreatedAt(expires.Add(-day)).SetExpiresAt(expires).Exec(ctx))
			return id
		}
		gone, kept := registration("expired", noon), registration("kept", noon.Add(bit))
		link := func(name string, expires time.Time, registration *uuid.UUID) {
			id := uuid.New()
			must(s.c.LinkToken.Create().SetID(id).SetDigest(id[:]).SetPurpose(name).SetEmailKey("").SetNillableRegistrationID(registration).
				SetCreatedAt(noon).SetExpiresAt(expires).Exec(ctx))
		}
		link("expired", noon.Add(-day), nil)
		link("kept", noon.Add(-day+bit), nil)
		link("kept with its registration", noon.Add(day), &kept)
		link("kept without its registration", noon.Add(day), &gone)
		session := func(name string, expires time.Time, ended *time.Time) {
			must(s.c.Session.Create().SetID(uuid.New()).SetUser(user).SetGeneration(1).SetRotatedAt(noon).SetRotatedBy([]byte{}).SetMethods([]string{}).
				SetAuthenticatedAt(noon).SetAccessExpiresAt(noon).SetExpiresAt(expires).SetEndsAt(noon.Add(90 * day)).SetNillableEndedAt(ended).
				SetDeviceName(name).SetUserAgent("").SetIPAddress("").SetCreatedAt(noon).Exec(ctx))
		}
		longAgo := noon.Add(-10 * day)
		session("expired", noon.Add(-day), nil)
		session("expired and ended", noon.Add(-day), &longAgo)
		session("kept", noon.Add(-day+bit), nil)
		session("kept though ended", noon.Add(-day+bit), &longAgo)
		for name, expires := range map[string]time.Time{"expired": noon, "kept": noon.Add(bit)} {
			must(s.c.BlacklistedToken.Create().SetID(uuid.New()).SetKind(name).SetCreatedAt(noon).SetExpiresAt(expires).Exec(ctx))
			must(s.c.AttemptCounter.Create().SetID(name).SetCount(0).SetTat(0).SetEmission(0).SetBurst(0).SetExpiresAt(expires).Exec(ctx))
		}
		letter := func(name string, created time.Time, void bool, sent, dead *time.Time) {
			must(s.c.OutboxLetter.Create().SetID(uuid.New()).SetKind(name).SetVoid(void).SetAttempts(1).SetNextAttemptAt(created).SetCreatedAt(created).
				SetNillableSentAt(sent).SetNillableDeadAt(dead).SetLastError("").Exec(ctx))
		}
		at := func(ago time.Duration) *time.Time { t := noon.Add(-ago); return &t }
		letter("expired: sent", *at(40 * day), false, at(day), nil)
		letter("expired: void", *at(day), true, nil, nil)
		letter("expired: dead", *at(40 * day), false, nil, at(30*day))
		letter("kept: sent", *at(40 * day), false, at(day-bit), nil)
		letter("kept: void", *at(day - bit), true, nil, nil)
		letter("kept: dead", *at(40 * day), false, nil, at(30*day-bit))
		letter("kept: waits", *at(40 * day), false, nil, nil)
		key := func(name string, sequence int, retires *time.Time) {
			must(s.c.SigningKey.Create().SetID(name).SetSequence(sequence).SetAlgorithm("ES256").SetPublicJwk([]byte("{}")).SetSealed([]byte{1}).
				SetCreatedAt(longAgo).SetSignsFrom(longAgo).SetNillableRetiresAt(retires).Exec(ctx))
		}
		key("expired", 1, at(day))
		key("kept", 2, at(day-bit))
		key("newest", 3, nil)
		must(s.c.Event.Create().SetID(uuid.New()).SetType("OLD").SetIPAddress("").SetUserAgent("").SetAt(noon.Add(-1000 * day)).Exec(ctx))

		n, err := s.Prune(ctx, noon, 100, nil)
		must(err)
		if n != 1+1+2+1+1+3+1 {
			t.Errorf("counted %d rows", n)
		}
		for table, want := range map[string]struct {
			column string
			names  []string
		}{
			"users":              {"status", []string{"ACTIVE"}},
			"registrations":      {"email", []string{"kept"}},
			"link_tokens":        {"purpose", []string{"kept", "kept with its registration", "kept without its registration"}},
			"sessions":           {"device_name", []string{"kept", "kept though ended"}},
			"blacklisted_tokens": {"kind", []string{"kept"}},
			"attempt_counters":   {"id", []string{"kept"}},
			"outbox_letters":     {"kind", []string{"kept: dead", "kept: sent", "kept: void", "kept: waits"}},
			"signing_keys":       {"id", []string{"kept", "newest"}},
			"events":             {"type", []string{"OLD"}},
		} {
			if got := remaining(t, s, table, want.column); !slices.Equal(got, want.names) {
				t.Errorf("%s: left are %q, want %q", table, got, want.names)
			}
		}
		if n, err := s.Prune(ctx, noon, 100, nil); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
	})
}

// TestPruningTakesTheOriginsThatCameAfterADeletion: a wrong password, say, that was
// on its way as its account was deleted is written down afterwards, and where it
// came from is told of nobody who is gone.
func TestPruningTakesTheOriginsThatCameAfterADeletion(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		ctx := t.Context()
		gone, signedOut, stays := uuid.New(), uuid.New(), uuid.New()
		events := map[string]uuid.UUID{"of who is gone": gone, "of who was signed out": signedOut, "of who stays": stays}
		for name, user := range events {
			s.c.Event.Create().SetID(uuid.New()).SetType(name).SetUserID(user).SetIPAddress("203.0.113.7").SetUserAgent("test/1.0").SetAt(noon).SaveX(ctx)
		}
		s.c.Event.Create().SetID(uuid.New()).SetType("of nobody").SetIPAddress("203.0.113.7").SetUserAgent("").SetAt(noon).SaveX(ctx)
		for kind, subject := range map[string]uuid.UUID{"user": gone, "session": signedOut} {
			// As late as the row is there.
			s.c.BlacklistedToken.Create().SetID(uuid.New()).SetKind(kind).SetSubjectID(subject).SetCreatedAt(noon.Add(-time.Hour)).SetExpiresAt(noon).SaveX(ctx)
		}
		if n, err := s.Prune(ctx, noon, 100, nil); n != 2 || err != nil {
			t.Errorf("deleted %d rows, %v", n, err)
		}
		for column, want := range map[string][]string{
			"ip_address || user_agent || type": {"203.0.113.7of nobody", "203.0.113.7test/1.0of who stays", "203.0.113.7test/1.0of who was signed out", "of who is gone"},
		} {
			if got := remaining(t, s, "events", column); !slices.Equal(got, want) {
				t.Errorf("events: %q, want %q", got, want)
			}
		}
	})
}

func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		err := s.c.AttemptCounter.Create().SetID(fmt.Sprint(i)).SetCount(0).SetTat(0).SetEmission(0).SetBurst(0).SetExpiresAt(noon).Exec(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStatementOfPruningIsBounded(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		var sent int
		s := opened(t, url, Options{Observe: func(statement string) {
			if strings.HasPrefix(statement, "DELETE FROM attempt_counters") {
				sent++
			}
		}})
		fill(t, s, 10)
		var told []int
		if n, err := s.Prune(t.Context(), noon, 4, func(deleted int) { told = append(told, deleted) }); n != 10 || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if sent != 3 {
			t.Errorf("it took %d statements, want 3: of 4, 4 and 2 rows", sent)
		}
		if !slices.IsSorted(told) || !slices.Contains(told, 4) || !slices.Contains(told, 8) || told[len(told)-1] != 10 {
			t.Errorf("told %v", told)
		}
	})
}

// TestBetweenBatchesOfPruningOthersWrite has this process and another write each
// time that a batch is through: none takes more than it may, and none holds on to
// what the others need.
func TestBetweenBatchesOfPruningOthersWrite(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		const rows, batch = 20, 3
		s, other := opened(t, url, Options{}), opened(t, url, Options{})
		fill(t, s, rows)
		before, written := 0, 0
		write := func(s *Store) {
			written++
			err := s.c.AttemptCounter.Create().SetID(fmt.Sprint("new ", written)).SetCount(0).SetTat(0).SetEmission(0).SetBurst(0).
				SetExpiresAt(noon.Add(time.Hour)).Exec(t.Context())
			if err != nil {
				t.Errorf("after %d rows: %v", before, err)
			}
		}
		n, err := s.Prune(t.Context(), noon, batch, func(deleted int) {
			if deleted-before > batch {
				t.Errorf("a batch of %d rows, where %d are allowed", deleted-before, batch)
			}
			before = deleted
			write(s)
			write(other)
		})
		if n != rows || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
		if left := remaining(t, other, "attempt_counters", "id"); len(left) != written || written < 2*rows/batch {
			t.Errorf("of %d rows that were written meanwhile %d are there", written, len(left))
		}
	})
}

func TestOnSQLiteABatchIsSmallWhateverIsAskedFor(t *testing.T) {
	t.Parallel()
	s := opened(t, sqliteURL(t), Options{})
	fill(t, s, sqliteBatch+1)
	var told []int
	if n, err := s.Prune(t.Context(), noon, 10*sqliteBatch, func(deleted int) { told = append(told, deleted) }); n != sqliteBatch+1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if !slices.Contains(told, sqliteBatch) {
		t.Errorf("told %v, want a batch of %d", told, sqliteBatch)
	}
}

func TestPruningEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		fill(t, s, 10)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n, err := s.Prune(ctx, noon, 2, func(deleted int) {
			if deleted == 4 {
				cancel()
			}
		})
		if n != 4 || !errors.Is(err, context.Canceled) {
			t.Errorf("deleted %d, %v", n, err)
		}
		if left := remaining(t, s, "attempt_counters", "id"); len(left) != 6 {
			t.Errorf("left are %v", left)
		}
	})
}

func TestSeveralMayPruneAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		first := opened(t, url, Options{})
		fill(t, first, 100)
		var deleted atomic.Int64
		var done sync.WaitGroup
		for range 4 {
			s := opened(t, url, Options{})
			done.Go(func() {
				n, err := s.Prune(t.Context(), noon, 3, nil)
				if err != nil {
					t.Error(err)
				}
				deleted.Add(int64(n))
			})
		}
		done.Wait()
		// What one was at when another passed by is gone with the first.
		if n := deleted.Load(); n != 100 {
			t.Errorf("deleted %d rows, want 100", n)
		}
		if left := remaining(t, first, "attempt_counters", "id"); len(left) != 0 {
			t.Errorf("left are %v", left)
		}
	})
}

func TestPruningLooksAlongAnIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		if err := s.fill(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		plan, err := s.explain(t.Context(), lateOrigins(s.dialect))
		if err != nil || slices.Contains(plan.Scans, "events") {
			t.Errorf("it reads all events: %v\n%s", err, plan.Whole)
		}
		for _, kind := range staleRows() {
			if kind.table == "signing_keys" {
				continue // a handful of rows
			}
			plan, err := s.explain(t.Context(), pruning(s.dialect, kind, 100), noon.Add(-kind.after))
			if err != nil {
				t.Fatal(err)
			}
			sorted := strings.Contains(plan.Whole, "TEMP B-TREE FOR ORDER") || strings.Contains(plan.Whole, `"Sort"`)
			if len(plan.Scans) > 0 || sorted {
				t.Errorf("%s reads all of %q, sorted %v:\n%s", plan.Statement, plan.Scans, sorted, plan.Whole)
			}
		}
	})
}
