package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/linktoken"
	"gatehouse/ent/predicate"
)

// InsertLinks implements auth.LinkQueries: one statement for all of them; none
// is no statement.
func (q *queries) InsertLinks(ctx context.Context, links ...auth.Link) error {
	rows := make([]*ent.LinkTokenCreate, len(links))
	for i, l := range links {
		rows[i] = q.c.LinkToken.Create().
			SetID(l.ID).
			SetDigest(l.Digest).
			SetPurpose(string(l.Purpose)).
			SetEmailKey(l.EmailKey).
			SetNillableUserID(optionalID(l.UserID)).
			SetNillableRegistrationID(optionalID(l.RegistrationID)).
			SetNillableEmail(optionalText(l.Email)).
			SetNillableSessionID(optionalID(l.SessionID)).
			SetUserVersion(l.UserVersion).
			SetCreatedAt(l.CreatedAt).
			SetExpiresAt(l.ExpiresAt).
			SetNillableUsedAt(optional(l.UsedAt)).
			SetNillableVoidedAt(optional(l.VoidedAt))
	}
	err := q.c.LinkToken.CreateBulk(rows...).Exec(ctx)
	if sqlgraph.IsForeignKeyConstraintError(err) {
		return fmt.Errorf("store: insert links: %w", auth.ErrNotFound)
	}
	return failed("insert links", err)
}

// LinkByDigest implements auth.LinkQueries.
func (q *queries) LinkByDigest(ctx context.Context, digest []byte) (auth.Link, error) {
	row, err := q.c.LinkToken.Query().Where(linktoken.Digest(digest)).First(ctx)
	if err != nil {
		return auth.Link{}, failed("read link", err)
	}
	return presentLink(row), nil
}

// UseLink implements auth.LinkQueries.
func (q *queries) UseLink(ctx context.Context, digest []byte, purpose auth.LinkPurpose, now time.Time) (bool, error) {
	n, err := q.c.LinkToken.Update().
		Where(
			linktoken.Digest(digest),
			linktoken.Purpose(string(purpose)),
			linktoken.UsedAtIsNil(),
			linktoken.VoidedAtIsNil(),
			linktoken.ExpiresAtGT(now),
		).
		SetUsedAt(now).
		Save(ctx)
	return won("use link", n, err)
}

// VoidLinks implements auth.LinkQueries. Purposes alone choose nothing: a rule
// that looked for an account and found none must not void everybody's links.
func (q *queries) VoidLinks(ctx context.Context, f auth.LinkFilter, now time.Time) error {
	chosen := []predicate.LinkToken{linktoken.UsedAtIsNil(), linktoken.VoidedAtIsNil()}
	if f.EmailKey != "" {
		chosen = append(chosen, linktoken.EmailKey(f.EmailKey))
	}
	if f.RegistrationID != uuid.Nil {
		chosen = append(chosen, linktoken.RegistrationID(f.RegistrationID))
	}
	if f.UserID != uuid.Nil || f.EmailKey == "" && f.RegistrationID == uuid.Nil {
		// No user has the zero UUID, so that a filter without a subject finds
		// nothing by the statement that it would send for somebody.
		chosen = append(chosen, linktoken.UserID(f.UserID))
	}
	if f.But != uuid.Nil {
		chosen = append(chosen, linktoken.IDNEQ(f.But))
	}
	if len(f.Purposes) > 0 {
		names := make([]string, len(f.Purposes))
		for i, p := range f.Purposes {
			names[i] = string(p)
		}
		chosen = append(chosen, linktoken.PurposeIn(names...))
	}
	err := q.c.LinkToken.Update().Where(chosen...).SetVoidedAt(now).Exec(ctx)
	return failed("void links", err)
}

func presentLink(row *ent.LinkToken) auth.Link {
	return auth.Link{
		ID:             row.ID,
		Digest:         row.Digest,
		Purpose:        auth.LinkPurpose(row.Purpose),
		EmailKey:       row.EmailKey,
		UserID:         requiredID(row.UserID),
		RegistrationID: requiredID(row.RegistrationID),
		Email:          text(row.Email),
		SessionID:      requiredID(row.SessionID),
		UserVersion:    row.UserVersion,
		CreatedAt:      row.CreatedAt,
		ExpiresAt:      row.ExpiresAt,
		UsedAt:         required(row.UsedAt),
		VoidedAt:       required(row.VoidedAt),
	}
}
