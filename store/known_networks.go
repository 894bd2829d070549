package store

import (
	"context"
	stdsql "database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/knownnetwork"
)

// NetworkKnownUntil implements auth.KnownNetworkQueries.
func (q *queries) NetworkKnownUntil(ctx context.Context, keys [][]byte, now time.Time) (time.Time, error) {
	var until time.Time
	args := parameters{now}
	among := list(&args, keys)
	err := q.first(ctx, `
		SELECT expires_at FROM known_networks
		WHERE expires_at > $1 AND key IN (`+among+`)
		ORDER BY expires_at DESC LIMIT 1`,
		args,
		func(rows *stdsql.Rows) error { return rows.Scan(scannedTime{&until}) })
	if errors.Is(err, auth.ErrNotFound) {
		return time.Time{}, nil
	}
	return until, failed("look for known network", err)
}

// NoteNetwork implements auth.KnownNetworkQueries.
func (q *queries) NoteNetwork(ctx context.Context, userID uuid.UUID, key []byte, expiresAt time.Time) error {
	_, err := q.exec(ctx, `
		INSERT INTO known_networks (id, user_id, key, expires_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at`,
		uuid.NewSHA1(userID, key), userID, key, expiresAt)
	return failed("note known network", err)
}

// ForgetNetworks implements auth.KnownNetworkQueries.
func (q *queries) ForgetNetworks(ctx context.Context, userID uuid.UUID) error {
	_, err := q.c.KnownNetwork.Delete().Where(knownnetwork.UserID(userID)).Exec(ctx)
	return failed("forget known networks", err)
}

// BeginKnownSignIn implements auth.KnownNetworkQueries.
func (q *queries) BeginKnownSignIn(ctx context.Context, userID uuid.UUID, version, maxFailures int, now time.Time) (bool, error) {
	n, err := q.exec(ctx, `
		UPDATE users SET last_login_at = $1,
			failed_sign_ins = CASE WHEN failed_sign_ins < $2 THEN 0 ELSE failed_sign_ins END
		WHERE id = $3 AND version = $4 AND status = $5`,
		now, maxFailures, userID, version, string(auth.Active))
	return won("begin sign-in", n, err)
}
