package store

import (
	"context"
	"time"

	"entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/user"
)

// AccountByUsername implements auth.ProfileQueries.
func (q *queries) AccountByUsername(ctx context.Context, usernameKey string) (auth.Account, error) {
	return q.account(ctx, user.FieldUsernameKey, usernameKey)
}

// UsernameTaken implements auth.ProfileQueries.
func (q *queries) UsernameTaken(ctx context.Context, usernameKey string) (bool, error) {
	taken, err := q.c.User.Query().Where(user.UsernameKey(usernameKey)).Exist(ctx)
	return taken, failed("look for username", err)
}

// SetUsername implements auth.ProfileQueries. Who is second is told so by the
// unique index, also where the first commits while the second waits.
func (q *queries) SetUsername(ctx context.Context, userID uuid.UUID, name auth.Username, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Active))).
		SetUsername(name.Text).
		SetUsernameKey(name.Key).
		SetUpdatedAt(now).
		Save(ctx)
	switch {
	case sqlgraph.IsUniqueConstraintError(err):
		return false, nil
	case err != nil:
		return false, failed("set username", err)
	case n == 0:
		return false, failed("set username", auth.ErrNotFound)
	}
	return true, nil
}

// UpdateProfile implements auth.ProfileQueries.
func (q *queries) UpdateProfile(ctx context.Context, userID uuid.UUID, change auth.ProfileChange, now time.Time) (bool, error) {
	update := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Active))).
		SetNillableName(change.Name).
		SetNillableLocale(change.Locale).
		SetUpdatedAt(now)
	switch {
	case change.Phone == nil:
	case *change.Phone == "":
		update.ClearPhone()
	default:
		update.SetPhone(*change.Phone)
	}
	switch {
	case change.AvatarURL == nil:
	case *change.AvatarURL == "":
		update.ClearAvatarURL()
	default:
		update.SetAvatarURL(*change.AvatarURL)
	}
	n, err := update.Save(ctx)
	return won("update profile", n, err)
}
