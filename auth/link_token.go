package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// linkSecretLength is how much chance is in the secret of a link or a flow,
	// in bytes.
	linkSecretLength = 32
	// linkSecretText is its length in base64url.
	linkSecretText = 43
)

// newLinkSecret makes the secret of a link or a flow: 256 random bits in
// base64url (RFC 4648 section 5) without padding.
func newLinkSecret(random io.Reader) (string, error) {
	secret := make([]byte, linkSecretLength)
	if _, err := io.ReadFull(random, secret); err != nil {
		return "", fmt.Errorf("auth: make link secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(secret), nil
}

// parseLinkSecret says whether s could be the secret of a link or a flow. What
// could not is refused without asking storage.
func parseLinkSecret(s string) bool {
	// The decoder skips line ends; of 43 characters 32 bytes come only where
	// there was none.
	secret, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(s) == linkSecretText && len(secret) == linkSecretLength
}

// Digest is the SHA-256 of a secret of 256 random bits: all that is stored of
// it. There is nothing to guess, so neither salt nor a slow hash would add
// anything.
func Digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// digitsBelow is one more than the largest six digits.
const digitsBelow = 1_000_000

// digits are the six digits that go with a link, derived from its token under
// the first secret, so that whoever opens the link can be shown them although
// they are not stored. Each of the million is equally likely: a word of the
// HMAC's output beyond the last whole million is passed over, since the
// remainder alone would prefer the small ones.
func (s Secrets) digits(linkToken string) string { return s.current().digits(linkToken) }

func (s serverSecret) digits(linkToken string) string {
	const fair = (1 << 32) / digitsBelow * digitsBelow
	key := s.derive(useDigits, "")
	for counter := uint64(0); ; counter++ {
		h := hmac.New(sha256.New, key)
		h.Write(binary.BigEndian.AppendUint64(nil, counter))
		io.WriteString(h, linkToken)
		block := h.Sum(nil)
		for ; len(block) > 0; block = block[4:] {
			if word := binary.BigEndian.Uint32(block); word < fair {
				return fmt.Sprintf("%06d", word%digitsBelow)
			}
		}
	}
}
