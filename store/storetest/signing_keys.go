package storetest

import (
	"testing"
	"time"

	"gatehouse/auth"
)

func signingKeys(t *testing.T, s *subject) {
	same(t, "keys at first", len(value(s.One.SigningKeys(t.Context()))(t)), 0)

	t.Run("of 20 nodes that rotate at once, one does", func(t *testing.T) {
		for sequence := 1; sequence <= rounds; sequence++ {
			same(t, "inserted", s.race(t, 20, func(_ int, node Node) (bool, error) {
				return node.InsertSigningKey(t.Context(), newSigningKey(sequence))
			}), 1)
		}
		keys := value(s.Two.SigningKeys(t.Context()))(t)
		same(t, "keys", len(keys), rounds)
		for i, k := range keys {
			same(t, "sequence", k.Sequence, i+1)
		}
	})

	t.Run("of 20 that drop a key at once, one does", func(t *testing.T) {
		key := value(s.One.SigningKeys(t.Context()))(t)[4]
		same(t, "dropped", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.DropSigningKey(t.Context(), key.ID, noon.Add(time.Hour))
		}), 1)
		key.DroppedAt = noon.Add(time.Hour)
		same(t, "key", value(s.Two.SigningKeys(t.Context()))(t)[4], key)
		same(t, "unknown", value(s.One.DropSigningKey(t.Context(), "none", noon))(t), false)
	})

	t.Run("keys come back as they were written, and retire once", func(t *testing.T) {
		must(t, s.Exec(t.Context(), "DELETE FROM signing_keys"))
		retired, dropped, newest := newSigningKey(1), newSigningKey(2), newSigningKey(3)
		retired.RetiresAt = noon.Add(time.Hour)
		dropped.DroppedAt = noon.Add(time.Minute)
		for _, k := range []auth.SigningKey{newest, retired, dropped} {
			same(t, "inserted", value(s.One.InsertSigningKey(t.Context(), k))(t), true)
		}
		same(t, "keys", value(s.Two.SigningKeys(t.Context()))(t), []auth.SigningKey{retired, dropped, newest})

		dropped.RetiresAt = noon.Add(2 * time.Hour)
		must(t, s.One.RetireSigningKeys(t.Context(), 3, dropped.RetiresAt))
		same(t, "keys", value(s.Two.SigningKeys(t.Context()))(t), []auth.SigningKey{retired, dropped, newest})
	})
}
