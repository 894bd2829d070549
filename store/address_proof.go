package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/ent/user"
)

// ProveAddress implements auth.AddressProofQueries.
func (q *queries) ProveAddress(ctx context.Context, userID uuid.UUID, locale string, now time.Time) (bool, error) {
	n, err := q.c.User.Update().
		Where(user.ID(userID), user.Status(string(auth.Active)), user.EmailVerified(false)).
		SetEmailVerified(true).
		ClearUsername().
		ClearUsernameKey().
		SetName("").
		ClearPhone().
		ClearAvatarURL().
		SetLocale(locale).
		SetUpdatedAt(now).
		Save(ctx)
	return won("prove address", n, err)
}
