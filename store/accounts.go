package store

import (
	"context"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/credential"
	"gatehouse/ent/event"
	"gatehouse/ent/knownnetwork"
	"gatehouse/ent/linktoken"
	"gatehouse/ent/outboxletter"
	"gatehouse/ent/registration"
	"gatehouse/ent/session"
	"gatehouse/ent/user"
)

// LockUserAndHolders implements auth.AccountQueries. A SQLite transaction is the
// only one that writes from its beginning on, and locks no rows.
func (q *queries) LockUserAndHolders(ctx context.Context, userID uuid.UUID, role string) ([]auth.User, error) {
	query := q.c.User.Query().
		Where(user.Or(
			user.ID(userID),
			user.And(user.Status(string(auth.Active)), func(s *sql.Selector) {
				s.Where(sqljson.ValueContains(user.FieldRoles, role))
			}),
		)).
		Order(user.ByID())
	if q.dialect == dialect.Postgres {
		query.Modify(func(s *sql.Selector) { s.ForUpdate() })
	}
	rows, err := query.All(ctx)
	if err != nil {
		return nil, failed("lock users", err)
	}
	return presentAll(rows, presentUser), nil
}

// DeleteUser implements auth.AccountQueries. What belongs to the user goes with
// it by its foreign key.
func (q *queries) DeleteUser(ctx context.Context, userID uuid.UUID) error {
	_, err := q.c.User.Delete().Where(user.ID(userID)).Exec(ctx)
	return failed("delete user", err)
}

// DeleteRegistrations implements auth.AccountQueries.
func (q *queries) DeleteRegistrations(ctx context.Context, emailKeys []string) error {
	_, err := q.c.Registration.Delete().Where(registration.EmailKeyIn(emailKeys...)).Exec(ctx)
	return failed("delete registrations", err)
}

// DeleteLinks implements auth.AccountQueries.
func (q *queries) DeleteLinks(ctx context.Context, emailKeys []string) error {
	_, err := q.c.LinkToken.Delete().Where(linktoken.EmailKeyIn(emailKeys...), linktoken.UserIDIsNil()).Exec(ctx)
	return failed("delete links", err)
}

// DeleteLetters implements auth.AccountQueries. A letter that is just being sent
// can not be called back; its row is gone all the same.
func (q *queries) DeleteLetters(ctx context.Context, recipients [][]byte) error {
	_, err := q.c.OutboxLetter.Delete().Where(outboxletter.RecipientIn(recipients...)).Exec(ctx)
	return failed("delete letters", err)
}

// DeleteLettersOfLinks implements auth.AccountQueries.
func (q *queries) DeleteLettersOfLinks(ctx context.Context, userID uuid.UUID) error {
	_, err := q.exec(ctx, "DELETE FROM outbox_letters WHERE id IN (SELECT id FROM link_tokens WHERE user_id = $1)", userID)
	return failed("delete letters of links", err)
}

// ForgetOrigins implements auth.AccountQueries.
func (q *queries) ForgetOrigins(ctx context.Context, userID uuid.UUID) error {
	_, err := q.exec(ctx, "UPDATE events SET ip_address = '', user_agent = '' WHERE user_id = $1", userID)
	return failed("forget origins of events", err)
}

// CredentialsOf implements auth.AccountHoldings. The hash stays where it is.
func (q *queries) CredentialsOf(ctx context.Context, userID uuid.UUID) ([]auth.HeldCredential, error) {
	rows, err := q.c.Credential.Query().
		Where(credential.UserID(userID)).
		Select(credential.FieldID, credential.FieldCreatedAt, credential.FieldUpdatedAt).
		All(ctx)
	if err != nil {
		return nil, failed("list credentials", err)
	}
	return presentAll(rows, func(row *ent.Credential) auth.HeldCredential {
		return auth.HeldCredential{CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt}
	}), nil
}

// SessionsOf implements auth.AccountHoldings.
func (q *queries) SessionsOf(ctx context.Context, userID uuid.UUID) ([]auth.Session, error) {
	rows, err := q.c.Session.Query().
		Where(session.UserID(userID)).
		Order(session.ByCreatedAt(), session.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list sessions", err)
	}
	return presentAll(rows, presentSession), nil
}

// RegistrationsOf implements auth.AccountHoldings.
func (q *queries) RegistrationsOf(ctx context.Context, emailKeys []string) ([]auth.HeldRegistration, error) {
	rows, err := q.c.Registration.Query().
		Where(registration.EmailKeyIn(emailKeys...)).
		Order(registration.ByCreatedAt(), registration.ByID()).
		Select(registration.FieldID, registration.FieldCreatedAt, registration.FieldExpiresAt).
		All(ctx)
	if err != nil {
		return nil, failed("list registrations", err)
	}
	return presentAll(rows, func(row *ent.Registration) auth.HeldRegistration {
		return auth.HeldRegistration{CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	}), nil
}

// LinksOf implements auth.AccountHoldings.
func (q *queries) LinksOf(ctx context.Context, userID uuid.UUID, emailKeys []string) ([]auth.Link, error) {
	rows, err := q.c.LinkToken.Query().
		Where(linktoken.Or(
			linktoken.UserID(userID),
			linktoken.And(linktoken.EmailKeyIn(emailKeys...), linktoken.UserIDIsNil()),
		)).
		Order(linktoken.ByCreatedAt(), linktoken.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list links", err)
	}
	links := presentAll(rows, presentLink)
	for i := range links {
		links[i].Digest = nil
	}
	return links, nil
}

// LettersTo implements auth.AccountHoldings.
func (q *queries) LettersTo(ctx context.Context, recipients [][]byte) ([]auth.HeldLetter, error) {
	rows, err := q.c.OutboxLetter.Query().
		Where(outboxletter.RecipientIn(recipients...)).
		Order(outboxletter.ByCreatedAt(), outboxletter.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list letters", err)
	}
	held := make([]auth.HeldLetter, len(rows))
	for i, row := range rows {
		held[i] = auth.HeldLetter{
			Kind:      auth.LetterKind(row.Kind),
			Void:      row.Void,
			CreatedAt: row.CreatedAt,
			ExpiresAt: required(row.ExpiresAt),
			SentAt:    required(row.SentAt),
			DeadAt:    required(row.DeadAt),
		}
	}
	return held, nil
}

// NetworksOf implements auth.AccountHoldings.
func (q *queries) NetworksOf(ctx context.Context, userID uuid.UUID) ([]time.Time, error) {
	rows, err := q.c.KnownNetwork.Query().
		Where(knownnetwork.UserID(userID)).
		Order(knownnetwork.ByExpiresAt(), knownnetwork.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list known networks", err)
	}
	return presentAll(rows, func(row *ent.KnownNetwork) time.Time { return row.ExpiresAt }), nil
}

// EventsAbout implements auth.AccountHoldings.
func (q *queries) EventsAbout(ctx context.Context, userID uuid.UUID) ([]auth.Event, error) {
	rows, err := q.c.Event.Query().
		Where(event.UserID(userID)).
		Order(event.ByAt(), event.ByID()).
		All(ctx)
	if err != nil {
		return nil, failed("list events", err)
	}
	return presentAll(rows, presentEvent), nil
}

func presentAll[Row, Value any](rows []Row, present func(Row) Value) []Value {
	values := make([]Value, len(rows))
	for i, row := range rows {
		values[i] = present(row)
	}
	return values
}
