package store

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"gatehouse/auth"
	"gatehouse/ent/attemptcounter"
)

// quiet is how long a backoff remembers its failures after the last of them.
const quiet = 24 * time.Hour

// A counted is one meter as its row has it. A rate lets through while its tat
// (GCRA's theoretical arrival time) is at most burst-1 emissions ahead, and
// each attempt moves it one emission on. A backoff has no emission: its tat is
// the end of the wait, and count says how long the next one is. While attempts are
// free it is 0 and not now: of two requests at once the one that is counted second
// may have come first, and must not find itself waiting for the other.
type counted struct {
	key             string
	emission, burst int64 // microseconds; attempts
	longest         int64 // of a backoff: the longest wait, in microseconds
	lasts           time.Duration
}

func countedBy(m auth.Meter) counted {
	if m.Rate.N > 0 {
		return counted{
			key:      m.Key,
			emission: m.Rate.Emission().Microseconds(),
			burst:    int64(m.Rate.N),
			lasts:    m.Rate.Per,
		}
	}
	return counted{
		key:     m.Key,
		burst:   int64(m.Backoff.Free),
		longest: m.Backoff.Longest.Microseconds(),
		// A wait longer than the quiet must not be forgotten while it lasts.
		lasts: quiet + m.Backoff.Longest,
	}
}

// ahead is how far in the future tat may lie for an attempt to pass. The SQL
// of ReserveAttempts says the same.
func (c counted) ahead() int64 {
	if c.emission == 0 {
		return 0
	}
	return (c.burst - 1) * c.emission
}

// first is the tat of a row that did not exist: after one attempt.
func (c counted) first(now int64) int64 {
	switch {
	case c.emission > 0:
		return now + c.emission
	case c.burst > 1:
		return 0
	default:
		return now + min(time.Second.Microseconds()<<(1-c.burst), c.longest)
	}
}

// inOrder turns meters into rows, one a key, sorted. Every statement on the
// counters locks its rows in this order, so that no two of them ever wait for
// each other in a circle. A key that is given twice is one row, since
// PostgreSQL refuses to change a row twice in one statement.
func inOrder(meters []auth.Meter) []counted {
	rows := make([]counted, len(meters))
	for i, m := range meters {
		rows[i] = countedBy(m)
	}
	byKey := func(a, b counted) int { return cmp.Compare(a.key, b.key) }
	slices.SortStableFunc(rows, byKey)
	return slices.CompactFunc(rows, func(a, b counted) bool { return a.key == b.key })
}

// ReserveAttempts implements auth.AttemptQueries. Meters of one key are
// counted once, by the first of them. Silent ones are treated like all others:
// what a refusal of theirs means is for auth. No meters is no statement.
//
// To look first whether an attempt may pass and count it then would let all
// through that look at the same time. Here the row's lock puts them in line:
// of however many at once, exactly those pass that are allowed.
func (q *queries) ReserveAttempts(ctx context.Context, meters []auth.Meter, now time.Time) ([]auth.RefusedMeter, error) {
	rows := inOrder(meters)
	if len(rows) == 0 {
		return nil, nil
	}
	text, args := reservation(rows, now)
	passed := make(map[string]bool, len(rows))
	err := q.query(ctx, text, args, func(answer *stdsql.Rows) error {
		var key string
		err := answer.Scan(&key)
		passed[key] = true
		return err
	})
	if err != nil {
		return nil, failed("reserve attempts", err)
	}
	refused := slices.DeleteFunc(rows, func(c counted) bool { return passed[c.key] })
	if len(refused) == 0 {
		return nil, nil
	}
	return q.refusedUntil(ctx, refused, now)
}

// reservation is the statement by which every meter that lets it through
// counts one attempt. The doubled wait of a backoff is cut to the longest, and
// not computed where the shift would overflow. The text depends on the number
// of meters alone, not on which of them are rates.
func reservation(rows []counted, now time.Time) (string, parameters) {
	micros := now.UnixMicro()
	args := parameters{now, micros}
	values := make([]string, len(rows))
	var waits strings.Builder
	for i, c := range rows {
		id := args.add(c.key)
		values[i] = "(" + id + ", 1, " + args.integer(c.first(micros)) + ", " + args.integer(c.emission) + ", " +
			args.integer(c.burst) + ", " + args.add(now.Add(c.lasts)) + ")"
		waits.WriteString(" WHEN " + id + " THEN " + args.integer(c.longest))
	}
	const (
		at    = "CAST($2 AS bigint)"
		count = "(CASE WHEN attempt_counters.expires_at <= $1 THEN 1 ELSE attempt_counters.count + 1 END)"
		over  = "(" + count + " - excluded.burst)"
		wait  = "(1000000 * (CAST(1 AS bigint) << CAST(" + over + " AS integer)))"
	)
	longest := "(CASE attempt_counters.id" + waits.String() + " END)"
	return `
		INSERT INTO attempt_counters (id, count, tat, emission, burst, expires_at)
		VALUES ` + strings.Join(values, ", ") + `
		ON CONFLICT (id) DO UPDATE SET
			count = ` + count + `,
			tat = CASE
				WHEN excluded.emission > 0 AND attempt_counters.tat > ` + at + ` THEN attempt_counters.tat + excluded.emission
				WHEN excluded.emission > 0 THEN ` + at + ` + excluded.emission
				WHEN ` + over + ` < 0 THEN 0
				WHEN ` + over + ` > 30 THEN ` + at + ` + ` + longest + `
				WHEN ` + wait + ` > ` + longest + ` THEN ` + at + ` + ` + longest + `
				ELSE ` + at + ` + ` + wait + `
			END,
			emission = excluded.emission,
			burst = excluded.burst,
			expires_at = excluded.expires_at
		WHERE attempt_counters.tat <= ` + at + ` + CASE WHEN excluded.emission > 0
			THEN (excluded.burst - 1) * excluded.emission ELSE 0 END
		RETURNING id`, args
}

// refusedUntil asks when the refused meters will let through.
func (q *queries) refusedUntil(ctx context.Context, refused []counted, now time.Time) ([]auth.RefusedMeter, error) {
	keys := make([]string, len(refused))
	for i, c := range refused {
		keys[i] = c.key
	}
	found, err := q.c.AttemptCounter.Query().Where(attemptcounter.IDIn(keys...)).All(ctx)
	if err != nil {
		return nil, failed("read attempt counters", err)
	}
	tats := make(map[string]int64, len(found))
	for _, row := range found {
		tats[row.ID] = row.Tat
	}
	out := make([]auth.RefusedMeter, len(refused))
	for i, c := range refused {
		until := time.UnixMicro(tats[c.key] - c.ahead()).UTC()
		if until.Before(now) {
			// Given back by another request between the two statements.
			until = now
		}
		out[i] = auth.RefusedMeter{Key: c.key, Until: until}
	}
	return out, nil
}

// ReleaseAttempts implements auth.AttemptQueries. A key in clear is cleared,
// whatever giveBack says of it; one that is twice in giveBack is given back
// once. No meters is no statement.
//
// It goes through the same sorted upsert as a reservation, for the sake of the
// order in which rows are locked. A row that is not there is made, and has
// expired from the start, so that it counts nothing.
func (q *queries) ReleaseAttempts(ctx context.Context, giveBack, clear []auth.Meter) error {
	cleared := make(map[string]bool, len(clear))
	for _, m := range clear {
		cleared[m.Key] = true
	}
	rows := inOrder(slices.Concat(clear, giveBack))
	if len(rows) == 0 {
		return nil
	}
	args := parameters{time.Unix(0, 0)}
	values := make([]string, len(rows))
	for i, c := range rows {
		// What is taken off: of count, and of tat, where 0 means all of it. A
		// backoff that gives one back ends the wait that this one brought.
		attempts, wait := int64(1), c.emission
		if cleared[c.key] {
			attempts, wait = math.MaxInt64, 0
		}
		values[i] = "(" + args.add(c.key) + ", " + args.integer(attempts) + ", 0, " + args.integer(wait) + ", " +
			args.integer(c.burst) + ", $1)"
	}
	_, err := q.exec(ctx, `
		INSERT INTO attempt_counters (id, count, tat, emission, burst, expires_at)
		VALUES `+strings.Join(values, ", ")+`
		ON CONFLICT (id) DO UPDATE SET
			count = CASE WHEN attempt_counters.count > excluded.count
				THEN attempt_counters.count - excluded.count ELSE 0 END,
			tat = CASE WHEN excluded.emission > 0
				THEN attempt_counters.tat - excluded.emission ELSE 0 END`, args...)
	return failed("release attempts", err)
}
