package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// EndAllSessions signs everybody out: it ends every session, and has every
// access token refused that was issued until now. It says how many sessions
// lived.
func (s *Service) EndAllSessions(ctx context.Context) (int, error) {
	signedOut := 0
	var bar BlacklistedToken
	err := s.store.InTx(ctx, func(q Queries) error {
		// A sign-in that has begun would else commit a session that this does not
		// see.
		if err := q.LockSessions(ctx); err != nil {
			return err
		}
		// Read here and no sooner: a refresh that this has waited for was given
		// its access token meanwhile. One that comes now waits.
		c := Client{Now: s.Now()}
		living, lastAccess, err := q.SumOfSessions(ctx, c.Now)
		if err != nil {
			return err
		}
		signedOut = living
		if err := q.EndEverySession(ctx, EndedByOperator, c.Now); err != nil {
			return err
		}
		bar = BlacklistedToken{
			ID: s.newID(c.Now), Kind: BlacklistAll, CreatedAt: c.Now, IssuedBefore: c.Now.Add(time.Second),
			ExpiresAt: later(lastAccess, c.Now.Add(s.settings.AccessTokenLifetime)).Add(s.settings.Leeway + time.Minute),
		}
		if err := q.InsertBlacklisted(ctx, bar); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventAllSessionsEnded, uuid.Nil, map[string]any{"sessions": living}))
	})
	if err != nil {
		return 0, err
	}
	s.blacklist.Add(bar)
	return signedOut, nil
}
