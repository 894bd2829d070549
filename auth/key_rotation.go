package auth

import (
	"context"
	"maps"

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
		_, err := s.insertKey(ctx, q, c, key, nil)
		return err
	})
	if err != nil {
		return err
	}
	return s.loadKeys(ctx)
}

// PollKeys hears what other processes did to the key set: a key that was dropped
// must verify nothing here a moment later. Whoever runs the server calls it each
// second.
func (s *Service) PollKeys(ctx context.Context) error { return s.loadKeys(ctx) }

// insertKey adds the key to the set, and has those before it retire; false where
// another was first with its sequence.
func (s *Service) insertKey(ctx context.Context, q Queries, c Client, key SigningKey, details map[string]any) (bool, error) {
	won, err := q.InsertSigningKey(ctx, key)
	if err != nil || !won {
		return false, err
	}
	retires := RetiresAt(key, s.settings.AccessTokenLifetime, s.settings.Leeway)
	if err := q.RetireSigningKeys(ctx, key.Sequence, retires); err != nil {
		return false, err
	}
	told := map[string]any{"key": key.ID}
	maps.Copy(told, details)
	return true, q.InsertEvents(ctx, s.event(c, EventSigningKeyRotated, uuid.Nil, told))
}

// loadKeys has one read at a time, or an older answer could come after a newer
// one and bring a dropped key back.
func (s *Service) loadKeys(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	keys, err := s.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	return s.keys.Load(keys)
}
