package storetest

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/auth"
)

func newRate(n int) auth.Meter {
	return auth.Meter{Key: newID().String(), Rate: auth.Rate{N: n, Per: time.Minute}}
}

func newBackoff(free int) auth.Meter {
	return auth.Meter{Key: newID().String(), Backoff: auth.Backoff{Free: free, Longest: 900 * time.Second}}
}

// A tally asks one store's counters at given times.
type tally struct {
	s *subject
}

// passes fails the test unless the meter lets an attempt through.
func (c tally) passes(t *testing.T, m auth.Meter, now time.Time) {
	t.Helper()
	if refused := value(c.s.One.ReserveAttempts(t.Context(), []auth.Meter{m}, now))(t); len(refused) != 0 {
		t.Fatalf("refused at %v until %v", now.Sub(noon), refused[0].Until.Sub(noon))
	}
}

// waits fails the test unless the meter refuses until then.
func (c tally) waits(t *testing.T, m auth.Meter, now, until time.Time) {
	t.Helper()
	same(t, "refused at "+now.Sub(noon).String(),
		value(c.s.Two.ReserveAttempts(t.Context(), []auth.Meter{m}, now))(t),
		[]auth.RefusedMeter{{Key: m.Key, Until: until}})
}

func (c tally) givesBack(t *testing.T, meters ...auth.Meter) {
	t.Helper()
	must(t, c.s.One.ReleaseAttempts(t.Context(), meters, nil))
}

func attempts(t *testing.T, s *subject) {
	c := tally{s}

	t.Run("a rate lets its number through at once, and then one each emission", func(t *testing.T) {
		m := newRate(3) // one each 20 seconds
		for range 3 {
			c.passes(t, m, noon)
		}
		for i := 1; i <= 5; i++ {
			next := noon.Add(time.Duration(i) * 20 * time.Second)
			c.waits(t, m, noon, next)
			c.waits(t, m, next.Add(-time.Microsecond), next)
			c.passes(t, m, next)
		}
		idle := noon.Add(time.Hour)
		for range 3 {
			c.passes(t, m, idle)
		}
		c.waits(t, m, idle, idle.Add(20*time.Second))
	})

	t.Run("a rate of one lets one through", func(t *testing.T) {
		m := newRate(1)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(time.Minute))
		c.passes(t, m, noon.Add(time.Minute))
	})

	backoffs(t, c)
	givingBack(t, c)

	t.Run("each meter counts for itself, whatever the others say", func(t *testing.T) {
		full, open, silent := newRate(1), newRate(2), newBackoff(1)
		silent.Silent = true
		all := []auth.Meter{silent, open, full}
		same(t, "first", len(value(s.One.ReserveAttempts(t.Context(), all, noon))(t)), 0)
		refused := value(s.One.ReserveAttempts(t.Context(), all, noon))(t)
		byKey := func(a, b auth.RefusedMeter) int {
			if a.Key < b.Key {
				return -1
			}
			return 1
		}
		slices.SortFunc(refused, byKey)
		want := []auth.RefusedMeter{
			{Key: full.Key, Until: noon.Add(time.Minute)},
			{Key: silent.Key, Until: noon.Add(time.Second)},
		}
		slices.SortFunc(want, byKey)
		same(t, "second", refused, want)
		c.waits(t, open, noon, noon.Add(30*time.Second))
	})

	t.Run("a refusal costs a second statement", func(t *testing.T) {
		m := newRate(1)
		reserve := func() { value(s.One.ReserveAttempts(t.Context(), []auth.Meter{m}, noon))(t) }
		same(t, "passing", len(s.during(reserve)), 1)
		same(t, "refused", len(s.during(reserve)), 2)
	})

	t.Run("a key that is given twice counts once", func(t *testing.T) {
		m := newRate(2)
		same(t, "refused", len(value(s.One.ReserveAttempts(t.Context(), []auth.Meter{m, m, m}, noon))(t)), 0)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(30*time.Second))
		c.givesBack(t, m, m)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(30*time.Second))
		must(t, s.One.ReleaseAttempts(t.Context(), []auth.Meter{m}, []auth.Meter{m, m}))
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(30*time.Second))
	})

	t.Run("a setting that was changed counts from the next attempt on", func(t *testing.T) {
		m := newRate(2)
		c.passes(t, m, noon)
		m.Rate.N = 4 // half of the minute is left, which is two of four
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(15*time.Second))
	})

	attemptRaces(t, s)
}

func backoffs(t *testing.T, c tally) {
	t.Run("a backoff lets its free failures through, and then waits 1, 2, 4 seconds up to the longest", func(t *testing.T) {
		m := newBackoff(5)
		now := noon
		for range 5 {
			c.passes(t, m, now)
		}
		for _, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
			then := now.Add(time.Duration(seconds) * time.Second)
			c.waits(t, m, now, then)
			c.waits(t, m, then.Add(-time.Microsecond), then)
			now = then
			c.passes(t, m, now)
		}
	})

	t.Run("after many failures the wait is the longest still", func(t *testing.T) {
		m := newBackoff(1)
		now := noon
		for i := range 80 {
			c.passes(t, m, now)
			wait := 900 * time.Second
			if i < 10 {
				wait = time.Second << i
			}
			c.waits(t, m, now, now.Add(wait))
			now = now.Add(wait)
		}
	})

	t.Run("a free failure waits for none that came later and was counted first", func(t *testing.T) {
		m := newBackoff(3)
		c.passes(t, m, noon.Add(2*time.Millisecond))
		c.passes(t, m, noon.Add(time.Millisecond))
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(time.Second))
	})

	t.Run("a backoff without free failures, or with a short longest wait, waits after the first", func(t *testing.T) {
		m := newBackoff(0)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(2*time.Second))
		m = newBackoff(1)
		m.Backoff.Longest = 100 * time.Millisecond
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(100*time.Millisecond))
	})

	t.Run("backoffs of one call have each their own longest wait", func(t *testing.T) {
		long, short := newBackoff(1), newBackoff(1)
		short.Backoff.Longest = time.Second
		both := []auth.Meter{long, short}
		for i := range 3 {
			now := noon.Add(time.Duration(i) * time.Minute)
			same(t, "refused", len(value(c.s.One.ReserveAttempts(t.Context(), both, now))(t)), 0)
		}
		now := noon.Add(2 * time.Minute)
		c.waits(t, long, now, now.Add(4*time.Second))
		c.waits(t, short, now, now.Add(time.Second))
	})

	t.Run("a day after the last failure a backoff begins anew, and not before", func(t *testing.T) {
		for _, quiet := range []time.Duration{23 * time.Hour, 25 * time.Hour} {
			m := newBackoff(2)
			c.passes(t, m, noon)
			c.passes(t, m, noon)
			now := noon.Add(quiet)
			c.passes(t, m, now)
			if quiet < 24*time.Hour {
				c.waits(t, m, now, now.Add(2*time.Second))
				continue
			}
			c.passes(t, m, now)
			c.waits(t, m, now, now.Add(time.Second))
		}
	})
}

func givingBack(t *testing.T, c tally) {
	t.Run("a rate gets one attempt back, and never more than it gave", func(t *testing.T) {
		m := newRate(2)
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.givesBack(t, m)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(30*time.Second))
		for range 5 {
			c.givesBack(t, m)
		}
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(30*time.Second))
	})

	t.Run("a backoff gets one failure back, and its wait ends", func(t *testing.T) {
		m := newBackoff(2)
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(time.Second))
		c.givesBack(t, m)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(time.Second))
		for range 5 {
			c.givesBack(t, m)
		}
		c.passes(t, m, noon)
		c.passes(t, m, noon)
		c.waits(t, m, noon, noon.Add(time.Second))
	})

	t.Run("clearing forgets every failure of the backoff, and of no other", func(t *testing.T) {
		m, other := newBackoff(1), newBackoff(1)
		c.passes(t, other, noon)
		now := noon
		for i := range 4 {
			c.passes(t, m, now)
			now = now.Add(time.Second << i)
		}
		must(t, c.s.One.ReleaseAttempts(t.Context(), nil, []auth.Meter{m}))
		c.passes(t, m, now)
		c.waits(t, m, now, now.Add(time.Second))
		c.waits(t, other, noon, noon.Add(time.Second))
	})

	t.Run("giving back or clearing what was never counted does no harm", func(t *testing.T) {
		rate, backoff, cleared := newRate(1), newBackoff(1), newBackoff(1)
		must(t, c.s.One.ReleaseAttempts(t.Context(), []auth.Meter{rate, backoff}, []auth.Meter{cleared}))
		// Asked by a process whose clock is behind.
		early := noon.Add(-time.Second)
		c.passes(t, rate, early)
		c.waits(t, rate, early, early.Add(time.Minute))
		for _, m := range []auth.Meter{backoff, cleared} {
			c.passes(t, m, early)
			c.waits(t, m, early, early.Add(time.Second))
		}
	})
}

func attemptRaces(t *testing.T, s *subject) {
	t.Run("of 200 at once exactly those pass that are allowed, also beside a storm of other writes", func(t *testing.T) {
		stop := func() {}
		for i := range rounds {
			if i == rounds/2 {
				stop = s.storm(t)
			}
			backoff, rate := newBackoff(5), newRate(20)
			var ofBackoff, ofRate atomic.Int32
			s.race(t, 200, func(_ int, node Node) (bool, error) {
				refused, err := node.ReserveAttempts(t.Context(), []auth.Meter{rate, backoff}, noon)
				passed := func(m auth.Meter) bool {
					return !slices.ContainsFunc(refused, func(r auth.RefusedMeter) bool { return r.Key == m.Key })
				}
				if err == nil && passed(backoff) {
					ofBackoff.Add(1)
				}
				if err == nil && passed(rate) {
					ofRate.Add(1)
				}
				return true, err
			})
			same(t, "passed the backoff", ofBackoff.Load(), 5)
			same(t, "passed the rate", ofRate.Load(), 20)
		}
		stop()
	})

	t.Run("reservations and releases of shared keys never wait for each other in a circle, and none is lost", func(t *testing.T) {
		const each, most = 40, 10_000
		shared := make([]auth.Meter, 8)
		for i := range shared {
			shared[i] = newRate(most)
		}
		var runs atomic.Int32
		once := func(node Node, step func(auth.Queries) error) error {
			// A transaction that the database gave up is run again: each run is
			// counted, so that none is hidden.
			return node.InTx(t.Context(), func(q auth.Queries) error {
				runs.Add(1)
				return step(q)
			})
		}
		const racers = 16
		s.race(t, racers, func(i int, node Node) (bool, error) {
			order := rand.New(rand.NewPCG(uint64(i), 1))
			for range each {
				meters := slices.Clone(shared)
				order.Shuffle(len(meters), func(a, b int) { meters[a], meters[b] = meters[b], meters[a] })
				meters = meters[:2+order.IntN(len(meters)-1)]
				if err := once(node, func(q auth.Queries) error {
					refused, err := q.ReserveAttempts(t.Context(), meters, noon)
					if len(refused) > 0 {
						t.Errorf("refused %v", refused)
					}
					return err
				}); err != nil {
					return false, err
				}
				slices.Reverse(meters)
				half := len(meters) / 2
				if err := once(node, func(q auth.Queries) error {
					return q.ReleaseAttempts(t.Context(), meters[:half], nil)
				}); err != nil {
					return false, err
				}
				if err := once(node, func(q auth.Queries) error {
					return q.ReleaseAttempts(t.Context(), meters[half:], nil)
				}); err != nil {
					return false, err
				}
			}
			return true, nil
		})
		same(t, "runs", runs.Load(), 3*each*racers)
		for _, m := range shared {
			same(t, "left on the counter", s.count(t, "attempt_counters WHERE id = $1 AND count <> 0", m.Key), 0)
		}
	})
}
