package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/golang-jwt/jwt/v5"
)

// The vectors of Project Wycheproof (github.com/c2sp/wycheproof), against the
// code that reads and verifies every token. What comes out otherwise than they
// expect stands in a table, with the reason; a reason that is not needed any
// more fails too.

// A vectorKey is a key as the vectors give it.
type vectorKey struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	Secret     string   `json:"k"`
}

// vectorKeys reads one key or a set of them.
func vectorKeys(t *testing.T, texts ...json.RawMessage) []vectorKey {
	t.Helper()
	for _, text := range texts {
		if text == nil {
			continue
		}
		var set struct{ Keys []vectorKey }
		if err := json.Unmarshal(text, &set); err != nil {
			t.Fatal(err)
		}
		if set.Keys != nil {
			return set.Keys
		}
		var key vectorKey
		if err := json.Unmarshal(text, &key); err != nil {
			t.Fatal(err)
		}
		return []vectorKey{key}
	}
	t.Fatal("a group without a key")
	return nil
}

// open makes of the key what tokens are verified with here. No key comes from
// outside in the server, so this holds the vectors' keys to what its own are:
// ES256 on P-256, or HS256 of 32 bytes and more, for signing.
func (k vectorKey) open() (verificationKey, bool) {
	none := verificationKey{}
	if k.Use != "" && k.Use != "sig" || k.Operations != nil && !slices.Contains(k.Operations, "verify") {
		return none, false
	}
	switch {
	case k.Algorithm == "ES256" && k.Type == "EC" && k.Curve == "P-256":
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		if errX != nil || errY != nil {
			return none, false
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return none, false
		}
		return verificationKey{method: jwt.SigningMethodES256, key: public}, true
	case k.Algorithm == "HS256" && k.Type == "oct":
		secret, err := base64.RawURLEncoding.DecodeString(k.Secret)
		if err != nil || len(secret) < secretLength {
			return none, false
		}
		return verificationKey{method: jwt.SigningMethodHS256, key: secret}, true
	}
	return none, false
}

type vectorGroup struct {
	Comment string
	Public  json.RawMessage
	Private json.RawMessage
	// Of signatures that are not in a token.
	PublicKey struct {
		Uncompressed string // of P-256
		PK           string // of Ed25519
	}
	Tests []struct {
		ID      int `json:"tcId"`
		Comment string
		Result  string
		// A token, signed or encrypted; of some vectors it is JSON itself.
		JWS, JWE json.RawMessage
		// A bare signature.
		Message   string `json:"msg"`
		Signature string `json:"sig"`
	}
}

func vectors(t *testing.T, file string) []vectorGroup {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		NumberOfTests int
		TestGroups    []vectorGroup
	}
	if err := json.Unmarshal(text, &suite); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range suite.TestGroups {
		n += len(g.Tests)
	}
	if n == 0 || n != suite.NumberOfTests {
		t.Fatalf("%s: %d vectors were read, it has %d", file, n, suite.NumberOfTests)
	}
	return suite.TestGroups
}

// verifyVector verifies a token as the server does, but for the typ, which the
// vectors do not have.
func verifyVector(keys []vectorKey, token string) error {
	j, err := parseJWS(token)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.ID != j.keyID {
			continue
		}
		if key, ok := k.open(); ok {
			return j.verify(key, "")
		}
	}
	return errTokenKey
}

func TestWycheproofTokens(t *testing.T) {
	t.Parallel()
	for file, explained := range map[string]map[int]string{
		"json_web_signature_test.json": {
			367: "taken: the padding that it is about is missing in the file; its token is that of 357, which is valid",
			370: "taken: as 367",
			372: "refused: a ? inside the header, which RFC 7515 section 5.2 has no place for; the file calls it valid",
			373: "refused: a ? inside the payload, as 372",
		},
		"json_web_key_test.json": {
			1: "taken: a set of symmetric and public keys together. Here none can be: refresh tokens look for their key among the server's secrets, access tokens in the key set",
			4: "taken: two keys of one ID, the first being the right one. Here none can be: the ID is made of the key, and ParseSecrets refuses the same twice",
		},
		"json_web_crypto_test.json": {
			47: "taken: a set of symmetric and public keys together, as the first of the keys",
		},
	} {
		counted := map[string]int{}
		unused := map[int]bool{}
		for id := range explained {
			unused[id] = true
		}
		for _, group := range vectors(t, file) {
			keys := vectorKeys(t, group.Public, group.Private)
			ours := slices.ContainsFunc(keys, func(k vectorKey) bool { _, ok := k.open(); return ok })
			for _, test := range group.Tests {
				written, ours := test.JWS, ours
				if written == nil {
					// Encrypted: of such tokens there are none here, with any key.
					written, ours = test.JWE, false
				}
				var token string
				if err := json.Unmarshal(written, &token); err != nil {
					token = string(written)
				}
				err := verifyVector(keys, token)
				want := test.Result == "valid"
				if !want && test.Result != "invalid" {
					t.Errorf("%s %d: the result %q is not known", file, test.ID, test.Result)
				}
				switch {
				case !ours && want:
					// Encrypted, or of an algorithm that no key here has (RS, PS, ES512,
					// HS384, HS512). It must be refused as such.
					counted["refused for its algorithm"]++
					if err == nil {
						t.Errorf("%s %d (%s): is taken", file, test.ID, test.Comment)
					}
				case (err == nil) == want:
					counted["as expected, "+test.Result]++
				case explained[test.ID] != "":
					delete(unused, test.ID)
					counted["otherwise, explained"]++
				default:
					t.Errorf("%s %d (%s): %v, want %s", file, test.ID, test.Comment, err, test.Result)
				}
			}
		}
		for id := range unused {
			t.Errorf("%s %d: came out as expected; the table says otherwise", file, id)
		}
		if counted["as expected, valid"] == 0 || counted["as expected, invalid"] == 0 {
			t.Errorf("%s: %v: nothing was tried", file, counted)
		}
		t.Logf("%s: %v", file, counted)
	}
}

func TestWycheproofES256(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	for _, group := range vectors(t, "ecdsa_secp256r1_sha256_p1363_test.json") {
		point, err := hex.DecodeString(group.PublicKey.Uncompressed)
		if err != nil {
			t.Fatal(err)
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		if err != nil {
			t.Fatal(err)
		}
		key := verificationKey{method: jwt.SigningMethodES256, key: public}
		for _, test := range group.Tests {
			message, err := hex.DecodeString(test.Message)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := hex.DecodeString(test.Signature)
			if err != nil {
				t.Fatal(err)
			}
			j := jws{algorithm: "ES256", signed: string(message), signature: signature}
			if err := j.verify(key, ""); (err == nil) != (test.Result == "valid") {
				t.Errorf("%d (%s): %v, want %s", test.ID, test.Comment, err, test.Result)
			}
			counted[test.Result]++
		}
	}
	if counted["valid"] == 0 || counted["invalid"] == 0 {
		t.Errorf("%v: nothing was tried", counted)
	}
	t.Logf("%v", counted)
}

func TestWycheproofEd25519(t *testing.T) {
	t.Parallel()
	counted := map[string]int{}
	for _, group := range vectors(t, "ed25519_test.json") {
		public, err := hex.DecodeString(group.PublicKey.PK)
		if err != nil || len(public) != ed25519.PublicKeySize {
			t.Fatalf("key %q: %v", group.PublicKey.PK, err)
		}
		key := verificationKey{method: jwt.SigningMethodEdDSA, key: ed25519.PublicKey(public)}
		for _, test := range group.Tests {
			message, err := hex.DecodeString(test.Message)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := hex.DecodeString(test.Signature)
			if err != nil {
				t.Fatal(err)
			}
			j := jws{algorithm: "EdDSA", signed: string(message), signature: signature}
			if err := j.verify(key, ""); (err == nil) != (test.Result == "valid") {
				t.Errorf("%d (%s): %v, want %s", test.ID, test.Comment, err, test.Result)
			}
			counted[test.Result]++
		}
	}
	if counted["valid"] == 0 || counted["invalid"] == 0 {
		t.Errorf("%v: nothing was tried", counted)
	}
	t.Logf("%v", counted)
}

// The vector that 367 and 370 repeat, with the padding put back that was lost.
func TestTheVectorsThatLostTheirPaddingAreRefusedWithIt(t *testing.T) {
	t.Parallel()
	const token = "eyJraWQiOiJoczI1Ni1rZXkiLCJhbGciOiJIUzI1NiJ9.VGVzdA.c1LROH7eNQwUT8KMVEO52VC3WZ9e_AnDWbZ7aMmowV8"
	keys := []vectorKey{{Type: "oct", ID: "hs256-key", Algorithm: "HS256", Secret: strings.Repeat("A", 43)}}
	if err := verifyVector(keys, token); err != nil {
		t.Fatal(err)
	}
	for _, padded := range []string{token + "=", strings.Replace(token, "VGVzdA", "VGVzdA==", 1)} {
		if err := verifyVector(keys, padded); err != errTokenForm {
			t.Errorf("%s: %v, want %v", padded, err, errTokenForm)
		}
	}
}
