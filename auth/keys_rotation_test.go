package auth

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

type keyTable []SigningKey

// rotate adds the key that is due at now, if one is, and loads the set.
func (rows *keyTable) rotate(t testing.TB, k *KeySet, now time.Time) bool {
	t.Helper()
	mustLoad(t, k, *rows)
	key, due, err := k.Due(now, testInterval)
	if err != nil {
		t.Fatal(err)
	}
	if due {
		for i := range *rows {
			if (*rows)[i].RetiresAt.IsZero() {
				(*rows)[i].RetiresAt = RetiresAt(key, testLifetime, testLeeway)
			}
		}
		*rows = append(*rows, key)
		mustLoad(t, k, *rows)
	}
	return due
}

// signerOf is the key that signed the token.
func signerOf(t testing.TB, token string) string {
	t.Helper()
	j, err := parseJWS(token)
	if err != nil {
		t.Fatal(err)
	}
	return j.keyID
}

// published lists the IDs of the key set.
func published(t testing.TB, k *KeySet, now time.Time) []string {
	t.Helper()
	var set struct{ Keys []jwk }
	if err := json.Unmarshal(k.JWKS(now), &set); err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, key := range set.Keys {
		ids = append(ids, key.ID)
	}
	return ids
}

func TestTheFirstKeyIsDueAtOnceAndSignsAtOnce(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "first")
	key, due, err := k.Due(testNow, testInterval)
	if err != nil || !due {
		t.Fatalf("due: %v, %v", due, err)
	}
	if key.Sequence != 1 || key.Algorithm != "ES256" || !key.CreatedAt.Equal(testNow) || !key.SignsFrom.Equal(testNow) || !key.RetiresAt.IsZero() || !key.DroppedAt.IsZero() {
		t.Errorf("the first key: %+v", key)
	}
	if _, err := k.Sign(testNow, testClaims(testNow)); err == nil {
		t.Error("what is due signs before it was loaded")
	}
	mustLoad(t, k, []SigningKey{key})
	token, err := k.Sign(testNow, testClaims(testNow))
	if err != nil {
		t.Fatal(err)
	}
	if got := signerOf(t, token); got != key.ID {
		t.Errorf("signed by %s, want %s", got, key.ID)
	}
	if _, due, err := k.Due(testNow, testInterval); due || err != nil {
		t.Errorf("another is due right after: %v", err)
	}
}

func TestASuccessorIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "successor")
	var rows keyTable
	rows.rotate(t, k, testNow)
	if rows.rotate(t, k, testNow.Add(testInterval-time.Microsecond)) {
		t.Fatal("due before the interval is over")
	}
	from := testNow.Add(testInterval)
	if !rows.rotate(t, k, from) {
		t.Fatal("not due when the interval is over")
	}
	if rows.rotate(t, k, from) {
		t.Fatal("a third is due while the second waits")
	}
	first, second := rows[0], rows[1]
	if second.Sequence != 2 || !second.SignsFrom.Equal(from.Add(PublishAhead)) {
		t.Errorf("the successor: %+v", second)
	}
	for _, test := range []struct {
		at        time.Time
		signer    string
		published []string
	}{
		{from, first.ID, []string{first.ID, second.ID}},
		{from.Add(PublishAhead - time.Microsecond), first.ID, []string{first.ID, second.ID}},
		{from.Add(PublishAhead), second.ID, []string{first.ID, second.ID}},
		{first.RetiresAt.Add(-time.Microsecond), second.ID, []string{first.ID, second.ID}},
		{first.RetiresAt, second.ID, []string{second.ID}},
	} {
		token, err := k.Sign(test.at, testClaims(test.at))
		if err != nil {
			t.Fatal(err)
		}
		if got := signerOf(t, token); got != test.signer {
			t.Errorf("at %v: signed by %s, want %s", test.at, got, test.signer)
		}
		if got := published(t, k, test.at); !slices.Equal(got, test.published) {
			t.Errorf("at %v: published %v, want %v", test.at, got, test.published)
		}
	}
}

// Over a year of rotations, at steps that hit every edge: each token is good on
// this server and for a verifier with an old copy of the key set, until it
// expires.
func TestRotatingKeysSignsNobodyOut(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "year")
	var rows keyTable
	type given struct {
		token  string
		at     time.Time
		signer string
	}
	var alive []given
	// What another server that verifies tokens fetched last, and when: it may
	// keep that for five minutes.
	var copied []string
	var copiedAt time.Time
	rotations := 0
	step := func(now time.Time) {
		if rows.rotate(t, k, now) {
			rotations++
		}
		if now.Sub(copiedAt) >= 5*time.Minute {
			copied, copiedAt = published(t, k, now), now
		}
		token, err := k.Sign(now, testClaims(now))
		if err != nil {
			t.Fatal(err)
		}
		alive = append(alive, given{token, now, signerOf(t, token)})
		alive = slices.DeleteFunc(alive, func(g given) bool { return !now.Before(g.at.Add(testLifetime)) })
		for _, g := range alive {
			if _, err := k.Verify(now, g.token); err != nil {
				t.Fatalf("at %v: a token of %v: %v", now, g.at, err)
			}
			if !slices.Contains(copied, g.signer) {
				t.Fatalf("at %v: a token of %v: its key is not in the key set of %v", now, g.at, copiedAt)
			}
		}
	}
	for now := testNow; now.Before(testNow.Add(366 * 24 * time.Hour)); {
		step(now)
		// By the minute around a rotation, by the day else.
		newest := rows[len(rows)-1]
		switch since := now.Sub(newest.CreatedAt); {
		case since < time.Hour, since >= testInterval-time.Hour:
			now = now.Add(time.Minute)
		default:
			now = now.Add(min(24*time.Hour, testInterval-time.Hour-since))
		}
	}
	if rotations != 5 {
		t.Errorf("%d keys were made in a year, want 5", rotations)
	}
}

func TestADroppedKeyHasASuccessorAtOnce(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "dropped")
	var rows keyTable
	rows.rotate(t, k, testNow)
	old, err := k.Sign(testNow, testClaims(testNow))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Verify(testNow, old); err != nil {
		t.Fatal(err)
	}
	now := testNow.Add(time.Minute)
	rows[0].DroppedAt = now
	mustLoad(t, k, rows)
	if got := published(t, k, now); len(got) != 0 {
		t.Errorf("still published: %v", got)
	}
	if string(k.JWKS(now)) != `{"keys":[]}` {
		t.Errorf("an empty key set is %s", k.JWKS(now))
	}
	// Remembered a moment ago.
	if claims, err := k.Verify(now, old); err != InvalidToken || claims.Subject != uuid.Nil {
		t.Errorf("its token: %v, want %v", err, InvalidToken)
	}
	if !rows.rotate(t, k, now) {
		t.Fatal("no successor is due")
	}
	if got := rows[1]; got.Sequence != 2 || !got.SignsFrom.Equal(now) {
		t.Errorf("the successor: %+v", got)
	}
	young, err := k.Sign(now, testClaims(now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Verify(now, young); err != nil {
		t.Errorf("a token of the successor: %v", err)
	}
	if _, err := k.Verify(now, old); err != InvalidToken {
		t.Errorf("the old token under the successor: %v", err)
	}
}

func TestAKeyIsDueWhereNoneCanSign(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "none")
	var rows keyTable
	rows.rotate(t, k, testNow)
	rows[0].RetiresAt = testNow.Add(time.Minute)
	if rows.rotate(t, k, testNow.Add(time.Minute-time.Microsecond)) {
		t.Fatal("due while one signs")
	}
	if !rows.rotate(t, k, testNow.Add(time.Minute)) {
		t.Fatal("none is due")
	}
	if !rows[1].SignsFrom.Equal(testNow.Add(time.Minute)) {
		t.Errorf("it signs from %v", rows[1].SignsFrom)
	}
}

func TestAKeyThatWaitsTakesOverWhenTheSignerIsDropped(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "waits")
	var rows keyTable
	rows.rotate(t, k, testNow)
	now := testNow.Add(testInterval)
	rows.rotate(t, k, now)
	rows[0].DroppedAt = now
	mustLoad(t, k, rows)
	token, err := k.Sign(now, testClaims(now))
	if err != nil {
		t.Fatal(err)
	}
	if got := signerOf(t, token); got != rows[1].ID {
		t.Errorf("signed by %s, want the one that waits, %s", got, rows[1].ID)
	}
	if rows.rotate(t, k, now) {
		t.Error("a third was made although the second can sign")
	}
}

func TestASuccessorThatWasDroppedIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "replaced")
	var rows keyTable
	rows.rotate(t, k, testNow)
	now := testNow.Add(testInterval)
	rows.rotate(t, k, now)
	rows[1].DroppedAt = now
	if !rows.rotate(t, k, now) {
		t.Fatal("none is due, though the one that signs is about to retire")
	}
	if got := rows[2]; got.Sequence != 3 || !got.SignsFrom.Equal(now) {
		t.Errorf("the successor: %+v", got)
	}
}

func TestANodeWhoseClockIsBehindUsesTheFirstKey(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "behind")
	var rows keyTable
	rows.rotate(t, k, testNow)
	behind := testNow.Add(-20 * time.Millisecond)
	if rows.rotate(t, k, behind) {
		t.Error("it makes a key of its own")
	}
	token, err := k.Sign(behind, testClaims(behind))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Verify(testNow, token); err != nil {
		t.Error(err)
	}
}

func TestTheSignerDoesNotDependOnTheOrderOfTheRows(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "order")
	var rows keyTable
	for i := range 4 {
		rows.rotate(t, k, testNow.Add(time.Duration(i)*testInterval))
	}
	for range 4 {
		rows = append(rows[1:], rows[0])
		mustLoad(t, k, rows)
		for i := range 4 {
			// Just before and just after each took over.
			at := testNow.Add(time.Duration(i) * testInterval).Add(PublishAhead)
			key, ok := k.ring.Load().signer(at)
			if !ok || key.Sequence != i+1 {
				t.Errorf("at %v: key %d signs, want %d", at, key.Sequence, i+1)
			}
			key, ok = k.ring.Load().signer(at.Add(-time.Microsecond))
			if want := max(1, i); !ok || key.Sequence != want {
				t.Errorf("before %v: key %d signs, want %d", at, key.Sequence, want)
			}
		}
		if _, due, err := k.Due(testNow.Add(3*testInterval), testInterval); due || err != nil {
			t.Errorf("one is due: %v", err)
		}
	}
}
