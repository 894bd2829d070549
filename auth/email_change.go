package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// EmailChangeQueries move an account from one address to another, and back.
type EmailChangeQueries interface {
	// ReservationOf is the open way back to the address; ErrNotFound where there
	// is none.
	ReservationOf(ctx context.Context, emailKey string, now time.Time) (Reservation, error)
	// WaysBack are the open ways back of the user, the latest change first.
	WaysBack(ctx context.Context, userID uuid.UUID, now time.Time) ([]Link, error)
	// ChangeEmail gives the ACTIVE user whose version is still that one the
	// address and raises the version; false where the user is not so,
	// or the address is somebody else's: then the transaction is to be given up.
	ChangeEmail(ctx context.Context, userID uuid.UUID, version int, email Address, now time.Time) (bool, error)
	// VoidLaterWaysBack voids the ways back of the user's changes after the one
	// that was made at the version.
	VoidLaterWaysBack(ctx context.Context, userID uuid.UUID, version int, now time.Time) error
	// DeletePassword leaves the user without one.
	DeletePassword(ctx context.Context, userID uuid.UUID) error
}

// A Reservation is an address that an account had until lately, and may take
// back. Until then it counts as that account's: whoever could register it
// meanwhile would keep the owner out. Nor does the account itself come back by a
// change, for which a thief can ask: the owner would confirm it, and the address
// that the thief left last would have a way back that outlives the owner's.
type Reservation struct {
	User      User    // who had it
	Email     Address // as the user had it
	ExpiresAt time.Time
}

// RequestEmailChange sends a link to the address that the caller's account is to
// have, and tells the one that it has. Where the address belongs to somebody its
// owner is told instead; answer, work and everything that the caller can see
// later are the same, or asking would tell who has an account.
// InvalidInput, with Unchanged for the address that the account has;
// Unauthenticated where the account is gone; RateLimited by client address and
// by account.
func (s *Service) RequestEmailChange(ctx context.Context, c Caller, newEmail string) (string, error) {
	var faults violations
	email, fault := ParseAddress(newEmail)
	faults.add("newEmail", fault)
	if err := faults.refusal(); err != nil {
		return "", err
	}
	user, err := s.Me(ctx, c)
	if err != nil {
		return "", err
	}
	if user.Email.Key == email.Key {
		faults.add("newEmail", Fault{Code: Unchanged})
		return "", faults.refusal()
	}
	// The notice is counted by the account that asks: by the address that is asked
	// for, its absence would tell whether somebody else writes there, and anybody
	// could keep it from the owner.
	meters := append(s.mailMeters(c.Client, email), s.rates(false, s.limits.MailPerAccount, "email_change", user.ID.String())...)
	_, silenced, err := s.reserve(ctx, c.Client, meters)
	if err != nil {
		return "", err
	}
	holder, err := s.holderOf(ctx, c.Client, email.Key)
	if err != nil {
		return "", err
	}
	token := s.newSecret()
	// Bound to the user even where the address is somebody's: then nobody is
	// told the secret, and neither the list of the account's links nor what
	// becomes of an older one shows the difference.
	link := s.newLink(c.Client, LinkEmailChange, token, email.Key, c.Now.Add(s.settings.EmailChangeLifetime), true)
	link.UserID, link.Email, link.SessionID, link.UserVersion = user.ID, email.Text, c.SessionID, user.Version
	letter, void := holder.told(LetterEmailChangeAttempt)
	if !holder.exists() {
		letter = Letter{
			// That of the link: it goes to an address that is not the account's, and is
			// found by this where the account is deleted.
			ID: link.ID, Kind: LetterEmailChange, To: email.Text, Name: user.greeted(), Locale: user.Locale,
			Token: token, ExpiresAt: link.ExpiresAt,
		}
		void = false
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		older := LinkFilter{UserID: user.ID, Purposes: []LinkPurpose{LinkEmailChange}}
		if err := replaceLinks(ctx, q, older, link); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, letter, void || silenced); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, Letter{
			Kind: LetterEmailChangeRequested, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
		}, false); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventEmailChangeAsked, user.ID, nil))
	})
	if errors.Is(err, ErrNotFound) {
		return "", Unauthenticated
	}
	if err != nil {
		return "", err
	}
	s.wake()
	return newEmail, nil
}

// ConfirmEmailChange moves the account to the address that the link was sent to,
// and answers it. The session that asked stays, or the caller's where it is one
// of the account; all others end, and all links but the ways back. The address
// that the account had gets a way back, and stays reserved while it is open. Where
// that address was never proved the new one is the first that is: then every
// session ends, and the profile goes.
// InvalidToken, also where somebody took the address, the account was changed
// since it was asked for, or that session has ended; ExpiredToken.
func (s *Service) ConfirmEmailChange(ctx context.Context, c Caller, token string) (string, error) {
	link, err := s.findLink(ctx, c.Client, token, LinkEmailChange)
	if err != nil {
		return "", err
	}
	user, err := s.store.UserByID(ctx, link.UserID)
	if errors.Is(err, ErrNotFound) {
		return "", InvalidToken
	}
	if err != nil {
		return "", err
	}
	email := Address{Text: link.Email, Key: link.EmailKey}
	keep := link.SessionID
	if c.Kind == BySession && c.UserID == user.ID {
		keep = c.SessionID
	}
	back := s.newSecret()
	wayBack := s.newLink(c.Client, LinkEmailRevert, back, user.Email.Key, c.Now.Add(s.settings.EmailRevertLifetime), true)
	wayBack.UserID, wayBack.Email, wayBack.UserVersion = user.ID, user.Email.Text, link.UserVersion+1

	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		// Only while nothing has happened to the account since it was asked for:
		// otherwise whoever asked in a session that a reset was about to end could
		// carry the account off after it.
		won, err := q.ChangeEmail(ctx, user.ID, link.UserVersion, email, c.Now)
		if err == nil && won {
			won, err = s.unreserved(ctx, q, c.Client, email.Key)
		}
		if err == nil && won {
			won, err = lives(ctx, q, user.ID, keep, c.Now)
		}
		if err == nil && won {
			won, err = q.UseLink(ctx, link.Digest, LinkEmailChange, c.Now)
		}
		if err != nil {
			return err
		}
		if !won {
			return InvalidToken
		}
		if _, revoked, err = s.endOthers(ctx, q, c.Client, user, keep, EndedByEmailChange); err != nil {
			return err
		}
		_, more, err := s.proveAddress(ctx, q, c.Client, user, EndedByEmailChange)
		if err != nil {
			return err
		}
		revoked = append(revoked, more...)
		if err := s.voidAttempts(ctx, q, email.Key, c.Now); err != nil {
			return err
		}
		if err := q.InsertLinks(ctx, wayBack); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, Letter{
			Kind: LetterEmailChanged, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
			Token: back, ExpiresAt: wayBack.ExpiresAt,
		}, false); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventEmailChanged, user.ID, nil))
	})
	if err != nil {
		return "", err
	}
	s.blacklist.Add(revoked...)
	s.wake()
	return email.Text, nil
}

// lives says whether the session is one of the user's that goes on. What was asked
// for in a session ends with it: a thief whose session the owner revoked must not
// carry the account off by the link.
func lives(ctx context.Context, q Queries, userID, sessionID uuid.UUID, now time.Time) (bool, error) {
	living, err := q.LivingSessions(ctx, userID, now)
	return slices.ContainsFunc(living, func(s Session) bool { return s.ID == sessionID }), err
}
