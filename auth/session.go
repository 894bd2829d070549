package auth

import (
	"time"

	"github.com/google/uuid"
)

// An EndReason says why a session ended; the audit log shows it.
type EndReason string

// The reasons.
const (
	EndedByLogout         EndReason = "LOGOUT"
	EndedByRevocation     EndReason = "REVOKED"
	EndedByEviction       EndReason = "EVICTED"
	EndedByReuse          EndReason = "REFRESH_TOKEN_REUSED"
	EndedByPasswordChange EndReason = "PASSWORD_CHANGED"
	EndedByPasswordReset  EndReason = "PASSWORD_RESET"
	EndedByEmailChange    EndReason = "EMAIL_CHANGED"
	EndedByEmailRevert    EndReason = "EMAIL_CHANGE_REVERTED"
	EndedBySuspension     EndReason = "ACCOUNT_SUSPENDED"
	EndedByDeletion       EndReason = "ACCOUNT_DELETED"
	EndedByOperator       EndReason = "ENDED_BY_OPERATOR" // with all others
	// EndedByExpiry is told and never written: nobody ended it.
	EndedByExpiry EndReason = "EXPIRED"
)

// EndReasons lists every reason.
func EndReasons() []EndReason {
	return []EndReason{
		EndedByLogout, EndedByRevocation, EndedByEviction, EndedByReuse, EndedByPasswordChange, EndedByPasswordReset,
		EndedByEmailChange, EndedByEmailRevert, EndedBySuspension, EndedByDeletion, EndedByOperator, EndedByExpiry,
	}
}

// A Session is one sign-in and the refreshes that follow it. Each rotation
// raises Generation; the refresh token names the generation it was made for,
// which is how one that comes back is known (RFC 9700 section 4.14).
type Session struct {
	ID         uuid.UUID
	UserID     uuid.UUID
	Generation int
	// RotatedAt is when the current generation was made: the sign-in at first.
	RotatedAt time.Time
	// RotatedBy is the digest of the user agent that made it.
	RotatedBy []byte
	// RotationKey is the digest of the idempotency key of that rotation; nil
	// where none came.
	RotationKey     []byte
	Methods         []string // RFC 8176
	AuthenticatedAt time.Time
	// AccessExpiresAt is when the last access token given out expires.
	AccessExpiresAt time.Time
	// ExpiresAt is when the current refresh token expires, unless it is used.
	ExpiresAt time.Time
	// EndsAt is when the session ends however much it is used.
	EndsAt     time.Time
	EndedAt    time.Time // zero while it lives
	EndReason  EndReason
	DeviceName string
	UserAgent  string
	IPAddress  string
	CreatedAt  time.Time
}

// disclosed is the grain of what is told about a session's use. Whoever holds
// a stolen token could otherwise watch for the moment at which the user
// refreshes, and ride along inside the grace window.
const disclosed = 5 * time.Minute

// LastUsedAt is the last sign-in or refresh, cut to five minutes.
func (s Session) LastUsedAt() time.Time { return s.RotatedAt.Truncate(disclosed) }

// ShownExpiry is when the session ends unless it is used, cut to five minutes.
func (s Session) ShownExpiry() time.Time { return s.ExpiresAt.Truncate(disclosed) }

// A SignIn is what a client gets that has just proved who its user is.
type SignIn struct {
	User    User
	Session Session
	Tokens  Tokens
}

// Tokens are what a session gives its client.
type Tokens struct {
	Access           string
	AccessExpiresAt  time.Time
	Refresh          string
	RefreshExpiresAt time.Time
}

// An EndedSession is what remains to be said about a session that has just been
// ended: until when its access tokens must be refused, and whether anybody was
// still signed in by it.
type EndedSession struct {
	ID              uuid.UUID
	UserID          uuid.UUID
	AccessExpiresAt time.Time
	ExpiresAt       time.Time
}

// living counts those that had not run out before somebody ended them. The
// others are ended too, since an access token outlives its session by the
// leeway; but nobody signed anybody out.
func living(ended []EndedSession, now time.Time) int {
	n := 0
	for _, session := range ended {
		if now.Before(session.ExpiresAt) {
			n++
		}
	}
	return n
}
