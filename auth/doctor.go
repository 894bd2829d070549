package auth

import (
	"context"

	"github.com/google/uuid"
)

// Unopened counts what is sealed in storage under a secret that is not here, or
// was changed: signing keys that are still needed, and letters that wait.
func (s *Service) Unopened(ctx context.Context) (keys, letters int, err error) {
	rows, err := s.store.SigningKeys(ctx)
	if err != nil {
		return 0, 0, err
	}
	now := s.Now()
	for _, row := range rows {
		if !row.DroppedAt.IsZero() || row.retired(now) {
			continue
		}
		if _, err := s.secrets.Open(labelSigningKey, row.Sealed, []byte(row.ID)); err != nil {
			keys++
		}
	}
	for after := uuid.Nil; ; {
		batch, err := s.store.SealedLetters(ctx, after, rewrapBatch)
		if err != nil || len(batch) == 0 {
			return keys, letters, err
		}
		for _, l := range batch {
			after = l.ID
			if _, err := OpenLetter(s.secrets, l); err != nil {
				letters++
			}
		}
	}
}
