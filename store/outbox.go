package store

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"slices"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/outboxletter"
)

// InsertLetter implements auth.Queries. The letter is due at once.
func (q *queries) InsertLetter(ctx context.Context, l auth.OutboxLetter) error {
	row := q.c.OutboxLetter.Create().
		SetID(l.ID).
		SetKind(string(l.Kind)).
		SetSealed(l.Sealed).
		SetVoid(l.Void).
		SetAttempts(l.Attempts).
		SetNextAttemptAt(l.CreatedAt).
		SetCreatedAt(l.CreatedAt).
		SetNillableExpiresAt(optional(l.ExpiresAt)).
		SetLastError("")
	if l.Recipient != nil {
		row.SetRecipient(l.Recipient)
	}
	return failed("insert letter", row.Exec(ctx))
}

// ClaimLetters takes up to limit letters that are due, and keeps other nodes
// off them until the lease is over: it puts the next attempt there, and counts
// this one, so that Attempts tells this lease from the next. Oldest first. A
// letter whose ExpiresAt has passed is claimed like any other, and is for the
// caller to bury. One statement.
func (q *queries) ClaimLetters(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]auth.OutboxLetter, error) {
	const due = `SELECT id FROM outbox_letters
		WHERE next_attempt_at <= $1 AND sent_at IS NULL AND dead_at IS NULL AND NOT void
		ORDER BY next_attempt_at, id LIMIT $2`
	chosen := "id IN (" + due + ")"
	if q.dialect == dialect.Postgres {
		// Nodes that claim at once take different letters instead of waiting for
		// each other. As an array the choice is made once: a plan that made it
		// again for each row would skip what it had just locked, and claim more
		// than limit.
		chosen = "id = ANY(ARRAY(" + due + " FOR UPDATE SKIP LOCKED))"
	}
	var letters []auth.OutboxLetter
	err := q.query(ctx, `
		UPDATE outbox_letters SET attempts = attempts + 1, next_attempt_at = $3
		WHERE `+chosen+`
			AND next_attempt_at <= $1 AND sent_at IS NULL AND dead_at IS NULL
		RETURNING id, kind, sealed, void, attempts, created_at, expires_at`,
		[]any{now, limit, now.Add(lease)},
		func(rows *stdsql.Rows) error {
			var l auth.OutboxLetter
			err := rows.Scan(&l.ID, &l.Kind, &l.Sealed, &l.Void, &l.Attempts,
				scannedTime{&l.CreatedAt}, scannedTime{&l.ExpiresAt})
			letters = append(letters, l)
			return err
		})
	if err != nil {
		return nil, failed("claim letters", err)
	}
	slices.SortFunc(letters, func(a, b auth.OutboxLetter) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	return letters, nil
}

// MarkLetterSent notes that the letter is out, whoever's lease it was sent
// under, and wipes what it said. One statement.
func (q *queries) MarkLetterSent(ctx context.Context, id uuid.UUID, now time.Time) error {
	err := q.c.OutboxLetter.Update().
		Where(outboxletter.ID(id), outboxletter.SentAtIsNil()).
		SetSentAt(now).
		ClearSealed().
		SetLastError("").
		Exec(ctx)
	return failed("mark letter sent", err)
}

// RetryLetter puts the next attempt at the given time and keeps the reason,
// unless the letter is out, dead, or claimed again since (attempts is that of
// this claim): who comes late with a refusal must not undo another's success.
// One statement.
func (q *queries) RetryLetter(ctx context.Context, id uuid.UUID, attempts int, at time.Time, reason string) error {
	err := q.c.OutboxLetter.Update().
		Where(
			outboxletter.ID(id),
			outboxletter.Attempts(attempts),
			outboxletter.SentAtIsNil(),
			outboxletter.DeadAtIsNil(),
		).
		SetNextAttemptAt(at).
		SetLastError(reason).
		Exec(ctx)
	return failed("retry letter", err)
}

// BuryLetter gives a letter up and wipes what it said, unless it is out, dead,
// or claimed again since. One statement.
func (q *queries) BuryLetter(ctx context.Context, id uuid.UUID, attempts int, now time.Time, reason string) error {
	err := q.c.OutboxLetter.Update().
		Where(
			outboxletter.ID(id),
			outboxletter.Attempts(attempts),
			outboxletter.SentAtIsNil(),
			outboxletter.DeadAtIsNil(),
		).
		SetDeadAt(now).
		ClearSealed().
		SetLastError(reason).
		Exec(ctx)
	return failed("bury letter", err)
}
