package auth

import (
	"context"

	"github.com/google/uuid"
)

// RotateKeys loads the key set and, where the newest key is old enough, adds
// its successor: published before it signs, so that every verifier knows it,
// while what its predecessor signed stays good until it expires. Of several
// nodes that try at once one wins. Whoever runs the server calls it at start
// and every minute.
func (s *Service) RotateKeys(ctx context.Context) error {
	if err := s.loadKeys(ctx); err != nil {
		return err
	}
	c := Client{Now: s.Now()}
	key, due, err := s.keys.Due(c.Now, s.settings.KeyRotationInterval)
	if err != nil || !due {
		return err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		won, err := q.InsertSigningKey(ctx, key)
		if err != nil || !won {
			return err
		}
		retires := RetiresAt(key, s.settings.AccessTokenLifetime, s.settings.Leeway)
		if err := q.RetireSigningKeys(ctx, key.Sequence, retires); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventSigningKeyRotated, uuid.Nil, map[string]any{"key": key.ID}))
	})
	if err != nil {
		return err
	}
	return s.loadKeys(ctx)
}

func (s *Service) loadKeys(ctx context.Context) error {
	keys, err := s.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	return s.keys.Load(keys)
}
