package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"gatehouse/ent/lease"
)

// ClaimLease takes a piece of work for one process until then, and tells whether
// it was to be had: nobody has it, or whoever had it let its time run out. One
// conditional statement, which needs no session as an advisory lock would: so
// the same holds behind a pooler, and for several processes on one SQLite file.
func (s *Store) ClaimLease(ctx context.Context, work string, holder uuid.UUID, now, until time.Time) (bool, error) {
	n, err := s.exec(ctx, `
		INSERT INTO leases (id, holder, expires_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.expires_at <= $4`,
		work, holder, until, now)
	return won("claim lease", n, err)
}

// SettleLease says when the work may be taken anew, unless somebody has it by
// now.
func (s *Store) SettleLease(ctx context.Context, work string, holder uuid.UUID, at time.Time) error {
	err := s.c.Lease.Update().Where(lease.ID(work), lease.Holder(holder)).SetExpiresAt(at).Exec(ctx)
	return failed("settle lease", err)
}
