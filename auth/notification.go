package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// HearBlacklisted looks at rows of the blacklist that another process says it
// has written, and goes by what storage has: nobody is signed out by a rumour.
// It proves nothing about other rows, so that the blacklist is no fresher for
// it than before.
func (s *Service) HearBlacklisted(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := s.store.BlacklistedByID(ctx, ids, s.Now())
	if err != nil {
		return fmt.Errorf("auth: hear of blacklisted tokens: %w", err)
	}
	s.blacklist.Add(rows...)
	return nil
}

// CatchUp reads the whole blacklist and the keys, for who has heard nothing for
// a while, or never did.
func (s *Service) CatchUp(ctx context.Context) error {
	s.feed.forget()
	return errors.Join(s.PollBlacklist(ctx), s.PollKeys(ctx))
}

// forget has the next poll read the whole.
func (f *Feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heardAt = time.Time{}
}
