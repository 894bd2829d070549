package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// A jwk is the public half of a key (RFC 7517 section 4): of an elliptic-curve
// one (RFC 7518 section 6.2.1) or an octet key pair (RFC 8037 section 2), which
// has no y. It has no field for a private half.
type jwk struct {
	Type      string    `json:"kty"`
	Curve     string    `json:"crv"`
	X         string    `json:"x"`
	Y         string    `json:"y,omitempty"`
	ID        string    `json:"kid"`
	Use       string    `json:"use"`
	Algorithm Algorithm `json:"alg"`
}

func ecJWK(key *ecdsa.PublicKey) (jwk, error) {
	point, err := key.Bytes() // 4, x, y (SEC 1 section 2.3.3)
	if err != nil {
		return jwk{}, fmt.Errorf("encode public key: %w", err)
	}
	half := len(point) / 2
	return jwk{
		Type: "EC", Curve: key.Params().Name,
		X:         base64.RawURLEncoding.EncodeToString(point[1 : 1+half]),
		Y:         base64.RawURLEncoding.EncodeToString(point[1+half:]),
		Algorithm: ES256,
	}.named()
}

func okpJWK(key ed25519.PublicKey) (jwk, error) {
	return jwk{
		Type: "OKP", Curve: "Ed25519",
		X:         base64.RawURLEncoding.EncodeToString(key),
		Algorithm: EdDSA,
	}.named()
}

// named is the key with its ID, for signatures.
func (j jwk) named() (jwk, error) {
	var err error
	j.Use = "sig"
	j.ID, err = j.thumbprint()
	return j, err
}

// thumbprint is the key's ID: the digest of the members that make the key, in
// the order of their names (RFC 7638 section 3; RFC 8037 section 2 where there
// is no y).
func (j jwk) thumbprint() (string, error) {
	canonical, err := json.Marshal(struct {
		Curve string `json:"crv"`
		Type  string `json:"kty"`
		X     string `json:"x"`
		Y     string `json:"y,omitempty"`
	}{j.Curve, j.Type, j.X, j.Y})
	if err != nil {
		return "", fmt.Errorf("encode thumbprint: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}
