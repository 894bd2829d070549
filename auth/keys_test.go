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
func mustLoad(t testing.TB, k *KeySet, rows []SigningKey) {
	t.Helper()
	if err := k.Load(rows); err != nil {
		t.Fatal(err)
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
		"a name of its own choice": changed(func(key *SigningKey) {
			// By somebody who has the secret: the name could be another key's.
			scalar, err := k.secrets.Open(labelSigningKey, sibling.Sealed, []byte(sibling.ID))
			if err != nil {
				t.Fatal(err)
			}
			key.ID = "key"
			if key.Sealed, err = k.secrets.Seal(testRandom("x"), labelSigningKey, scalar, []byte(key.ID)); err != nil {
				t.Fatal(err)
			}
		}),
		"no key of the curve": changed(func(key *SigningKey) {
			var err error
			if key.Sealed, err = k.secrets.Seal(testRandom("x"), labelSigningKey, make([]byte, 32), []byte(key.ID)); err != nil {
				t.Fatal(err)
			}
		}),
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
	for _, a := range Algorithms() {
		first, err := a.draw(testRandom("same"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := a.draw(testRandom("same"))
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s: the same randomness made another key: %v", a, err)
		}
		other, err := a.draw(testRandom("other"))
		if err != nil || bytes.Equal(first, other) {
			t.Errorf("%s: other randomness made the same key: %v", a, err)
		}
	}
	// Beyond the order of the curve, and zero: drawn again.
	scalar := bytes.Repeat([]byte{7}, 32)
	source := io.MultiReader(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)), bytes.NewReader(make([]byte, 32)), bytes.NewReader(scalar))
	if got, err := ES256.draw(source); err != nil || !bytes.Equal(got, scalar) {
		t.Errorf("the key is %x, %v, want %x", got, err, scalar)
	}
	if _, err := ES256.draw(bytes.NewReader(bytes.Repeat([]byte{0xff}, 1<<20))); err == nil {
		t.Error("a broken source makes a key")
	}
	if _, err := Algorithm("RS256").draw(testRandom("unknown")); err == nil {
		t.Error("an unknown algorithm makes a key")
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

func TestNoKeyIDStartsAsAFlagDoes(t *testing.T) {
	t.Parallel()
	for _, algorithm := range Algorithms() {
		k := newTestKeySet(t, "hyphens")
		k.algorithm = algorithm
		// Of 640 thumbprints ten would start with a hyphen.
		for range 640 {
			if key, err := k.newKey(); err != nil || key.ID[0] == '-' {
				t.Fatalf("%s: a key with the ID %q, %v", algorithm, key.ID, err)
			}
		}
	}
}
