package store

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/session"
	"gatehouse/ent/user"
)

// LivingSessions implements auth.OwnSessionQueries.
func (q *queries) LivingSessions(ctx context.Context, userID uuid.UUID, now time.Time) ([]auth.Session, error) {
	rows, err := q.c.Session.Query().
		Where(session.UserID(userID), session.EndedAtIsNil(), session.ExpiresAtGT(now), session.EndsAtGT(now)).
		All(ctx)
	if err != nil {
		return nil, failed("list sessions", err)
	}
	return presentAll(rows, presentSession), nil
}

// EndOwnSession implements auth.OwnSessionQueries.
func (q *queries) EndOwnSession(ctx context.Context, userID, id uuid.UUID, reason auth.EndReason, now time.Time) ([]auth.EndedSession, error) {
	return q.endSessions(ctx, "user_id = $3 AND id = $4 AND expires_at > $1 AND ends_at > $1",
		parameters{now, string(reason), userID, id})
}

// EndOtherSessions implements auth.OwnSessionQueries. What has expired is ended
// as well, in case somebody's clock disagrees.
func (q *queries) EndOtherSessions(ctx context.Context, userID, keep uuid.UUID, reason auth.EndReason, now time.Time) ([]auth.EndedSession, error) {
	return q.endSessions(ctx, "user_id = $3 AND id <> $4", parameters{now, string(reason), userID, keep})
}

// ProveSession implements auth.OwnSessionQueries. The end of the last access
// token never moves back: one that was given before may live longer, where the
// session is about to end or tokens have come to live shorter.
func (q *queries) ProveSession(ctx context.Context, userID, id uuid.UUID, now, accessExpiresAt time.Time) (auth.Session, bool, error) {
	var (
		s      auth.Session
		proved bool
	)
	err := q.query(ctx, `
		UPDATE sessions SET
			authenticated_at = $1,
			access_expires_at = CASE
				WHEN access_expires_at > $2 THEN access_expires_at
				WHEN ends_at < $2 THEN ends_at
				ELSE $2 END
		WHERE id = $3 AND user_id = $4 AND ended_at IS NULL AND expires_at > $1 AND ends_at > $1
		RETURNING `+sessionColumns,
		[]any{now, accessExpiresAt, id, userID},
		func(rows *stdsql.Rows) error {
			proved = true
			return scanSession(rows, &s)
		})
	if err != nil {
		return auth.Session{}, false, failed("prove session", err)
	}
	return s, proved, nil
}

// sessionColumns are what scanSession reads: all of a session that lives.
const sessionColumns = `id, user_id, generation, rotated_at, rotated_by, rotation_key, methods,
	authenticated_at, access_expires_at, expires_at, ends_at, device_name, user_agent, ip_address, created_at`

// scanSession reads a session from sessionColumns.
func scanSession(rows *stdsql.Rows, s *auth.Session) error {
	var methods []byte
	if err := rows.Scan(&s.ID, &s.UserID, &s.Generation, scannedTime{&s.RotatedAt},
		&s.RotatedBy, &s.RotationKey, &methods,
		scannedTime{&s.AuthenticatedAt}, scannedTime{&s.AccessExpiresAt},
		scannedTime{&s.ExpiresAt}, scannedTime{&s.EndsAt},
		&s.DeviceName, &s.UserAgent, &s.IPAddress, scannedTime{&s.CreatedAt}); err != nil {
		return err
	}
	return json.Unmarshal(methods, &s.Methods)
}

// AccountByID implements auth.OwnAccountQueries.
func (q *queries) AccountByID(ctx context.Context, userID uuid.UUID) (auth.Account, error) {
	return q.account(ctx, user.FieldID, userID)
}

// BeginReauthentication implements auth.OwnAccountQueries.
func (q *queries) BeginReauthentication(ctx context.Context, userID uuid.UUID, version, maxFailures int) (bool, error) {
	n, err := q.exec(ctx, `
		UPDATE users SET failed_sign_ins = CASE WHEN failed_sign_ins < $1 THEN 0 ELSE failed_sign_ins END
		WHERE id = $2 AND version = $3 AND status = $4`,
		maxFailures, userID, version, string(auth.Active))
	return won("begin reauthentication", n, err)
}

// BeginPasswordChange implements auth.OwnAccountQueries.
func (q *queries) BeginPasswordChange(ctx context.Context, userID uuid.UUID, version int, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Version(version), user.Status(string(auth.Active))).
		AddVersion(1).
		SetFailedSignIns(0).
		SetUpdatedAt(now).
		Save(ctx)
	return won("begin change of password", n, err)
}
