package server

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// clockWarning is the difference from the database's clock that needs a look.
	clockWarning = time.Second
	// clockFailure is the one with which this process takes no more requests:
	// somebody must mend its clock, or the database's.
	clockFailure = 30 * time.Second
	// clockGoodFor is how long a measurement is gone by. Three were due by then.
	clockGoodFor = 30 * time.Second
)

// A clock tells the database's time: this process's own and the difference
// between the two that was measured last. So the nodes of one database agree on
// when a link expires, however wrong one of them is.
//
// Between two measurements it goes by the time that has passed, and not by what
// the machine's clock shows: whoever sets that one, by hand or by a service that
// steps, must not make a node take every token for expired, and bury every
// letter, until it measures again.
type clock struct {
	local    func() time.Time
	measured atomic.Pointer[measurement]
}

// A measurement is how far the database's clock was from this machine's, and
// when.
type measurement struct {
	at         time.Time // by this machine's clock
	difference time.Duration
}

// last is the latest measurement, which at first says that there is no
// difference.
func (c *clock) last() measurement {
	if m := c.measured.Load(); m != nil {
		return *m
	}
	return measurement{at: c.local()}
}

// now is what requests are judged by. Go's readings of the clock have a part
// that nobody can set, and Sub goes by it.
func (c *clock) now() time.Time {
	m := c.last()
	return m.at.Add(m.difference).Add(c.local().Sub(m.at))
}

// A differenceFunc says what to add to the local clock to get the storage's; 0
// where it has none.
type differenceFunc func(ctx context.Context, local func() time.Time) (time.Duration, error)

// measure asks anew. What was asked while the clock was being set tells nothing.
func (c *clock) measure(ctx context.Context, ask differenceFunc) (time.Duration, error) {
	for {
		before := c.local()
		d, err := ask(ctx, c.local)
		if err != nil {
			return 0, err
		}
		if m := (measurement{at: c.local(), difference: d}); !wasSet(before, m.at) {
			c.measured.Store(&m)
			return d, nil
		}
	}
}

// doubtful says that nothing may be judged by this clock before it is measured
// again: it was set, or the machine slept, which stops the part of it that
// nobody sets; or nothing was measured for too long.
func (c *clock) doubtful() bool {
	m, here := c.last(), c.local()
	passed := here.Sub(m.at)
	return passed < 0 || passed > clockGoodFor || wasSet(m.at, here)
}

// wasSet says whether between two readings more or less time is shown to have
// passed than has.
func wasSet(from, to time.Time) bool {
	shown := to.Round(0).Sub(from.Round(0))
	return (shown - to.Sub(from)).Abs() > clockWarning
}

// apart says whether the clocks differ by more than the bound.
func (c *clock) apart(bound time.Duration) bool { return c.last().difference.Abs() > bound }
