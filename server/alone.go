package server

import (
	"context"
	"errors"
	"time"
)

// settleWithin bounds noting that work is done, which happens although the
// server is being stopped.
const settleWithin = 2 * time.Second

// alone makes of a step one that a single process takes in each interval, of all
// that share the database: whoever asks first once it is due. It is that one's
// for as long as a step may take, so that another takes it over where it died;
// where it failed, another may try at once. Starting often, as after each of
// many deployments, puts nothing off.
func (s *Server) alone(work string, every, within time.Duration, step func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		now := s.rules.Now()
		mine, err := s.store.ClaimLease(ctx, work, s.self, now, now.Add(within))
		if err != nil || !mine {
			return err
		}
		next := now.Add(every)
		if err = step(ctx); err != nil {
			next = now
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
		defer cancel()
		return errors.Join(err, s.store.SettleLease(ctx, work, s.self, next))
	}
}
