package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// RoleAdmin is the role of those who look after a server. A server that ever
// had an administrator does not lose the last one.
const RoleAdmin = "admin"

// AccountQueries read and delete everything of one account.
type AccountQueries interface {
	AccountHoldings

	// LockUserAndHolders reads the user, whatever its status, and every ACTIVE
	// user with the role, and locks their rows until the transaction ends. All
	// who lock several users do it here, in the order of their IDs, so that two
	// who want the same rows wait instead of giving each other up.
	LockUserAndHolders(ctx context.Context, userID uuid.UUID, role string) ([]User, error)
	// DeleteUser deletes the user, and its credential, sessions and links.
	DeleteUser(ctx context.Context, userID uuid.UUID) error
	// DeleteRegistrations deletes all of the addresses, void ones too.
	DeleteRegistrations(ctx context.Context, emailKeys []string) error
	// DeleteLinks deletes the links that went to one of the addresses and are bound
	// to no user. Those of another, who asked for the address, stay: by their
	// absence he would see that it had an account.
	DeleteLinks(ctx context.Context, emailKeys []string) error
	// DeleteLetters deletes the letters to any of the recipients, sent or not.
	DeleteLetters(ctx context.Context, recipients [][]byte) error
	// DeleteLettersOfLinks deletes the letters, sent or not, that have the ID of a
	// link of the user.
	DeleteLettersOfLinks(ctx context.Context, userID uuid.UUID) error
	// ForgetOrigins wipes the client's address and user agent of the events that
	// are about the user.
	ForgetOrigins(ctx context.Context, userID uuid.UUID) error
}

// DeleteAccount deletes the caller's account for good, and answers the address
// that it had. What was held of it goes: credential, sessions, links,
// registrations of the address, letters that wait, and the ways back, which frees
// their addresses. Those get the farewell too: a thief who changed the address
// first would else be the only one to hear of it. Audit events stay, with the
// user's ID and without the client's address or user agent. Unauthenticated
// where the account is gone already, Conflict for the last administrator.
func (s *Service) DeleteAccount(ctx context.Context, c Caller) (string, error) {
	user, err := s.Me(ctx, c)
	if err != nil {
		return "", err
	}
	silenced, err := s.spare(ctx, c.Client, user)
	if err != nil {
		return "", err
	}
	user, err = s.deleteUser(ctx, c.Client, c.UserID, silenced, func(q Queries, locked []User) (User, error) {
		user, err := leaving(locked, c.UserID)
		if err == nil {
			err = s.stillSignedIn(ctx, q, c)
		}
		return user, err
	})
	return user.Email.Text, err
}

// DeleteUser deletes the account that an operator names by ID, e-mail address or
// username, suspended or not, by the rules of [Service.DeleteAccount]: its owner
// gets the farewell as well. ErrNotFound where there is none; Conflict for the
// last administrator, and where the name is that of two.
func (s *Service) DeleteUser(ctx context.Context, name string) (User, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return User{}, err
	}
	return s.deleteUser(ctx, Client{Now: s.Now()}, account.ID, false, func(_ Queries, locked []User) (User, error) {
		user, err := lockedUser(locked, account.ID)
		if err == nil && lastAdministrator(locked, user) {
			err = errLastAdministrator()
		}
		return user, err
	})
}

// deleteUser deletes the user whom choose finds among those that were locked,
// and says farewell unless that is silenced.
func (s *Service) deleteUser(ctx context.Context, c Client, id uuid.UUID, silenced bool, choose func(q Queries, locked []User) (User, error)) (User, error) {
	var user User
	var token BlacklistedToken
	err := s.store.InTx(ctx, func(q Queries) error {
		// First, and all administrators at once: two who delete themselves
		// together would else each count the other. Sign-ins wait here as well,
		// and find nobody afterwards.
		locked, err := q.LockUserAndHolders(ctx, id, RoleAdmin)
		if err != nil {
			return err
		}
		if user, err = choose(q, locked); err != nil {
			return err
		}
		if token, err = s.endForGood(ctx, q, c, user.ID); err != nil {
			return err
		}
		addresses, err := addressesOf(ctx, q, user, c.Now)
		if err != nil {
			return err
		}
		if err := s.deleteAll(ctx, q, user.ID, addresses); err != nil {
			return err
		}
		// Of where the user was when it left no more is kept than of the rest.
		if err := q.InsertEvents(ctx, s.event(Client{Now: c.Now}, EventAccountDeleted, user.ID, nil)); err != nil {
			return err
		}
		for _, address := range addresses {
			if err := s.writeLetter(ctx, q, c, Letter{
				Kind: LetterAccountDeleted, To: address.Text, Name: user.greeted(), Locale: user.Locale,
			}, silenced); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	s.blacklist.Add(token)
	s.wake()
	return user, nil
}

// leaving is the user among those that were locked, if it may go.
func leaving(locked []User, id uuid.UUID) (User, error) {
	at := slices.IndexFunc(locked, func(u User) bool { return u.ID == id })
	if at < 0 || locked[at].Status != Active {
		return User{}, Unauthenticated
	}
	if lastAdministrator(locked, locked[at]) {
		return User{}, Conflict
	}
	return locked[at], nil
}

// endForGood refuses every access token of the user, until the last has
// expired. The row has no tie to the user's: nothing that is deleted here
// revives a token.
func (s *Service) endForGood(ctx context.Context, q Queries, c Client, userID uuid.UUID) (BlacklistedToken, error) {
	ended, err := q.EndUserSessions(ctx, userID, EndedByDeletion, c.Now)
	if err != nil {
		return BlacklistedToken{}, err
	}
	// What the sessions say, which were begun under another setting perhaps; and
	// what a refresh that is under way may still be given.
	last := c.Now.Add(s.settings.AccessTokenLifetime)
	for _, session := range ended {
		last = later(last, session.AccessExpiresAt)
	}
	token := BlacklistedToken{
		ID: s.newID(c.Now), Kind: BlacklistUser, SubjectID: userID, CreatedAt: c.Now,
		ExpiresAt: last.Add(s.settings.Leeway + time.Minute),
	}
	return token, q.InsertBlacklisted(ctx, token)
}

// deleteAll deletes what is held of the user and its addresses. Whoever activates
// a registration asks for the address first, holding nothing, so that neither
// waits for the other.
func (s *Service) deleteAll(ctx context.Context, q Queries, userID uuid.UUID, addresses []Address) error {
	keys := keysOf(addresses)
	if err := q.DeleteRegistrations(ctx, keys); err != nil {
		return err
	}
	// Before the links go with the user.
	if err := q.DeleteLettersOfLinks(ctx, userID); err != nil {
		return err
	}
	if err := q.DeleteUser(ctx, userID); err != nil {
		return err
	}
	if err := q.DeleteLinks(ctx, keys); err != nil {
		return err
	}
	if err := q.DeleteLetters(ctx, s.recipientsOf(addresses)); err != nil {
		return err
	}
	return q.ForgetOrigins(ctx, userID)
}
