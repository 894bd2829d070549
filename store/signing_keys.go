package store

import (
	"context"
	"time"

	"gatehouse/auth"
	"gatehouse/ent/signingkey"
)

// SigningKeys implements auth.SigningKeyQueries.
func (q *queries) SigningKeys(ctx context.Context) ([]auth.SigningKey, error) {
	rows, err := q.c.SigningKey.Query().Order(signingkey.BySequence()).All(ctx)
	if err != nil {
		return nil, failed("list signing keys", err)
	}
	keys := make([]auth.SigningKey, len(rows))
	for i, row := range rows {
		keys[i] = auth.SigningKey{
			ID:        row.ID,
			Sequence:  row.Sequence,
			Algorithm: row.Algorithm,
			PublicJWK: row.PublicJwk,
			Sealed:    row.Sealed,
			CreatedAt: row.CreatedAt,
			SignsFrom: row.SignsFrom,
			RetiresAt: required(row.RetiresAt),
			DroppedAt: required(row.DroppedAt),
		}
	}
	return keys, nil
}

// InsertSigningKey implements auth.SigningKeyQueries, and tells the nodes.
func (q *queries) InsertSigningKey(ctx context.Context, k auth.SigningKey) (bool, error) {
	n, err := q.exec(ctx, `
		INSERT INTO signing_keys (id, sequence, algorithm, public_jwk, sealed,
			created_at, signs_from, retires_at, dropped_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (sequence) DO NOTHING`,
		k.ID, k.Sequence, k.Algorithm, k.PublicJWK, k.Sealed,
		k.CreatedAt, k.SignsFrom, optional(k.RetiresAt), optional(k.DroppedAt))
	return q.changedKeys(ctx, "insert signing key", n, err)
}

// RetireSigningKeys implements auth.SigningKeyQueries.
func (q *queries) RetireSigningKeys(ctx context.Context, sequence int, at time.Time) error {
	err := q.c.SigningKey.Update().
		Where(signingkey.SequenceLT(sequence), signingkey.RetiresAtIsNil()).
		SetRetiresAt(at).
		Exec(ctx)
	return failed("retire signing keys", err)
}

// DropSigningKey implements auth.SigningKeyQueries, and tells the nodes.
func (q *queries) DropSigningKey(ctx context.Context, id string, now time.Time) (bool, error) {
	n, err := q.c.SigningKey.Update().
		Where(signingkey.ID(id), signingkey.DroppedAtIsNil()).
		SetDroppedAt(now).
		Save(ctx)
	return q.changedKeys(ctx, "drop signing key", n, err)
}

// changedKeys is won, and tells the nodes of it.
func (q *queries) changedKeys(ctx context.Context, doing string, changed int, err error) (bool, error) {
	if yes, err := won(doing, changed, err); err != nil || !yes {
		return false, err
	}
	return true, q.notify(ctx, channelKeys, "")
}
