package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// AdministrationQueries are what operators do and nobody else.
type AdministrationQueries interface {
	// ReinstateUser makes a SUSPENDED user ACTIVE again.
	ReinstateUser(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error)
	// SetRoles replaces the roles of the user, whom the transaction has locked.
	SetRoles(ctx context.Context, userID uuid.UUID, roles []string, now time.Time) error

	// LockSessions keeps every other transaction from writing sessions, and waits
	// for those that did, until this one ends. It is the first statement of its
	// transaction. On SQLite, where that holds of any two, it is none.
	LockSessions(ctx context.Context) error
	// SumOfSessions says how many sessions live, and when the last access token
	// expires of all that have not ended.
	SumOfSessions(ctx context.Context, now time.Time) (living int, lastAccess time.Time, err error)
	// EndEverySession ends all that have not ended.
	EndEverySession(ctx context.Context, reason EndReason, now time.Time) error

	// CountSealedLetters counts the letters that hold anything.
	CountSealedLetters(ctx context.Context) (int, error)
	// SealedLetters are up to limit letters that hold anything and whose ID comes
	// after the given, in the order of IDs.
	SealedLetters(ctx context.Context, after uuid.UUID, limit int) ([]OutboxLetter, error)
	// ResealLetter replaces what the letter holds, and what it is found by, if it
	// still holds old.
	ResealLetter(ctx context.Context, id uuid.UUID, old, sealed, recipient []byte) (bool, error)
	// ResealSigningKey replaces the private half of the key if it still is old.
	ResealSigningKey(ctx context.Context, id string, old, sealed []byte) (bool, error)
	// SecretsNeededUntil is when the last refresh token or the last digits of a
	// registration expire that were made before now; zero where there are none.
	SecretsNeededUntil(ctx context.Context, now time.Time) (time.Time, error)
}
