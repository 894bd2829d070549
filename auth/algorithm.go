package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"

	"github.com/golang-jwt/jwt/v5"
)

// An Algorithm is what a signing key is for: the "alg" of the access tokens
// that it signs, and of no others.
type Algorithm string

// The algorithms.
const (
	ES256 Algorithm = "ES256" // ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4)
	EdDSA Algorithm = "EdDSA" // on Ed25519 and no other curve (RFC 8037 section 3.1)
)

// Algorithms lists every algorithm; the first is the default.
func Algorithms() []Algorithm { return []Algorithm{ES256, EdDSA} }

// privateLength is the length of the sealed private halves, in bytes: the
// scalar of P-256, the seed of Ed25519.
const privateLength = 32

var (
	errAlgorithm  = errors.New("its algorithm is not known")
	errRandomness = errors.New("the randomness makes no key")
)

// A keyPair is both halves of a key, each as signing and verifying want it.
type keyPair struct {
	verificationKey
	private any
	jwk     jwk
}

// parse makes a key of its private half. It is the one place at which an
// algorithm is chosen, by the key and never by a token.
func (a Algorithm) parse(private []byte) (keyPair, error) {
	switch a {
	case ES256:
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), private)
		if err != nil {
			return keyPair{}, fmt.Errorf("parse private key: %w", err)
		}
		jwk, err := ecJWK(&key.PublicKey)
		return keyPair{verificationKey{method: jwt.SigningMethodES256, key: &key.PublicKey}, key, jwk}, err
	case EdDSA:
		if len(private) != ed25519.SeedSize {
			return keyPair{}, errors.New("parse private key: not a seed")
		}
		key := ed25519.NewKeyFromSeed(private)
		public := key.Public().(ed25519.PublicKey)
		jwk, err := okpJWK(public)
		return keyPair{verificationKey{method: jwt.SigningMethodEdDSA, key: public}, key, jwk}, err
	}
	return keyPair{}, errAlgorithm
}

// draw makes a private half. For P-256 it draws until one is in range (FIPS
// 186-5 appendix A.2.2); of Ed25519 every seed is one (RFC 8032 section
// 5.1.5). The libraries' own generators do not read the randomness they are
// given.
func (a Algorithm) draw(random io.Reader) ([]byte, error) {
	private := make([]byte, privateLength)
	// One draw in four thousand million is out of range: eight in a row are no
	// chance but a broken source.
	for range 8 {
		if _, err := io.ReadFull(random, private); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
		_, err := a.parse(private)
		if errors.Is(err, errAlgorithm) {
			return nil, err
		}
		if err == nil {
			return private, nil
		}
	}
	return nil, errRandomness
}
