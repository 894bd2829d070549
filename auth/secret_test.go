package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
)

// testRandom is chance that is the same in every run. It is not for concurrent
// use.
func testRandom(seed string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(seed))) }

// testSecretTexts are the server secrets of these tests.
var testSecretTexts = []string{
	base64.StdEncoding.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv")),
	base64.StdEncoding.EncodeToString([]byte("another secret of the same length")[:32]),
}

func mustSecrets(t testing.TB, texts ...string) Secrets {
	t.Helper()
	s, err := ParseSecrets(strings.Join(texts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecretsAreReadInEveryBase64(t *testing.T) {
	t.Parallel()
	// All ones and zeros alike: both alphabets and the padding show.
	root := bytes.Repeat([]byte{0xfb, 0xff, 0x3e, 0x00}, 8)
	want := mustSecrets(t, base64.StdEncoding.EncodeToString(root)).current()
	for name, encoding := range map[string]*base64.Encoding{
		"standard":             base64.StdEncoding,
		"standard, not padded": base64.RawStdEncoding,
		"URL":                  base64.URLEncoding,
		"URL, not padded":      base64.RawURLEncoding,
	} {
		for _, text := range []string{encoding.EncodeToString(root), " " + encoding.EncodeToString(root) + "\n"} {
			got, err := ParseSecrets(text)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !bytes.Equal(got.current().root, root) || got.current().id != want.id {
				t.Errorf("%s: another secret was read", name)
			}
		}
	}
}

func TestASecretThatIsMadeCanBeRead(t *testing.T) {
	t.Parallel()
	random := testRandom("new secret")
	first, err := NewSecret(random)
	if err != nil {
		t.Fatal(err)
	}
	second, err := NewSecret(random)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(mustSecrets(t, first, second).ring()); got != 2 {
		t.Errorf("read %d secrets, want 2", got)
	}
	if _, err := NewSecret(strings.NewReader("too short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("from a source that ends: %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestBadSecretsAreNamedByNumberAndNeverShown(t *testing.T) {
	t.Parallel()
	good := testSecretTexts[0]
	short := base64.StdEncoding.EncodeToString([]byte("sixteen bytes..."))
	for name, test := range map[string]struct {
		text   string
		number int
	}{
		"none":                      {"", 1},
		"a comma at the end":        {good + ",", 2},
		"too short":                 {good + "," + short, 2},
		"too long":                  {base64.StdEncoding.EncodeToString(make([]byte, 33)), 1},
		"not base64":                {"correct horse battery staple 32 b", 1},
		"a line end inside":         {good[:20] + "\n" + good[20:], 1},
		"bits that no encoder sets": {base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte("ab"), 16))[:42] + "J", 1},
		"one byte over and over":    {base64.StdEncoding.EncodeToString(make([]byte, 32)), 1},
		"the same twice":            {good + "," + testSecretTexts[1] + "," + strings.TrimRight(good, "="), 3},
	} {
		_, err := ParseSecrets(test.text)
		if err == nil {
			t.Errorf("%s: was read", name)
			continue
		}
		if want := fmt.Sprintf("number %d ", test.number); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q does not say %q", name, err, want)
		}
		for part := range strings.SplitSeq(test.text, ",") {
			if part = strings.TrimSpace(part); part != "" && strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q shows the secret", name, err)
			}
		}
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts...)
	type holder struct {
		Exported   Secrets
		unexported Secrets
	}
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t", "%c"} {
		shown[verb] = fmt.Sprintf(verb, s)
		shown[verb+" of a pointer"] = fmt.Sprintf(verb, &s)
		shown[verb+" inside a struct"] = fmt.Sprintf(verb, holder{s, s})
		shown[verb+" inside a slice"] = fmt.Sprintf(verb, []any{s, holder{s, s}})
	}
	for name, handler := range map[string]func(io.Writer) slog.Handler{
		"slog as text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"slog as JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("start", "secrets", s, "pointer", &s, "holder", holder{s, s})
		shown[name] = b.String()
	}
	encoded, err := json.Marshal(holder{s, s})
	if err != nil {
		t.Fatal(err)
	}
	shown["JSON"] = string(encoded)

	for name, text := range shown {
		for _, secret := range s.ring() {
			for form, leak := range map[string]string{
				"raw":     string(secret.root),
				"base64":  base64.RawStdEncoding.EncodeToString(secret.root),
				"hex":     hex.EncodeToString(secret.root),
				"decimal": strings.Trim(fmt.Sprint(secret.root[:8]), "[]"),
				"octal":   strings.Trim(fmt.Sprintf("%o", secret.root[:8]), "[]"),
				"Go":      strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", secret.root[:8]), "[]byte"), "{}"),
			} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(leak)) {
					t.Errorf("%s shows a secret (%s): %s", name, form, text)
				}
			}
		}
	}
	for _, name := range []string{"%v", "%s", "%#v", "slog as text", "slog as JSON", "JSON"} {
		if !strings.Contains(shown[name], redacted) {
			t.Errorf("%s does not say that something is left out: %s", name, shown[name])
		}
	}
}

func TestWhatWasSealedOpens(t *testing.T) {
	t.Parallel()
	s, random := mustSecrets(t, testSecretTexts...), testRandom("seal")
	for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("letter"), 1000)} {
		first, err := s.Seal(random, "letter", plain, []byte("row 1"))
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.Seal(random, "letter", plain, []byte("row 1"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(first, second) {
			t.Error("sealing the same twice gave the same")
		}
		for _, sealed := range [][]byte{first, second} {
			got, err := s.Open("letter", sealed, []byte("row 1"))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("opened %q, %v, want %q", got, err, plain)
			}
			if len(plain) > 1 && bytes.Contains(sealed, plain) {
				t.Error("the blob holds what it seals")
			}
		}
	}
	if _, err := s.Seal(strings.NewReader("short"), "letter", nil, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestWhatWasSealedOpensForNothingElse(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	sealed, err := s.Seal(testRandom("seal"), "letter", []byte("plain"), []byte("row 1"))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(name string, want error, label string, blob, additional []byte) {
		t.Helper()
		if plain, err := s.Open(label, blob, additional); !errors.Is(err, want) || plain != nil {
			t.Errorf("%s: %q, %v, want %v", name, plain, err, want)
		}
	}
	refused("another label", errSealedContent, "signing key", sealed, []byte("row 1"))
	refused("another row", errSealedContent, "letter", sealed, []byte("row 2"))
	refused("no row", errSealedContent, "letter", sealed, nil)
	refused("nothing", errSealedForm, "letter", nil, []byte("row 1"))
	for i := range sealed {
		want := errSealedContent
		switch {
		case i == 0:
			want = errSealedForm
		case i <= secretIDLength:
			want = errSealedSecret
		}
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refused(fmt.Sprintf("byte %d changed", i), want, "letter", changed, []byte("row 1"))
		if i > 0 {
			if _, err := s.Open("letter", sealed[:i], []byte("row 1")); err == nil {
				t.Errorf("cut to %d bytes it opens", i)
			}
		}
	}
}

func TestASecretThatIsBroughtInLeavesTheOldOneGood(t *testing.T) {
	t.Parallel()
	old, young := testSecretTexts[0], testSecretTexts[1]
	before := mustSecrets(t, old)
	sealed, err := before.Seal(testRandom("seal"), "letter", []byte("plain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	mac := before.MAC("code", "123456")
	for name, test := range map[string]struct {
		secrets Secrets
		good    bool
	}{
		"added last":       {mustSecrets(t, old, young), true},
		"moved first":      {mustSecrets(t, young, old), true},
		"the old one gone": {mustSecrets(t, young), false},
	} {
		if _, err := test.secrets.Open("letter", sealed, nil); (err == nil) != test.good {
			t.Errorf("%s: opening gave %v", name, err)
		} else if err != nil && !errors.Is(err, errSealedSecret) {
			t.Errorf("%s: %v, want %v", name, err, errSealedSecret)
		}
		if got := test.secrets.VerifyMAC("code", mac, "123456"); got != test.good {
			t.Errorf("%s: VerifyMAC gave %v", name, got)
		}
	}
	if !bytes.Equal(mustSecrets(t, old, young).MAC("code", "123456"), mac) {
		t.Error("a secret that is last already makes what is new")
	}
	if bytes.Equal(mustSecrets(t, young, old).MAC("code", "123456"), mac) {
		t.Error("a secret that is first does not make what is new")
	}
}

func TestAMACIsGoodForItsLabelAndPartsAlone(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	mac := s.MAC("code", "ab", "c")
	if !s.VerifyMAC("code", mac, "ab", "c") {
		t.Fatal("its own is refused")
	}
	for name, got := range map[string]bool{
		"another label":          s.VerifyMAC("attempts", mac, "ab", "c"),
		"parts cut elsewhere":    s.VerifyMAC("code", mac, "a", "bc"),
		"parts joined":           s.VerifyMAC("code", mac, "abc"),
		"an empty part more":     s.VerifyMAC("code", mac, "ab", "c", ""),
		"parts the other way":    s.VerifyMAC("code", mac, "c", "ab"),
		"a length as a part":     s.VerifyMAC("code", mac, "ab\x00\x00\x00\x00\x00\x00\x00\x01c"),
		"no parts":               s.VerifyMAC("code", mac),
		"cut":                    s.VerifyMAC("code", mac[:16], "ab", "c"),
		"none":                   s.VerifyMAC("code", nil, "ab", "c"),
		"the plain digest of it": s.VerifyMAC("code", Digest("abc"), "ab", "c"),
	} {
		if got {
			t.Errorf("%s: is taken", name)
		}
	}
}

func TestEachUseHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, secret := range mustSecrets(t, testSecretTexts...).ring() {
		for _, use := range []string{useID, useSeal, useMAC, useRefresh, useDigits} {
			for _, label := range []string{"", "letter", "signing key", "code"} {
				key, name := string(secret.derive(use, label)), use+"/"+label
				if len(key) != secretLength || key == string(secret.root) {
					t.Errorf("%s: not a derived key", name)
				}
				if other, ok := seen[key]; ok {
					t.Errorf("%s has the key of %s", name, other)
				}
				seen[key] = name
			}
		}
	}
}

// What rests in a database was made by the keys of the day: if these change,
// every deployment loses its letters, keys, codes and sessions.
func TestDerivedKeysStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	sealed, err := hex.DecodeString(goldenSealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := s.Open("letter", sealed, []byte("row 1")); string(plain) != "plain" {
		t.Errorf("a blob of before: %q, %v", plain, err)
	}
	for name, test := range map[string]struct{ got, want string }{
		"ID":     {s.current().keyID(), goldenID},
		"MAC":    {hex.EncodeToString(s.MAC("code", "ab", "c")), goldenMAC},
		"digits": {s.digits("the token of a link"), goldenDigits},
	} {
		if test.got != test.want {
			t.Errorf("%s = %q, want %q", name, test.got, test.want)
		}
	}
}

// Computed apart from this code, by Python's hmac and hashlib; but for the blob,
// which is one that was made.
const (
	goldenID     = "XeVvKJP92w4J"
	goldenMAC    = "048c9842ad3360fa9c79969bd4acc9a87a1ba6ae1dbb2ab0a542a2f04b3f88cd"
	goldenDigits = "559857"
	goldenSealed = "015de56f2893fddb0e0917228871c30c61e2c6ba1a13481f3537c62a746465fcf29c82ee3d68183c14b8de"
)
