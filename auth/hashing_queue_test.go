package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// occupy takes slots of h, as hashes that take their time would.
func occupy(t *testing.T, h *Hasher, n int64) (release func()) {
	t.Helper()
	if !h.slots.TryAcquire(n) {
		t.Fatal("the slots are taken")
	}
	return func() { h.slots.Release(n) }
}

func TestNoMoreThanItsSlotsHashAtOnce(t *testing.T) {
	t.Parallel()
	const slots, callers = 3, 60
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, slots)
		var running, most atomic.Int64
		derive := h.derive
		h.derive = func(password, salt []byte, passes, memoryKiB uint32, lanes uint8, length uint32) []byte {
			now := running.Add(1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			time.Sleep(50 * time.Millisecond) // of the bubble's time
			defer running.Add(-1)
			return derive(password, salt, passes, memoryKiB, lanes, length)
		}
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				var err error
				if i%2 == 0 {
					_, err = h.Hash(t.Context(), "correct horse")
				} else {
					_, err = h.Verify(t.Context(), "", "correct horse")
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := most.Load(); got != slots {
			t.Errorf("%d hashed at once in %d slots", got, slots)
		}
		if got := h.queued.Load(); got != 0 {
			t.Errorf("%d are still counted as waiting", got)
		}
	})
}

func TestCallsAreCountedExactlyUnderLoad(t *testing.T) {
	t.Parallel()
	const callers = 100
	h := newTestHasher(t, cheap, 2)
	encoded := mustHash(t, h, "correct horse")
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			want := i%2 == 0
			got, err := h.Verify(t.Context(), encoded, map[bool]string{true: "correct horse", false: "wrong"}[want])
			if err != nil || got != want {
				t.Errorf("Verify = %v, %v; want %v", got, err, want)
			}
		})
	}
	all.Wait()
	if got := h.Calls(); got != 1+callers {
		t.Errorf("Calls() = %d, want %d", got, 1+callers)
	}
}

func TestWhoWaitsTooLongIsShed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		start := time.Now()
		_, err := h.Hash(t.Context(), "correct horse")
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Code != Overloaded || refusal.RetryAfterSeconds() != 2 {
			t.Errorf("Hash = %v", err)
		}
		if waited := time.Since(start); waited != 1500*time.Millisecond {
			t.Errorf("it waited %v", waited)
		}
		release()
		if _, err := h.Hash(t.Context(), "correct horse"); err != nil || h.Calls() != 1 {
			t.Errorf("with a free slot: %v, %d hashes", err, h.Calls())
		}
	})
}

func TestWhoGetsASlotInTimeIsServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		time.AfterFunc(1499*time.Millisecond, release)
		if _, err := h.Hash(t.Context(), "correct horse"); err != nil || h.Calls() != 1 {
			t.Errorf("Hash = %v after %d hashes", err, h.Calls())
		}
	})
}

func TestWhoFindsTheQueueFullIsShedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slots = 2
		h := newTestHasher(t, cheap, slots)
		release := occupy(t, h, slots)
		var all sync.WaitGroup
		var served atomic.Int64
		for range slots * queuePerSlot {
			all.Go(func() {
				if _, err := h.Verify(t.Context(), "", "correct horse"); err == nil {
					served.Add(1)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		for range 100 {
			if _, err := h.Verify(t.Context(), "", "correct horse"); !errors.Is(err, Overloaded) {
				t.Errorf("beyond the queue: %v", err)
			}
		}
		if waited := time.Since(start); waited != 0 || h.Calls() != 0 {
			t.Errorf("shed after %v and %d hashes", waited, h.Calls())
		}
		release()
		all.Wait()
		if got := served.Load(); got != slots*queuePerSlot || h.Calls() != got {
			t.Errorf("%d of those in the queue were served, with %d hashes", got, h.Calls())
		}
		if _, err := h.Verify(t.Context(), "", "correct horse"); err != nil {
			t.Errorf("with the queue empty again: %v", err)
		}
	})
}

func TestNoMoreAreAdmittedThanTheQueueHolds(t *testing.T) {
	t.Parallel()
	const slots = 2
	h := newTestHasher(t, cheap, slots)
	var leave func()
	for range slots * queuePerSlot {
		var err error
		if leave, err = h.Admit(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // who is refused takes no place
		var refusal *Refusal
		if _, err := h.Admit(); !errors.As(err, &refusal) || refusal.Code != Overloaded || refusal.RetryAfterSeconds() != 2 {
			t.Errorf("beyond the queue: %v", err)
		}
	}
	leave()
	if _, err := h.Admit(); err != nil {
		t.Errorf("with a place given back: %v", err)
	}
	if _, err := h.Admit(); !errors.Is(err, Overloaded) {
		t.Errorf("with that place taken: %v", err)
	}
}

func TestWhoCameFirstIsServedFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		var served []int
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := h.enter(t.Context()); err != nil {
					t.Error(err)
					return
				}
				served = append(served, i)
				h.slots.Release(1)
			})
			synctest.Wait()
		}
		release()
		all.Wait()
		for i, got := range served {
			if got != i {
				t.Fatalf("served in the order %v", served)
			}
		}
	})
}

func TestAClientThatHasGoneGetsNothingHashed(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	// With a free slot.
	if encoded, err := h.Hash(gone, "correct horse"); encoded != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("Hash = %q, %v", encoded, err)
	}
	if ok, err := h.Verify(gone, "", "correct horse"); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v, %v", ok, err)
	}
	if got := h.Calls(); got != 0 {
		t.Errorf("%d hashes", got)
	}
}

func TestAClientThatGoesLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		start := time.Now()
		for name, tt := range map[string]struct {
			ctx  func() (context.Context, context.CancelFunc)
			want error
		}{
			"gone": {func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, cancel)
				return ctx, cancel
			}, context.Canceled},
			"out of time": {func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 100*time.Millisecond)
			}, context.DeadlineExceeded},
		} {
			ctx, cancel := tt.ctx()
			_, err := h.Hash(ctx, "correct horse")
			cancel()
			if !errors.Is(err, tt.want) || errors.Is(err, Overloaded) {
				t.Errorf("%s: Hash = %v", name, err)
			}
		}
		if waited := time.Since(start); waited != 200*time.Millisecond || h.Calls() != 0 || h.queued.Load() != 0 {
			t.Errorf("after %v: %d hashes, %d waiting", waited, h.Calls(), h.queued.Load())
		}
		release()
		if _, err := h.Hash(t.Context(), "correct horse"); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestAnUnknownAccountWaitsInTheSameQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		defer release()
		_, err := h.Verify(t.Context(), "", "correct horse")
		if !errors.Is(err, Overloaded) || h.Calls() != 0 {
			t.Errorf("Verify = %v after %d hashes", err, h.Calls())
		}
	})
}
