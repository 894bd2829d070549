package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// watchReads bounds how many watches ask storage together. When everybody is
	// signed out at once there may be thousands, and requests come first.
	watchReads = 4
	// watchRefused is how long whoever has too many watches is told to wait.
	watchRefused = 10 * time.Second
)

// A SessionEnd is what is told about the end of a session.
type SessionEnd struct {
	SessionID uuid.UUID
	Reason    EndReason
}

// A Watch waits for the end of one session, on this node or another. It lives as
// long as the session does, and not as the access token by which it was begun.
// Close it.
type Watch struct {
	service           *Service
	sessionID, userID uuid.UUID
	woken             chan struct{} // holds one: whoever wakes never waits
	due               time.Time     // when to look at the session again; watches.mu guards it
}

// WatchSession begins to wait for the end of the caller's session:
// Unauthenticated where it has ended already, RateLimited where too many wait
// for its end on this node.
//
// It is registered first and looked up then. An ending that was committed before
// the look-up is seen by it, and one that is committed later is heard: the other
// way round, one in between would be lost, and the client never signed out.
func (s *Service) WatchSession(ctx context.Context, c Caller) (*Watch, error) {
	if c.Kind == Anonymous || c.SessionID == uuid.Nil {
		return nil, Unauthenticated
	}
	w := &Watch{service: s, sessionID: c.SessionID, userID: c.UserID, woken: make(chan struct{}, 1)}
	if !s.blacklist.watches.register(w, s.settings.WatchesPerSession) {
		return nil, &Refusal{Code: RateLimited, RetryAfter: watchRefused}
	}
	ended, err := w.look(ctx)
	if err == nil && ended != "" {
		err = Unauthenticated
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Wait returns when the session has ended; an error is that of the context.
// Where storage fails it asks again a moment later: a stream that broke off would
// have all of them come back at once, to storage that has just recovered.
func (w *Watch) Wait(ctx context.Context) (SessionEnd, error) {
	reads := w.service.watchReads
	for {
		select {
		case <-ctx.Done():
			return SessionEnd{}, ctx.Err()
		case <-w.woken:
		}
		select {
		case <-ctx.Done():
			return SessionEnd{}, ctx.Err()
		case reads <- struct{}{}:
		}
		ended, err := w.look(ctx)
		<-reads
		switch {
		case err != nil:
			w.service.blacklist.watches.postpone(w, time.Time{})
		case ended != "":
			return SessionEnd{SessionID: w.sessionID, Reason: ended}, nil
		}
	}
}

// Close ends the waiting.
func (w *Watch) Close() { w.service.blacklist.watches.remove(w) }

// look says why the session has ended; "" where it lives, and then notes when its
// time is over unless it is refreshed until then.
func (w *Watch) look(ctx context.Context) (EndReason, error) {
	s := w.service
	session, err := s.store.SessionByID(ctx, w.sessionID)
	switch {
	case errors.Is(err, ErrNotFound):
		return w.gone(ctx)
	case err != nil:
		return "", err
	case !session.EndedAt.IsZero():
		return session.EndReason, nil
	case !s.Now().Before(session.ExpiresAt):
		return EndedByExpiry, nil
	}
	s.blacklist.watches.postpone(w, session.ExpiresAt)
	return "", nil
}

// gone says why a session has no row: it went with its user, or was pruned a day
// after its time was over.
func (w *Watch) gone(ctx context.Context) (EndReason, error) {
	_, err := w.service.store.UserByID(ctx, w.userID)
	switch {
	case errors.Is(err, ErrNotFound):
		return EndedByDeletion, nil
	case err != nil:
		return "", err
	}
	return EndedByExpiry, nil
}

// WakeWatches has those watches look again whose session's time is over, and
// those that storage had failed. Whoever runs the server calls it each second.
func (s *Service) WakeWatches(context.Context) error {
	s.blacklist.watches.wakeDue(s.Now())
	return nil
}

// watches are all that wait on this node, found by the session and by its user.
// What is heard of either wakes them, and storage tells the rest.
type watches struct {
	mu    sync.Mutex
	all   map[*Watch]struct{}
	about map[uuid.UUID]map[*Watch]struct{}
}

func newWatches() *watches {
	return &watches{all: map[*Watch]struct{}{}, about: map[uuid.UUID]map[*Watch]struct{}{}}
}

// register says whether there was room beside those that wait for the same
// session; most 0 is no bound.
func (ws *watches) register(w *Watch, most int) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if most > 0 && len(ws.about[w.sessionID]) >= most {
		return false
	}
	ws.all[w] = struct{}{}
	for _, id := range []uuid.UUID{w.sessionID, w.userID} {
		if ws.about[id] == nil {
			ws.about[id] = map[*Watch]struct{}{}
		}
		ws.about[id][w] = struct{}{}
	}
	return true
}

func (ws *watches) remove(w *Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w)
	for _, id := range []uuid.UUID{w.sessionID, w.userID} {
		delete(ws.about[id], w)
		if len(ws.about[id]) == 0 {
			delete(ws.about, id)
		}
	}
}

func (ws *watches) postpone(w *Watch, until time.Time) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.due = until
}

// wake wakes those that wait for the session, or for one of the user.
func (ws *watches) wake(subject uuid.UUID) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.about[subject] {
		w.wake()
	}
}

// wakeAll wakes everybody.
func (ws *watches) wakeAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		w.wake()
	}
}

func (ws *watches) wakeDue(now time.Time) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		if !now.Before(w.due) {
			w.wake()
		}
	}
}

func (w *Watch) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // it has not looked yet, and will
	}
}
