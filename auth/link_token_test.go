package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
)

func TestALinkSecretIs256BitsInBase64URL(t *testing.T) {
	t.Parallel()
	random := testRandom("link")
	seen := map[string]bool{}
	for range 100 {
		secret, err := newLinkSecret(random)
		if err != nil {
			t.Fatal(err)
		}
		if !parseLinkSecret(secret) {
			t.Errorf("%q is refused", secret)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(secret); err != nil || len(raw) != 32 {
			t.Errorf("%q: %d bytes, %v", secret, len(raw), err)
		}
		if seen[secret] {
			t.Errorf("%q came twice", secret)
		}
		seen[secret] = true
	}
	if _, err := newLinkSecret(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestWhatCanNotBeALinkSecretIsRefused(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("Ab0_", 10) + "-zQ"
	if !parseLinkSecret(good) {
		t.Fatalf("%q is refused", good)
	}
	for name, s := range map[string]string{
		"nothing":                    "",
		"one character less":         good[:42],
		"one character more":         good + "A",
		"padded":                     good + "=",
		"padded to the length":       good[:42] + "=",
		"the other alphabet":         "+" + good[1:],
		"a space before":             " " + good[1:],
		"a line end inside":          good[:20] + "\n" + good[21:],
		"a line end more":            good[:20] + "\r\n" + good[20:],
		"NUL":                        good[:42] + "\x00",
		"beyond ASCII":               good[:41] + "é",
		"bits that no encoder sets":  good[:42] + "R",
		"a refresh token":            mustSecrets(t, testSecretTexts[0]).signRefresh(RefreshClaims{}),
		"eight million dots, nearly": strings.Repeat(".", 1<<20),
	} {
		if parseLinkSecret(s) {
			t.Errorf("%s: is taken", name)
		}
	}
}

func TestADigestIsSHA256(t *testing.T) {
	t.Parallel()
	// FIPS 180-4's example.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := hex.EncodeToString(Digest("abc")); got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
}

func TestDigitsBelongToTheirLinkAndServer(t *testing.T) {
	t.Parallel()
	first, second := mustSecrets(t, testSecretTexts[0]), mustSecrets(t, testSecretTexts[1])
	same, differ := 0, 0
	for i := range 200 {
		token := "token " + strconv.Itoa(i)
		digits := first.digits(token)
		if n, err := strconv.Atoi(digits); err != nil || len(digits) != 6 || n < 0 {
			t.Errorf("%q is not six digits", digits)
		}
		if first.digits(token) != digits {
			t.Errorf("%s: other digits when asked again", token)
		}
		if second.digits(token) == digits {
			same++
		}
		if first.digits(token+"x") != digits {
			differ++
		}
	}
	if same > 1 {
		t.Errorf("%d of 200 are the same under another secret", same)
	}
	if differ < 199 {
		t.Errorf("only %d of 200 differ with the token", differ)
	}
}

// With 100 buckets and 100,000 draws, a chi-square of 160 happens once in ten
// thousand fair sources; this one always draws the same.
func TestDigitsAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	const draws, buckets = 100_000, 100
	var leading, trailing [buckets]int
	for i := range draws {
		n, err := strconv.Atoi(s.digits(strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		leading[n/10_000]++
		trailing[n%buckets]++
	}
	for name, counts := range map[string][buckets]int{"leading": leading, "trailing": trailing} {
		chi := 0.0
		for _, n := range counts {
			d := float64(n) - draws/buckets
			chi += d * d / (draws / buckets)
		}
		if chi > 160 {
			t.Errorf("%s digits: chi-square %.0f", name, chi)
		}
	}
}

// One word in 4,440 lies beyond the last whole million: its remainder alone
// would make the smaller digits likelier.
func TestDigitsPassOverWhatWouldPreferTheSmallOnes(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	key := s.current().derive(useDigits, "")
	found := 0
	for i := 0; found < 5; i++ {
		token := strconv.Itoa(i)
		h := hmac.New(sha256.New, key)
		h.Write(make([]byte, 8))
		io.WriteString(h, token)
		block := h.Sum(nil)
		first, second := binary.BigEndian.Uint32(block), binary.BigEndian.Uint32(block[4:])
		if first < 4_294_000_000 {
			continue
		}
		found++
		if got, want := s.digits(token), fmt.Sprintf("%06d", second%1_000_000); got != want {
			t.Errorf("token %d: %s, want %s of the second word", i, got, want)
		}
	}
}
