package store

import (
	"context"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/registration"
)

// InsertRegistration implements auth.RegistrationQueries.
func (q *queries) InsertRegistration(ctx context.Context, r auth.Registration) error {
	err := q.c.Registration.Create().
		SetID(r.ID).
		SetEmail(r.Email.Text).
		SetEmailKey(r.Email.Key).
		SetNetwork(r.Network).
		SetPasswordHash(r.PasswordHash).
		SetNillableUsername(optionalText(r.Username.Text)).
		SetNillableUsernameKey(optionalText(r.Username.Key)).
		SetName(r.Name).
		SetNillablePhone(optionalText(r.Phone)).
		SetNillableAvatarURL(optionalText(r.AvatarURL)).
		SetLocale(r.Locale).
		SetFlowDigest(r.FlowDigest).
		SetCodeDigest(r.CodeDigest).
		SetTries(r.Tries).
		SetVoid(r.Void).
		SetIPAddress(r.IPAddress).
		SetUserAgent(r.UserAgent).
		SetCreatedAt(r.CreatedAt).
		SetExpiresAt(r.ExpiresAt).
		Exec(ctx)
	return failed("insert registration", err)
}

// DeleteOldRegistrations implements auth.RegistrationQueries. Of registrations
// of one instant, the IDs (UUIDv7) say which is newer.
func (q *queries) DeleteOldRegistrations(ctx context.Context, emailKey, network string, keep int) error {
	_, err := q.exec(ctx, `
		DELETE FROM registrations
		WHERE email_key = $1 AND network = $2 AND id NOT IN (
			SELECT id FROM registrations
			WHERE email_key = $1 AND network = $2
			ORDER BY created_at DESC, id DESC LIMIT $3)`,
		emailKey, network, keep)
	return failed("delete old registrations", err)
}

// RegistrationByFlow implements auth.RegistrationQueries.
func (q *queries) RegistrationByFlow(ctx context.Context, flowDigest []byte) (auth.Registration, error) {
	row, err := q.c.Registration.Query().Where(registration.FlowDigest(flowDigest)).First(ctx)
	return presentRegistration(row, err)
}

// RegistrationByID implements auth.RegistrationQueries.
func (q *queries) RegistrationByID(ctx context.Context, id uuid.UUID) (auth.Registration, error) {
	row, err := q.c.Registration.Query().Where(registration.ID(id)).First(ctx)
	return presentRegistration(row, err)
}

// NewestRegistration implements auth.RegistrationQueries.
func (q *queries) NewestRegistration(ctx context.Context, emailKey string, now time.Time) (auth.Registration, error) {
	row, err := q.c.Registration.Query().
		Where(
			registration.EmailKey(emailKey),
			registration.Void(false),
			registration.ExpiresAtGT(now),
		).
		Order(registration.ByCreatedAt(sql.OrderDesc()), registration.ByID(sql.OrderDesc())).
		First(ctx)
	return presentRegistration(row, err)
}

// CountCodeTry implements auth.RegistrationQueries. Void registrations count
// like any other: one that does not would tell that the address has an account.
func (q *queries) CountCodeTry(ctx context.Context, id uuid.UUID, tries int) (bool, error) {
	n, err := q.c.Registration.Update().
		Where(registration.ID(id), registration.TriesLT(tries)).
		AddTries(1).
		Save(ctx)
	return won("count code try", n, err)
}

// ReplaceCode implements auth.RegistrationQueries. The tries stay counted: a
// new code must not give a guesser new tries.
func (q *queries) ReplaceCode(ctx context.Context, id uuid.UUID, codeDigest []byte) error {
	err := q.c.Registration.Update().
		Where(registration.ID(id)).
		SetCodeDigest(codeDigest).
		Exec(ctx)
	return failed("replace activation code", err)
}

// CompleteRegistration implements auth.RegistrationQueries.
func (q *queries) CompleteRegistration(ctx context.Context, id uuid.UUID, now time.Time) (bool, error) {
	n, err := q.c.Registration.Update().
		Where(
			registration.ID(id),
			registration.Void(false),
			registration.ExpiresAtGT(now),
		).
		SetVoid(true).
		SetPasswordHash("").
		Save(ctx)
	return won("complete registration", n, err)
}

// VoidRegistrations implements auth.RegistrationQueries.
func (q *queries) VoidRegistrations(ctx context.Context, emailKey string) error {
	err := q.c.Registration.Update().
		Where(registration.EmailKey(emailKey)).
		SetVoid(true).
		SetPasswordHash("").
		Exec(ctx)
	return failed("void registrations", err)
}

func presentRegistration(row *ent.Registration, err error) (auth.Registration, error) {
	if err != nil {
		return auth.Registration{}, failed("read registration", err)
	}
	return auth.Registration{
		ID:           row.ID,
		Email:        auth.Address{Text: row.Email, Key: row.EmailKey},
		Network:      row.Network,
		PasswordHash: row.PasswordHash,
		Profile: auth.Profile{
			Username:  auth.Username{Text: text(row.Username), Key: text(row.UsernameKey)},
			Name:      row.Name,
			Phone:     text(row.Phone),
			AvatarURL: text(row.AvatarURL),
		},
		Locale:     row.Locale,
		FlowDigest: row.FlowDigest,
		CodeDigest: row.CodeDigest,
		Tries:      row.Tries,
		Void:       row.Void,
		IPAddress:  row.IPAddress,
		UserAgent:  row.UserAgent,
		CreatedAt:  row.CreatedAt,
		ExpiresAt:  row.ExpiresAt,
	}, nil
}
