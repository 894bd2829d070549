package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/blacklistedtoken"
)

// InsertBlacklisted implements auth.BlacklistQueries: one statement for all.
func (q *queries) InsertBlacklisted(ctx context.Context, tokens ...auth.BlacklistedToken) error {
	rows := make([]*ent.BlacklistedTokenCreate, len(tokens))
	for i, t := range tokens {
		rows[i] = q.c.BlacklistedToken.Create().
			SetID(t.ID).
			SetKind(string(t.Kind)).
			SetNillableSubjectID(optionalID(t.SubjectID)).
			SetNillableIssuedBefore(optional(t.IssuedBefore)).
			SetCreatedAt(t.CreatedAt).
			SetExpiresAt(t.ExpiresAt)
	}
	return failed("insert blacklisted tokens", q.c.BlacklistedToken.CreateBulk(rows...).Exec(ctx))
}

// IsBlacklisted implements auth.BlacklistQueries.
func (q *queries) IsBlacklisted(ctx context.Context, sessionID, userID uuid.UUID, issuedAt, now time.Time) (bool, error) {
	found, err := q.c.BlacklistedToken.Query().
		Where(
			blacklistedtoken.ExpiresAtGT(now),
			blacklistedtoken.Or(
				blacklistedtoken.And(
					blacklistedtoken.Kind(string(auth.BlacklistSession)),
					blacklistedtoken.SubjectID(sessionID),
				),
				blacklistedtoken.And(
					blacklistedtoken.Kind(string(auth.BlacklistUser)),
					blacklistedtoken.SubjectID(userID),
				),
				// Nothing else is about nobody: so all three look along one index.
				blacklistedtoken.And(
					blacklistedtoken.SubjectIDIsNil(),
					blacklistedtoken.Kind(string(auth.BlacklistAll)),
					blacklistedtoken.IssuedBeforeGT(issuedAt),
				),
			),
		).
		Exist(ctx)
	return found, failed("ask the blacklist", err)
}

// BlacklistChanged implements auth.BlacklistQueries.
func (q *queries) BlacklistChanged(ctx context.Context) (bool, error) { return q.dataChanged(ctx) }

// BlacklistedSince implements auth.BlacklistQueries, oldest first.
func (q *queries) BlacklistedSince(ctx context.Context, since, now time.Time) ([]auth.BlacklistedToken, error) {
	rows, err := q.c.BlacklistedToken.Query().
		Where(blacklistedtoken.CreatedAtGTE(since), blacklistedtoken.ExpiresAtGT(now)).
		Order(blacklistedtoken.ByCreatedAt(), blacklistedtoken.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list blacklisted tokens", err)
	}
	tokens := make([]auth.BlacklistedToken, len(rows))
	for i, row := range rows {
		tokens[i] = auth.BlacklistedToken{
			ID:           row.ID,
			Kind:         auth.BlacklistKind(row.Kind),
			SubjectID:    requiredID(row.SubjectID),
			IssuedBefore: required(row.IssuedBefore),
			CreatedAt:    row.CreatedAt,
			ExpiresAt:    row.ExpiresAt,
		}
	}
	return tokens, nil
}
