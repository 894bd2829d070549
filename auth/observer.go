package auth

import (
	"context"
	"time"
)

// An Observer sees what whoever runs the server should, and no row and no answer
// tells. Nothing that it is told names anybody.
type Observer interface {
	// RefreshRepeated is told that tokens were given again for a refresh token that
	// rotated nothing: a second tab, an answer that was lost, or a thief on the
	// same device.
	RefreshRepeated()
	// RefreshReused is told that a refresh token came back after its use, and ended
	// its session.
	RefreshReused()
}

// nobody observes.
type nobody struct{}

func (nobody) RefreshRepeated() {}
func (nobody) RefreshReused()   {}

// A HashStep is a part of hashing that takes time.
type HashStep string

// The steps.
const (
	HashWait HashStep = "wait" // for a slot
	HashWork HashStep = "hash" // in it
)

// A HashObserver is told that a step begins, and gives what is told how it ended:
// nil, or why nothing is hashed.
type HashObserver func(ctx context.Context, step HashStep) (end func(error))

// Observed has every hash told to o. Not once the Hasher is in use.
func (h *Hasher) Observed(o HashObserver) { h.observer = o }

func (h *Hasher) begin(ctx context.Context, step HashStep) (end func(error)) {
	if h.observer == nil {
		return unobserved
	}
	return h.observer(ctx, step)
}

func unobserved(error) {}

// BlacklistHeardAt is when storage was last heard about tokens that ended, by
// the database's time; zero before it was.
func (s *Service) BlacklistHeardAt() time.Time {
	s.blacklist.mu.RLock()
	defer s.blacklist.mu.RUnlock()
	return s.blacklist.heardAt
}

// SignerMadeAt is when the key was made that signs at now; false where none does.
func (k *KeySet) SignerMadeAt(now time.Time) (time.Time, bool) {
	signer, signs := k.ring.Load().signer(now)
	return signer.CreatedAt, signs
}
