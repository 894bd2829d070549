package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// cheap are the least that argon2id takes.
var cheap = HashParameters{MemoryKiB: 8, Passes: 1, Lanes: 1}

func newTestHasher(t *testing.T, p HashParameters, slots int) *Hasher {
	t.Helper()
	h, err := NewHasher(p, slots, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustHash(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestAPasswordIsVerifiedByItsHash(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	encoded := mustHash(t, h, "correct horse")
	for password, want := range map[string]bool{
		"correct horse": true, "correct hors": false, "correct horse ": false, "Correct horse": false, "": false,
	} {
		if got, err := h.Verify(t.Context(), encoded, password); got != want || err != nil {
			t.Errorf("Verify(%q) = %v, %v", password, got, err)
		}
	}
	if got := h.Calls(); got != 6 {
		t.Errorf("Calls() = %d after 1 hash and 5 comparisons", got)
	}
}

func TestTwoHashesOfOnePasswordDiffer(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	if a, b := mustHash(t, h, "correct horse"), mustHash(t, h, "correct horse"); a == b {
		t.Errorf("both are %q", a)
	}
}

func TestAHashIsAPHCString(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(DefaultHashParameters(), 1, bytes.NewReader([]byte("0123456789abcdef")), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	encoded := mustHash(t, h, "correct horse")
	const prefix = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
	if tag, found := strings.CutPrefix(encoded, prefix); !found || len(tag) != 43 {
		t.Errorf("Hash = %q", encoded)
	}
}

// The vectors are those of the reference implementation's own tests (P-H-C,
// phc-winner-argon2, src/test.c, argon2id version 0x13).
func TestAHashOfTheReferenceImplementationIsVerified(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	for encoded, password := range map[string]string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4":   "password",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc":   "password",
		"$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg": "password",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94": "differentpassword",
	} {
		for typed, want := range map[string]bool{password: true, password + "x": false} {
			if got, err := h.Verify(t.Context(), encoded, typed); got != want || err != nil {
				t.Errorf("Verify(%q, %q) = %v, %v", encoded, typed, got, err)
			}
		}
	}
}

func TestAnUnknownAccountCostsTheSameHash(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	for _, password := range []string{"correct horse", ""} {
		before := h.Calls()
		if got, err := h.Verify(t.Context(), "", password); got || err != nil {
			t.Errorf("Verify(\"\", %q) = %v, %v", password, got, err)
		}
		if got := h.Calls() - before; got != 1 {
			t.Errorf("Verify(\"\", %q) computed %d hashes", password, got)
		}
	}
}

func TestNoPasswordIsThatOfAnUnknownAccount(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	// Whatever a password's tag may be: here it is what an absent hash is compared
	// with.
	h.derive = func(_, _ []byte, _, _ uint32, _ uint8, length uint32) []byte { return make([]byte, length) }
	if got, err := h.Verify(t.Context(), "", "correct horse"); got || err != nil {
		t.Errorf("Verify = %v, %v", got, err)
	}
}

func TestAStoredHashThatCanNotBeReadIsAnErrorAndNothingIsHashed(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	const salt, tag = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	if _, err := h.Verify(t.Context(), "$argon2id$v=19$m=8,t=1,p=1$"+salt+"$"+tag, "x"); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, encoded := range map[string]string{
		"a password in the clear":   "correct horse",
		"bcrypt":                    "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m",
		"argon2i":                   "$argon2i$v=19$m=8,t=1,p=1$" + salt + "$" + tag,
		"capitals":                  "$Argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + tag,
		"older version":             "$argon2id$v=16$m=8,t=1,p=1$" + salt + "$" + tag,
		"no version":                "$argon2id$m=8,t=1,p=1$" + salt + "$" + tag,
		"no dollar":                 "argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + tag,
		"cut":                       "$argon2id$v=19$m=8,t=1,p=1$" + salt,
		"more":                      "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + tag + "$",
		"other order":               "$argon2id$v=19$t=1,m=8,p=1$" + salt + "$" + tag,
		"no names":                  "$argon2id$v=19$8,1,1$" + salt + "$" + tag,
		"no lanes":                  "$argon2id$v=19$m=8,t=1$" + salt + "$" + tag,
		"key ID":                    "$argon2id$v=19$m=8,t=1,p=1,keyid=x$" + salt + "$" + tag,
		"leading zero":              "$argon2id$v=19$m=08,t=1,p=1$" + salt + "$" + tag,
		"plus":                      "$argon2id$v=19$m=+8,t=1,p=1$" + salt + "$" + tag,
		"minus":                     "$argon2id$v=19$m=8,t=-1,p=1$" + salt + "$" + tag,
		"terabytes":                 "$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + tag,
		"beyond 32 bits":            "$argon2id$v=19$m=4294967304,t=1,p=1$" + salt + "$" + tag,
		"over a gigabyte":           "$argon2id$v=19$m=1048577,t=1,p=1$" + salt + "$" + tag,
		"years":                     "$argon2id$v=19$m=8,t=4294967295,p=1$" + salt + "$" + tag,
		"too many passes":           "$argon2id$v=19$m=8,t=33,p=1$" + salt + "$" + tag,
		"too many lanes":            "$argon2id$v=19$m=1024,t=1,p=33$" + salt + "$" + tag,
		"no passes":                 "$argon2id$v=19$m=8,t=0,p=1$" + salt + "$" + tag,
		"lanes of nothing":          "$argon2id$v=19$m=8,t=1,p=0$" + salt + "$" + tag,
		"memory less than lanes do": "$argon2id$v=19$m=8,t=1,p=2$" + salt + "$" + tag,
		"no salt":                   "$argon2id$v=19$m=8,t=1,p=1$$" + tag,
		"salt of 7":                 "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Ng$" + tag,
		"salt of 65":                "$argon2id$v=19$m=8,t=1,p=1$" + strings.Repeat("MDEy", 21) + "MDE$" + tag,
		"no tag, which is any":      "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$",
		"tag of 1":                  "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$MA",
		"padding":                   "$argon2id$v=19$m=8,t=1,p=1$" + salt + "==$" + tag,
		"bits left over":            "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZh$" + tag,
		"line feed":                 "$argon2id$v=19$m=8,t=1,p=1$" + salt + "\n$" + tag,
		"line feed behind":          "$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + tag + "\n",
		"URL's base64":              "$argon2id$v=19$m=8,t=1,p=1$__EyMzQ1Njc4OWFiY2RlZg$" + tag,
	} {
		before := h.Calls()
		ok, err := h.Verify(t.Context(), encoded, "correct horse")
		if ok || err == nil || !strings.HasPrefix(err.Error(), "auth: read password hash: ") {
			t.Errorf("%s: Verify = %v, %v", name, ok, err)
		}
		if err != nil && (strings.Contains(err.Error(), salt) || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: the error tells of the hash: %v", name, err)
		}
		if h.Calls() != before {
			t.Errorf("%s: it was hashed", name)
		}
		if !h.Weaker(encoded) {
			t.Errorf("%s: it is not to be replaced", name)
		}
	}
}

func TestAHashThatWasMadeIsReadAsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lanes := rapid.Uint8Range(1, maxLanes).Draw(t, "lanes")
		h := hash{
			HashParameters: HashParameters{
				MemoryKiB: rapid.Uint32Range(8*uint32(lanes), maxMemoryKiB).Draw(t, "memory"),
				Passes:    rapid.Uint32Range(1, maxPasses).Draw(t, "passes"),
				Lanes:     lanes,
			},
			salt: rapid.SliceOfN(rapid.Byte(), minStored, maxStored).Draw(t, "salt"),
			tag:  rapid.SliceOfN(rapid.Byte(), minStored, maxStored).Draw(t, "tag"),
		}
		got, err := parseHash(h.encode())
		if err != nil || got.HashParameters != h.HashParameters || !bytes.Equal(got.salt, h.salt) || !bytes.Equal(got.tag, h.tag) {
			t.Errorf("parseHash(%q) = %+v, %v", h.encode(), got, err)
		}
	})
}

func FuzzNoStoredHashAsksForMoreThanTheBounds(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Fuzz(func(t *testing.T, encoded string) {
		got, err := parseHash(encoded)
		if err != nil {
			return
		}
		if got.encode() != encoded || got.MemoryKiB > maxMemoryKiB || got.Passes > maxPasses || got.Passes < 1 ||
			got.Lanes > maxLanes || got.Lanes < 1 || len(got.tag) < minStored || len(got.salt) < minStored {
			t.Errorf("parseHash(%q) = %+v", encoded, got)
		}
	})
}

func TestAHashOfLowerParametersIsWeaker(t *testing.T) {
	t.Parallel()
	now := HashParameters{MemoryKiB: 64, Passes: 3, Lanes: 2}
	h := newTestHasher(t, now, 1)
	with := func(p HashParameters, salt, tag int) string {
		return hash{HashParameters: p, salt: make([]byte, salt), tag: make([]byte, tag)}.encode()
	}
	for name, tt := range map[string]struct {
		encoded string
		want    bool
	}{
		"its own":               {mustHash(t, h, "correct horse"), false},
		"more of everything":    {with(HashParameters{128, 4, 3}, 32, 64), false},
		"less memory":           {with(HashParameters{63, 9, 9}, 16, 32), true},
		"fewer passes":          {with(HashParameters{128, 2, 9}, 16, 32), true},
		"fewer lanes":           {with(HashParameters{128, 9, 1}, 16, 32), true},
		"shorter salt":          {with(now, 15, 32), true},
		"shorter tag":           {with(now, 16, 31), true},
		"another algorithm":     {"pbkdf2_sha256$870000$salt$tag", true},
		"none":                  {"", true},
		"those of the defaults": {with(DefaultHashParameters(), 16, 32), true},
	} {
		if got := h.Weaker(tt.encoded); got != tt.want {
			t.Errorf("%s: Weaker = %v", name, got)
		}
	}
}

func TestAHasherOfImpossibleParametersIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p     HashParameters
		slots int
	}{
		"none":            {HashParameters{}, 1},
		"no lane":         {HashParameters{8, 1, 0}, 1},
		"no pass":         {HashParameters{8, 0, 1}, 1},
		"too little":      {HashParameters{15, 1, 2}, 1},
		"too much":        {HashParameters{maxMemoryKiB + 1, 1, 1}, 1},
		"too many passes": {HashParameters{8, maxPasses + 1, 1}, 1},
		"too many lanes":  {HashParameters{8 * 255, 1, maxLanes + 1}, 1},
		"no slot":         {cheap, 0},
		"fewer than none": {cheap, -1},
	} {
		if h, err := NewHasher(tt.p, tt.slots, rand.Reader, time.Now); err == nil {
			t.Errorf("%s: NewHasher = %v", name, h)
		}
	}
}

func TestWithoutRandomnessNothingIsHashed(t *testing.T) {
	t.Parallel()
	broken := errors.New("no randomness")
	h, err := NewHasher(cheap, 1, iotest.ErrReader(broken), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if encoded, err := h.Hash(t.Context(), "correct horse"); encoded != "" || !errors.Is(err, broken) || h.Calls() != 0 {
		t.Errorf("Hash = %q, %v after %d hashes", encoded, err, h.Calls())
	}
}

func TestAnErrorTellsNeitherPasswordNorHash(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	encoded := mustHash(t, h, "correct horse")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Verify(gone, encoded, "correct horse")
	for _, secret := range []string{"horse", hex.EncodeToString([]byte("horse")), encoded[len(encoded)-43:]} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Errorf("%v", err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	h, err := NewHasher(DefaultHashParameters(), 1, rand.Reader, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Verify(b.Context(), "", "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
