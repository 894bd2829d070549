package server

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

type deadlineKey struct{}

// Each of the ways in which a context may be asked, before and after.
func TestWhatHasADeadlineIsLikeAnyContextThatHas(t *testing.T) {
	t.Parallel()
	const long = time.Minute
	for name, c := range map[string]struct {
		happens func(cancelParent, cancel context.CancelFunc)
		want    error
	}{
		"nothing":                 {func(_, _ context.CancelFunc) {}, nil},
		"it is cancelled":         {func(_, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"it is cancelled twice":   {func(_, cancel context.CancelFunc) { cancel(); cancel() }, context.Canceled},
		"its parent is cancelled": {func(parent, _ context.CancelFunc) { parent() }, context.Canceled},
		"its time is up":          {func(_, _ context.CancelFunc) { time.Sleep(long) }, context.DeadlineExceeded},
		"its time is up, and it is cancelled": {func(_, cancel context.CancelFunc) {
			time.Sleep(long)
			cancel()
		}, context.Canceled}, // or DeadlineExceeded, where somebody waited
	} {
		for waits, wait := range map[string]func(context.Context){
			"nobody waits":   func(context.Context) {},
			"somebody waits": func(ctx context.Context) { ctx.Done() },
		} {
			t.Run(name+", "+waits, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent, cancelParent := context.WithCancel(context.WithValue(t.Context(), deadlineKey{}, "kept"))
					defer cancelParent()
					ctx, cancel := withinTime(parent, long)
					defer cancel()
					if at, ok := ctx.Deadline(); !ok || time.Until(at) != long {
						t.Errorf("the deadline is %v, %v", at, ok)
					}
					wait(ctx)
					c.happens(cancelParent, cancel)
					synctest.Wait()
					err := ctx.Err()
					if !errors.Is(err, c.want) && (err == nil || c.want == nil || name != "its time is up, and it is cancelled") {
						t.Errorf("Err is %v, want %v", err, c.want)
					}
					select {
					case <-ctx.Done():
						if err == nil {
							t.Error("it is done")
						}
					default:
						if err != nil {
							t.Error("it is not done")
						}
					}
					if again := ctx.Err(); !errors.Is(again, err) {
						t.Errorf("Err is %v, and then %v", err, again)
					}
					if context.Cause(ctx) != err {
						t.Errorf("the cause of %v is %v", err, context.Cause(ctx))
					}
					if ctx.Value(deadlineKey{}) != "kept" {
						t.Error("a value of its parent is gone")
					}
				})
			})
		}
	}
}

func TestTheSoonerOfTwoDeadlinesCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancelParent := context.WithTimeout(t.Context(), time.Second)
		defer cancelParent()
		ctx, cancel := withinTime(parent, time.Minute)
		defer cancel()
		if at, _ := ctx.Deadline(); time.Until(at) != time.Second {
			t.Errorf("there are %v left", time.Until(at))
		}
		<-ctx.Done()
		if err := ctx.Err(); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestAChildOfADeadlineNeedsNoGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := withinTime(t.Context(), time.Minute)
		before := runtime.NumGoroutine()
		var children []context.Context
		for range 1000 {
			child, cancelChild := context.WithCancel(ctx)
			defer cancelChild()
			children = append(children, child)
		}
		if n := runtime.NumGoroutine() - before; n > 500 { // other tests run beside this one
			t.Errorf("a thousand children have %d goroutines", n)
		}
		cancel()
		for _, child := range children {
			if child.Err() == nil {
				t.Fatal("a child goes on")
			}
		}
	})
}
