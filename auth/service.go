package auth

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A Service applies the rules. It is safe for concurrent use; so must be what
// its Options hand in.
type Service struct {
	store     Store
	secrets   Secrets
	keys      *KeySet
	hasher    *Hasher
	passwords PasswordPolicy
	settings  Settings
	limits    Limits
	blacklist *Blacklist
	feed      *Feed
	rotations *Throttle // by session
	refreshes *Throttle // by client address
	clock     func() time.Time
	random    io.Reader
	logger    *slog.Logger
	observer  Observer
	wake      func()
	loading   sync.Mutex // of keys
	// watchReads holds one for each watch that asks storage now.
	watchReads chan struct{}
}

// Settings are the figures of the rules that a team may choose.
type Settings struct {
	RegistrationOpen      bool
	SessionsPerUser       int
	WatchesPerSession     int // on one node; 0: no bound
	AccessTokenLifetime   time.Duration
	SessionIdleLifetime   time.Duration // of a refresh token that is not used
	SessionLifetime       time.Duration // of a session, however much it is used
	RefreshGrace          time.Duration // 0: strict
	ReauthenticationAge   time.Duration
	ActivationLifetime    time.Duration
	PasswordResetLifetime time.Duration
	EmailChangeLifetime   time.Duration
	EmailRevertLifetime   time.Duration // of the way back
	KeyRotationInterval   time.Duration
	Leeway                time.Duration
	DefaultLocale         string
	// WithoutActivation makes a user of whoever registers, and signs in: nobody
	// shows that the address is theirs.
	WithoutActivation bool
	// WelcomeLetter is whether who was activated gets one.
	WelcomeLetter bool
	// Usernames says whether users may have one, and sign in by it.
	Usernames bool
	// RequiredProfileFields must be filled by whoever registers, and stay so.
	RequiredProfileFields []ProfileField
}

// Options are what a Service needs.
type Options struct {
	Store     Store
	Secrets   Secrets
	Keys      *KeySet
	Hasher    *Hasher
	Passwords PasswordPolicy
	Settings  Settings
	Limits    Limits
	// Clock is the database's time: the process's own and the difference that
	// was measured.
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
	// Observer is told what no row tells; nil is nobody.
	Observer Observer
	// Wake is called after a letter was committed, so that nobody waits for the
	// outbox to be polled. It must not block; nil where no dispatcher runs.
	Wake func()
}

// New makes a Service. It knows no signing key before RotateKeys, and trusts
// its blacklist only after PollBlacklist.
func New(o Options) *Service {
	blacklist := NewBlacklist()
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Limits.Off {
		o.Limits = Limits{Off: true}
	}
	return &Service{
		store: o.Store, secrets: o.Secrets, keys: o.Keys, hasher: o.Hasher,
		passwords: o.Passwords, settings: o.Settings, limits: o.Limits,
		blacklist: blacklist, feed: NewFeed(o.Store, blacklist),
		rotations: NewThrottle(o.Limits.RefreshPerSession),
		refreshes: NewThrottle(o.Limits.RefreshPerAddress),
		clock:     o.Clock, random: o.Random, logger: o.Logger, observer: o.Observer, wake: o.Wake,
		watchReads: make(chan struct{}, watchReads),
	}
}

// Now is the instant that a request is judged by: UTC, cut to the microsecond,
// which is what both databases keep.
func (s *Service) Now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Room says whether a request of the caller that hashes a password would find a
// place: nil, or Overloaded. So it can be shed before anything is done for it.
func (s *Service) Room(c Caller, u Urgency) error { return s.hasher.Room(c.Counted(), u) }

// newID makes a UUIDv7 of the given instant (RFC 9562 section 5.7), so that
// rows lie in the order in which they came.
func (s *Service) newID(now time.Time) uuid.UUID {
	var id uuid.UUID
	s.fill(id[6:])
	ms := now.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// newSecret makes the secret of a link or flow.
func (s *Service) newSecret() string {
	secret, err := newLinkSecret(s.random)
	if err != nil {
		panic("auth: no randomness: " + err.Error())
	}
	return secret
}

// fill reads randomness. There is no going on without it, and no caller who
// could do better than stop.
func (s *Service) fill(b []byte) {
	if _, err := io.ReadFull(s.random, b); err != nil {
		panic("auth: no randomness: " + err.Error())
	}
}

// event makes an audit row about the user, who may be nobody.
func (s *Service) event(c Client, t EventType, userID uuid.UUID, details map[string]any) Event {
	return Event{
		ID: s.newID(c.Now), Type: t, UserID: userID, Details: details, At: c.Now,
		IPAddress: c.address(), UserAgent: c.UserAgent,
	}
}
