package store

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// ClockDifference is what has to be added to the local clock to get the
// database's, which is the one that counts where several processes share it.
// The database's answer is compared with the middle of the two local instants
// around it, so that it is off by half of the round trip at most. SQLite has no
// clock but the machine's: 0.
func (s *Store) ClockDifference(ctx context.Context, local func() time.Time) (time.Duration, error) {
	if s.dialect == dialect.SQLite {
		return 0, nil
	}
	var theirs time.Time
	before := local()
	err := s.query(ctx, "SELECT clock_timestamp()", nil, func(rows *stdsql.Rows) error { return rows.Scan(&theirs) })
	after := local()
	if err != nil {
		return 0, fmt.Errorf("store: read the database's clock: %w", err)
	}
	return theirs.Sub(before.Add(after.Sub(before) / 2)), nil
}
