package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	saltLength = 16 // bytes, RFC 9106 section 3.1
	tagLength  = 32

	// What a hash may cost at most, as configured or as stored: a damaged row
	// must not take the machine's memory.
	maxMemoryKiB = 1 << 20
	maxPasses    = 32
	maxLanes     = 32
	// How long salt and tag of a stored hash may be, in bytes.
	minStored = 8
	maxStored = 64
)

// HashParameters are the costs of argon2id (RFC 9106).
type HashParameters struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultHashParameters are 19 MiB, 2 passes and 1 lane, the least that OWASP's
// Password Storage Cheat Sheet has for argon2id.
func DefaultHashParameters() HashParameters {
	return HashParameters{MemoryKiB: 19456, Passes: 2, Lanes: 1}
}

func (p HashParameters) check() error {
	switch {
	case p.Lanes < 1 || p.Lanes > maxLanes:
		return fmt.Errorf("lanes are not between 1 and %d", maxLanes)
	case p.Passes < 1 || p.Passes > maxPasses:
		return fmt.Errorf("passes are not between 1 and %d", maxPasses)
	case p.MemoryKiB < 8*uint32(p.Lanes) || p.MemoryKiB > maxMemoryKiB:
		// RFC 9106 section 3.1 has the lower bound.
		return fmt.Errorf("memory is not between %d and %d KiB", 8*uint32(p.Lanes), maxMemoryKiB)
	}
	return nil
}

// A Hasher makes and compares password hashes, only so many at a time: argon2id
// takes its memory for each, and more of them than cores are slower in sum. Who
// comes while all slots are taken waits in a bounded queue, first come first
// served, but by [Urgency]. It is safe for concurrent use.
type Hasher struct {
	parameters HashParameters
	random     io.Reader
	derive     derivation
	queue      *queue
	observer   HashObserver
	calls      atomic.Int64
}

// NewHasher makes a Hasher that hashes with p, at most slots at a time. Random
// gives the salts; it must be safe for concurrent use, as crypto/rand.Reader is.
// The clock tells how long hashes take, by which the queue is bounded.
func NewHasher(p HashParameters, slots int, random io.Reader, clock func() time.Time) (*Hasher, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("auth: make hasher: %w", err)
	}
	if slots < 1 {
		return nil, errors.New("auth: make hasher: there is no slot")
	}
	return &Hasher{parameters: p, random: random, derive: reusing(p.MemoryKiB, slots), queue: newQueue(slots, clock)}, nil
}

// A Place is the right of one request to hash.
type Place struct {
	hasher *Hasher
	place  *place
}

// Admit takes a place for all that a request of the client does around its hash,
// or refuses with [Overloaded]: whoever comes in will probably be served. Whoever
// writes before hashing asks first: to count each of a storm of sign-ins, and
// give it back when it is shed, would keep the database busier than the hashing.
// Nobody is asked for but how urgent it is and where it comes from, so that the
// answer is the same for every account and for none.
//
// Client is by whom requests are counted, as [Client.Counted] has it: where all
// places are taken, one of a client that holds many makes room for one that holds
// few.
func (h *Hasher) Admit(client string, u Urgency) (*Place, error) {
	p, err := h.queue.take(client, u)
	if err != nil {
		return nil, err
	}
	return &Place{hasher: h, place: p}, nil
}

// Room says what Admit would, and takes no place.
func (h *Hasher) Room(client string, u Urgency) error { return h.queue.room(client, u) }

// Leave gives the place back.
func (p *Place) Leave() {
	p.hasher.queue.mu.Lock()
	defer p.hasher.queue.mu.Unlock()
	p.hasher.queue.leave(p.place)
}

// Hash is [Hasher.Hash] in this place.
func (p *Place) Hash(ctx context.Context, normalized string) (string, error) {
	h := p.hasher
	made := hash{HashParameters: h.parameters, salt: make([]byte, saltLength)}
	if _, err := io.ReadFull(h.random, made.salt); err != nil {
		return "", fmt.Errorf("auth: make salt: %w", err)
	}
	var err error
	if made.tag, err = p.compute(ctx, made, tagLength, normalized); err != nil {
		return "", err
	}
	return made.encode(), nil
}

// Verify is [Hasher.Verify] in this place.
func (p *Place) Verify(ctx context.Context, encoded, normalized string) (bool, error) {
	stored := hash{HashParameters: p.hasher.parameters, salt: make([]byte, saltLength), tag: make([]byte, tagLength)}
	if encoded != "" {
		var err error
		if stored, err = parseHash(encoded); err != nil {
			return false, fmt.Errorf("auth: read password hash: %w", err)
		}
	}
	tag, err := p.compute(ctx, stored, uint32(len(stored.tag)), normalized)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(tag, stored.tag) == 1 && encoded != "", nil
}

// compute waits for a slot and hashes in it.
func (p *Place) compute(ctx context.Context, of hash, length uint32, normalized string) ([]byte, error) {
	h := p.hasher
	waited := h.begin(ctx, HashWait)
	err := h.queue.enter(ctx, p.place)
	waited(err)
	if err != nil {
		return nil, err
	}
	began := h.queue.clock()
	defer func() { h.queue.release(h.queue.clock().Sub(began)) }()
	h.calls.Add(1)
	defer h.begin(ctx, HashWork)(nil)
	return h.derive([]byte(normalized), of.salt, of.Passes, of.MemoryKiB, of.Lanes, length), nil
}

// Hash gives the argon2id hash of a password that [NormalizePassword] or
// [PasswordPolicy.Check] gave, as a PHC string with a salt of its own.
//
// An error means that nothing was hashed: a [Refusal] with [Overloaded] where the
// queue is full or the wait was too long, or the context's error.
func (h *Hasher) Hash(ctx context.Context, normalized string) (string, error) {
	p, err := h.Admit("", Choosing)
	if err != nil {
		return "", err
	}
	defer p.Leave()
	return p.Hash(ctx, normalized)
}

// Verify says whether encoded, which Hash gave, is of this password. With
// encoded "" it waits and hashes all the same and says false, so that an account
// without a password, or none at all, can not be told by the time it takes.
//
// An error means that nothing was hashed: those of [Hasher.Hash], and one for a
// stored hash that can not be read.
func (h *Hasher) Verify(ctx context.Context, encoded, normalized string) (bool, error) {
	p, err := h.Admit("", Proving)
	if err != nil {
		return false, err
	}
	defer p.Leave()
	return p.Verify(ctx, encoded, normalized)
}

// Weaker says whether a hash should be replaced at the next sign-in: it costs
// less in any respect than what Hash makes now, or is none of argon2id.
func (h *Hasher) Weaker(encoded string) bool {
	stored, err := parseHash(encoded)
	return err != nil ||
		stored.MemoryKiB < h.parameters.MemoryKiB ||
		stored.Passes < h.parameters.Passes ||
		stored.Lanes < h.parameters.Lanes ||
		len(stored.salt) < saltLength ||
		len(stored.tag) < tagLength
}

// Calls counts the hashes computed so far: how many guesses got through.
func (h *Hasher) Calls() int64 { return h.calls.Load() }

// Queued is how many wait for a slot now.
func (h *Hasher) Queued() int {
	h.queue.mu.Lock()
	defer h.queue.mu.Unlock()
	n := 0
	for u := range h.queue.waiting {
		n += h.queue.waiting[u].Len()
	}
	return n
}

// Admitted is how many places are taken now.
func (h *Hasher) Admitted() int {
	h.queue.mu.Lock()
	defer h.queue.mu.Unlock()
	return h.queue.places
}

// Shed counts those refused so far because too many hash at once.
func (h *Hasher) Shed() int64 {
	h.queue.mu.Lock()
	defer h.queue.mu.Unlock()
	return h.queue.shed
}

// A hash is what a PHC string says:
// $argon2id$v=19$m=19456,t=2,p=1$salt$tag, with salt and tag in base64 without
// padding.
type hash struct {
	HashParameters
	salt, tag []byte
}

// phcBase64 is strict, since one hash has one spelling.
func phcBase64() *base64.Encoding { return base64.RawStdEncoding.Strict() }

func (h hash) encode() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.MemoryKiB, h.Passes, h.Lanes,
		phcBase64().EncodeToString(h.salt), phcBase64().EncodeToString(h.tag))
}

// parseHash reads what encode writes, and nothing else. Its errors hold nothing
// of the hash.
func parseHash(encoded string) (hash, error) {
	malformed := errors.New("it is no argon2id PHC string")
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 {
		return hash{}, malformed
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return hash{}, malformed
	}
	memoryKiB, memoryErr := strconv.ParseUint(strings.TrimPrefix(costs[0], "m="), 10, 32)
	passes, passesErr := strconv.ParseUint(strings.TrimPrefix(costs[1], "t="), 10, 32)
	lanes, lanesErr := strconv.ParseUint(strings.TrimPrefix(costs[2], "p="), 10, 8)
	salt, saltErr := phcBase64().DecodeString(parts[4])
	tag, tagErr := phcBase64().DecodeString(parts[5])
	if errors.Join(memoryErr, passesErr, lanesErr, saltErr, tagErr) != nil {
		return hash{}, malformed
	}
	read := hash{
		HashParameters: HashParameters{MemoryKiB: uint32(memoryKiB), Passes: uint32(passes), Lanes: uint8(lanes)},
		salt:           salt,
		tag:            tag,
	}
	// Whatever was read leniently above (a missing name, an order, a sign, a leading
	// zero, a line feed in base64, another algorithm or version) differs here.
	if read.encode() != encoded {
		return hash{}, malformed
	}
	for _, stored := range [][]byte{read.salt, read.tag} {
		if len(stored) < minStored || len(stored) > maxStored {
			return hash{}, fmt.Errorf("salt or tag is not between %d and %d bytes", minStored, maxStored)
		}
	}
	return read, read.check()
}
