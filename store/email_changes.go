package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/credential"
	"gatehouse/ent/linktoken"
	"gatehouse/ent/predicate"
	"gatehouse/ent/user"
)

// open are the ways back that nobody has used and that are good still.
func open(now time.Time) predicate.LinkToken {
	return linktoken.And(
		linktoken.Purpose(string(auth.LinkEmailRevert)),
		linktoken.UsedAtIsNil(),
		linktoken.VoidedAtIsNil(),
		linktoken.ExpiresAtGT(now),
	)
}

// What the join of ReservationOf adds to the user's own columns.
const (
	reservedEmail = "reserved_email"
	reservedUntil = "reserved_until"
)

// ReservationOf implements auth.EmailChangeQueries: user and link by one join,
// since a second statement for the user would tell by its absence that there is
// none. Of several ways back to the address the one that is open longest counts.
func (q *queries) ReservationOf(ctx context.Context, emailKey string, now time.Time) (auth.Reservation, error) {
	query := q.c.User.Query()
	query.Modify(func(s *sql.Selector) {
		ways := sql.Dialect(q.dialect).
			Select(linktoken.FieldUserID, linktoken.FieldEmail, linktoken.FieldExpiresAt).
			From(sql.Table(linktoken.Table))
		linktoken.And(linktoken.EmailKey(emailKey), open(now))(ways)
		s.Join(ways).
			On(s.C(user.FieldID), ways.C(linktoken.FieldUserID)).
			AppendSelectAs(ways.C(linktoken.FieldEmail), reservedEmail).
			AppendSelectAs(ways.C(linktoken.FieldExpiresAt), reservedUntil).
			OrderBy(sql.Desc(ways.C(linktoken.FieldExpiresAt)))
	})
	row, err := query.First(ctx)
	if err != nil {
		return auth.Reservation{}, failed("read reservation", err)
	}
	email, err := joinedText(row, reservedEmail)
	if err != nil {
		return auth.Reservation{}, failed("read reservation", err)
	}
	until, err := joinedInstant(row, reservedUntil)
	if err != nil {
		return auth.Reservation{}, failed("read reservation", err)
	}
	return auth.Reservation{
		User: presentUser(row), Email: auth.Address{Text: email, Key: emailKey}, ExpiresAt: until,
	}, nil
}

// joinedText is a column that a join added to the user's own.
func joinedText(row *ent.User, column string) (string, error) {
	value, err := row.Value(column)
	if err != nil {
		return "", err
	}
	switch v := value.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	default:
		return "", fmt.Errorf("column %s holds %T", column, value)
	}
}

// joinedInstant is a column that a join added to the user's own.
func joinedInstant(row *ent.User, column string) (time.Time, error) {
	value, err := row.Value(column)
	if err != nil {
		return time.Time{}, err
	}
	instant, is := value.(time.Time)
	if !is {
		return time.Time{}, fmt.Errorf("column %s holds %T", column, value)
	}
	return instant.UTC(), nil
}

// WaysBack implements auth.EmailChangeQueries.
func (q *queries) WaysBack(ctx context.Context, userID uuid.UUID, now time.Time) ([]auth.Link, error) {
	rows, err := q.c.LinkToken.Query().
		Where(linktoken.UserID(userID), open(now)).
		Order(linktoken.ByUserVersion(sql.OrderDesc())).
		All(ctx)
	if err != nil {
		return nil, failed("list ways back", err)
	}
	return presentAll(rows, presentLink), nil
}

// ChangeEmail implements auth.EmailChangeQueries. Who is second at an address is
// told so by the unique index, also where the first commits while the second
// waits.
func (q *queries) ChangeEmail(ctx context.Context, userID uuid.UUID, version int, email auth.Address, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Version(version), user.Status(string(auth.Active))).
		SetEmail(email.Text).
		SetEmailKey(email.Key).
		AddVersion(1).
		SetUpdatedAt(now).
		Save(ctx)
	if sqlgraph.IsUniqueConstraintError(err) {
		return false, nil
	}
	return won("change e-mail address", n, err)
}

// VoidLaterWaysBack implements auth.EmailChangeQueries.
func (q *queries) VoidLaterWaysBack(ctx context.Context, userID uuid.UUID, version int, now time.Time) error {
	err := q.c.LinkToken.Update().
		Where(
			linktoken.UserID(userID),
			linktoken.Purpose(string(auth.LinkEmailRevert)),
			linktoken.UserVersionGT(version),
			linktoken.UsedAtIsNil(),
			linktoken.VoidedAtIsNil(),
		).
		SetVoidedAt(now).
		Exec(ctx)
	return failed("void later ways back", err)
}

// DeletePassword implements auth.EmailChangeQueries.
func (q *queries) DeletePassword(ctx context.Context, userID uuid.UUID) error {
	_, err := q.c.Credential.Delete().Where(credential.UserID(userID)).Exec(ctx)
	return failed("delete password", err)
}
