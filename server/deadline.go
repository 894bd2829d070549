package server

import (
	"context"
	"sync/atomic"
	"time"
)

// withinTime is [context.WithTimeout] for what has mostly ended before anybody
// waits for it to end: the timer, and the place among the children of its parent,
// are made when somebody first does. Cancel must be called, and ends it whether
// that happened or not.
func withinTime(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	c := &deadlined{Context: parent, until: time.Now().Add(d)} //nolint:forbidigo // by the clock of every context
	return c, c.cancel
}

// A deadlined is such a context.
type deadlined struct {
	context.Context // its parent
	until           time.Time
	timed           atomic.Pointer[timed] // nil until somebody waits
}

// A timed is the context that does what a deadlined promises.
type timed struct {
	context.Context
	cancel context.CancelFunc
}

// ended is that of a deadlined which was cancelled before anybody waited for it.
var ended = func() *timed {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // which has ended for everybody
	cancel()
	return &timed{ctx, cancel}
}()

// begun is the context with the timer, or ended.
func (c *deadlined) begun() *timed {
	if t := c.timed.Load(); t != nil {
		return t
	}
	t := &timed{}
	t.Context, t.cancel = context.WithDeadline(c.Context, c.until)
	if !c.timed.CompareAndSwap(nil, t) {
		t.cancel() // somebody else was first
	}
	return c.timed.Load()
}

func (c *deadlined) cancel() {
	if !c.timed.CompareAndSwap(nil, ended) {
		c.timed.Load().cancel()
	}
}

// Deadline implements context.Context.
func (c *deadlined) Deadline() (time.Time, bool) {
	if sooner, ok := c.Context.Deadline(); ok && sooner.Before(c.until) {
		return sooner, true
	}
	return c.until, true
}

// Done implements context.Context.
func (c *deadlined) Done() <-chan struct{} { return c.begun().Done() }

// Err implements context.Context.
func (c *deadlined) Err() error {
	//nolint:forbidigo // by the clock of every context
	if c.timed.Load() == nil && c.Context.Err() == nil && time.Now().Before(c.until) {
		return nil
	}
	return c.begun().Err()
}

// Value implements context.Context. Once there is a timer it asks the context that
// has it, in which package context finds what a child has to be told by; else it
// would start a goroutine for each.
func (c *deadlined) Value(key any) any {
	if t := c.timed.Load(); t != nil && t != ended {
		return t.Value(key)
	}
	return c.Context.Value(key)
}
