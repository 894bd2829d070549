package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Logout ends the session of the refresh token or, where there is none, of the
// caller's access token, and says how many it ended. Any authentic token of the
// session will do, also an expired or rotated one; nothing found is no error,
// since what was asked for is so.
func (s *Service) Logout(ctx context.Context, c Caller, refreshToken string) (int, error) {
	id := c.SessionID
	if refreshToken != "" {
		claims, err := s.secrets.verifyRefresh(c.Now, refreshToken, s.settings.Leeway)
		if err != nil && !errors.Is(err, ExpiredToken) {
			return 0, nil
		}
		id = claims.SessionID
	}
	if id == uuid.Nil {
		return 0, nil
	}
	signedOut := 0
	var revoked []BlacklistedToken
	err := s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		ended, err := q.EndSessions(ctx, []uuid.UUID{id}, EndedByLogout, c.Now)
		if err != nil {
			return err
		}
		signedOut = living(ended, c.Now)
		revoked, err = s.revoke(ctx, q, c.Client, ended, EndedByLogout)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.blacklist.Add(revoked...)
	return signedOut, nil
}

// revoke blacklists the access tokens of sessions that the transaction has
// ended, until the last of them has expired, and notes why. Where that is over,
// as for a session that was not used for an hour, the row stays for some minutes
// all the same: other nodes hear by it that the session has ended. The caller
// adds what it returns to the blacklist in memory after the commit: the first
// request after the answer must meet it.
func (s *Service) revoke(ctx context.Context, q Queries, c Client, ended []EndedSession, reason EndReason) ([]BlacklistedToken, error) {
	tokens := make([]BlacklistedToken, len(ended))
	events := make([]Event, len(ended))
	for i, session := range ended {
		tokens[i] = BlacklistedToken{
			ID: s.newID(c.Now), Kind: BlacklistSession, SubjectID: session.ID, CreatedAt: c.Now,
			ExpiresAt: later(session.AccessExpiresAt, c.Now.Add(blacklistOverlap)).Add(s.settings.Leeway + time.Minute),
		}
		events[i] = s.event(c, EventSessionEnded, session.UserID, map[string]any{
			"session": session.ID.String(), "reason": string(reason),
		})
	}
	if err := q.InsertBlacklisted(ctx, tokens...); err != nil {
		return nil, err
	}
	return tokens, q.InsertEvents(ctx, events...)
}
