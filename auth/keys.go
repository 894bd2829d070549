package auth

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// PublishAhead is how long a successor is published before it signs: longer
	// than verifiers keep the key set.
	PublishAhead = 10 * time.Minute
	// labelSigningKey is the label under which private halves are sealed.
	labelSigningKey = "signing key"
	// rememberedTokens is how many verified access tokens a process remembers, at
	// some five hundred bytes each.
	rememberedTokens = 10_000
)

// RetiresAt is when the keys before successor are needed no more: once their
// last token, signed just before the successor took over, has expired for
// everybody, and a minute for nodes that heard of the successor late.
func RetiresAt(successor SigningKey, accessLifetime, leeway time.Duration) time.Time {
	return successor.SignsFrom.Add(accessLifetime + leeway + time.Minute)
}

// A KeySet signs and verifies access tokens with the keys that storage has. It
// is safe for concurrent use, and empty before Load.
type KeySet struct {
	secrets  Secrets
	issuer   string
	audience string
	leeway   time.Duration
	random   io.Reader

	algorithm Algorithm // of the keys to come
	// settled holds once the newest key was one of that algorithm. From then on
	// this process presses for it no more: while a team changes the setting node
	// by node, nodes of two minds would otherwise replace each other's keys each
	// minute.
	settled atomic.Bool

	// ring is never changed, only replaced: whoever reads it sees one state of
	// the keys, whatever is loaded meanwhile.
	ring       atomic.Pointer[keyRing]
	remembered *lru.Cache[[sha256.Size]byte, verified]
}

// KeySetOptions are what a KeySet needs.
type KeySetOptions struct {
	Secrets  Secrets
	Issuer   string        // exactly the "iss" of every token
	Audience string        // exactly the "aud" and "client_id" of every token
	Leeway   time.Duration // how far clocks may be apart
	Random   io.Reader     // new keys are made of it
	// Algorithm is what new keys are for; "" is ES256. Keys of the others go on
	// verifying what they signed.
	Algorithm Algorithm
}

// NewKeySet makes a KeySet without keys.
func NewKeySet(o KeySetOptions) *KeySet {
	remembered, err := lru.New[[sha256.Size]byte, verified](rememberedTokens)
	if err != nil {
		panic(err) // of a size below 1 alone
	}
	k := &KeySet{
		secrets: o.Secrets, issuer: o.Issuer, audience: o.Audience, leeway: o.Leeway,
		random: o.Random, remembered: remembered, algorithm: cmp.Or(o.Algorithm, ES256),
	}
	k.ring.Store(&keyRing{})
	return k
}

// A keyRing is one state of the keys.
type keyRing struct {
	rows []SigningKey // what it was made of, by sequence
	keys []openKey    // by sequence, without those that were dropped
	byID map[string]openKey
	last SigningKey // of all rows the one with the highest sequence
}

// An openKey is a key whose private half has been unsealed.
type openKey struct {
	SigningKey
	verificationKey
	private any
	public  []byte // a JWK, JSON
}

func (k SigningKey) retired(now time.Time) bool {
	return !k.RetiresAt.IsZero() && !now.Before(k.RetiresAt)
}

// Load replaces the keys by those of storage. Dropped ones are left out, so that
// their tokens are refused from here on. An error leaves what was loaded before
// in place: the key that signs now or next can not be opened, because
// a secret is missing or the row was changed.
//
// A key is believed only if it opens, and its public half is computed from the
// private one: whoever can write to the database but does not have the secret
// can not plant a key. One that is about to retire and does not open, as after
// an old secret was taken away, is left out.
//
// Rows that are as they were are not opened again, so that this may be called
// each second.
func (k *KeySet) Load(rows []SigningKey) error {
	rows = slices.SortedFunc(slices.Values(rows), func(a, b SigningKey) int { return cmp.Compare(a.Sequence, b.Sequence) })
	if slices.EqualFunc(rows, k.ring.Load().rows, sameKey) {
		return nil
	}
	ring, err := k.read(rows)
	if err != nil {
		return err
	}
	k.ring.Store(ring)
	if ring.last.Algorithm == string(k.algorithm) {
		k.settled.Store(true)
	}
	return nil
}

func sameKey(a, b SigningKey) bool {
	return a.ID == b.ID && a.Sequence == b.Sequence && a.Algorithm == b.Algorithm && bytes.Equal(a.Sealed, b.Sealed) &&
		a.CreatedAt.Equal(b.CreatedAt) && a.SignsFrom.Equal(b.SignsFrom) &&
		a.RetiresAt.Equal(b.RetiresAt) && a.DroppedAt.Equal(b.DroppedAt)
}

// read makes the ring of the rows, which are in the order of their sequence.
func (k *KeySet) read(rows []SigningKey) (*keyRing, error) {
	ring := &keyRing{rows: rows, byID: map[string]openKey{}}
	for _, row := range rows {
		ring.last = row
		if !row.DroppedAt.IsZero() {
			continue
		}
		key, err := k.open(row)
		if err != nil {
			if !row.RetiresAt.IsZero() {
				continue
			}
			return nil, fmt.Errorf("auth: load signing key %d: %w", row.Sequence, err)
		}
		ring.keys = append(ring.keys, key)
		ring.byID[key.ID] = key
	}
	return ring, nil
}

func (k *KeySet) open(row SigningKey) (openKey, error) {
	scalar, err := k.secrets.Open(labelSigningKey, row.Sealed, []byte(row.ID))
	if err != nil {
		return openKey{}, err
	}
	pair, err := Algorithm(row.Algorithm).parse(scalar)
	if err != nil {
		return openKey{}, err
	}
	// The ID binds the algorithm too: it is made of the kind of key, and the
	// sealed half opens under it alone. A row whose algorithm was changed makes
	// another key, whose ID is another.
	if pair.jwk.ID != row.ID {
		return openKey{}, errors.New("its ID is not its thumbprint")
	}
	public, err := json.Marshal(pair.jwk)
	if err != nil {
		return openKey{}, fmt.Errorf("encode public key: %w", err)
	}
	return openKey{SigningKey: row, verificationKey: pair.verificationKey, private: pair.private, public: public}, nil
}

// signer is the one key that signs at now: the newest whose time has come.
// Where none has, because the key before it was dropped or this node's clock is
// a little behind that of the node which made the first one, it is the oldest
// that waits: it is published, and nobody could sign in otherwise.
func (r *keyRing) signer(now time.Time) (key openKey, ok bool) {
	for _, k := range slices.Backward(r.keys) {
		if k.retired(now) {
			continue
		}
		key, ok = k, true
		if !now.Before(k.SignsFrom) {
			break
		}
	}
	return key, ok
}

// JWKS is the key set as it is published (RFC 7517 section 5): the public
// halves of all keys that have neither retired nor been dropped, those that do
// not sign yet included.
func (k *KeySet) JWKS(now time.Time) []byte {
	keys := []json.RawMessage{}
	for _, key := range k.ring.Load().keys {
		if !key.retired(now) {
			keys = append(keys, key.public)
		}
	}
	set, err := json.Marshal(struct {
		Keys []json.RawMessage `json:"keys"`
	}{keys})
	if err != nil {
		panic(err) // of public halves that are not JSON alone
	}
	return set
}

// Algorithms lists the algorithms of the keys that JWKS publishes, each once.
func (k *KeySet) Algorithms(now time.Time) []Algorithm {
	algorithms := []Algorithm{}
	for _, key := range k.ring.Load().keys {
		if a := Algorithm(key.Algorithm); !key.retired(now) && !slices.Contains(algorithms, a) {
			algorithms = append(algorithms, a)
		}
	}
	return algorithms
}

// Due makes the key to insert now, if one is due: where none can sign or the
// newest was dropped, one that signs at once; where the newest is as old as the
// interval, or of another algorithm than new keys are for when this process
// starts, a successor that is published now and signs PublishAhead later. With
// an interval of 0 one is always due, however young the newest, or ahead of this
// clock. It changes nothing in the KeySet: of the nodes that insert at once, one
// wins.
func (k *KeySet) Due(now time.Time, interval time.Duration) (SigningKey, bool, error) {
	return k.due(k.ring.Load(), now, interval)
}

func (k *KeySet) due(ring *keyRing, now time.Time, interval time.Duration) (SigningKey, bool, error) {
	settled := k.settled.Load() || ring.last.Algorithm == string(k.algorithm)
	signsFrom := now
	if _, signs := ring.signer(now); signs && ring.last.DroppedAt.IsZero() {
		if settled && interval > 0 && now.Sub(ring.last.CreatedAt) < interval {
			return SigningKey{}, false, nil
		}
		signsFrom = now.Add(PublishAhead)
	}
	key, err := k.newKey()
	if err != nil {
		return SigningKey{}, false, fmt.Errorf("auth: make signing key: %w", err)
	}
	key.Sequence = ring.last.Sequence + 1
	key.CreatedAt, key.SignsFrom = now, signsFrom
	return key, true, nil
}

func (k *KeySet) newKey() (SigningKey, error) {
	scalar, pair, err := k.drawNamed()
	if err != nil {
		return SigningKey{}, err
	}
	public, err := json.Marshal(pair.jwk)
	if err != nil {
		return SigningKey{}, fmt.Errorf("encode public key: %w", err)
	}
	sealed, err := k.secrets.Seal(k.random, labelSigningKey, scalar, []byte(pair.jwk.ID))
	if err != nil {
		return SigningKey{}, err
	}
	return SigningKey{ID: pair.jwk.ID, Algorithm: string(k.algorithm), PublicJWK: public, Sealed: sealed}, nil
}

// drawNamed makes both halves of a key whose ID can be typed: one thumbprint in
// 64 starts with a hyphen, and every command line takes that for a flag.
func (k *KeySet) drawNamed() ([]byte, keyPair, error) {
	// Sixteen such in a row are no chance but a broken source.
	for range 16 {
		scalar, err := k.algorithm.draw(k.random)
		if err != nil {
			return nil, keyPair{}, err
		}
		pair, err := k.algorithm.parse(scalar)
		if err != nil || pair.jwk.ID[0] != '-' {
			return scalar, pair, err
		}
	}
	return nil, keyPair{}, errRandomness
}
