package auth

import (
	"context"
	"errors"
)

// A ChangePasswordInput is the password to come, and the one it replaces.
type ChangePasswordInput struct {
	CurrentPassword         string
	NewPassword             string
	NewPasswordConfirmation *string // checked where it is given
}

// ChangePassword replaces the password of the caller's account, ends its other
// sessions, voids its links, and says how many sessions it ended. The session
// that asks stays.
// InvalidInput, InvalidCredentials, AccountSuspended, RateLimited, Overloaded;
// Unauthenticated where the account is gone.
func (s *Service) ChangePassword(ctx context.Context, c Caller, in ChangePasswordInput) (int, error) {
	var faults violations
	current, fault := NormalizePassword(in.CurrentPassword)
	faults.add("currentPassword", fault)
	s.parsePassword(&faults, "newPassword", in.NewPassword, in.NewPasswordConfirmation)
	if err := faults.refusal(); err != nil {
		return 0, err
	}
	place, err := s.hasher.Admit(c.Counted(), Proving)
	if err != nil {
		return 0, err
	}
	defer place.Leave()
	meters := s.sessionMeters(c)
	if err := s.reserveOwn(ctx, c, meters); err != nil {
		return 0, err
	}
	// Of two changes at once the second finds another password.
	for range 2 {
		account, err := s.proveOwnPassword(ctx, c, place, meters, current)
		if err != nil {
			return 0, err
		}
		hash, err := s.hashChosen(ctx, place, account, current, in.NewPassword)
		if err != nil {
			// The current password was right, so this was no guess.
			return 0, s.unspent(ctx, meters, err)
		}
		ended, err := s.replacePassword(ctx, c, account.User, hash, meters)
		if !errors.Is(err, errOvertaken) {
			return ended, err
		}
	}
	return 0, InvalidCredentials
}

// hashChosen hashes the password that replaces the current one. Only whoever
// knows the current one learns that the new one is the same.
func (s *Service) hashChosen(ctx context.Context, place *Place, account Account, current, chosen string) (string, error) {
	var faults violations
	password := s.parsePassword(&faults, "newPassword", chosen, nil, account.Email.Text, account.Username.Text, account.Name)
	if len(faults) == 0 && password == current {
		faults.add("newPassword", Fault{Code: Unchanged})
	}
	if err := faults.refusal(); err != nil {
		return "", err
	}
	return place.Hash(ctx, password)
}

// replacePassword writes the new hash, or errOvertaken where the account has
// changed since it was read. The version is raised before anything else: a
// sign-in with the old password either came before, and is ended here, or comes
// after, and finds another version.
func (s *Service) replacePassword(ctx context.Context, c Caller, user User, hash string, meters []Meter) (int, error) {
	silenced, err := s.spare(ctx, c.Client, user)
	if err != nil {
		return 0, s.unspent(ctx, meters, err)
	}
	signedOut := 0
	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		won, err := q.BeginPasswordChange(ctx, user.ID, user.Version, c.Now)
		if err != nil {
			return err
		}
		if !won {
			return errOvertaken
		}
		if err := q.SetPassword(ctx, user.ID, hash, c.Now); err != nil {
			return err
		}
		signedOut, revoked, err = s.endOthers(ctx, q, c.Client, user, c.SessionID, EndedByPasswordChange)
		if err != nil {
			return err
		}
		if err := q.InsertEvents(ctx, s.event(c.Client, EventPasswordChanged, user.ID, nil)); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, Letter{
			Kind: LetterPasswordChanged, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
		}, silenced); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if err != nil {
		return 0, err
	}
	s.blacklist.Add(revoked...)
	s.wake()
	return signedOut, nil
}
