package auth

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	testIssuer   = "https://auth.example"
	testAudience = "https://api.example"
	testLeeway   = 5 * time.Second
	testLifetime = 10 * time.Minute
	testInterval = 90 * 24 * time.Hour
)

var testNow = time.Date(2027, 3, 4, 5, 6, 7, 123456000, time.UTC)

func newTestKeySet(t testing.TB, seed string, secrets ...string) *KeySet {
	t.Helper()
	if len(secrets) == 0 {
		secrets = testSecretTexts
	}
	return NewKeySet(KeySetOptions{
		Secrets: mustSecrets(t, secrets...), Issuer: testIssuer, Audience: testAudience,
		Leeway: testLeeway, Random: testRandom(seed),
	})
}

// A keyTable is the rows of storage, kept as the rules keep them.
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

func mustLoad(t testing.TB, k *KeySet, rows []SigningKey) {
	t.Helper()
	if err := k.Load(rows); err != nil {
		t.Fatal(err)
	}
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

func TestTheKeySetShowsPublicHalvesOnly(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "public")
	var rows keyTable
	rows.rotate(t, k, testNow)
	rows.rotate(t, k, testNow.Add(testInterval))
	now := testNow.Add(testInterval)
	var set map[string][]map[string]string
	if err := json.Unmarshal(k.JWKS(now), &set); err != nil {
		t.Fatal(err)
	}
	if len(set) != 1 || len(set["keys"]) != 2 {
		t.Fatalf("the key set: %s", k.JWKS(now))
	}
	for i, got := range set["keys"] {
		key := k.ring.Load().keys[i]
		if !bytes.Equal(rows[i].PublicJWK, key.public) {
			t.Errorf("the row has %s, published is %s", rows[i].PublicJWK, key.public)
		}
		want := map[string]string{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
			"kid": rows[i].ID, "x": got["x"], "y": got["y"],
		}
		if len(got) != len(want) {
			t.Errorf("members: %v", got)
		}
		for name, value := range want {
			if got[name] != value || value == "" {
				t.Errorf("%s = %q, want %q", name, got[name], value)
			}
		}
		private := key.private.(*ecdsa.PrivateKey)
		scalar, err := private.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for place, b := range map[string][]byte{"key set": k.JWKS(now), "row": rows[i].PublicJWK, "sealed": rows[i].Sealed} {
			if bytes.Contains(b, scalar) || bytes.Contains(b, []byte(encodePart(string(scalar)))) {
				t.Errorf("the %s shows the private half", place)
			}
		}
	}
}

func TestAKeyIDIsTheThumbprintOfRFC7638(t *testing.T) {
	t.Parallel()
	// The example of RFC 9449 section 6.1, whose key is an elliptic-curve one.
	got, err := jwk{
		Type: "EC", Curve: "P-256",
		X: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
		Y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
		// These have no say.
		ID: "x", Use: "sig", Algorithm: "ES256",
	}.thumbprint()
	if want := "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"; err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestAKeyIsBelievedOnlyIfItOpens(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "believed", testSecretTexts[0])
	var rows keyTable
	rows.rotate(t, k, testNow)
	good := rows[0]
	token, err := k.Sign(testNow, testClaims(testNow))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := newTestKeySet(t, "somebody else's", testSecretTexts[1]).Due(testNow, testInterval)
	if err != nil {
		t.Fatal(err)
	}
	sibling, _, err := k.Due(testNow.Add(testInterval), testInterval)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(change func(*SigningKey)) SigningKey {
		key := good
		key.Sequence = 2
		change(&key)
		return key
	}
	for name, planted := range map[string]SigningKey{
		"sealed under another secret": func() SigningKey { other.Sequence = 2; return other }(),
		"not sealed":                  changed(func(key *SigningKey) { key.Sealed = nil }),
		"changed":                     changed(func(key *SigningKey) { key.Sealed = append(bytes.Clone(key.Sealed), 0) }),
		"another's private half":      changed(func(key *SigningKey) { key.Sealed = sibling.Sealed }),
		"another's name":              changed(func(key *SigningKey) { key.ID = sibling.ID }),
		"an algorithm of tomorrow":    changed(func(key *SigningKey) { key.Algorithm = "EdDSA" }),
		"no algorithm":                changed(func(key *SigningKey) { key.Algorithm = "none" }),
		"the algorithm of the others": changed(func(key *SigningKey) { key.Algorithm = "HS256" }),
	} {
		if err := k.Load([]SigningKey{good, planted}); err == nil {
			t.Errorf("%s: was loaded", name)
		} else if !strings.Contains(err.Error(), "signing key 2") {
			t.Errorf("%s: %q does not name the key", name, err)
		}
		// What was loaded before is still there.
		if _, err := k.Verify(testNow, token); err != nil {
			t.Errorf("%s: then the good one is gone: %v", name, err)
		}
		if _, err := k.Sign(testNow, testClaims(testNow)); err != nil {
			t.Errorf("%s: then nothing signs: %v", name, err)
		}
		// One that is to retire does not stand in the way, and is worth nothing.
		planted.Sequence, planted.RetiresAt = 0, testNow.Add(time.Hour)
		if err := k.Load([]SigningKey{planted, good}); err != nil {
			t.Errorf("%s: on its way out it stops the loading: %v", name, err)
		}
		if got := published(t, k, testNow); !slices.Equal(got, []string{good.ID}) {
			t.Errorf("%s: published %v", name, got)
		}
	}
}

// The row's public half is for people to look at: whoever changes it changes
// nothing.
func TestThePublicHalfOfARowIsNotBelieved(t *testing.T) {
	t.Parallel()
	k := newTestKeySet(t, "row")
	var rows keyTable
	rows.rotate(t, k, testNow)
	thief, _, err := newTestKeySet(t, "thief").Due(testNow, testInterval)
	if err != nil {
		t.Fatal(err)
	}
	want := k.JWKS(testNow)
	rows[0].PublicJWK = thief.PublicJWK
	mustLoad(t, k, rows)
	if got := k.JWKS(testNow); !bytes.Equal(got, want) {
		t.Errorf("published is %s", got)
	}
}

func TestANewSecretLeavesTheKeysGood(t *testing.T) {
	t.Parallel()
	old, young := testSecretTexts[0], testSecretTexts[1]
	before := newTestKeySet(t, "secret", old)
	var rows keyTable
	rows.rotate(t, before, testNow)
	token, err := before.Sign(testNow, testClaims(testNow))
	if err != nil {
		t.Fatal(err)
	}
	after := newTestKeySet(t, "secret", young, old)
	mustLoad(t, after, rows)
	if _, err := after.Verify(testNow, token); err != nil {
		t.Error(err)
	}
	if err := newTestKeySet(t, "secret", young).Load(rows); !errors.Is(err, errSealedSecret) {
		t.Errorf("without the old secret: %v, want %v", err, errSealedSecret)
	}
}

func TestAKeyIsMadeOfTheRandomnessThatIsHandedIn(t *testing.T) {
	t.Parallel()
	first, err := newP256Key(testRandom("same"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := newP256Key(testRandom("same"))
	if err != nil || !first.Equal(again) {
		t.Errorf("the same randomness made another key: %v", err)
	}
	other, err := newP256Key(testRandom("other"))
	if err != nil || first.Equal(other) {
		t.Errorf("other randomness made the same key: %v", err)
	}
	// Beyond the order of the curve, and zero: drawn again.
	scalar := bytes.Repeat([]byte{7}, 32)
	source := io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)), bytes.NewReader(make([]byte, 32)), bytes.NewReader(scalar))
	key, err := newP256Key(source)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Bytes(); err != nil || !bytes.Equal(got, scalar) {
		t.Errorf("the key is %x, %v, want %x", got, err, scalar)
	}
	if _, err := newP256Key(bytes.NewReader(bytes.Repeat([]byte{0xff}, 1<<20))); err == nil {
		t.Error("a broken source makes a key")
	}
	k := NewKeySet(KeySetOptions{Secrets: mustSecrets(t, testSecretTexts...), Random: strings.NewReader("short")})
	if _, due, err := k.Due(testNow, testInterval); due || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v, %v", due, err)
	}
	k = NewKeySet(KeySetOptions{Secrets: mustSecrets(t, testSecretTexts...), Random: bytes.NewReader(scalar)})
	if _, due, err := k.Due(testNow, testInterval); due || !errors.Is(err, io.EOF) {
		t.Errorf("with enough for the key alone: %v, %v", due, err)
	}
}
