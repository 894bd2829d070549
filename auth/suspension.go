package auth

import (
	"context"
)

// SuspendUser keeps the account of the name from every way in and ends its
// sessions. Names are those of [Service.DeleteUser]; an account that is suspended
// already stays so.
func (s *Service) SuspendUser(ctx context.Context, name string) (User, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return User{}, err
	}
	c := Client{Now: s.Now()}
	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		won, err := q.SuspendUser(ctx, account.ID, c.Now)
		if err != nil || !won {
			return err
		}
		if _, revoked, err = s.endAll(ctx, q, c, account.ID, EndedBySuspension); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventUserSuspended, account.ID, nil))
	})
	if err != nil {
		return User{}, err
	}
	s.blacklist.Add(revoked...)
	return s.store.UserByID(ctx, account.ID)
}

// ReinstateUser lifts the suspension of the account of the name. What the
// suspension ended stays ended: sessions, and the links of letters. An account
// that works already stays as it is.
func (s *Service) ReinstateUser(ctx context.Context, name string) (User, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return User{}, err
	}
	c := Client{Now: s.Now()}
	err = s.store.InTx(ctx, func(q Queries) error {
		won, err := q.ReinstateUser(ctx, account.ID, c.Now)
		if err != nil || !won {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventUserReinstated, account.ID, nil))
	})
	if err != nil {
		return User{}, err
	}
	return s.store.UserByID(ctx, account.ID)
}
