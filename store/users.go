package store

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent"
	"gatehouse/ent/credential"
	"gatehouse/ent/user"
)

// userColumns are what scanUser reads.
const userColumns = `users.id, email, email_key, email_verified, username, username_key, name, phone, avatar_url,
	locale, status, roles, last_login_at, failed_sign_ins, version, users.created_at, users.updated_at`

// UserByID implements auth.UserQueries.
func (q *queries) UserByID(ctx context.Context, id uuid.UUID) (auth.User, error) {
	var u auth.User
	err := q.first(ctx, `SELECT `+userColumns+` FROM users WHERE id = $1`, []any{id},
		func(rows *stdsql.Rows) error { return scanUser(rows, &u) })
	if err != nil {
		return auth.User{}, failed("read user", err)
	}
	return u, nil
}

// scanUser reads a user from userColumns, and into more what follows them.
func scanUser(rows *stdsql.Rows, u *auth.User, more ...any) error {
	var (
		username, usernameKey, phone, avatarURL *string
		roles                                   stdsql.RawBytes
	)
	into := []any{
		&u.ID, &u.Email.Text, &u.Email.Key, &u.EmailVerified, &username, &usernameKey, &u.Name, &phone, &avatarURL,
		&u.Locale, &u.Status, &roles, scannedTime{&u.LastLoginAt}, &u.FailedSignIns, &u.Version,
		scannedTime{&u.CreatedAt}, scannedTime{&u.UpdatedAt},
	}
	if err := rows.Scan(append(into, more...)...); err != nil {
		return err
	}
	u.Username = auth.Username{Text: text(username), Key: text(usernameKey)}
	u.Phone, u.AvatarURL = text(phone), text(avatarURL)
	return json.Unmarshal(roles, &u.Roles)
}

// AccountByEmail implements auth.UserQueries.
func (q *queries) AccountByEmail(ctx context.Context, emailKey string) (auth.Account, error) {
	return q.account(ctx, user.FieldEmailKey, emailKey)
}

// account finds a user and its hash by one join: a second statement for the
// hash would tell by its absence that there is no such user.
func (q *queries) account(ctx context.Context, column string, value any) (auth.Account, error) {
	var (
		account auth.Account
		hash    *string
	)
	err := q.first(ctx, `
		SELECT `+userColumns+`, password_hash
		FROM users LEFT JOIN credentials ON credentials.user_id = users.id
		WHERE users.`+column+` = $1`,
		[]any{value},
		func(rows *stdsql.Rows) error { return scanUser(rows, &account.User, &hash) })
	if err != nil {
		return auth.Account{}, failed("read account", err)
	}
	account.PasswordHash = text(hash)
	return account, nil
}

// InsertUser implements auth.UserQueries. The conflict, of addresses or of
// usernames, is settled by the database: to look first and insert then would let
// two through.
func (q *queries) InsertUser(ctx context.Context, u auth.User) (bool, error) {
	roles, err := json.Marshal(append([]string{}, u.Roles...))
	if err != nil {
		return false, failed("insert user", err)
	}
	n, err := q.exec(ctx, `
		INSERT INTO users (id, email, email_key, email_verified, name, locale, status, roles,
			last_login_at, failed_sign_ins, version, created_at, updated_at,
			username, username_key, phone, avatar_url)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT DO NOTHING`,
		u.ID, u.Email.Text, u.Email.Key, u.EmailVerified, u.Name, u.Locale, string(u.Status), roles,
		optional(u.LastLoginAt), u.FailedSignIns, u.Version, u.CreatedAt, u.UpdatedAt,
		optionalText(u.Username.Text), optionalText(u.Username.Key), optionalText(u.Phone), optionalText(u.AvatarURL))
	return won("insert user", n, err)
}

// SetPassword implements auth.UserQueries. A user has one password, so its
// credential goes by the user's ID.
func (q *queries) SetPassword(ctx context.Context, userID uuid.UUID, hash string, now time.Time) error {
	_, err := q.exec(ctx, `
		INSERT INTO credentials (id, user_id, password_hash, created_at, updated_at)
		VALUES ($1, $1, $2, $3, $3)
		ON CONFLICT (user_id) DO UPDATE
		SET password_hash = excluded.password_hash, updated_at = excluded.updated_at`,
		userID, hash, now)
	return failed("set password", err)
}

// ReplaceHash implements auth.UserQueries.
func (q *queries) ReplaceHash(ctx context.Context, userID uuid.UUID, old, hash string, now time.Time) (bool, error) {
	n, err := q.c.Credential.Update().
		Where(credential.UserID(userID), credential.PasswordHash(old)).
		SetPasswordHash(hash).
		SetUpdatedAt(now).
		Save(ctx)
	return won("replace password hash", n, err)
}

// BeginSignIn implements auth.UserQueries.
func (q *queries) BeginSignIn(ctx context.Context, userID uuid.UUID, version, maxFailures int, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(
			user.ID(userID),
			user.Version(version),
			user.Status(string(auth.Active)),
			user.FailedSignInsLT(maxFailures),
		).
		SetLastLoginAt(now).
		SetFailedSignIns(0).
		Save(ctx)
	return won("begin sign-in", n, err)
}

// CountFailedSignIn implements auth.UserQueries.
func (q *queries) CountFailedSignIn(ctx context.Context, userID uuid.UUID) error {
	err := q.c.User.Update().
		Where(user.ID(userID)).
		AddFailedSignIns(1).
		Exec(ctx)
	return failed("count failed sign-in", err)
}

// BeginPasswordReset implements auth.UserQueries.
func (q *queries) BeginPasswordReset(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Active))).
		AddVersion(1).
		SetFailedSignIns(0).
		SetUpdatedAt(now).
		Save(ctx)
	return won("begin password reset", n, err)
}

// SuspendUser implements auth.UserQueries.
func (q *queries) SuspendUser(ctx context.Context, userID uuid.UUID, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Active))).
		AddVersion(1).
		SetStatus(string(auth.Suspended)).
		SetUpdatedAt(now).
		Save(ctx)
	return won("suspend user", n, err)
}

func presentUser(row *ent.User) auth.User {
	return auth.User{
		ID:            row.ID,
		Email:         auth.Address{Text: row.Email, Key: row.EmailKey},
		EmailVerified: row.EmailVerified,
		Username:      auth.Username{Text: text(row.Username), Key: text(row.UsernameKey)},
		Name:          row.Name,
		Phone:         text(row.Phone),
		AvatarURL:     text(row.AvatarURL),
		Locale:        row.Locale,
		Status:        auth.UserStatus(row.Status),
		Roles:         row.Roles,
		LastLoginAt:   required(row.LastLoginAt),
		FailedSignIns: row.FailedSignIns,
		Version:       row.Version,
		CreatedAt:     row.CreatedAt,
		UpdatedAt:     row.UpdatedAt,
	}
}
