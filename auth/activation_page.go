package auth

import (
	"context"
	"errors"
)

// ActivationCode is the six digits that go with the link of a letter, for
// whoever opened it elsewhere than where they registered, and types them there.
// "" where the registration goes by other digits: a letter that was sent again
// on a stranger's word has none. It changes nothing, and the digits are worth
// nothing without the flow. InvalidToken, ExpiredToken.
func (s *Service) ActivationCode(ctx context.Context, c Caller, token string) (string, error) {
	reg, _, err := s.registrationOf(ctx, c, token)
	if err != nil {
		return "", err
	}
	for _, secret := range s.secrets.ring() {
		// Under the one that was the first when the letter was written.
		code := secret.digits(token)
		if s.secrets.VerifyMAC(labelCode, reg.CodeDigest, string(reg.FlowDigest), code) {
			return code, nil
		}
	}
	return "", nil
}

// ActivateOnly makes the registration a user and signs nobody in, for a page
// that has no app to give the tokens to: a session that nobody holds would stand
// in the user's list and puzzle them. The password is asked for as by
// [Service.Activate], and counted alike; what is given back is the address.
// InvalidInput; InvalidToken, ExpiredToken, InvalidCredentials, RateLimited;
// Overloaded.
func (s *Service) ActivateOnly(ctx context.Context, c Caller, token, password string) (string, error) {
	var faults violations
	password, fault := NormalizePassword(password)
	faults.add("password", fault)
	if err := faults.refusal(); err != nil {
		return "", err
	}
	reg, link, err := s.registrationOf(ctx, c, token)
	if err != nil {
		return "", err
	}
	meters := s.signInMeters(c.Client, reg.Email.Key)
	if err := s.provePassword(ctx, c, meters, reg.PasswordHash, password); err != nil {
		return "", err
	}
	user := s.newUser(c, reg)
	err = s.store.InTx(ctx, func(q Queries) error {
		made := user
		if err := s.becomeUser(ctx, q, c, &made, reg, link); err != nil {
			return err
		}
		if err := q.InsertEvents(ctx, s.event(c.Client, EventActivated, user.ID, nil)); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if errors.Is(err, errOvertaken) {
		return "", InvalidToken
	}
	if err != nil {
		return "", err
	}
	s.wake()
	return reg.Email.Text, nil
}
