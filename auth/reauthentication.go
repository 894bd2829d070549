package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// OwnAccountQueries are about the account of somebody who is signed in.
type OwnAccountQueries interface {
	// AccountByID answers ErrNotFound where there is none.
	AccountByID(ctx context.Context, userID uuid.UUID) (Account, error)
	// BeginReauthentication finds the ACTIVE user whose version is still the one
	// that was read, and takes its row lock. It clears failures below
	// maxFailures; from there on they stay until a reset.
	BeginReauthentication(ctx context.Context, userID uuid.UUID, version, maxFailures int) (bool, error)
	// BeginPasswordChange raises the version of the ACTIVE user whose version is
	// still the one that was read, and clears its failures; it happens once.
	BeginPasswordChange(ctx context.Context, userID uuid.UUID, version int, now time.Time) (bool, error)
}

// Reauthenticate takes the caller's password once more and gives an access
// token that says so (auth_time, RFC 9068 section 2.2.1), and no refresh token:
// the session remembers it for the access tokens to come.
// InvalidInput, InvalidCredentials, AccountSuspended, RateLimited, Overloaded;
// Unauthenticated where the session has ended.
func (s *Service) Reauthenticate(ctx context.Context, c Caller, password string) (SignIn, error) {
	var faults violations
	password, fault := NormalizePassword(password)
	faults.add("password", fault)
	if err := faults.refusal(); err != nil {
		return SignIn{}, err
	}
	place, err := s.hasher.Admit(c.Counted(), Proving)
	if err != nil {
		return SignIn{}, err
	}
	defer place.Leave()
	meters := s.sessionMeters(c)
	if err := s.reserveOwn(ctx, c, meters); err != nil {
		return SignIn{}, err
	}
	// A reset that comes while this hashes wins, as at sign-in.
	for range 2 {
		account, err := s.proveOwnPassword(ctx, c, place, meters, password)
		if err != nil {
			return SignIn{}, err
		}
		signIn, err := s.renewProof(ctx, c, account.User, meters)
		if !errors.Is(err, errOvertaken) {
			return signIn, err
		}
	}
	return SignIn{}, InvalidCredentials
}

// renewProof notes in the session that its user was just proved, or
// errOvertaken where the account has changed since it was read. The row knows
// the end of the new access token before it goes out: the blacklist goes by it.
func (s *Service) renewProof(ctx context.Context, c Caller, user User, meters []Meter) (SignIn, error) {
	var session Session
	err := s.store.InTx(ctx, func(q Queries) error {
		won, err := q.BeginReauthentication(ctx, user.ID, user.Version, s.maxFailures())
		if err != nil {
			return err
		}
		if !won {
			return errOvertaken
		}
		session, won, err = q.ProveSession(ctx, user.ID, c.SessionID, c.Now, c.Now.Add(s.settings.AccessTokenLifetime))
		if err != nil {
			return err
		}
		if !won {
			return Unauthenticated
		}
		if err := q.InsertEvents(ctx, s.event(c.Client, EventReauthenticated, user.ID, map[string]any{
			"session": session.ID.String(), "method": "pwd",
		})); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if err != nil {
		return SignIn{}, err
	}
	tokens, err := s.tokens(c.Client, user, session)
	return SignIn{User: user, Session: session, Tokens: Tokens{
		Access: tokens.Access, AccessExpiresAt: tokens.AccessExpiresAt,
	}}, err
}

// sessionMeters are all that a password is counted by that somebody who is
// signed in types. The session has a count of its own, with the waits of a
// sign-in: by the identifier, any stranger who guesses at the account could keep
// its owner from changing a password that the stranger is about to find.
func (s *Service) sessionMeters(c Caller) []Meter {
	byAddress := s.rates(false, s.limits.SignInPerAddress, "sign_in_address", c.Counted())
	return append(byAddress, Meter{Key: s.meterKey("session", c.SessionID.String()), Backoff: s.limits.SignIn})
}

// reserveOwn counts an attempt of somebody who is signed in.
func (s *Service) reserveOwn(ctx context.Context, c Caller, meters []Meter) error {
	if c.Kind == Anonymous {
		return Unauthenticated
	}
	_, _, err := s.reserve(ctx, c.Client, meters)
	return err
}

// proveOwnPassword compares the password with that of the caller's account. A
// wrong one is a failure of the account as at sign-in; but that there were too
// many of them binds strangers alone, since they made them.
func (s *Service) proveOwnPassword(ctx context.Context, c Caller, place *Place, meters []Meter, password string) (Account, error) {
	account, err := s.store.AccountByID(ctx, c.UserID)
	if errors.Is(err, ErrNotFound) {
		err = Unauthenticated
	}
	match := false
	if err == nil {
		match, err = place.Verify(ctx, account.PasswordHash, password)
	}
	switch {
	case err != nil:
		return Account{}, s.unspent(ctx, meters, err)
	case !match:
		return Account{}, s.refuseSignIn(ctx, c, account.ID, "pwd")
	case account.Status != Active:
		return Account{}, s.refuseSuspended(ctx, c, account.User, meters)
	}
	return account, nil
}
