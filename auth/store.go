package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// A Store keeps everything. It has two implementations, SQLite and PostgreSQL,
// held to the same promises by store/storetest.
type Store interface {
	Queries

	// InTx runs fn in one transaction and commits if it returns nil. It may run
	// fn again where the database gave up a deadlock: fn sets what it wants to
	// keep anew each time. A refusal whose effect must last is kept in a
	// variable and returned after InTx has returned nil.
	InTx(ctx context.Context, fn func(Queries) error) error
}

// Queries are the statements that the rules need, each method one statement
// unless it says otherwise. What may happen once is one conditional UPDATE
// whose count says whether this call won.
type Queries interface {
	UserQueries
	OwnAccountQueries
	OwnSessionQueries
	RegistrationQueries
	SessionQueries
	LinkQueries
	AttemptQueries
	BlacklistQueries
	SigningKeyQueries
	ProfileQueries
	AccountQueries
	AdministrationQueries
	AddressProofQueries
	EmailChangeQueries
	KnownNetworkQueries

	// InsertLetter puts a sealed letter into the outbox.
	InsertLetter(ctx context.Context, l OutboxLetter) error
	// InsertEvents writes audit rows; none is no statement.
	InsertEvents(ctx context.Context, events ...Event) error
}

// UserQueries are about users and their credentials.
type UserQueries interface {
	// UserByID answers ErrNotFound where there is none.
	UserByID(ctx context.Context, id uuid.UUID) (User, error)
	// AccountByEmail finds by [Address.Key]; ErrNotFound where there is none.
	AccountByEmail(ctx context.Context, emailKey string) (Account, error)
	// InsertUser reports false, and changes nothing, where the address or the
	// username is taken. It waits for a concurrent transaction that inserts the
	// same.
	InsertUser(ctx context.Context, u User) (bool, error)
	// SetPassword makes or replaces the user's credential.
	SetPassword(ctx context.Context, userID uuid.UUID, hash string, now time.Time) error
	// ReplaceHash replaces the credential's hash if it still is old.
	ReplaceHash(ctx context.Context, userID uuid.UUID, old, hash string, now time.Time) (bool, error)
	// BeginSignIn sets last_login_at and clears the failures of the ACTIVE user
	// whose version is still the one that was read and whose failures are below
	// maxFailures. Under the row lock it takes, sessions are counted and ended.
	BeginSignIn(ctx context.Context, userID uuid.UUID, version, maxFailures int, now time.Time) (bool, error)
	// CountFailedSignIn adds one to the user's failures; a zero userID is the
	// same statement, and finds nobody.
	CountFailedSignIn(ctx context.Context, userID uuid.UUID) error
	// BeginPasswordReset raises the version of the ACTIVE user and clears its
	// failures.
	BeginPasswordReset(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error)
	// SuspendUser raises the version of an ACTIVE user and suspends it.
	SuspendUser(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error)
}

// RegistrationQueries are about those who registered and did not activate yet.
type RegistrationQueries interface {
	InsertRegistration(ctx context.Context, r Registration) error
	// DeleteOldRegistrations keeps the newest keep registrations of the address
	// and network.
	DeleteOldRegistrations(ctx context.Context, emailKey, network string, keep int) error
	// RegistrationByFlow finds by the flow's digest, void ones too.
	RegistrationByFlow(ctx context.Context, flowDigest []byte) (Registration, error)
	// RegistrationByID finds void ones too.
	RegistrationByID(ctx context.Context, id uuid.UUID) (Registration, error)
	// NewestRegistration is the latest of the address that is neither void nor
	// expired.
	NewestRegistration(ctx context.Context, emailKey string, now time.Time) (Registration, error)
	// CountCodeTry takes one of the registration's tries; false where none is
	// left. A zero id is the same statement, and finds nothing.
	CountCodeTry(ctx context.Context, id uuid.UUID, tries int) (bool, error)
	// ReplaceCode gives the registration new digits; a zero id finds nothing.
	ReplaceCode(ctx context.Context, id uuid.UUID, codeDigest []byte) error
	// CompleteRegistration voids a registration that is neither void nor
	// expired, and wipes its password; it happens once.
	CompleteRegistration(ctx context.Context, id uuid.UUID, now time.Time) (bool, error)
	// VoidRegistrations voids all of the address and wipes their passwords. The
	// rows stay, so that their flows answer and count as before.
	VoidRegistrations(ctx context.Context, emailKey string) error
}

// SessionQueries are about sessions and the blacklist.
type SessionQueries interface {
	InsertSession(ctx context.Context, s Session) error
	SessionByID(ctx context.Context, id uuid.UUID) (Session, error)
	// RotateSession moves the session to its next generation where [Rotation]
	// says; false where it changed nothing.
	RotateSession(ctx context.Context, r Rotation) (Session, bool, error)
	// SessionsBeyond are the living sessions of the user but the keep that were
	// used last.
	SessionsBeyond(ctx context.Context, userID uuid.UUID, keep int, now time.Time) ([]uuid.UUID, error)
	// EndSessions ends those that live of the given sessions.
	EndSessions(ctx context.Context, ids []uuid.UUID, reason EndReason, now time.Time) ([]EndedSession, error)
	// EndUserSessions ends every living session of the user.
	EndUserSessions(ctx context.Context, userID uuid.UUID, reason EndReason, now time.Time) ([]EndedSession, error)
}

// BlacklistQueries keep the blacklist and feed it to every process.
type BlacklistQueries interface {
	// InsertBlacklisted writes rows that already have their IDs; none is no
	// statement.
	InsertBlacklisted(ctx context.Context, tokens ...BlacklistedToken) error
	// IsBlacklisted asks storage itself, for when the feed has been silent.
	IsBlacklisted(ctx context.Context, sessionID, userID uuid.UUID, issuedAt, now time.Time) (bool, error)
	// BlacklistChanged says whether anything may have been written since it was
	// last asked: SQLite's data_version; on PostgreSQL always.
	BlacklistChanged(ctx context.Context) (bool, error)
	// BlacklistedSince lists what was created since then and has not expired.
	BlacklistedSince(ctx context.Context, since, now time.Time) ([]BlacklistedToken, error)
	// BlacklistedByID lists those of the rows that are there and have not expired.
	BlacklistedByID(ctx context.Context, ids []uuid.UUID, now time.Time) ([]BlacklistedToken, error)
}

// SigningKeyQueries keep the key set.
type SigningKeyQueries interface {
	// SigningKeys lists every key, by its sequence.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// InsertSigningKey reports false, and changes nothing, where another node was
	// first with this sequence.
	InsertSigningKey(ctx context.Context, k SigningKey) (bool, error)
	// RetireSigningKeys sets RetiresAt of the keys before sequence that have none.
	RetireSigningKeys(ctx context.Context, sequence int, at time.Time) error
	// DropSigningKey notes that the key is compromised; false where it was noted
	// before, or there is none.
	DropSigningKey(ctx context.Context, id string, now time.Time) (bool, error)
}

// LinkQueries are about the secrets behind the links of letters.
type LinkQueries interface {
	// InsertLinks answers ErrNotFound where the user or registration that a link
	// is bound to is gone.
	InsertLinks(ctx context.Context, links ...Link) error
	// LinkByDigest finds used, void and expired ones too.
	LinkByDigest(ctx context.Context, digest []byte) (Link, error)
	// UseLink consumes the link; false where it was used, void or expired. It
	// happens once.
	UseLink(ctx context.Context, digest []byte, purpose LinkPurpose, now time.Time) (bool, error)
	// VoidLinks voids what matches all that is set in the filter. A filter with
	// nothing set is the same statement, and finds nothing.
	VoidLinks(ctx context.Context, f LinkFilter, now time.Time) error
}

// AttemptQueries count attempts.
type AttemptQueries interface {
	// ReserveAttempts counts one attempt on every meter that lets it through, in
	// one statement, and names those that do not, with the time from which they
	// will (a second statement, on refusal only). It is never called in a
	// transaction, so that the count holds whatever follows.
	ReserveAttempts(ctx context.Context, meters []Meter, now time.Time) ([]RefusedMeter, error)
	// ReleaseAttempts gives back one attempt of each of the meters in giveBack,
	// and clears those in clear.
	ReleaseAttempts(ctx context.Context, giveBack, clear []Meter) error
}

// A Rotation is what a refresh asks of the session's row: one UPDATE that
// changes it only if Generation is the current one, the session lives, and the
// last rotation is at least Grace ago.
type Rotation struct {
	SessionID  uuid.UUID
	Generation int
	Now        time.Time
	Grace      time.Duration
	// What the row is to remember of this rotation.
	UserAgentDigest []byte
	KeyDigest       []byte
	// The new expiries, each cut to the session's EndsAt by the statement.
	AccessExpiresAt time.Time
	ExpiresAt       time.Time
}

// A Registration is somebody who asked for an account and has not shown yet
// that the address is theirs.
type Registration struct {
	ID           uuid.UUID
	Email        Address
	Network      string // of the client, see [Client.network]
	PasswordHash string // "" once void
	Profile
	Locale     string
	FlowDigest []byte
	CodeDigest []byte
	Tries      int
	// Void registrations can not be activated; they only answer and count.
	Void      bool
	IPAddress string
	UserAgent string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// A LinkPurpose is what a link may be used for, and nothing else.
type LinkPurpose string

// The purposes.
const (
	LinkActivate      LinkPurpose = "activate"
	LinkDecline       LinkPurpose = "decline"
	LinkPasswordReset LinkPurpose = "password_reset"
	LinkUsernameReset LinkPurpose = "username_reset"
	LinkEmailChange   LinkPurpose = "email_change"
	// LinkEmailRevert is the way back to an address that an account has left.
	LinkEmailRevert LinkPurpose = "email_revert"
)

// LinkPurposes lists every purpose.
func LinkPurposes() []LinkPurpose {
	return []LinkPurpose{
		LinkActivate, LinkDecline, LinkPasswordReset, LinkUsernameReset, LinkEmailChange, LinkEmailRevert,
	}
}

// A Link is a secret in a letter, as storage knows it: by its digest.
type Link struct {
	ID             uuid.UUID
	Digest         []byte // SHA-256 of the token
	Purpose        LinkPurpose
	EmailKey       string    // of the address that the letter went to
	UserID         uuid.UUID // zero where it is bound to a registration, or void
	RegistrationID uuid.UUID // zero where it is bound to a user, or void
	// Of a change of address and its way back: the address that the account is to
	// have, as it was written, and the version of the user when the link was made.
	// Of two ways back the later one has the higher version, however their clocks
	// were set.
	Email       string
	UserVersion int
	SessionID   uuid.UUID // of a change: which session asked for it
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      time.Time // zero while unused
	VoidedAt    time.Time // zero while good
}

// A LinkFilter chooses links to void: those that match all that is set.
type LinkFilter struct {
	EmailKey       string
	UserID         uuid.UUID
	RegistrationID uuid.UUID
	Purposes       []LinkPurpose // none: any
	But            uuid.UUID     // the link that stays; zero: none
}

// A BlacklistKind says what a [BlacklistedToken] forbids.
type BlacklistKind string

// The kinds.
const (
	BlacklistSession BlacklistKind = "session" // the access tokens of one session
	BlacklistUser    BlacklistKind = "user"    // every access token of a deleted user
	BlacklistAll     BlacklistKind = "all"     // every access token issued before IssuedBefore
)

// A BlacklistedToken ends access tokens before their time. It has no tie to the
// session or user it names: deleting either must not revive a token.
type BlacklistedToken struct {
	ID           uuid.UUID
	Kind         BlacklistKind
	SubjectID    uuid.UUID // the session or user; zero for all
	IssuedBefore time.Time // of kind all
	CreatedAt    time.Time
	ExpiresAt    time.Time // when the last access token concerned has expired
}

// A SigningKey is a key of the key set as storage has it: the private half is
// sealed under the server's secret.
type SigningKey struct {
	ID        string // RFC 7638 thumbprint, the "kid"
	Sequence  int    // 1, 2, 3 ...; unique, so that of two nodes that rotate at once one wins
	Algorithm string // an [Algorithm]
	PublicJWK []byte // JSON
	Sealed    []byte
	CreatedAt time.Time
	SignsFrom time.Time // published from CreatedAt on, signs from here on
	RetiresAt time.Time // no longer published from here on; zero while it is the newest
	DroppedAt time.Time // compromised: its tokens are refused; zero else
}
