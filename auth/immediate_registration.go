package auth

import (
	"context"
	"errors"
)

// registerAtOnce makes the user of a registration that waits for nothing, and
// signs in. Nobody has shown that the address is theirs, so the letter that goes
// there says when and from where the account was made, and how whoever reads it
// takes the account: by a reset, which [Service.proveAddress] tells of. It holds
// no token, which whoever sits in the account could have voided.
//
// InvalidInput where the address or the username was taken meanwhile.
func (s *Service) registerAtOnce(ctx context.Context, c Caller, reg Registration, device string) (SignIn, error) {
	user := s.newUser(c, reg)
	user.EmailVerified = false
	user.LastLoginAt = c.Now
	signIn, err := s.newSignIn(c.Client, user, []string{"pwd"}, device)
	if err != nil {
		return SignIn{}, err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		// First, since the address is what others who want it wait for.
		won, err := q.InsertUser(ctx, user)
		if err == nil && won {
			won, err = s.unreserved(ctx, q, c.Client, user.Email.Key)
		}
		if err != nil {
			return err
		}
		if !won {
			return errOvertaken
		}
		if err := q.SetPassword(ctx, user.ID, reg.PasswordHash, c.Now); err != nil {
			return err
		}
		// Of those who wait for a letter, where activation was asked for before.
		if err := s.voidAttempts(ctx, q, user.Email.Key, c.Now); err != nil {
			return err
		}
		if err := s.noteNetwork(ctx, q, c.Client, user.ID, s.newVicinity(c.Client, user.ID)); err != nil {
			return err
		}
		if err := q.InsertSession(ctx, signIn.Session); err != nil {
			return err
		}
		if err := q.InsertEvents(ctx,
			s.event(c.Client, EventRegistrationRequested, user.ID, map[string]any{"activation": "off"}),
			s.event(c.Client, EventLoginSucceeded, user.ID, sessionDetails(signIn.Session)),
		); err != nil {
			return err
		}
		return s.writeLetter(ctx, q, c.Client, Letter{
			Kind: LetterAccountCreated, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
		}, false)
	})
	if errors.Is(err, errOvertaken) {
		return SignIn{}, s.refuseTaken(ctx, user)
	}
	if err != nil {
		return SignIn{}, err
	}
	s.wake()
	return signIn, nil
}
