package auth

import (
	"context"
	"errors"
	"slices"
)

// Authenticate says who sends the access token. It never fails: a token that is
// not good makes an anonymous caller who remembers why, so that an expired one
// never stands in the way of signing in or refreshing.
func (s *Service) Authenticate(ctx context.Context, client Client, token string) Caller {
	caller := Caller{Client: client}
	if token == "" {
		return caller
	}
	claims, err := s.keys.Verify(client.Now, token)
	if err == nil && !s.blacklist.FreshAt(client.Now) {
		// Nor has this process heard of keys that were dropped.
		if err := s.loadKeys(ctx); err != nil {
			caller.Refused = err
			return caller
		}
		claims, err = s.keys.Verify(client.Now, token)
	}
	if err != nil {
		caller.Refused = err
		if errors.Is(err, ExpiredToken) {
			// Authentic, so logout may end its session.
			caller.SessionID = claims.SessionID
		}
		return caller
	}
	caller.SessionID = claims.SessionID
	forbidden, err := s.forbids(ctx, client, claims)
	if err != nil {
		caller.Refused = err
		return caller
	}
	if forbidden {
		caller.Refused = InvalidToken
		return caller
	}
	caller.Kind = BySession
	caller.UserID = claims.Subject
	caller.AuthenticatedAt = claims.AuthenticatedAt
	return caller
}

// forbids consults the blacklist in memory or, where nothing was heard of late,
// storage itself: a node that is cut off must not let in whom another signed
// out.
func (s *Service) forbids(ctx context.Context, client Client, claims AccessClaims) (bool, error) {
	if s.blacklist.Forbids(claims, client.Now) {
		return true, nil
	}
	if s.blacklist.FreshAt(client.Now) {
		return false, nil
	}
	return s.store.IsBlacklisted(ctx, claims.SessionID, claims.Subject, claims.IssuedAt, client.Now)
}

// Authorize judges whether the caller gets past the guard: Unauthenticated,
// Forbidden or ReauthenticationRequired. Roles are those of the user's row, not
// of the token, which may be older than a change of them.
func (s *Service) Authorize(ctx context.Context, c Caller, g Guard) error {
	var code Code
	if c.Refused != nil && (!errors.As(c.Refused, &code) || code == Overloaded) {
		// Storage failed, or was too busy, while the token was judged: nobody is let
		// in, and nobody is told that the token was bad.
		return c.Refused
	}
	if err := g.admits(c, s.settings.ReauthenticationAge); err != nil {
		return err
	}
	if len(g.Roles) == 0 {
		return nil
	}
	user, err := s.Me(ctx, c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(user.Roles, func(role string) bool { return slices.Contains(g.Roles, role) }) {
		return Forbidden
	}
	return nil
}

// Me is the caller's user: Unauthenticated for everyone else.
func (s *Service) Me(ctx context.Context, c Caller) (User, error) {
	if c.Kind == Anonymous {
		return User{}, Unauthenticated
	}
	user, err := s.store.UserByID(ctx, c.UserID)
	if errors.Is(err, ErrNotFound) || err == nil && user.Status != Active {
		return User{}, Unauthenticated
	}
	return user, err
}

// PollBlacklist hears what other processes have ended. Whoever runs the server
// calls it each second.
func (s *Service) PollBlacklist(ctx context.Context) error {
	return s.feed.Poll(ctx, s.Now())
}
