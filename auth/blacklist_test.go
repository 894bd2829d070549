package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func testID(n byte) uuid.UUID {
	return uuid.UUID{0: n, 6: 0x70, 8: 0x80}
}

func TestABlacklistForbidsWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	session, user := testID(1), testID(2)
	until := testNow.Add(time.Hour)
	claims := func(session, user uuid.UUID, issued time.Time) AccessClaims {
		return AccessClaims{SessionID: session, Subject: user, TokenID: testTokenID(issued)}
	}
	for name, test := range map[string]struct {
		row  BlacklistedToken
		hit  []AccessClaims
		miss []AccessClaims
	}{
		"a session": {
			BlacklistedToken{Kind: BlacklistSession, SubjectID: session},
			[]AccessClaims{claims(session, user, testNow), claims(session, testID(9), testNow.Add(time.Hour))},
			[]AccessClaims{claims(testID(9), user, testNow), claims(user, session, testNow)},
		},
		"a user": {
			BlacklistedToken{Kind: BlacklistUser, SubjectID: user},
			[]AccessClaims{claims(session, user, testNow), claims(testID(9), user, testNow.Add(time.Hour))},
			[]AccessClaims{claims(session, testID(9), testNow), claims(user, session, testNow)},
		},
		// The bar lies inside a millisecond, whose tokens are all refused.
		"all before": {
			BlacklistedToken{Kind: BlacklistAll, IssuedBefore: testNow.Truncate(time.Millisecond).Add(300 * time.Microsecond)},
			[]AccessClaims{
				claims(session, user, testNow.Add(-time.Hour)),
				claims(session, user, testNow.Truncate(time.Millisecond)),
				claims(session, user, testNow.Truncate(time.Millisecond).Add(999*time.Microsecond)),
				claims(testID(9), testID(9), time.UnixMilli(0)),
			},
			[]AccessClaims{claims(session, user, testNow.Truncate(time.Millisecond).Add(time.Millisecond))},
		},
		"all before a millisecond": {
			BlacklistedToken{Kind: BlacklistAll, IssuedBefore: testNow.Truncate(time.Millisecond)},
			[]AccessClaims{claims(session, user, testNow.Truncate(time.Millisecond).Add(-1))},
			[]AccessClaims{claims(session, user, testNow.Truncate(time.Millisecond))},
		},
		"nothing that is known": {
			BlacklistedToken{Kind: "token", SubjectID: session},
			nil,
			[]AccessClaims{claims(session, user, testNow)},
		},
	} {
		b := NewBlacklist()
		for _, c := range slices.Concat(test.hit, test.miss) {
			if b.Forbids(c, testNow) {
				t.Errorf("%s: an empty blacklist forbids %+v", name, c)
			}
		}
		test.row.ID, test.row.ExpiresAt = testID(100), until
		b.Add(test.row)
		for _, c := range test.hit {
			if !b.Forbids(c, testNow) || !b.Forbids(c, until.Add(-time.Microsecond)) {
				t.Errorf("%s: lets pass %+v", name, c)
			}
			if b.Forbids(c, until) {
				t.Errorf("%s: still forbids %+v after it has expired", name, c)
			}
		}
		for _, c := range test.miss {
			if b.Forbids(c, testNow) {
				t.Errorf("%s: forbids %+v", name, c)
			}
		}
	}
}

func TestTheLongerOfTwoEntriesCounts(t *testing.T) {
	t.Parallel()
	b := NewBlacklist()
	for i, kind := range []BlacklistKind{BlacklistSession, BlacklistUser} {
		b.Add(
			BlacklistedToken{ID: testID(byte(10 + i)), Kind: kind, SubjectID: testID(1), ExpiresAt: testNow.Add(time.Hour)},
			BlacklistedToken{ID: testID(byte(20 + i)), Kind: kind, SubjectID: testID(1), ExpiresAt: testNow.Add(time.Minute)},
		)
	}
	if !b.Forbids(AccessClaims{SessionID: testID(1)}, testNow.Add(30*time.Minute)) {
		t.Error("session: the shorter one won")
	}
	if !b.Forbids(AccessClaims{Subject: testID(1)}, testNow.Add(30*time.Minute)) {
		t.Error("user: the shorter one won")
	}
	// Of two bars, both count as long as they last.
	b.Add(
		BlacklistedToken{ID: testID(30), Kind: BlacklistAll, IssuedBefore: testNow, ExpiresAt: testNow.Add(time.Hour)},
		BlacklistedToken{ID: testID(31), Kind: BlacklistAll, IssuedBefore: testNow.Add(-time.Hour), ExpiresAt: testNow.Add(2 * time.Hour)},
	)
	at := AccessClaims{SessionID: testID(8), Subject: testID(8), TokenID: testTokenID(testNow.Add(-time.Minute))}
	if !b.Forbids(at, testNow.Add(59*time.Minute)) || b.Forbids(at, testNow.Add(time.Hour)) {
		t.Error("the earlier bar hides the later one, or outlives it")
	}
}

func TestTheIssueOfATokenIsReadFromItsID(t *testing.T) {
	t.Parallel()
	// The example of RFC 9562 appendix A.6.
	got := issuedAt(uuid.MustParse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
	want := time.Date(2022, 2, 22, 14, 22, 22, 0, time.FixedZone("", -5*60*60))
	if !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestABlacklistIsFreshForFiveSeconds(t *testing.T) {
	t.Parallel()
	b := NewBlacklist()
	if b.FreshAt(testNow) || b.FreshAt(time.Time{}) {
		t.Error("fresh before anything was heard")
	}
	b.Add(BlacklistedToken{ID: testID(1), Kind: BlacklistSession, SubjectID: testID(1), ExpiresAt: testNow.Add(time.Hour)})
	if b.FreshAt(testNow) {
		t.Error("fresh by what this process itself wrote")
	}
	f := NewFeed(&rowsOfBlacklist{}, b)
	if err := f.Poll(t.Context(), testNow); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]bool{
		0:                                true,
		5 * time.Second:                  true,
		5*time.Second + time.Microsecond: false,
		-time.Second:                     true,  // a request that began before
		-time.Hour:                       false, // a clock that was put back
	} {
		if got := b.FreshAt(testNow.Add(after)); got != want {
			t.Errorf("%v after: %v, want %v", after, got, want)
		}
	}
}

// rowsOfBlacklist stands in for storage: this package has none. The rows are
// those that have been committed.
type rowsOfBlacklist struct {
	mu      sync.Mutex
	rows    []BlacklistedToken
	commits int
	known   int   // commits when it was last asked
	begun   bool  // whether it was ever asked
	err     error // of the next question about changes
	readErr error // of the next read
	asked   []string
	// betweenAskingAndReading happens there, once.
	betweenAskingAndReading func()
}

func (r *rowsOfBlacklist) commit(rows ...BlacklistedToken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows, r.commits = append(r.rows, rows...), r.commits+1
}

func (r *rowsOfBlacklist) InsertBlacklisted(_ context.Context, rows ...BlacklistedToken) error {
	r.commit(rows...)
	return nil
}

func (r *rowsOfBlacklist) IsBlacklisted(context.Context, uuid.UUID, uuid.UUID, time.Time, time.Time) (bool, error) {
	return false, errors.New("nobody asks that here")
}

// BlacklistChanged counts like SQLite's data_version: from when it was first
// asked.
func (r *rowsOfBlacklist) BlacklistChanged(context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.err
	r.err = nil
	if err != nil {
		return false, err
	}
	changed := r.begun && r.commits > r.known
	r.begun, r.known = true, r.commits
	r.asked = append(r.asked, fmt.Sprint("changed ", changed))
	return changed, nil
}

func (r *rowsOfBlacklist) BlacklistedSince(_ context.Context, since, now time.Time) ([]BlacklistedToken, error) {
	if f := r.betweenAskingAndReading; f != nil {
		r.betweenAskingAndReading = nil
		defer f()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.readErr
	r.readErr = nil
	if err != nil {
		return nil, err
	}
	from := "whole"
	if !since.IsZero() {
		from = "from " + since.Sub(testNow).String()
	}
	r.asked = append(r.asked, from)
	var rows []BlacklistedToken
	for _, row := range r.rows {
		if !row.CreatedAt.Before(since) && row.ExpiresAt.After(now) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (r *rowsOfBlacklist) BlacklistedByID(context.Context, []uuid.UUID, time.Time) ([]BlacklistedToken, error) {
	return nil, errors.New("nobody asks that here")
}

// heard empties the list of questions.
func (r *rowsOfBlacklist) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

// ended is a row that ends a session, dated at and good for a quarter of an
// hour.
func ended(n byte, at time.Time) BlacklistedToken {
	return BlacklistedToken{
		ID: testID(n), Kind: BlacklistSession, SubjectID: testID(n), CreatedAt: at, ExpiresAt: at.Add(15 * time.Minute),
	}
}

func TestAFeedReadsTheWholeAndThenWhatIsNew(t *testing.T) {
	t.Parallel()
	rows, b := &rowsOfBlacklist{}, NewBlacklist()
	f := NewFeed(rows, b)
	poll := func(after time.Duration, want ...string) {
		t.Helper()
		if err := f.Poll(t.Context(), testNow.Add(after)); err != nil {
			t.Fatal(err)
		}
		if got := rows.heard(); !slices.Equal(got, want) {
			t.Errorf("%v: asked %q, want %q", after, got, want)
		}
		if !b.FreshAt(testNow.Add(after)) {
			t.Errorf("%v: not fresh", after)
		}
	}
	forbids := func(n byte, after time.Duration, want bool) {
		t.Helper()
		if got := b.Forbids(AccessClaims{SessionID: testID(n)}, testNow.Add(after)); got != want {
			t.Errorf("%v: session %d forbidden: %v, want %v", after, n, got, want)
		}
	}

	// Ten minutes old, and written before this process knew of anything.
	rows.rows = []BlacklistedToken{ended(1, testNow.Add(-10*time.Minute))}
	poll(0, "changed false", "whole")
	forbids(1, 0, true)

	poll(time.Second, "changed false")

	rows.commit(ended(2, testNow.Add(time.Second)))
	poll(2*time.Second, "changed true", "from -59s")
	forbids(2, 2*time.Second, true)

	// Dated half a minute ago, and committed only now.
	rows.commit(ended(3, testNow.Add(-30*time.Second)))
	poll(3*time.Second, "changed true", "from -58s")
	forbids(3, 3*time.Second, true)

	// The process slept for five minutes, in which much was written.
	rows.commit(ended(4, testNow.Add(10*time.Second)), ended(5, testNow.Add(4*time.Minute)))
	poll(5*time.Minute, "changed true", "from -57s")
	forbids(4, 5*time.Minute, true)
	forbids(5, 5*time.Minute, true)

	// The clock was put back by ten minutes.
	rows.commit(ended(6, testNow.Add(-5*time.Minute)))
	poll(-5*time.Minute, "changed true", "whole")
	forbids(6, -5*time.Minute, true)
}

func TestAnErrorLeavesWhatIsKnownAndTheNextPollReadsTheWhole(t *testing.T) {
	t.Parallel()
	broken := errors.New("the connection is gone")
	for name, fail := range map[string]func(*rowsOfBlacklist){
		"asking":  func(r *rowsOfBlacklist) { r.err = broken },
		"reading": func(r *rowsOfBlacklist) { r.readErr = broken },
	} {
		rows, b := &rowsOfBlacklist{}, NewBlacklist()
		f := NewFeed(rows, b)
		// At the start too.
		fail(rows)
		if err := f.Poll(t.Context(), testNow); !errors.Is(err, broken) {
			t.Fatalf("%s: %v, want %v", name, err, broken)
		}
		if b.FreshAt(testNow) {
			t.Errorf("%s: fresh although nothing was heard", name)
		}
		rows.commit(ended(1, testNow))
		if err := f.Poll(t.Context(), testNow); err != nil {
			t.Fatal(err)
		}
		// While it is broken, somebody is signed out whose row is too old, by the
		// time it can be read, to be read again.
		rows.commit(ended(2, testNow.Add(-2*time.Minute)))
		fail(rows)
		if err := f.Poll(t.Context(), testNow.Add(time.Second)); !errors.Is(err, broken) {
			t.Fatalf("%s: %v, want %v", name, err, broken)
		}
		if !b.Forbids(AccessClaims{SessionID: testID(1)}, testNow.Add(time.Second)) {
			t.Errorf("%s: what was known is forgotten", name)
		}
		if !b.FreshAt(testNow.Add(5*time.Second)) || b.FreshAt(testNow.Add(6*time.Second)) {
			t.Errorf("%s: fresh by a poll that failed", name)
		}
		rows.heard()
		if err := f.Poll(t.Context(), testNow.Add(2*time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := rows.heard(); len(got) != 2 || got[1] != "whole" {
			t.Errorf("%s: asked %q, want the whole", name, got)
		}
		if !b.Forbids(AccessClaims{SessionID: testID(2)}, testNow.Add(2*time.Second)) {
			t.Errorf("%s: what was written meanwhile is not known", name)
		}
	}
}

func TestWhatIsCommittedDuringAPollIsHeardByTheNext(t *testing.T) {
	t.Parallel()
	rows, b := &rowsOfBlacklist{}, NewBlacklist()
	f := NewFeed(rows, b)
	for i := range byte(3) { // the whole, then a part, then a part
		at := testNow.Add(time.Duration(i) * time.Second)
		rows.commit(ended(10+i, at))
		// Right after the read, before the poll is over.
		rows.betweenAskingAndReading = func() { rows.commit(ended(20+i, at)) }
		if err := f.Poll(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if err := f.Poll(t.Context(), at.Add(500*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for _, n := range []byte{10 + i, 20 + i} {
			if !b.Forbids(AccessClaims{SessionID: testID(n)}, at.Add(500*time.Millisecond)) {
				t.Errorf("session %d was not heard of", n)
			}
		}
	}
}

func TestExpiredEntriesAreLetGo(t *testing.T) {
	t.Parallel()
	rows, b := &rowsOfBlacklist{}, NewBlacklist()
	f := NewFeed(rows, b)
	size := func() int { return len(b.sessions) + len(b.users) + len(b.all) }
	b.Add(
		BlacklistedToken{ID: testID(1), Kind: BlacklistSession, SubjectID: testID(1), ExpiresAt: testNow.Add(time.Minute)},
		BlacklistedToken{ID: testID(2), Kind: BlacklistUser, SubjectID: testID(2), ExpiresAt: testNow.Add(time.Minute)},
		BlacklistedToken{ID: testID(3), Kind: BlacklistAll, IssuedBefore: testNow, ExpiresAt: testNow.Add(time.Minute)},
		BlacklistedToken{ID: testID(4), Kind: BlacklistSession, SubjectID: testID(4), ExpiresAt: testNow.Add(time.Hour)},
	)
	for _, after := range []time.Duration{0, time.Minute - time.Microsecond} {
		if err := f.Poll(t.Context(), testNow.Add(after)); err != nil {
			t.Fatal(err)
		}
		if got := size(); got != 4 {
			t.Errorf("%v: %d entries, want all", after, got)
		}
	}
	if err := f.Poll(t.Context(), testNow.Add(3*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := size(); got != 1 || !b.Forbids(AccessClaims{SessionID: testID(4)}, testNow.Add(3*time.Minute)) {
		t.Errorf("%d entries are left, want the one that has not expired", got)
	}
}

// TestAClockThatWasAheadForAMomentRevivesNoToken looks at a node whose clock was
// stepped, and back: what it had let go as expired is good for a while yet.
func TestAClockThatWasAheadForAMomentRevivesNoToken(t *testing.T) {
	t.Parallel()
	rows, b := &rowsOfBlacklist{}, NewBlacklist()
	f := NewFeed(rows, b)
	rows.commit(ended(1, testNow.Add(-5*time.Minute)))
	for _, after := range []time.Duration{0, time.Hour, 2 * time.Second} {
		if err := f.Poll(t.Context(), testNow.Add(after)); err != nil {
			t.Fatal(err)
		}
		if got, want := b.Forbids(AccessClaims{SessionID: testID(1)}, testNow.Add(after)), after < time.Hour; got != want {
			t.Errorf("%v: forbidden: %v", after, got)
		}
	}
}

func TestABlacklistMayBeAskedWhileItIsFed(t *testing.T) {
	t.Parallel()
	rows, b := &rowsOfBlacklist{}, NewBlacklist()
	f := NewFeed(rows, b)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			known := false
			for i := range 500 {
				now := testNow.Add(time.Duration(i) * time.Millisecond)
				forbidden := b.Forbids(AccessClaims{SessionID: testID(1)}, now)
				if known && !forbidden {
					t.Error("what was forbidden is allowed again")
				}
				known = forbidden
				b.FreshAt(now)
			}
		})
		workers.Go(func() {
			for i := range 50 {
				if err := f.Poll(t.Context(), testNow.Add(time.Duration(i)*time.Second)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rows.commit(ended(1, testNow))
	b.Add(ended(2, testNow))
	workers.Wait()
	if err := f.Poll(t.Context(), testNow); err != nil {
		t.Fatal(err)
	}
	for _, n := range []byte{1, 2} {
		if !b.Forbids(AccessClaims{SessionID: testID(n)}, testNow) {
			t.Errorf("session %d was not heard of", n)
		}
	}
}
