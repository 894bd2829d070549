package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

const (
	// afterExpiry is how long a row stays that is good for nothing any more. It
	// outlasts every leeway and every clock that is a little off, and lets a
	// link be answered as expired rather than unknown to who clicks it late.
	afterExpiry = 24 * time.Hour
	// deadLettersFor is how long an operator can see that a letter could not be
	// sent. What it said was wiped when it was given up.
	deadLettersFor = 30 * 24 * time.Hour
	// pruneRest is the pause after each statement that found as many rows as it may
	// take, and sqliteBatch how many it may take on SQLite at most. There is one
	// write lock there, for which another process asks now and then, up to a tenth
	// of a second apart, and does not queue: pruning must hold it for a small part
	// of the time. With statements of 500 rows and a fifth of the time for others
	// a sign-in took seconds.
	pruneRest   = 50 * time.Millisecond
	sqliteBatch = 100
)

// A stale is a kind of row that nobody asks for any more: those of a table for
// which where holds. $1 in it is the instant that was after ago.
type stale struct {
	table, order, where string
	after               time.Duration
}

// staleRows are all kinds. Each looks along an index, or into a small table.
//
// A registration goes when it expires, as its owner was promised; its links
// stay for a while, so that they are still answered as expired. A session stays
// as long as any refresh token of it could come back, ended or not: the thief and
// the owner of one that ended for reuse are both to be told so. A letter that
// waits to be sent stays, and so does the audit log.
func staleRows() []stale {
	return []stale{
		{"registrations", "expires_at", "expires_at <= $1", 0},
		{"link_tokens", "expires_at", "expires_at <= $1", afterExpiry},
		{"sessions", "expires_at", "expires_at <= $1", afterExpiry},
		{"blacklisted_tokens", "expires_at", "expires_at <= $1", 0},
		{"attempt_counters", "expires_at", "expires_at <= $1", 0},
		{"known_networks", "expires_at", "expires_at <= $1", 0},
		{"outbox_letters", "created_at", "created_at <= $1 AND (sent_at <= $1 OR void)", afterExpiry},
		{"outbox_letters", "created_at", "created_at <= $1 AND dead_at <= $1", deadLettersFor},
		{"signing_keys", "sequence", "retires_at <= $1", afterExpiry},
	}
}

// lateOrigins wipes where a deleted user was from events that a request wrote which
// was on its way as the user was deleted. The deletion has wiped the others, so there
// are few, and its row of the blacklist, which goes after this, names the user for
// longer than any request takes. As an array PostgreSQL takes it for short, and
// looks along the index.
func lateOrigins(name string) string {
	chosen := "SELECT subject_id FROM blacklisted_tokens WHERE kind = 'user'"
	if name == dialect.Postgres {
		chosen = "= ANY(ARRAY(" + chosen + "))"
	} else {
		chosen = "IN (" + chosen + ")"
	}
	return "UPDATE events SET ip_address = '', user_agent = '' WHERE user_id " + chosen + " AND (ip_address <> '' OR user_agent <> '')"
}

// Prune deletes what has expired, at most batch rows a statement, each statement
// a transaction of its own and a pause between two, so that nobody waits long for
// it, and answers how many rows it deleted, also with an error. First it wipes
// what the deletion of users left of where they were. Several processes may prune
// at once. After each statement progress is told how many rows that were in all;
// it may be nil.
func (s *Store) Prune(ctx context.Context, now time.Time, batch int, progress func(deleted int)) (int, error) {
	batch = max(batch, 1)
	if _, err := s.exec(ctx, lateOrigins(s.dialect)); err != nil {
		return 0, fmt.Errorf("store: forget origins of events: %w", err)
	}
	if s.dialect == dialect.SQLite {
		batch = min(batch, sqliteBatch)
	}
	if progress == nil {
		progress = func(int) {}
	}
	deleted := 0
	for _, kind := range staleRows() {
		text := pruning(s.dialect, kind, batch)
		for {
			n, err := s.exec(ctx, text, now.Add(-kind.after))
			deleted += n
			if err != nil {
				return deleted, fmt.Errorf("store: prune %s: %w", kind.table, err)
			}
			progress(deleted)
			if n < batch {
				break
			}
			select {
			case <-ctx.Done():
				return deleted, fmt.Errorf("store: prune %s: %w", kind.table, ctx.Err())
			case <-time.After(pruneRest):
			}
		}
	}
	return deleted, nil
}

// pruning is one DELETE of at most batch rows. Rows that another transaction is
// at, that of another process that prunes say, PostgreSQL passes by.
func pruning(name string, kind stale, batch int) string {
	chosen := fmt.Sprintf("SELECT id FROM %s WHERE %s ORDER BY %s LIMIT %d", kind.table, kind.where, kind.order, batch)
	if name == dialect.Postgres {
		return fmt.Sprintf("DELETE FROM %s WHERE id = ANY(ARRAY(%s FOR UPDATE SKIP LOCKED))", kind.table, chosen)
	}
	return fmt.Sprintf("DELETE FROM %s WHERE id IN (%s)", kind.table, chosen)
}
