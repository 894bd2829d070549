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
)

// A clock tells the database's time: this process's own and the difference
// between the two that was measured last. So the nodes of one database agree on
// when a link expires, however wrong one of them is.
type clock struct {
	local      func() time.Time
	difference atomic.Int64 // nanoseconds to add to local
}

// now is what requests are judged by.
func (c *clock) now() time.Time {
	return c.local().Add(time.Duration(c.difference.Load()))
}

// A differenceFunc says what to add to the local clock to get the storage's; 0
// where it has none.
type differenceFunc func(ctx context.Context, local func() time.Time) (time.Duration, error)

// measure asks anew.
func (c *clock) measure(ctx context.Context, ask differenceFunc) (time.Duration, error) {
	d, err := ask(ctx, c.local)
	if err != nil {
		return 0, err
	}
	c.difference.Store(int64(d))
	return d, nil
}

// apart says whether the clocks differ by more than the bound.
func (c *clock) apart(bound time.Duration) bool {
	return time.Duration(c.difference.Load()).Abs() > bound
}
