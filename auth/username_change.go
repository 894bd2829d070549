package auth

import (
	"context"
	"errors"
)

// parseNewUsername checks a username that is being chosen.
func parseNewUsername(typed string) (Username, error) {
	var faults violations
	name, fault := ParseUsername(typed)
	faults.add("username", fault)
	return name, faults.refusal()
}

// ChangeUsername gives the caller another username and tells it by letter.
// InvalidInput, with Taken where somebody else has it and Unchanged where it is
// the current one, to the letter; Disabled where the server has none;
// Unauthenticated where account or session are gone.
func (s *Service) ChangeUsername(ctx context.Context, c Caller, username string) (User, error) {
	if !s.settings.Usernames {
		return User{}, Disabled
	}
	name, err := parseNewUsername(username)
	if err != nil {
		return User{}, err
	}
	user, err := s.Me(ctx, c)
	if err != nil {
		return User{}, err
	}
	if user.Username == name {
		return User{}, usernameFault(Unchanged)
	}
	silenced, err := s.spare(ctx, c.Client, user)
	if err != nil {
		return User{}, err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		if err := s.setUsername(ctx, q, c.Client, user, name, Unauthenticated, silenced); err != nil {
			return err
		}
		return s.stillSignedIn(ctx, q, c)
	})
	if err != nil {
		return User{}, err
	}
	s.wake()
	user.Username, user.UpdatedAt = name, c.Now
	return user, nil
}

// setUsername writes the username, the fact and the letter. It refuses with
// Taken, or with gone where the user is not there any more; either way the
// transaction is rolled back. A letter that is silenced is void.
func (s *Service) setUsername(ctx context.Context, q Queries, c Client, user User, name Username, gone Code, silenced bool) error {
	won, err := q.SetUsername(ctx, user.ID, name, c.Now)
	switch {
	case errors.Is(err, ErrNotFound):
		return gone
	case err != nil:
		return err
	case !won:
		return usernameFault(Taken)
	}
	if err := q.InsertEvents(ctx, s.event(c, EventUsernameChanged, user.ID, nil)); err != nil {
		return err
	}
	return s.writeLetter(ctx, q, c, Letter{
		Kind: LetterUsernameChanged, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
	}, silenced)
}

func usernameFault(code ViolationCode) error {
	var faults violations
	faults.add("username", Fault{Code: code})
	return faults.refusal()
}

// RequestUsernameReset writes a link to the address, if it belongs to an
// account, by the rules of [Service.RequestPasswordReset]. Disabled where the
// server has no usernames.
func (s *Service) RequestUsernameReset(ctx context.Context, c Caller, address string) (string, error) {
	if !s.settings.Usernames {
		return "", Disabled
	}
	return s.requestReset(ctx, c, address, reset{purpose: LinkUsernameReset, letter: LetterUsernameReset})
}

// ResetUsername sets a username by a link and tells it by letter. It ends no
// session: nobody who had the old name could do anything with it alone. Nor does
// it prove an address that nobody was asked to prove, since the password stays,
// which a stranger may have chosen. A name that is taken does not use the link
// up. InvalidInput, InvalidToken, ExpiredToken; Disabled.
func (s *Service) ResetUsername(ctx context.Context, c Caller, token, username string) (string, error) {
	if !s.settings.Usernames {
		return "", Disabled
	}
	name, err := parseNewUsername(username)
	if err != nil {
		return "", err
	}
	link, err := s.findLink(ctx, c.Client, token, LinkUsernameReset)
	if err != nil {
		return "", err
	}
	user, err := s.userOf(ctx, link)
	if err != nil {
		return "", err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		// The user's row first, which whoever ends the account's links holds too.
		if err := s.setUsername(ctx, q, c.Client, user, name, InvalidToken, false); err != nil {
			return err
		}
		won, err := q.UseLink(ctx, link.Digest, LinkUsernameReset, c.Now)
		if err == nil && !won {
			err = InvalidToken
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.wake()
	return name.Text, nil
}
