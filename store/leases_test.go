package store

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestWorkIsDoneByOneProcessAndTakenOverWhenItsTimeHasRunOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		one, two := opened(t, url, Options{}), opened(t, url, Options{})
		mine, theirs := uuid.New(), uuid.New()
		now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		claims := func(s *Store, work string, holder uuid.UUID, at time.Time, want bool) {
			t.Helper()
			got, err := s.ClaimLease(t.Context(), work, holder, at, at.Add(time.Minute))
			if err != nil || got != want {
				t.Errorf("%s at %v: %v, %v", work, at, got, err)
			}
		}
		claims(one, "prune", mine, now, true)
		claims(one, "another", theirs, now, true)
		claims(one, "prune", mine, now, false) // once is once
		claims(two, "prune", theirs, now.Add(time.Minute-time.Microsecond), false)
		// Its holder died.
		claims(two, "prune", theirs, now.Add(time.Minute), true)
		// It did not, and is late.
		if err := one.SettleLease(t.Context(), "prune", mine, now); err != nil {
			t.Fatal(err)
		}
		claims(one, "prune", mine, now.Add(time.Minute), false)
		if err := two.SettleLease(t.Context(), "prune", theirs, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		claims(one, "prune", mine, now.Add(time.Hour-time.Microsecond), false)
		claims(one, "prune", mine, now.Add(time.Hour), true)
		// Work that failed is there to be taken.
		if err := one.SettleLease(t.Context(), "prune", mine, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		claims(two, "prune", theirs, now.Add(time.Hour), true)
	})
}

func TestOfAllWhoClaimAtOnceOneGetsTheWork(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		nodes := []*Store{opened(t, url, Options{}), opened(t, url, Options{})}
		now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		for round := range 20 {
			var (
				mu     sync.Mutex
				done   sync.WaitGroup
				claims int
				start  = make(chan struct{})
			)
			for i := range 20 {
				done.Go(func() {
					<-start
					got, err := nodes[i%2].ClaimLease(t.Context(), "rotate keys", uuid.New(), now, now.Add(time.Second))
					if err != nil {
						t.Error(err)
					}
					if got {
						mu.Lock()
						claims++
						mu.Unlock()
					}
				})
			}
			close(start)
			done.Wait()
			if claims != 1 {
				t.Fatalf("round %d: %d got it", round, claims)
			}
			now = now.Add(time.Second)
		}
	})
}
