package store

import (
	"context"
	stdsql "database/sql"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/outboxletter"
	"gatehouse/ent/signingkey"
	"gatehouse/ent/user"
)

// ReinstateUser implements auth.AdministrationQueries.
func (q *queries) ReinstateUser(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Suspended))).
		SetStatus(string(auth.Active)).
		SetUpdatedAt(now).
		Save(ctx)
	return won("reinstate user", n, err)
}

// SetRoles implements auth.AdministrationQueries.
func (q *queries) SetRoles(ctx context.Context, userID uuid.UUID, roles []string, now time.Time) error {
	err := q.c.User.Update().
		Where(user.ID(userID)).
		SetRoles(append([]string{}, roles...)).
		SetUpdatedAt(now).
		Exec(ctx)
	return failed("set roles", err)
}

// LockSessions implements auth.AdministrationQueries. The mode conflicts with
// that of every UPDATE and INSERT, and not with reading.
func (q *queries) LockSessions(ctx context.Context) error {
	if q.dialect != dialect.Postgres {
		return nil
	}
	if _, err := q.exec(ctx, "LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return failed("lock sessions", err)
	}
	// Who ends them all has waited for the lock no longer than others do, and may
	// take the time that a large table takes.
	_, err := q.exec(ctx, "SET LOCAL statement_timeout = 0")
	return failed("lock sessions", err)
}

// SumOfSessions implements auth.AdministrationQueries.
func (q *queries) SumOfSessions(ctx context.Context, now time.Time) (living int, lastAccess time.Time, err error) {
	err = q.query(ctx, `
		SELECT count(CASE WHEN expires_at > $1 AND ends_at > $1 THEN 1 END), max(access_expires_at)
		FROM sessions WHERE ended_at IS NULL`,
		[]any{now},
		func(rows *stdsql.Rows) error { return rows.Scan(&living, scannedTime{&lastAccess}) })
	return living, lastAccess, failed("sum up sessions", err)
}

// EndEverySession implements auth.AdministrationQueries.
func (q *queries) EndEverySession(ctx context.Context, reason auth.EndReason, now time.Time) error {
	_, err := q.exec(ctx, "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL", now, string(reason))
	return failed("end every session", err)
}

// CountSealedLetters implements auth.AdministrationQueries.
func (q *queries) CountSealedLetters(ctx context.Context) (int, error) {
	n, err := q.c.OutboxLetter.Query().Where(outboxletter.SealedNotNil()).Count(ctx)
	return n, failed("count sealed letters", err)
}

// SealedLetters implements auth.AdministrationQueries.
func (q *queries) SealedLetters(ctx context.Context, after uuid.UUID, limit int) ([]auth.OutboxLetter, error) {
	rows, err := q.c.OutboxLetter.Query().
		Where(outboxletter.IDGT(after), outboxletter.SealedNotNil()).
		Order(outboxletter.ByID()).
		Limit(limit).
		All(ctx)
	if err != nil {
		return nil, failed("list sealed letters", err)
	}
	letters := make([]auth.OutboxLetter, len(rows))
	for i, row := range rows {
		letters[i] = auth.OutboxLetter{
			ID: row.ID, Kind: auth.LetterKind(row.Kind), Sealed: *row.Sealed, Void: row.Void,
			Attempts: row.Attempts, CreatedAt: row.CreatedAt, ExpiresAt: required(row.ExpiresAt),
		}
		if row.Recipient != nil {
			letters[i].Recipient = *row.Recipient
		}
	}
	return letters, nil
}

// ResealLetter implements auth.AdministrationQueries.
func (q *queries) ResealLetter(ctx context.Context, id uuid.UUID, old, sealed, recipient []byte) (bool, error) {
	n, err := q.c.OutboxLetter.Update().
		Where(outboxletter.ID(id), outboxletter.Sealed(old)).
		SetSealed(sealed).
		SetRecipient(recipient).
		Save(ctx)
	return won("reseal letter", n, err)
}

// ResealSigningKey implements auth.AdministrationQueries.
func (q *queries) ResealSigningKey(ctx context.Context, id string, old, sealed []byte) (bool, error) {
	n, err := q.c.SigningKey.Update().
		Where(signingkey.ID(id), signingkey.Sealed(old)).
		SetSealed(sealed).
		Save(ctx)
	return won("reseal signing key", n, err)
}

// SecretsNeededUntil implements auth.AdministrationQueries. A registration that
// is void still answers by its digits.
func (q *queries) SecretsNeededUntil(ctx context.Context, now time.Time) (time.Time, error) {
	var until time.Time
	err := q.query(ctx, `
		SELECT max(expires_at) FROM (
			SELECT expires_at FROM sessions WHERE ended_at IS NULL AND expires_at > $1 AND ends_at > $1
			UNION ALL SELECT expires_at FROM registrations WHERE expires_at > $1
		) AS made`,
		[]any{now},
		func(rows *stdsql.Rows) error { return rows.Scan(scannedTime{&until}) })
	return until, failed("ask how long secrets are needed", err)
}
