package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/blacklistedtoken"
	"gatehouse/ent/predicate"
)

// InsertBlacklisted implements auth.BlacklistQueries: one statement for all, and
// on PostgreSQL another that tells the nodes of them.
func (q *queries) InsertBlacklisted(ctx context.Context, tokens ...auth.BlacklistedToken) error {
	rows := make([]*ent.BlacklistedTokenCreate, len(tokens))
	ids := make([]uuid.UUID, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
		rows[i] = q.c.BlacklistedToken.Create().
			SetID(t.ID).
			SetKind(string(t.Kind)).
			SetNillableSubjectID(optionalID(t.SubjectID)).
			SetNillableIssuedBefore(optional(t.IssuedBefore)).
			SetCreatedAt(t.CreatedAt).
			SetExpiresAt(t.ExpiresAt)
	}
	if err := q.c.BlacklistedToken.CreateBulk(rows...).Exec(ctx); err != nil {
		return failed("insert blacklisted tokens", err)
	}
	return q.notifyOf(ctx, channelBlacklist, ids)
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
	return q.blacklisted(ctx, now, blacklistedtoken.CreatedAtGTE(since))
}

// BlacklistedByID implements auth.BlacklistQueries.
func (q *queries) BlacklistedByID(ctx context.Context, ids []uuid.UUID, now time.Time) ([]auth.BlacklistedToken, error) {
	return q.blacklisted(ctx, now, blacklistedtoken.IDIn(ids...))
}

func (q *queries) blacklisted(ctx context.Context, now time.Time, which predicate.BlacklistedToken) ([]auth.BlacklistedToken, error) {
	rows, err := q.c.BlacklistedToken.Query().
		Where(which, blacklistedtoken.ExpiresAtGT(now)).
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
