package auth

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// blacklistFreshFor is how long a blacklist is trusted that has heard nothing
	// new from storage.
	blacklistFreshFor = 5 * time.Second
	// blacklistOverlap is how far back each poll reads again: a row is dated
	// before its transaction commits, and may appear that much later.
	blacklistOverlap = time.Minute
	// blacklistSweep is how often expired entries are let go.
	blacklistSweep = time.Minute
)

// A Blacklist holds in memory which access tokens are refused although they
// have not expired: those of ended sessions and of deleted users, and all that
// were issued before an instant. It never looks at a token's text, of which an
// attacker could make another. It is safe for concurrent use.
type Blacklist struct {
	mu       sync.RWMutex
	sessions map[uuid.UUID]time.Time // until when
	users    map[uuid.UUID]time.Time
	all      map[uuid.UUID]BlacklistedToken // by the row's ID
	heardAt  time.Time
	sweptAt  time.Time
	watches  *watches
}

// NewBlacklist makes an empty one, which is not fresh.
func NewBlacklist() *Blacklist {
	return &Blacklist{
		sessions: map[uuid.UUID]time.Time{},
		users:    map[uuid.UUID]time.Time{},
		all:      map[uuid.UUID]BlacklistedToken{},
		watches:  newWatches(),
	}
}

// Add notes rows of the blacklist; one that is there already changes nothing.
// The process that wrote them calls it right after the commit, so that the next
// request finds them.
func (b *Blacklist) Add(tokens ...BlacklistedToken) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(tokens)
}

// add also wakes whoever waits for the end of what a row names. Of kind all the
// polls that hear the row again wake nobody.
func (b *Blacklist) add(tokens []BlacklistedToken) {
	for _, t := range tokens {
		switch t.Kind {
		case BlacklistSession:
			b.sessions[t.SubjectID] = later(b.sessions[t.SubjectID], t.ExpiresAt)
			b.watches.wake(t.SubjectID)
		case BlacklistUser:
			b.users[t.SubjectID] = later(b.users[t.SubjectID], t.ExpiresAt)
			b.watches.wake(t.SubjectID)
		case BlacklistAll:
			if _, known := b.all[t.ID]; !known {
				b.watches.wakeAll()
			}
			b.all[t.ID] = t
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Forbids says whether the token of the claims is refused at now.
func (b *Blacklist) Forbids(c AccessClaims, now time.Time) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.sessions[c.SessionID].After(now) || b.users[c.Subject].After(now) {
		return true
	}
	for _, t := range b.all {
		// The ID tells the millisecond in which the token was issued, by its
		// beginning: one of the same millisecond as the bar is refused.
		if t.ExpiresAt.After(now) && issuedAt(c.TokenID).Before(t.IssuedBefore) {
			return true
		}
	}
	return false
}

// issuedAt is the time inside a UUIDv7 (RFC 9562 section 5.7), in milliseconds.
func issuedAt(id uuid.UUID) time.Time {
	ms := binary.BigEndian.Uint64(append([]byte{0, 0}, id[:6]...))
	return time.UnixMilli(int64(ms)).UTC()
}

// FreshAt says whether storage was heard in the last five seconds. Where it was
// not, somebody may have been signed out elsewhere without this process knowing,
// and storage itself must be asked.
func (b *Blacklist) FreshAt(now time.Time) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	// A clock that was put back must not make old news fresh: hence Abs.
	return !b.heardAt.IsZero() && now.Sub(b.heardAt).Abs() <= blacklistFreshFor
}

// hear adds what storage had to say at now, and lets go of what has expired.
func (b *Blacklist) hear(tokens []BlacklistedToken, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(tokens)
	if now.Sub(b.heardAt).Abs() > blacklistOverlap {
		// A row may have come and expired meanwhile. No request goes by this process's
		// memory until now, but whoever waits for an ending must look.
		b.watches.wakeAll()
	}
	b.heardAt = now
	if now.Sub(b.sweptAt).Abs() < blacklistSweep {
		return
	}
	b.sweptAt = now
	over := func(_ uuid.UUID, until time.Time) bool { return !until.After(now) }
	maps.DeleteFunc(b.sessions, over)
	maps.DeleteFunc(b.users, over)
	maps.DeleteFunc(b.all, func(id uuid.UUID, t BlacklistedToken) bool { return over(id, t.ExpiresAt) })
}

// A Feed keeps a Blacklist at what storage knows. It is safe for concurrent use.
type Feed struct {
	store     BlacklistQueries
	blacklist *Blacklist

	mu sync.Mutex
	// heardAt is when the last poll succeeded; zero where the next one must read
	// the whole: at first, and after an error, since then nobody knows what a
	// lost connection has swallowed.
	heardAt time.Time
}

// NewFeed makes a Feed that has heard nothing yet.
func NewFeed(store BlacklistQueries, b *Blacklist) *Feed {
	return &Feed{store: store, blacklist: b}
}

// Poll hears what is new: one step, to be called each second with the
// database's time. It reads from a minute before the last poll on, not before
// now, so that a process that slept misses nothing. An error leaves what is
// known in place, and the next poll reads the whole.
func (f *Feed) Poll(ctx context.Context, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	tokens, err := f.read(ctx, now)
	if err != nil {
		f.heardAt = time.Time{}
		return fmt.Errorf("auth: poll blacklist: %w", err)
	}
	f.heardAt = now
	f.blacklist.hear(tokens, now)
	return nil
}

func (f *Feed) read(ctx context.Context, now time.Time) ([]BlacklistedToken, error) {
	// Asked before reading, also where the whole is read anyway: the question is
	// what the next answer counts from, and asked afterwards it would cover up
	// what was committed in between.
	changed, err := f.store.BlacklistChanged(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case f.heardAt.IsZero(), now.Before(f.heardAt):
		// A clock that was put back was ahead before: what is good again by now may
		// have been let go as expired.
		return f.store.BlacklistedSince(ctx, time.Time{}, now)
	case !changed:
		return nil, nil
	}
	return f.store.BlacklistedSince(ctx, f.heardAt.Add(-blacklistOverlap), now)
}
