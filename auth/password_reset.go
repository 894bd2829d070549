package auth

import (
	"context"

	"github.com/google/uuid"
)

// RequestPasswordReset writes a link to the address, if it belongs to an
// account, and answers the same with the same work if not. Where there are only
// registrations their address is told so; a suspended account gets nothing.
// InvalidInput; RateLimited by client address.
func (s *Service) RequestPasswordReset(ctx context.Context, c Caller, address string) (string, error) {
	return s.requestReset(ctx, c, address, reset{
		purpose: LinkPasswordReset, letter: LetterPasswordReset, event: EventPasswordResetAsked,
	})
}

// A ResetPasswordInput is a link's token and the password to come.
type ResetPasswordInput struct {
	Token                   string
	NewPassword             string
	NewPasswordConfirmation *string // checked where it is given
}

// A PasswordReset says whose password was set, and how many were signed in.
type PasswordReset struct {
	Email         string
	SessionsEnded int
}

// ResetPassword sets a new password by a link. It ends every session of the
// user, a thief's too, voids every other link, and signs nobody in. The first
// reset proves an address that nobody was asked to prove: what whoever
// registered it wrote about the user is gone then.
// InvalidInput, InvalidToken, ExpiredToken; Overloaded.
func (s *Service) ResetPassword(ctx context.Context, c Caller, in ResetPasswordInput) (PasswordReset, error) {
	var faults violations
	s.parsePassword(&faults, "newPassword", in.NewPassword, in.NewPasswordConfirmation)
	if err := faults.refusal(); err != nil {
		return PasswordReset{}, err
	}
	place, err := s.hasher.Admit(c.Counted(), Choosing)
	if err != nil {
		return PasswordReset{}, err
	}
	defer place.Leave()
	link, err := s.findLink(ctx, c.Client, in.Token, LinkPasswordReset)
	if err != nil {
		return PasswordReset{}, err
	}
	user, err := s.userOf(ctx, link)
	if err != nil {
		return PasswordReset{}, err
	}
	// Whatever a stranger wrote who registered the address is gone after this, and
	// must not have a say in it.
	user = s.proved(user)
	// Only whoever holds the link learns that a password is made of the
	// account's own address or name.
	password := s.parsePassword(&faults, "newPassword", in.NewPassword, nil, user.Email.Text, user.Username.Text, user.Name)
	if err := faults.refusal(); err != nil {
		return PasswordReset{}, err
	}
	hash, err := place.Hash(ctx, password)
	if err != nil {
		return PasswordReset{}, err
	}
	signedOut := 0
	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		won, err := q.BeginPasswordReset(ctx, user.ID, c.Now)
		if err == nil && won {
			won, err = q.UseLink(ctx, link.Digest, LinkPasswordReset, c.Now)
		}
		if err != nil {
			return err
		}
		if !won {
			return InvalidToken
		}
		if err := q.SetPassword(ctx, user.ID, hash, c.Now); err != nil {
			return err
		}
		signedOut, revoked, err = s.endAll(ctx, q, c.Client, user.ID, EndedByPasswordReset)
		if err != nil {
			return err
		}
		told, more, err := s.proveAddress(ctx, q, c.Client, user, EndedByPasswordReset)
		if err != nil {
			return err
		}
		revoked = append(revoked, more...)
		if err := q.InsertEvents(ctx, s.event(c.Client, EventPasswordReset, user.ID, nil)); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, Letter{
			Kind: LetterPasswordChanged, To: told.Email.Text, Name: told.Name, Locale: told.Locale,
		}, false); err != nil {
			return err
		}
		// Whoever reads the account's mail need not wait for a guesser's sake.
		return s.succeed(ctx, q, s.ownMeters(user))
	})
	if err != nil {
		return PasswordReset{}, err
	}
	s.blacklist.Add(revoked...)
	s.wake()
	return PasswordReset{Email: user.Email.Text, SessionsEnded: signedOut}, nil
}

// endAll ends every session of the user and voids its links but the ways back,
// and says how many were signed in. The caller holds the user's row lock, so that
// no sign-in slips in between.
func (s *Service) endAll(ctx context.Context, q Queries, c Client, userID uuid.UUID, reason EndReason) (signedOut int, revoked []BlacklistedToken, err error) {
	if err := q.VoidLinks(ctx, endingLinksOf(userID), c.Now); err != nil {
		return 0, nil, err
	}
	if err := q.ForgetNetworks(ctx, userID); err != nil {
		return 0, nil, err
	}
	ended, err := q.EndUserSessions(ctx, userID, reason, c.Now)
	if err != nil {
		return 0, nil, err
	}
	revoked, err = s.revoke(ctx, q, c, ended, reason)
	return living(ended, c.Now), revoked, err
}
