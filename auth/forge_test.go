package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// A forge has a key set, its first key, and what a good token says.
type forge struct {
	keys   *KeySet
	key    openKey
	header map[string]any
	claims map[string]any
	token  string // a good one of testNow
}

func newForge(t testing.TB) *forge {
	t.Helper()
	return newForgeOf(t, ES256)
}

func newForgeOf(t testing.TB, a Algorithm) *forge {
	t.Helper()
	k := newKeySetOf(t, "forge", a)
	var rows keyTable
	rows.rotate(t, k, testNow)
	token, err := k.Sign(testNow, testClaims(testNow))
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{keys: k, key: k.ring.Load().keys[0], token: token}
	parts := strings.Split(token, ".")
	for i, into := range []*map[string]any{&f.header, &f.claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *forge) headerText(t testing.TB, changes ...any) string {
	return objectText(t, f.header, changes)
}
func (f *forge) claimsText(t testing.TB, changes ...any) string {
	return objectText(t, f.claims, changes)
}

// objectText encodes an object with members set (name, value, name, value ...),
// or left out where the value is the type omit.
func objectText(t testing.TB, object map[string]any, changes []any) string {
	t.Helper()
	object = maps.Clone(object)
	for i := 0; i < len(changes); i += 2 {
		name := changes[i].(string)
		if _, gone := changes[i+1].(omit); gone {
			if _, there := object[name]; !there {
				t.Fatalf("no %s to leave out", name)
			}
			delete(object, name)
		} else {
			object[name] = changes[i+1]
		}
	}
	b, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type omit struct{}

// sign makes a token with the key of the set itself.
func (f *forge) sign(t testing.TB, header, claims string) string {
	t.Helper()
	return mint(t, f.key.method, f.key.private, header, claims)
}

func jsonText(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func decodeText(t testing.TB, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// publicBytes are the public half as the key's own specification writes it.
func publicBytes(t testing.TB, k openKey) []byte {
	t.Helper()
	switch public := k.key.(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return point
	case ed25519.PublicKey:
		return public
	}
	t.Fatalf("a key of the type %T", k.key)
	return nil
}

// orderOf is the order of the curve's group, as a half of a signature writes it:
// most significant byte first on P-256 (RFC 7518 section 3.4), last on Ed25519
// (RFC 8032 section 5.1.6).
func orderOf(a Algorithm) string {
	if a == ES256 {
		return string(elliptic.P256().Params().N.FillBytes(make([]byte, 32)))
	}
	// 2^252 + 27742317777372353535851937790883648493.
	low, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	order := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 252), low)
	return string(reversed(order.FillBytes(make([]byte, 32))))
}

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// beyondOrder is the signature with its second half written as a number that is
// equal to it by the order: on Ed25519 the half and the order, which a verifier
// takes that does not look whether S is small enough; on P-256, where the sum
// has no room, the order itself and one.
func beyondOrder(t testing.TB, a Algorithm, signature string) string {
	t.Helper()
	if a == ES256 {
		next := new(big.Int).Add(elliptic.P256().Params().N, big.NewInt(1))
		return signature[:32] + string(next.FillBytes(make([]byte, 32)))
	}
	sum := new(big.Int).SetBytes(reversed([]byte(signature[32:])))
	sum.Add(sum, new(big.Int).SetBytes(reversed([]byte(orderOf(a)))))
	return signature[:32] + string(reversed(sum.FillBytes(make([]byte, 32))))
}

// asn1Of is the signature r, s as most other protocols write it.
func asn1Of(t testing.TB, part string) string {
	t.Helper()
	raw := decodeText(t, part)
	integer := func(b string) string {
		b = strings.TrimLeft(b, "\x00")
		if b[0] >= 0x80 {
			b = "\x00" + b
		}
		return "\x02" + string(rune(len(b))) + b
	}
	body := integer(raw[:32]) + integer(raw[32:])
	return "\x30" + string(rune(len(body))) + body
}

// nextBits is another spelling of the last character of a part whose last bits
// mean nothing.
func nextBits(t testing.TB, c byte) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(alphabet, c)
	if i%16 != 0 {
		t.Fatalf("%q has no spare bits", c)
	}
	return alphabet[i+1 : i+2]
}
