package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// SessionEnded tells the caller that its session has ended, once.
func (s subscription) SessionEnded(ctx context.Context) (<-chan *model.SessionEnded, error) {
	watch, err := s.auth.WatchSession(ctx, CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return ended(ctx, watch), nil
}

// ended is the one event of a watch, which it closes. Nobody is waited for who
// does not fetch it.
func ended(ctx context.Context, watch *auth.Watch) <-chan *model.SessionEnded {
	events := make(chan *model.SessionEnded, 1)
	go func() {
		defer watch.Close()
		defer close(events)
		if end, err := watch.Wait(ctx); err == nil {
			events <- presentSessionEnd(end)
		}
	}()
	return events
}
