package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// rewrapBatch is how many letters are read at once.
const rewrapBatch = 100

// A Rewrap says what was sealed anew under the first secret.
type Rewrap struct {
	SigningKeys int
	Letters     int
	// Others are how many secrets there are besides the first.
	Others int
	// KeepUntil is when nothing lives any more that was made with the other
	// secrets and can't be sealed anew: refresh tokens, which name their secret,
	// and digits, of which an HMAC is kept. It counts from the moment at which no
	// process makes anything with them. Zero where there is nothing.
	KeepUntil time.Time
}

// RewrapSecrets seals under the first secret what is sealed under another: the
// private halves of signing keys, and letters that wait. Running processes go
// on meanwhile, as long as they have the first secret among theirs. What was
// sealed anew stays so whatever comes after it, and doing it again does the
// rest. It fails where something is sealed under a secret that is not here, once
// it has done all else. progress is told what is done of how many; it may be
// nil.
func (s *Service) RewrapSecrets(ctx context.Context, progress func(done, of int)) (Rewrap, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	done := Rewrap{Others: len(s.secrets.ring()) - 1}
	c := Client{Now: s.Now()}
	lost, err := s.rewrapKeys(ctx, c.Now, &done)
	if err != nil {
		return done, err
	}
	lostLetters, err := s.rewrapLetters(ctx, &done, progress)
	if err != nil {
		return done, err
	}
	if done.KeepUntil, err = s.store.SecretsNeededUntil(ctx, c.Now); err != nil {
		return done, err
	}
	if done.SigningKeys+done.Letters > 0 {
		details := map[string]any{"signingKeys": done.SigningKeys, "letters": done.Letters}
		if err := s.store.InsertEvents(ctx, s.event(c, EventSecretsRewrapped, uuid.Nil, details)); err != nil {
			return done, err
		}
	}
	if lost+lostLetters > 0 {
		return done, fmt.Errorf("auth: rewrap secrets: sealed under a secret that is not here, or changed: %d signing keys, %d letters", lost, lostLetters)
	}
	return done, nil
}

// rewrapKeys passes over keys that were dropped: nobody opens them again.
func (s *Service) rewrapKeys(ctx context.Context, now time.Time, done *Rewrap) (lost int, err error) {
	rows, err := s.store.SigningKeys(ctx)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if !row.DroppedAt.IsZero() {
			continue
		}
		sealed, fresh, err := s.secrets.reseal(s.random, labelSigningKey, row.Sealed, []byte(row.ID))
		switch {
		case errors.Is(err, errUnopened):
			// What a retired key signed has expired: nobody misses it.
			if !row.retired(now) {
				lost++
			}
			continue
		case err != nil:
			return lost, err
		case fresh:
			continue
		}
		won, err := s.store.ResealSigningKey(ctx, row.ID, row.Sealed, sealed)
		if err != nil {
			return lost, err
		}
		if won {
			done.SigningKeys++
		}
	}
	return lost, nil
}

// rewrapLetters gives each letter anew what it is found by, too: the HMAC of its
// recipient.
func (s *Service) rewrapLetters(ctx context.Context, done *Rewrap, progress func(done, of int)) (lost int, err error) {
	total, err := s.store.CountSealedLetters(ctx)
	if err != nil {
		return 0, err
	}
	seen := 0
	for after := uuid.Nil; ; {
		letters, err := s.store.SealedLetters(ctx, after, rewrapBatch)
		if err != nil || len(letters) == 0 {
			return lost, err
		}
		for _, l := range letters {
			won, err := s.rewrapLetter(ctx, l)
			switch {
			case errors.Is(err, errUnopened):
				lost++
			case err != nil:
				return lost, err
			case won:
				done.Letters++
			}
			after = l.ID
		}
		seen += len(letters)
		// More are written meanwhile.
		progress(seen, max(seen, total))
	}
}

// rewrapLetter says whether the letter was sealed anew. One that has been sent
// meanwhile holds nothing any more, and is left so.
func (s *Service) rewrapLetter(ctx context.Context, l OutboxLetter) (bool, error) {
	sealed, fresh, err := s.secrets.reseal(s.random, LabelLetter, l.Sealed, l.ID[:])
	if err != nil || fresh {
		return false, err
	}
	letter, err := OpenLetter(s.secrets, l)
	if err != nil {
		return false, err
	}
	return s.store.ResealLetter(ctx, l.ID, l.Sealed, sealed, s.recipients(letter.To)[0])
}
