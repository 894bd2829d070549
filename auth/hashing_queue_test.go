package auth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// occupy takes slots of h, as hashes that take their time would.
func occupy(t *testing.T, h *Hasher, n int) (release func()) {
	t.Helper()
	q := h.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free < n {
		t.Fatal("the slots are taken")
	}
	q.free -= n
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		for range n {
			q.handOver()
		}
	}
}

// mustAdmit takes a place.
func mustAdmit(t *testing.T, h *Hasher, client string, u Urgency) *Place {
	t.Helper()
	p, err := h.Admit(client, u)
	if err != nil {
		t.Fatal(err)
	}
	return p
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
		if h.Queued() != 0 || h.Admitted() != 0 || len(h.queue.held) != 0 {
			t.Errorf("%d are still counted as waiting, %d as admitted, of %v", h.Queued(), h.Admitted(), h.queue.held)
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
		if waited := time.Since(start); waited != 0 || h.Calls() != 0 || h.Shed() != 100 {
			t.Errorf("shed %d after %v and %d hashes", h.Shed(), waited, h.Calls())
		}
		time.Sleep(time.Second)
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
	var last *Place
	for i := range slots * queuePerSlot {
		if err := h.Room("", Proving); err != nil {
			t.Fatalf("%d places are taken: %v", i, err)
		}
		last = mustAdmit(t, h, "", Proving)
	}
	for range 3 { // who is refused takes no place
		var refusal *Refusal
		if _, err := h.Admit("", Proving); !errors.As(err, &refusal) || refusal.Code != Overloaded || refusal.RetryAfterSeconds() != 2 {
			t.Errorf("beyond the queue: %v", err)
		}
		if err := h.Room("", Proving); !errors.Is(err, Overloaded) {
			t.Errorf("room beyond the queue: %v", err)
		}
	}
	last.Leave()
	last.Leave() // gives nothing back that is another's
	mustAdmit(t, h, "", Proving)
	if _, err := h.Admit("", Proving); !errors.Is(err, Overloaded) {
		t.Errorf("with that place taken: %v", err)
	}
}

// TestThereAreAsManyPlacesAsAreServedInTime has hashes that take long: who would
// wait longer than the target is told at once, and not after having waited.
func TestThereAreAsManyPlacesAsAreServedInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		took time.Duration
		want int // places
	}{
		{0, 2 * queuePerSlot},
		{time.Millisecond, 2 * queuePerSlot},
		{50 * time.Millisecond, 40},
		{500 * time.Millisecond, 4},
		{time.Minute, 4}, // one that is hashed and one that waits, for each slot
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newTestHasher(t, cheap, 2)
			h.derive = func([]byte, []byte, uint32, uint32, uint8, uint32) []byte {
				time.Sleep(tt.took)
				return make([]byte, tagLength)
			}
			mustHash(t, h, "correct horse")
			places := 0
			for ; ; places++ {
				if _, err := h.Admit("", Proving); err != nil {
					break
				}
			}
			if places != tt.want {
				t.Errorf("of hashes that take %v there are %d places, want %d", tt.took, places, tt.want)
			}
		})
	}
}

func TestThePaceFollowsTheLatestHashes(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	h.queue.free = -100 // slots that are given back here
	h.queue.release(800 * time.Millisecond)
	h.queue.release(-time.Hour) // the clock was set back
	for range 4 * paceOf {
		h.queue.release(100 * time.Millisecond)
	}
	if got := h.queue.pace; got < 100*time.Millisecond || got > 120*time.Millisecond {
		t.Errorf("after many of 100 ms the pace is %v", got)
	}
}

func TestWhoChoosesAPasswordHasHalfOfThePlaces(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	for range queuePerSlot / 2 {
		mustAdmit(t, h, "", Choosing)
	}
	if _, err := h.Admit("", Choosing); !errors.Is(err, Overloaded) {
		t.Errorf("a registration beyond half of the places: %v", err)
	}
	for range queuePerSlot / 2 {
		mustAdmit(t, h, "", Proving)
	}
	if _, err := h.Admit("", Proving); !errors.Is(err, Overloaded) {
		t.Errorf("a sign-in beyond all places: %v", err)
	}
}

// serve has each of those that wait in turn note its name and give its slot to
// the next.
func serve(t *testing.T, h *Hasher, all *sync.WaitGroup, served *[]string, name, client string, u Urgency) {
	t.Helper()
	p := mustAdmit(t, h, client, u)
	all.Go(func() {
		defer p.Leave()
		if err := h.queue.enter(t.Context(), p.place); err != nil {
			*served = append(*served, name+" is shed")
			return
		}
		*served = append(*served, name)
		h.queue.release(0)
	})
	synctest.Wait()
}

func TestWhoCameFirstIsServedFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		var served, want []string
		var all sync.WaitGroup
		for i := range 20 {
			name := string(rune('a' + i))
			want = append(want, name)
			serve(t, h, &all, &served, name, "", Proving)
		}
		release()
		all.Wait()
		if !slices.Equal(served, want) {
			t.Errorf("served in the order %v", served)
		}
	})
}

func TestSignInsAreServedBeforeRegistrations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		var served []string
		var all sync.WaitGroup
		serve(t, h, &all, &served, "register 1", "", Choosing)
		serve(t, h, &all, &served, "login 1", "", Proving)
		serve(t, h, &all, &served, "register 2", "", Choosing)
		serve(t, h, &all, &served, "login 2", "", Proving)
		release()
		all.Wait()
		if want := []string{"login 1", "login 2", "register 1", "register 2"}; !slices.Equal(served, want) {
			t.Errorf("served in the order %v", served)
		}
	})
}

// TestAClientThatFillsTheQueueMakesRoomForOthers has one client take all places,
// and then others come.
func TestAClientThatFillsTheQueueMakesRoomForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		var served []string
		var all sync.WaitGroup
		for range queuePerSlot {
			serve(t, h, &all, &served, "flood", "192.0.2.1", Proving)
		}
		if _, err := h.Admit("192.0.2.1", Proving); !errors.Is(err, Overloaded) {
			t.Errorf("one more of the client that has all places: %v", err)
		}
		if _, err := h.Admit("192.0.2.2", Choosing); !errors.Is(err, Overloaded) {
			t.Errorf("a registration, for which no sign-in goes: %v", err)
		}
		serve(t, h, &all, &served, "ann", "192.0.2.2", Proving)
		serve(t, h, &all, &served, "bob", "192.0.2.3", Proving)
		if h.Admitted() != queuePerSlot {
			t.Errorf("%d places are taken, want %d", h.Admitted(), queuePerSlot)
		}
		if want := []string{"flood is shed", "flood is shed"}; !slices.Equal(served, want) {
			t.Errorf("so far: %v", served)
		}
		release()
		all.Wait()
		// Those that were there before them come first, but the last of the flood.
		if n := len(served); n != queuePerSlot+2 || served[n-2] != "ann" || served[n-1] != "bob" {
			t.Errorf("served in the order %v", served)
		}
	})
}

func TestClientsThatHoldFewPlacesDoNotPushOutEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newTestHasher(t, cheap, 1)
		release := occupy(t, h, 1)
		var served []string
		var all sync.WaitGroup
		for i := range queuePerSlot {
			serve(t, h, &all, &served, "one of many", strconv.Itoa(i), Proving)
		}
		if _, err := h.Admit("another", Proving); !errors.Is(err, Overloaded) {
			t.Errorf("another: %v", err)
		}
		release()
		all.Wait()
		if slices.Contains(served, "one of many is shed") || len(served) != queuePerSlot {
			t.Errorf("served: %v", served)
		}
	})
}

// TestWhoHasGoneIsPassedBy gives a slot back while somebody who waits has gone
// and does not know it yet.
func TestWhoHasGoneIsPassedBy(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, cheap, 1)
	release := occupy(t, h, 1)
	left, hangUp := context.WithCancel(t.Context())
	hangUp()
	passed := &waiter{place: mustAdmit(t, h, "", Proving).place, ctx: left, done: make(chan struct{})}
	next := &waiter{place: mustAdmit(t, h, "", Proving).place, ctx: t.Context(), done: make(chan struct{})}
	for _, w := range []*waiter{passed, next} {
		w.element = h.queue.waiting[Proving].PushBack(w)
	}
	release()
	if passed.served || !next.served || h.Queued() != 0 || h.queue.free != 0 {
		t.Errorf("who has gone was served: %v, the next: %v; %d wait, %d slots are free", passed.served, next.served, h.Queued(), h.queue.free)
	}
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
		if waited := time.Since(start); waited != 200*time.Millisecond || h.Calls() != 0 || h.Queued() != 0 {
			t.Errorf("after %v: %d hashes, %d waiting", waited, h.Calls(), h.Queued())
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
