package store

import (
	"context"
	stdsql "database/sql"
	"time"

	"gatehouse/ent/session"
)

// An OutboxState says how letters fare.
type OutboxState struct {
	Waiting int       // to be sent
	Oldest  time.Time // since when the oldest of them waits; zero where none does
	Dead    int       // given up, and not pruned yet
}

// OutboxState counts letters along two small indexes: of those that wait, and of
// those that were given up. The letters that were sent are not looked at, however
// many there are.
func (s *Store) OutboxState(ctx context.Context) (OutboxState, error) {
	var state OutboxState
	err := s.query(ctx, `
		SELECT count(*), min(created_at), (SELECT count(*) FROM outbox_letters WHERE dead_at IS NOT NULL)
		FROM outbox_letters WHERE sent_at IS NULL AND dead_at IS NULL AND NOT void`, nil,
		func(rows *stdsql.Rows) error {
			return rows.Scan(&state.Waiting, scannedTime{&state.Oldest}, &state.Dead)
		})
	return state, failed("count letters", err)
}

// CountLivingSessions looks at every session that there is: with millions of
// them, seconds go by. It is for a job that runs now and then.
func (s *Store) CountLivingSessions(ctx context.Context, now time.Time) (int, error) {
	n, err := s.c.Session.Query().
		Where(session.EndedAtIsNil(), session.ExpiresAtGT(now), session.EndsAtGT(now)).
		Count(ctx)
	return n, failed("count sessions", err)
}
