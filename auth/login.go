package auth

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
)

// A LoginInput is what somebody types to sign in.
type LoginInput struct {
	Identifier string // the e-mail address or, where the server has them, the username
	Password   string
	DeviceName string
}

// Login signs in by password. InvalidCredentials says neither whether the
// account exists nor what was wrong; AccountSuspended is said to the right
// password alone; RateLimited; Overloaded where too many hash at once.
func (s *Service) Login(ctx context.Context, c Caller, in LoginInput) (SignIn, error) {
	var faults violations
	identifier, fault := parseIdentifier(in.Identifier)
	faults.add("identifier", fault)
	password, fault := NormalizePassword(in.Password)
	faults.add("password", fault)
	device, fault := ParseDeviceName(in.DeviceName)
	faults.add("deviceName", fault)
	if err := faults.refusal(); err != nil {
		return SignIn{}, err
	}
	place, err := s.hasher.Admit(c.Counted(), Proving)
	if err != nil {
		return SignIn{}, err
	}
	defer place.Leave()
	account, err := s.accountBy(ctx, identifier)
	if _, err := found(err); err != nil {
		return SignIn{}, err
	}
	near, err := s.vicinityOf(ctx, c.Client, account.ID)
	if err != nil {
		return SignIn{}, err
	}
	meters := s.signInMeters(c.Client, identifier)
	if near.known() {
		meters = s.knownMeters(c.Client, account.ID, identifier)
	}
	if _, _, err := s.reserve(ctx, c.Client, meters); err != nil {
		return SignIn{}, err
	}
	// Nobody's account costs the same hash.
	match, err := place.Verify(ctx, account.PasswordHash, password)
	if err != nil {
		// Nothing was learnt: the server is busy, or the client has gone.
		return SignIn{}, s.unspent(ctx, meters, err)
	}
	signIn, err := s.judge(ctx, c, place, account, match, password, device, near, meters)
	if !errors.Is(err, errOvertaken) {
		return signIn, err
	}
	// A reset or suspension that came while this hashed wins: the version that
	// was read is no longer the row's. Once more, with what is true now.
	account, match, err = s.compare(ctx, place, identifier, password)
	if err != nil {
		return SignIn{}, err
	}
	signIn, err = s.judge(ctx, c, place, account, match, password, device, near, meters)
	if errors.Is(err, errOvertaken) {
		return SignIn{}, InvalidCredentials
	}
	return signIn, err
}

// compare finds the account anew and compares the password with its hash.
func (s *Service) compare(ctx context.Context, place *Place, identifier, password string) (Account, bool, error) {
	account, err := s.accountBy(ctx, identifier)
	if _, err := found(err); err != nil {
		return Account{}, false, err
	}
	match, err := place.Verify(ctx, account.PasswordHash, password)
	return account, match, err
}

// judge lets in whose password matched, or errOvertaken.
func (s *Service) judge(ctx context.Context, c Caller, place *Place, account Account, match bool, password, device string, near vicinity, meters []Meter) (SignIn, error) {
	if !match || s.lockedOut(account.User) && !near.known() {
		return SignIn{}, s.refuseSignIn(ctx, c, account.ID, "pwd")
	}
	if account.Status != Active {
		return SignIn{}, s.refuseSuspended(ctx, c, account.User, meters)
	}
	stronger := ""
	if s.hasher.Weaker(account.PasswordHash) && s.hasher.Queued() == 0 {
		// Left out where the server is busy: the next sign-in will do.
		stronger, _ = place.Hash(ctx, password)
	}
	return s.signIn(ctx, c, account, stronger, near, meters, []string{"pwd"}, device)
}

// lockedOut holds after so many wrong passwords in a row that the next may be a
// guess: only a reset helps, by which the owner shows more than a password, or a
// network that the account knows.
func (s *Service) lockedOut(u User) bool { return u.FailedSignIns >= s.maxFailures() }

// parseIdentifier brings what was typed into canonical form: with an @ it is an
// address, else a username. What is neither is looked up all the same, and finds
// nobody.
func parseIdentifier(identifier string) (string, Fault) {
	switch {
	case identifier == "":
		return "", Fault{Code: Required}
	case strings.ContainsRune(identifier, '@') && len(identifier) > addressMaxLength:
		return "", Fault{Code: TooLong, Limit: addressMaxLength}
	case len(identifier) > usernameMaxLength*utf8.UTFMax*decomposition:
		return "", Fault{Code: TooLong, Limit: usernameMaxLength}
	case strings.ContainsRune(identifier, 0):
		return "", Fault{Code: Malformed} // PostgreSQL keeps no NUL
	}
	if email, fault := ParseAddress(identifier); fault == (Fault{}) {
		return email.Key, Fault{}
	}
	if username, fault := ParseUsername(identifier); fault == (Fault{}) {
		return username.Key, Fault{}
	}
	return strings.ToLower(norm.NFC.String(strings.ToValidUTF8(identifier, "\uFFFD"))), Fault{}
}

// refuseSignIn counts a failure on the account, if there is one, with the same
// statements if there is none, and answers InvalidCredentials. It counts although
// the client may have gone: hanging up is no way to guess uncounted.
func (s *Service) refuseSignIn(ctx context.Context, c Caller, userID uuid.UUID, method string) error {
	ctx = context.WithoutCancel(ctx)
	err := s.store.InTx(ctx, func(q Queries) error {
		if err := q.CountFailedSignIn(ctx, userID); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventLoginFailed, userID, map[string]any{"method": method}))
	})
	if err != nil {
		return err
	}
	return InvalidCredentials
}

// refuseSuspended tells whoever knows the password why it does not help.
func (s *Service) refuseSuspended(ctx context.Context, c Caller, u User, meters []Meter) error {
	err := s.store.InTx(ctx, func(q Queries) error {
		if err := q.InsertEvents(ctx, s.event(c.Client, EventLoginFailed, u.ID, map[string]any{"reason": "suspended"})); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if err != nil {
		return err
	}
	return AccountSuspended
}

// newSignIn makes a session of the user, and its first tokens.
func (s *Service) newSignIn(c Client, u User, methods []string, device string) (SignIn, error) {
	ends := c.Now.Add(s.settings.SessionLifetime)
	session := Session{
		ID: s.newID(c.Now), UserID: u.ID, Generation: 1, RotatedAt: c.Now,
		RotatedBy: Digest(c.UserAgent), Methods: methods, AuthenticatedAt: c.Now,
		AccessExpiresAt: earlier(c.Now.Add(s.settings.AccessTokenLifetime), ends),
		ExpiresAt:       earlier(c.Now.Add(s.settings.SessionIdleLifetime), ends),
		EndsAt:          ends,
		DeviceName:      device, UserAgent: c.UserAgent, IPAddress: c.address(), CreatedAt: c.Now,
	}
	tokens, err := s.tokens(c, u, session)
	return SignIn{User: u, Session: session, Tokens: tokens}, err
}

// tokens are those of the session's current generation. The refresh token is
// made of the row alone, so that asking again gives the same one.
func (s *Service) tokens(c Client, u User, session Session) (Tokens, error) {
	access, err := s.keys.Sign(c.Now, AccessClaims{
		Subject: u.ID, SessionID: session.ID, TokenID: s.newID(c.Now),
		AuthenticatedAt: session.AuthenticatedAt, IssuedAt: c.Now, ExpiresAt: session.AccessExpiresAt,
		Methods: session.Methods, Roles: u.Roles,
	})
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{
		Access: access, AccessExpiresAt: session.AccessExpiresAt,
		Refresh: s.secrets.signRefresh(RefreshClaims{
			SessionID: session.ID, Generation: session.Generation, ExpiresAt: session.ExpiresAt,
		}),
		RefreshExpiresAt: session.ExpiresAt,
	}, nil
}

// signIn writes a session for an account whose credential was proved, or
// errOvertaken where the account has changed since it was read. The first write
// takes the user's row lock, under which sessions are counted: never more than
// are allowed, however many sign in at once.
func (s *Service) signIn(ctx context.Context, c Caller, account Account, stronger string, near vicinity, meters []Meter, methods []string, device string) (SignIn, error) {
	user := account.User
	user.LastLoginAt = c.Now
	signIn, err := s.newSignIn(c.Client, user, methods, device)
	if err != nil {
		return SignIn{}, err
	}
	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		begin := q.BeginSignIn
		if near.known() {
			begin = q.BeginKnownSignIn
		}
		won, err := begin(ctx, user.ID, user.Version, s.maxFailures(), c.Now)
		if err != nil {
			return err
		}
		if !won {
			return errOvertaken
		}
		if err := s.noteNetwork(ctx, q, c.Client, user.ID, near); err != nil {
			return err
		}
		if stronger != "" {
			if _, err := q.ReplaceHash(ctx, user.ID, account.PasswordHash, stronger, c.Now); err != nil {
				return err
			}
		}
		surplus, err := q.SessionsBeyond(ctx, user.ID, s.settings.SessionsPerUser-1, c.Now)
		if err != nil {
			return err
		}
		if len(surplus) > 0 {
			ended, err := q.EndSessions(ctx, surplus, EndedByEviction, c.Now)
			if err != nil {
				return err
			}
			if revoked, err = s.revoke(ctx, q, c.Client, ended, EndedByEviction); err != nil {
				return err
			}
		}
		if err := q.InsertSession(ctx, signIn.Session); err != nil {
			return err
		}
		if err := q.InsertEvents(ctx, s.event(c.Client, EventLoginSucceeded, user.ID, sessionDetails(signIn.Session))); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if err != nil {
		return SignIn{}, err
	}
	s.blacklist.Add(revoked...)
	return signIn, nil
}

// maxFailures is how many wrong passwords in a row lock an account; where that is
// not limited, more than there will be.
func (s *Service) maxFailures() int {
	if s.limits.SignInFailures == 0 {
		return math.MaxInt32
	}
	return s.limits.SignInFailures
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func sessionDetails(session Session) map[string]any {
	return map[string]any{"session": session.ID.String(), "methods": session.Methods}
}
