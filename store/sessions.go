package store

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/session"
)

// InsertSession implements auth.SessionQueries.
func (q *queries) InsertSession(ctx context.Context, s auth.Session) error {
	methods, err := json.Marshal(append([]string{}, s.Methods...))
	if err != nil {
		return failed("insert session", err)
	}
	_, err = q.exec(ctx, `
		INSERT INTO sessions (id, user_id, generation, rotated_at, rotated_by, rotation_key, methods,
			authenticated_at, access_expires_at, expires_at, ends_at, ended_at, end_reason,
			device_name, user_agent, ip_address, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		s.ID, s.UserID, s.Generation, s.RotatedAt, s.RotatedBy, s.RotationKey, methods,
		s.AuthenticatedAt, s.AccessExpiresAt, s.ExpiresAt, s.EndsAt, optional(s.EndedAt), optionalText(string(s.EndReason)),
		s.DeviceName, s.UserAgent, s.IPAddress, s.CreatedAt)
	return failed("insert session", err)
}

// SessionByID implements auth.SessionQueries.
func (q *queries) SessionByID(ctx context.Context, id uuid.UUID) (auth.Session, error) {
	row, err := q.c.Session.Query().Where(session.ID(id)).First(ctx)
	if err != nil {
		return auth.Session{}, failed("read session", err)
	}
	return presentSession(row), nil
}

// RotateSession implements auth.SessionQueries. Reading first and writing then
// would let two refreshes with one token both rotate: the thief's and the
// owner's. Here the row's lock puts them in line, and the second finds another
// generation.
func (q *queries) RotateSession(ctx context.Context, r auth.Rotation) (auth.Session, bool, error) {
	var (
		s       auth.Session
		rotated bool
	)
	err := q.query(ctx, `
		UPDATE sessions SET
			generation = generation + 1,
			rotated_at = $1,
			rotated_by = $2,
			rotation_key = $3,
			access_expires_at = CASE WHEN ends_at < $4 THEN ends_at ELSE $4 END,
			expires_at = CASE WHEN ends_at < $5 THEN ends_at ELSE $5 END
		WHERE id = $6 AND generation = $7 AND ended_at IS NULL
			AND expires_at > $1 AND ends_at > $1 AND rotated_at <= $8
		RETURNING `+sessionColumns,
		[]any{
			r.Now, r.UserAgentDigest, r.KeyDigest, r.AccessExpiresAt, r.ExpiresAt,
			r.SessionID, r.Generation, r.Now.Add(-r.Grace),
		},
		func(rows *stdsql.Rows) error {
			rotated = true
			return scanSession(rows, &s)
		})
	if err != nil {
		return auth.Session{}, false, failed("rotate refresh token", err)
	}
	return s, rotated, nil
}

// SessionsBeyond implements auth.SessionQueries. SQLite knows an offset behind a
// limit alone.
func (q *queries) SessionsBeyond(ctx context.Context, userID uuid.UUID, keep int, now time.Time) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := q.query(ctx, `
		SELECT id FROM sessions
		WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
		ORDER BY rotated_at DESC, id DESC
		LIMIT 2147483647 OFFSET $3`,
		[]any{userID, now, keep},
		func(rows *stdsql.Rows) error {
			var id uuid.UUID
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, failed("list sessions beyond the limit", err)
}

// EndSessions implements auth.SessionQueries; no IDs is no statement.
func (q *queries) EndSessions(ctx context.Context, ids []uuid.UUID, reason auth.EndReason, now time.Time) ([]auth.EndedSession, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := parameters{now, string(reason)}
	return q.endSessions(ctx, "id IN ("+list(&args, ids)+")", args)
}

// EndUserSessions implements auth.SessionQueries.
func (q *queries) EndUserSessions(ctx context.Context, userID uuid.UUID, reason auth.EndReason, now time.Time) ([]auth.EndedSession, error) {
	return q.endSessions(ctx, "user_id = $3", parameters{now, string(reason), userID})
}

// endSessions ends in one statement, and answers what it ended and nothing
// that had ended before: each ending is told, blacklisted and logged once.
func (q *queries) endSessions(ctx context.Context, chosen string, args parameters) ([]auth.EndedSession, error) {
	var ended []auth.EndedSession
	err := q.query(ctx, `
		UPDATE sessions SET ended_at = $1, end_reason = $2
		WHERE `+chosen+` AND ended_at IS NULL
		RETURNING id, user_id, access_expires_at, expires_at`,
		args,
		func(rows *stdsql.Rows) error {
			var s auth.EndedSession
			err := rows.Scan(&s.ID, &s.UserID, scannedTime{&s.AccessExpiresAt}, scannedTime{&s.ExpiresAt})
			ended = append(ended, s)
			return err
		})
	if err != nil {
		return nil, failed("end sessions", err)
	}
	return ended, nil
}

func presentSession(row *ent.Session) auth.Session {
	s := auth.Session{
		ID:              row.ID,
		UserID:          row.UserID,
		Generation:      row.Generation,
		RotatedAt:       row.RotatedAt,
		RotatedBy:       row.RotatedBy,
		Methods:         row.Methods,
		AuthenticatedAt: row.AuthenticatedAt,
		AccessExpiresAt: row.AccessExpiresAt,
		ExpiresAt:       row.ExpiresAt,
		EndsAt:          row.EndsAt,
		EndedAt:         required(row.EndedAt),
		DeviceName:      row.DeviceName,
		UserAgent:       row.UserAgent,
		IPAddress:       row.IPAddress,
		CreatedAt:       row.CreatedAt,
	}
	if row.RotationKey != nil {
		s.RotationKey = *row.RotationKey
	}
	if row.EndReason != nil {
		s.EndReason = auth.EndReason(*row.EndReason)
	}
	return s
}
