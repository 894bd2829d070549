package auth

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"
)

// newKeySetOf is a key set whose new keys are of the algorithm.
func newKeySetOf(t testing.TB, seed string, a Algorithm) *KeySet {
	t.Helper()
	return NewKeySet(KeySetOptions{
		Secrets: mustSecrets(t, testSecretTexts...), Issuer: testIssuer, Audience: testAudience,
		Leeway: testLeeway, Random: testRandom(seed), Algorithm: a,
	})
}

// The key and thumbprint of RFC 8037 appendices A.1 to A.3.
func TestAnEd25519KeyIsPublishedAsRFC8037Says(t *testing.T) {
	t.Parallel()
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := EdDSA.parse(seed)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(pair.jwk)
	want := `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",` +
		`"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestSwitchingTheAlgorithmMakesASuccessorThatSignsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]Algorithm{{ES256, EdDSA}, {EdDSA, ES256}} {
		var rows keyTable
		before := newKeySetOf(t, "before", way[0])
		rows.rotate(t, before, testNow)
		claims := testClaims(testNow.Add(time.Hour))
		token, err := before.Sign(testNow.Add(time.Hour), claims)
		if err != nil {
			t.Fatal(err)
		}

		now := testNow.Add(time.Hour)
		after := newKeySetOf(t, "after", way[1])
		if !rows.rotate(t, after, now) || rows[1].Algorithm != string(way[1]) {
			t.Fatalf("%v: no successor at the start: %v", way, rows)
		}
		if rows.rotate(t, after, now.Add(time.Minute)) {
			t.Errorf("%v: a second successor", way)
		}
		if !rows[1].SignsFrom.Equal(now.Add(PublishAhead)) {
			t.Errorf("%v: it signs from %v", way, rows[1].SignsFrom)
		}
		if got := after.Algorithms(now); !slices.Equal(got, way[:]) {
			t.Errorf("%v: told are %v", way, got)
		}
		for _, k := range []*KeySet{before, after} {
			mustLoad(t, k, rows)
			if _, err := k.Verify(now, token); err != nil {
				t.Errorf("%v: what the first key signed: %v", way, err)
			}
			early, err := k.Sign(now, testClaims(now))
			if err != nil || signerOf(t, early) != rows[0].ID {
				t.Errorf("%v: the successor signs before its time: %v", way, err)
			}
			then := rows[1].SignsFrom
			late, err := k.Sign(then, testClaims(then))
			if err != nil || signerOf(t, late) != rows[1].ID {
				t.Errorf("%v: the successor does not sign at its time: %v", way, err)
			}
			if _, err := before.Verify(then, late); err != nil {
				t.Errorf("%v: a node of the setting before refuses what it signed: %v", way, err)
			}
		}
		if got := after.Algorithms(rows[0].RetiresAt); !slices.Equal(got, way[1:]) {
			t.Errorf("%v: told are %v after the first has retired", way, got)
		}
	}
}

// While a team changes the setting node by node, nodes of two minds run side by
// side for a while.
func TestNodesOfTwoMindsDoNotReplaceEachOthersKeys(t *testing.T) {
	t.Parallel()
	var rows keyTable
	old, young := newKeySetOf(t, "old", ES256), newKeySetOf(t, "young", EdDSA)
	rows.rotate(t, old, testNow)
	rows.rotate(t, young, testNow)
	for i := range 60 {
		now := testNow.Add(time.Duration(i) * time.Minute)
		if rows.rotate(t, old, now) || rows.rotate(t, young, now) {
			t.Fatalf("another key after %d minutes", i)
		}
	}
}

func TestAKeyOfOneAlgorithmIsNoneOfAnother(t *testing.T) {
	t.Parallel()
	for _, a := range Algorithms() {
		for _, claimed := range []string{"ES256", "EdDSA", "Ed25519", "RS256", "HS256", "none", ""} {
			var rows keyTable
			k := newKeySetOf(t, "row", a)
			rows.rotate(t, k, testNow)
			rows[0].Algorithm = claimed
			if err := k.Load(rows); (err == nil) != (claimed == string(a)) {
				t.Errorf("a row of %s that says %q: %v", a, claimed, err)
			}
		}
	}
	if _, err := EdDSA.parse(make([]byte, 31)); err == nil {
		t.Error("a seed that is too short makes a key")
	}
}

// A token's header chooses nothing: under the key that it names, the algorithm
// of the other kind of key is refused before any signature is looked at.
func TestATokenThatNamesTheAlgorithmOfTheOtherKeyIsRefused(t *testing.T) {
	t.Parallel()
	var rows keyTable
	rows.rotate(t, newKeySetOf(t, "first", ES256), testNow)
	k := newKeySetOf(t, "second", EdDSA)
	rows.rotate(t, k, testNow)
	ring := k.ring.Load()
	for i, other := range []Algorithm{EdDSA, ES256} {
		key, sibling := ring.keys[i], ring.keys[1-i]
		for name, signer := range map[string]openKey{"by itself": key, "by the sibling": sibling} {
			token, err := sign(signer.method, signer.private, accessTokenType, key.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			j, err := parseJWS(token)
			if err != nil {
				t.Fatal(err)
			}
			j.algorithm = string(other)
			if err := j.verify(key.verificationKey, accessTokenType); !errors.Is(err, errTokenAlgorithm) {
				t.Errorf("%s, signed %s: %v, want %v", key.Algorithm, name, err, errTokenAlgorithm)
			}
			j.algorithm = key.Algorithm
			err = j.verify(key.verificationKey, accessTokenType)
			if own := signer.ID == key.ID; own != (err == nil) {
				t.Errorf("%s, signed %s and saying otherwise: %v", key.Algorithm, name, err)
			}
		}
	}
}
