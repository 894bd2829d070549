package auth

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// A KeyState says what a signing key is good for at an instant.
type KeyState string

// The states.
const (
	KeyWaiting   KeyState = "WAITING"   // published, and signs later
	KeySigning   KeyState = "SIGNING"   // the one that signs
	KeyVerifying KeyState = "VERIFYING" // published until what it signed has expired
	KeyRetired   KeyState = "RETIRED"   // all that it signed has expired
	KeyDropped   KeyState = "DROPPED"   // compromised: what it signed is refused
	KeySealed    KeyState = "SEALED"    // about to retire, and the secret that opens it is not here
)

// A HeldKey is a signing key of storage, and what it is good for.
type HeldKey struct {
	SigningKey
	State KeyState
}

// Keys lists the signing keys that storage has, the oldest first.
func (s *Service) Keys(ctx context.Context) ([]HeldKey, error) {
	if err := s.loadKeys(ctx); err != nil {
		return nil, err
	}
	return s.keys.held(s.Now()), nil
}

// held is every key of the ring with its state at now.
func (k *KeySet) held(now time.Time) []HeldKey {
	ring := k.ring.Load()
	signer, signs := ring.signer(now)
	held := make([]HeldKey, len(ring.rows))
	for i, row := range ring.rows {
		held[i] = HeldKey{SigningKey: row, State: KeyVerifying}
		_, opened := ring.byID[row.ID]
		switch {
		case !row.DroppedAt.IsZero():
			held[i].State = KeyDropped
		case row.retired(now):
			held[i].State = KeyRetired
		case !opened:
			held[i].State = KeySealed
		case signs && signer.ID == row.ID:
			held[i].State = KeySigning
		case now.Before(row.SignsFrom):
			held[i].State = KeyWaiting
		}
	}
	return held
}

// ReplaceSigningKey adds the successor of the newest key however young that is:
// published now, it signs [PublishAhead] later, and nobody is signed out.
// Conflict where one waits already: rotating twice in a row would publish keys
// that never sign.
func (s *Service) ReplaceSigningKey(ctx context.Context) (HeldKey, error) {
	if err := s.loadKeys(ctx); err != nil {
		return HeldKey{}, err
	}
	c := Client{Now: s.Now()}
	if slices.ContainsFunc(s.keys.held(c.Now), func(k HeldKey) bool { return k.State == KeyWaiting }) {
		return HeldKey{}, fmt.Errorf("auth: a successor is published already, and signs soon: %w", Conflict)
	}
	key, _, err := s.keys.Due(c.Now, 0)
	if err != nil {
		return HeldKey{}, err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		won, err := s.insertKey(ctx, q, c, key, map[string]any{"by": "operator"})
		if err == nil && !won {
			err = fmt.Errorf("auth: another process has just made a successor: %w", Conflict)
		}
		return err
	})
	if err != nil {
		return HeldKey{}, err
	}
	return s.heldKey(ctx, key.ID)
}

// DropSigningKey drops a compromised key, which its ID or its number in the
// sequence names: from here on what it signed is refused, by every process as
// soon as it hears of it. Where no other key can sign, or the newest is the one
// that goes, a successor is added in the same transaction and signs at once:
// nobody could sign in otherwise. Sessions live on, since refresh tokens are not
// signed by it. ErrNotFound where there is no such key; one that was dropped
// before stays so.
func (s *Service) DropSigningKey(ctx context.Context, name string) (HeldKey, error) {
	var id string
	err := s.store.InTx(ctx, func(q Queries) error {
		rows, err := q.SigningKeys(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rows, func(k SigningKey) bool { return k.ID == name || strconv.Itoa(k.Sequence) == name })
		if at < 0 {
			return errNoKey()
		}
		c := Client{Now: s.Now()}
		id = rows[at].ID
		won, err := q.DropSigningKey(ctx, id, c.Now)
		if err != nil || !won {
			return err
		}
		if err := q.InsertEvents(ctx, s.event(c, EventSigningKeyDropped, uuid.Nil, map[string]any{"key": id})); err != nil {
			return err
		}
		rows[at].DroppedAt = c.Now
		return s.succeedKey(ctx, q, c, rows)
	})
	if err != nil {
		return HeldKey{}, err
	}
	return s.heldKey(ctx, id)
}

// succeedKey adds the key that is due with the rows, if one is. It goes by what
// the transaction knows and not by what this process has loaded, which is older.
func (s *Service) succeedKey(ctx context.Context, q Queries, c Client, rows []SigningKey) error {
	ring, err := s.keys.read(rows)
	if err != nil {
		return err
	}
	key, due, err := s.keys.due(ring, c.Now, s.settings.KeyRotationInterval)
	if err != nil || !due {
		return err
	}
	_, err = s.insertKey(ctx, q, c, key, nil)
	return err
}

// heldKey is the key of the ID, as it is now.
func (s *Service) heldKey(ctx context.Context, id string) (HeldKey, error) {
	keys, err := s.Keys(ctx)
	if err != nil {
		return HeldKey{}, err
	}
	at := slices.IndexFunc(keys, func(k HeldKey) bool { return k.ID == id })
	if at < 0 {
		return HeldKey{}, errNoKey()
	}
	return keys[at], nil
}

func errNoKey() error {
	return fmt.Errorf("auth: no signing key has this number or ID: %w", ErrNotFound)
}
