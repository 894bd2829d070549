package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// AddressProofQueries are about users whose address nobody has shown to be
// theirs.
type AddressProofQueries interface {
	// ProveAddress marks the address of the ACTIVE user as proved and empties the
	// profile, the username too, leaving the locale given; false, and nothing is
	// changed, where it was proved before.
	ProveAddress(ctx context.Context, userID uuid.UUID, locale string, now time.Time) (bool, error)
}

// proveAddress notes that whoever acts reads the mail of the user's address, and
// answers the user as it is from here on. Where that was not known before, all
// that was there may be a stranger's, who registered the address to wait in the
// account for its owner: every session ends and every field of the profile goes.
// What else lets somebody in, or speaks for the user, must go here too; the
// password is for the caller to replace, or the stranger knows it still.
//
// The caller holds the user's row lock and has raised its version, so that no
// sign-in slips in between.
func (s *Service) proveAddress(ctx context.Context, q Queries, c Client, user User, reason EndReason) (User, []BlacklistedToken, error) {
	if user.EmailVerified {
		return user, nil, nil
	}
	first, err := q.ProveAddress(ctx, user.ID, s.settings.DefaultLocale, c.Now)
	if err != nil || !first {
		return user, nil, err
	}
	ended, err := q.EndUserSessions(ctx, user.ID, reason, c.Now)
	if err != nil {
		return user, nil, err
	}
	revoked, err := s.revoke(ctx, q, c, ended, reason)
	if err != nil {
		return user, nil, err
	}
	user = s.proved(user)
	user.EmailVerified = true
	return user, revoked, q.InsertEvents(ctx, s.event(c, EventActivated, user.ID, nil))
}

// proved is the user without what a stranger may have written, as it will be
// once the address is proved.
func (s *Service) proved(u User) User {
	if !u.EmailVerified {
		u.Username, u.Name, u.Phone, u.AvatarURL = Username{}, "", "", ""
		u.Locale = s.settings.DefaultLocale
	}
	return u
}

// greeted is the name by which a letter calls the user: none before the address
// is proved, or somebody could have the server write his words to anybody.
func (u User) greeted() string {
	if !u.EmailVerified {
		return ""
	}
	return u.Name
}

// endingLinks are the links of the user that a change from inside the account
// ends: all but the ways back. Before the address is proved the link to a new
// password is one of those, as its owner's way to the account, and must outlast
// whatever somebody does who is signed in.
func (u User) endingLinks() LinkFilter {
	f := endingLinksOf(u.ID)
	if !u.EmailVerified {
		f.Purposes = slices.DeleteFunc(f.Purposes, func(p LinkPurpose) bool { return p == LinkPasswordReset })
	}
	return f
}

// spare says that a letter about the user's own doing is not to be sent, since
// too many went to an address that nobody has proved: whoever registered it
// could otherwise have its owner buried in mail. A proved address is that of
// whoever acts, and is always told. These letters are counted by themselves, or
// they would use up those by which the owner gets the account.
func (s *Service) spare(ctx context.Context, c Client, u User) (bool, error) {
	if u.EmailVerified {
		return false, nil
	}
	_, silenced, err := s.reserve(ctx, c, s.rates(true, s.limits.MailPerAccount, "notice", u.Email.Key))
	return silenced, err
}

// stillSignedIn refuses with Unauthenticated where the caller's session was
// ended while the request was on its way. Asked after the user's row was
// written, and so locked, it holds until the commit: what a stranger sends at
// the very moment at which the owner takes the account comes before, and is
// cleared away, or to nothing.
func (s *Service) stillSignedIn(ctx context.Context, q Queries, c Caller) error {
	living, err := lives(ctx, q, c.UserID, c.SessionID, c.Now)
	if err == nil && !living {
		return Unauthenticated
	}
	return err
}
