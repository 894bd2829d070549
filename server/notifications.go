package server

import (
	"context"
	"errors"
	"time"

	"gatehouse/store"
)

// hearWithin bounds how long what one notification speaks of is looked at.
const hearWithin = 3 * time.Second

// hear looks at once at what another node says that it wrote. What fails here is
// found by the jobs that ask each second, which say so.
func (s *Server) hear(ctx context.Context, n store.News) {
	ctx, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	var err error
	if n.Everything {
		err = s.rules.CatchUp(ctx)
	} else {
		err = s.rules.HearBlacklisted(ctx, n.Blacklisted)
		if n.Keys {
			err = errors.Join(err, s.hearKeys(ctx))
		}
	}
	if err != nil {
		s.deps.Logger.DebugContext(ctx, "what another node wrote was not read", "error", err)
	}
}
