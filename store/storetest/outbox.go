package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

const lease = 30 * time.Second

func outbox(t *testing.T, s *subject) {
	// empty takes away the letters of the test before.
	empty := func(t *testing.T) {
		t.Helper()
		must(t, s.Exec(t.Context(), "DELETE FROM outbox_letters"))
	}
	insert := func(t *testing.T, l auth.OutboxLetter) auth.OutboxLetter {
		t.Helper()
		must(t, s.One.InsertLetter(t.Context(), l))
		return l
	}
	claim := func(t *testing.T, now time.Time, limit int) []auth.OutboxLetter {
		t.Helper()
		return value(s.Two.ClaimLetters(t.Context(), now, lease, limit))(t)
	}

	t.Run("a claimed letter comes as it was written, counted, and is nobody else's until the lease is over", func(t *testing.T) {
		empty(t)
		l := insert(t, newLetter())
		endless := newLetter()
		endless.ExpiresAt = time.Time{}
		insert(t, endless)
		same(t, "before it was written", len(claim(t, noon.Add(-time.Microsecond), 10)), 0)
		l.Attempts, endless.Attempts = 1, 1
		same(t, "claimed", claim(t, noon, 10), []auth.OutboxLetter{l, endless})
		same(t, "while leased", len(claim(t, noon.Add(lease-time.Microsecond), 10)), 0)
		l.Attempts, endless.Attempts = 2, 2
		same(t, "after the lease", claim(t, noon.Add(lease), 10), []auth.OutboxLetter{l, endless})
	})

	t.Run("the oldest come first, as many as were asked for", func(t *testing.T) {
		empty(t)
		var want []uuid.UUID
		for i := range 5 {
			l := newLetter()
			l.CreatedAt = noon.Add(-time.Duration(i) * time.Minute)
			want = append(want, insert(t, l).ID)
		}
		slices.Reverse(want)
		var got []uuid.UUID
		for _, n := range []int{2, 2, 1, 0} {
			letters := claim(t, noon, 2)
			same(t, "claimed", len(letters), n)
			for _, l := range letters {
				got = append(got, l.ID)
			}
		}
		same(t, "order", got, want)
	})

	t.Run("void letters are never claimed", func(t *testing.T) {
		empty(t)
		l := newLetter()
		l.Void = true
		insert(t, l)
		same(t, "claimed", len(claim(t, noon.AddDate(1, 0, 0), 10)), 0)
	})

	t.Run("a letter that is out is wiped and not sent again", func(t *testing.T) {
		empty(t)
		l := insert(t, newLetter())
		claim(t, noon, 1)
		must(t, s.One.MarkLetterSent(t.Context(), l.ID, noon))
		same(t, "wiped", s.count(t, "outbox_letters WHERE id = $1 AND sealed IS NULL AND sent_at IS NOT NULL", l.ID), 1)
		must(t, s.One.RetryLetter(t.Context(), l.ID, 1, noon, "450"))
		must(t, s.One.BuryLetter(t.Context(), l.ID, 1, noon, "550"))
		same(t, "claimed", len(claim(t, noon.AddDate(1, 0, 0), 10)), 0)
		same(t, "untouched", s.count(t, "outbox_letters WHERE id = $1 AND dead_at IS NULL AND last_error = ''", l.ID), 1)
	})

	t.Run("a letter that was refused for now is due again when it is said to be", func(t *testing.T) {
		empty(t)
		l := insert(t, newLetter())
		claim(t, noon, 1)
		must(t, s.One.RetryLetter(t.Context(), l.ID, 1, noon.Add(2*time.Second), "451"))
		same(t, "reason", s.count(t, "outbox_letters WHERE last_error = '451'"), 1)
		same(t, "before", len(claim(t, noon.Add(2*time.Second-time.Microsecond), 1)), 0)
		same(t, "then", len(claim(t, noon.Add(2*time.Second), 1)), 1)
	})

	t.Run("a dead letter is wiped and not sent again", func(t *testing.T) {
		empty(t)
		l := insert(t, newLetter())
		claim(t, noon, 1)
		must(t, s.One.BuryLetter(t.Context(), l.ID, 1, noon, "550"))
		must(t, s.One.RetryLetter(t.Context(), l.ID, 1, noon, "451"))
		same(t, "wiped", s.count(t, "outbox_letters WHERE sealed IS NULL AND dead_at IS NOT NULL AND last_error = '550'"), 1)
		same(t, "claimed", len(claim(t, noon.AddDate(1, 0, 0), 10)), 0)
	})

	t.Run("who was too slow disturbs nobody who claimed the letter since", func(t *testing.T) {
		empty(t)
		l := insert(t, newLetter())
		claim(t, noon, 1)
		claim(t, noon.Add(lease), 1)
		must(t, s.One.RetryLetter(t.Context(), l.ID, 1, noon, "451"))
		must(t, s.One.BuryLetter(t.Context(), l.ID, 1, noon, "550"))
		same(t, "claimed", len(claim(t, noon.Add(lease), 1)), 0)
		same(t, "untouched", s.count(t, "outbox_letters WHERE sealed IS NOT NULL AND dead_at IS NULL AND last_error = ''"), 1)
	})

	t.Run("no letter is claimed by two at once, and none is left behind", func(t *testing.T) {
		for range rounds {
			empty(t)
			const letters = 30
			for range letters {
				insert(t, newLetter())
			}
			var (
				mu     sync.Mutex
				claims = map[uuid.UUID]int{}
			)
			s.race(t, 8, func(_ int, node Node) (bool, error) {
				for {
					got, err := node.ClaimLetters(t.Context(), noon, lease, 4)
					if err != nil || len(got) == 0 {
						return false, err
					}
					if len(got) > 4 {
						t.Errorf("claimed %d of at most 4", len(got))
					}
					mu.Lock()
					for _, l := range got {
						claims[l.ID]++
					}
					mu.Unlock()
				}
			})
			for id, n := range claims {
				same(t, "claims of "+id.String(), n, 1)
			}
			// Who found all locked by others has gone; what is left is due still.
			for _, l := range claim(t, noon, letters) {
				claims[l.ID]++
			}
			same(t, "claimed", len(claims), letters)
		}
	})
}
