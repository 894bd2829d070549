package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// accountNamed is the account that an operator names by ID, e-mail address or
// username, whatever its status. ErrNotFound where there is none; Conflict where
// the ID of one user is the username of another: whoever gives himself such a
// username must not have an operator meet the wrong one.
func (s *Service) accountNamed(ctx context.Context, name string) (Account, error) {
	id, err := uuid.Parse(name)
	if err != nil {
		return s.accountCalled(ctx, name)
	}
	account, err := s.store.AccountByID(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Account{}, err
	}
	other, otherErr := s.accountCalled(ctx, name)
	switch {
	case otherErr == nil && err == nil && other.ID != account.ID:
		return Account{}, fmt.Errorf("auth: this is the ID of one user and the username of another: name them by e-mail address: %w", Conflict)
	case err != nil:
		return other, otherErr
	case otherErr != nil && !errors.Is(otherErr, ErrNotFound):
		return Account{}, otherErr
	}
	return account, nil
}

// accountCalled finds by address or username. A server without usernames may
// have had them before.
func (s *Service) accountCalled(ctx context.Context, name string) (account Account, err error) {
	err = ErrNotFound
	if strings.ContainsRune(name, '@') {
		if email, fault := ParseAddress(name); fault == (Fault{}) {
			account, err = s.store.AccountByEmail(ctx, email.Key)
		}
	} else if username, fault := ParseUsername(name); fault == (Fault{}) {
		account, err = s.store.AccountByUsername(ctx, username.Key)
	}
	if errors.Is(err, ErrNotFound) {
		return Account{}, fmt.Errorf("auth: no account has this address, username or ID: %w", ErrNotFound)
	}
	return account, err
}

// An AccountView is what an operator sees of an account.
type AccountView struct {
	User
	HasPassword bool
	Sessions    int  // that live
	LockedOut   bool // so many wrong passwords in a row that only a reset helps
}

// ViewAccount shows the account of the name: see [Service.DeleteUser] for names.
func (s *Service) ViewAccount(ctx context.Context, name string) (AccountView, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return AccountView{}, err
	}
	sessions, err := s.store.LivingSessions(ctx, account.ID, s.Now())
	if err != nil {
		return AccountView{}, err
	}
	return AccountView{
		User: account.User, HasPassword: account.PasswordHash != "",
		Sessions: len(sessions), LockedOut: s.lockedOut(account.User),
	}, nil
}

// UserSessions are those in which the user of the name is signed in, as
// [Service.Sessions] lists them.
func (s *Service) UserSessions(ctx context.Context, name string) ([]Session, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.Sessions(ctx, Caller{Client: Client{Now: s.Now()}}, account.ID)
}
