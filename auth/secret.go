package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	// secretLength is that of a server secret, and of every key derived from it,
	// in bytes.
	secretLength = 32
	// secretIDLength makes the IDs of two secrets differ for certain enough: in
	// bytes, twelve characters of base64url.
	secretIDLength = 9
	// sealedVersion leads every sealed blob, so that another cipher can follow.
	sealedVersion = 1
)

// What the keys derived from a server secret are for. Each use, and within it
// each label, has a key of its own: nothing made for one is worth anything in
// another.
const (
	useID      = "id"
	useSeal    = "seal"
	useMAC     = "mac"
	useRefresh = "refresh token"
	useDigits  = "digits"
)

// Secrets are the secrets of the server, from which every symmetric key is
// derived (HKDF, RFC 5869). The first makes what is new; all are good for
// reading, so that a new one can be brought in while the old one still counts.
// Whatever prints, logs or encodes Secrets sees a placeholder. The zero Secrets
// hold none and can't be used.
type Secrets struct {
	// A function, since nothing that walks over values looks into one. Where
	// Secrets lie in a private field of something that is printed, the methods
	// below are never asked, and fmt follows even pointers if the verb is wrong.
	ring func() []serverSecret
}

type serverSecret struct {
	id   [secretIDLength]byte
	root []byte
	// What every refresh asks for twice is derived once.
	name       string // the ID as tokens have it
	refreshKey []byte
}

// ParseSecrets reads one or more secrets, separated by commas: each 32 bytes in
// base64, in the standard or the URL alphabet, padded or not. An error says
// which of them is bad, and nothing of what it is.
func ParseSecrets(s string) (Secrets, error) {
	var ring []serverSecret
	for part := range strings.SplitSeq(s, ",") {
		n := len(ring) + 1
		root, ok := decodeSecret(strings.TrimSpace(part))
		if !ok {
			return Secrets{}, fmt.Errorf("auth: parse secrets: number %d is not 32 bytes in base64", n)
		}
		if strings.Count(string(root), string(root[:1])) == len(root) {
			return Secrets{}, fmt.Errorf("auth: parse secrets: number %d is one byte over and over", n)
		}
		secret := serverSecret{root: root}
		copy(secret.id[:], secret.derive(useID, ""))
		secret.name = base64.RawURLEncoding.EncodeToString(secret.id[:])
		secret.refreshKey = secret.derive(useRefresh, "")
		for _, other := range ring {
			if other.id == secret.id {
				return Secrets{}, fmt.Errorf("auth: parse secrets: number %d was there before", n)
			}
		}
		ring = append(ring, secret)
	}
	return Secrets{ring: func() []serverSecret { return ring }}, nil
}

func decodeSecret(s string) ([]byte, bool) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(s, "="))
	if len(s) != base64.RawURLEncoding.EncodedLen(secretLength) {
		return nil, false
	}
	root, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return root, err == nil && len(root) == secretLength
}

// NewSecret makes a server secret in the form that ParseSecrets reads.
func NewSecret(random io.Reader) (string, error) {
	root := make([]byte, secretLength)
	if _, err := io.ReadFull(random, root); err != nil {
		return "", fmt.Errorf("auth: make secret: %w", err)
	}
	return base64.StdEncoding.EncodeToString(root), nil
}

// derive makes the key of one use and label.
func (s serverSecret) derive(use, label string) []byte {
	key, err := hkdf.Key(sha256.New, s.root, nil, "gatehouse/"+use+"/"+label, secretLength)
	if err != nil {
		panic(err) // of a length beyond what SHA-256 can expand to alone
	}
	return key
}

// keyID is the secret's ID as tokens name it.
func (s serverSecret) keyID() string { return s.name }

func (s serverSecret) aead(label string) cipher.AEAD {
	block, err := aes.NewCipher(s.derive(useSeal, label))
	if err != nil {
		panic(err) // of a key of the wrong length alone
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // of a block of the wrong length alone
	}
	return aead
}

// current is the secret that makes what is new.
func (s Secrets) current() serverSecret { return s.ring()[0] }

// byKeyID finds the secret that a token names.
func (s Secrets) byKeyID(kid string) (serverSecret, bool) {
	for _, secret := range s.ring() {
		if secret.keyID() == kid {
			return secret, true
		}
	}
	return serverSecret{}, false
}

// Seal encrypts plain (AES-256-GCM) under the key of the label, bound to the
// additional bytes, which say whose it is: moved to another row it does not
// open. The blob names the secret that made it. Nonces are random, which is
// good for four thousand million blobs a label and secret (NIST SP 800-38D
// section 8.3).
func (s Secrets) Seal(random io.Reader, label string, plain, additional []byte) ([]byte, error) {
	secret := s.current()
	aead := secret.aead(label)
	sealed := make([]byte, 0, 1+secretIDLength+aead.NonceSize()+len(plain)+aead.Overhead())
	sealed = append(sealed, sealedVersion)
	sealed = append(sealed, secret.id[:]...)
	nonce := sealed[len(sealed) : len(sealed)+aead.NonceSize()]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("auth: seal %s: %w", label, err)
	}
	return aead.Seal(sealed[:len(sealed)+len(nonce)], nonce, plain, additional), nil
}

// Why a blob does not open.
var (
	errSealedForm    = errors.New("not a sealed blob")
	errSealedSecret  = errors.New("it was sealed under a secret that is not here")
	errSealedContent = errors.New("it was changed, or sealed for something else")
)

// Open decrypts what Seal made with the same label and additional bytes, under
// the secret that the blob names.
func (s Secrets) Open(label string, sealed, additional []byte) ([]byte, error) {
	plain, err := s.open(label, sealed, additional)
	if err != nil {
		return nil, fmt.Errorf("auth: open sealed %s: %w", label, err)
	}
	return plain, nil
}

// errUnopened tells that a blob opens under none of the secrets.
var errUnopened = errors.New("auth: a sealed blob does not open")

// reseal seals anew, under the first secret, what another has sealed. A blob
// that the first one made is fresh, and there is nothing to do; errUnopened
// where none of the secrets made it.
func (s Secrets) reseal(random io.Reader, label string, sealed, additional []byte) (resealed []byte, fresh bool, err error) {
	plain, err := s.open(label, sealed, additional)
	if err != nil {
		return nil, false, errUnopened
	}
	if first := s.current(); [secretIDLength]byte(sealed[1:]) == first.id {
		return nil, true, nil
	}
	resealed, err = s.Seal(random, label, plain, additional)
	return resealed, false, err
}

func (s Secrets) open(label string, sealed, additional []byte) ([]byte, error) {
	if len(sealed) < 1+secretIDLength || sealed[0] != sealedVersion {
		return nil, errSealedForm
	}
	id, rest := [secretIDLength]byte(sealed[1:]), sealed[1+secretIDLength:]
	for _, secret := range s.ring() {
		if secret.id != id {
			continue
		}
		aead := secret.aead(label)
		if len(rest) < aead.NonceSize() {
			return nil, errSealedForm
		}
		plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], additional)
		if err != nil {
			return nil, errSealedContent
		}
		return plain, nil
	}
	return nil, errSealedSecret
}

// MAC is the HMAC-SHA256 of the parts under the first secret's key for the
// label: what may be stored of a value so short that its plain digest could be
// guessed.
func (s Secrets) MAC(label string, parts ...string) []byte {
	return s.current().mac(label, parts)
}

// MACs are what MAC has made of the parts under each of the secrets, the first
// one's first: by which something that is stored is found after a new secret
// came.
func (s Secrets) MACs(label string, parts ...string) [][]byte {
	ring := s.ring()
	macs := make([][]byte, len(ring))
	for i, secret := range ring {
		macs[i] = secret.mac(label, parts)
	}
	return macs
}

// VerifyMAC says, in constant time, whether MAC made mac of the same label and
// parts, under whichever of the secrets.
func (s Secrets) VerifyMAC(label string, mac []byte, parts ...string) bool {
	good := false
	for _, secret := range s.ring() {
		if hmac.Equal(secret.mac(label, parts), mac) {
			good = true
		}
	}
	return good
}

// mac writes the length before each part: else ("ab", "c") and ("a", "bc") were
// one, and who may choose a part could speak for another.
func (s serverSecret) mac(label string, parts []string) []byte {
	h := hmac.New(sha256.New, s.derive(useMAC, label))
	for _, part := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		io.WriteString(h, part)
	}
	return h.Sum(nil)
}

// redacted is all that is ever shown of Secrets.
const redacted = "[redacted]"

// String is a placeholder.
func (Secrets) String() string { return redacted }

// GoString is a placeholder.
func (Secrets) GoString() string { return redacted }

// LogValue is a placeholder.
func (Secrets) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives a placeholder, to JSON too.
func (Secrets) MarshalText() ([]byte, error) { return []byte(redacted), nil }
