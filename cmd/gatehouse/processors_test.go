package main

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse/config"
)

func TestHashingInEverySlotLeavesAProcessorForEachCore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cores, slots, want int }{
		{1, 1, 2},
		{2, 2, 4},
		{8, 2, 10},
		{2, 8, 10},
		{2, 1024, 10}, // which no two cores should have
	} {
		if got := manyProcessors(c.cores, c.slots); got != c.want {
			t.Errorf("%d cores and %d slots: %d processors, want %d", c.cores, c.slots, got, c.want)
		}
	}
}

func TestTheEnvironmentHasTheLastWordOnProcessors(t *testing.T) {
	t.Parallel()
	cfg := config.Config{HashingSlots: 2}
	if processorsFor(&process{environ: []string{"GOMAXPROCS=3"}}, cfg) != nil {
		t.Error("their number changes although it is set")
	}
	if processorsFor(&process{environ: []string{"NOT_GOMAXPROCS=3"}}, cfg) == nil {
		t.Error("their number does not change")
	}
}

func TestThereAreMoreProcessorsWhileSomebodyHashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // the timer's goroutine does not know that this one waited
		var changes []int
		p := newProcessors(2, 4, func(n int) {
			mu.Lock()
			defer mu.Unlock()
			changes = append(changes, n)
		})
		is := func(when string, want ...int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(changes, want) {
				t.Errorf("%s: the numbers were %v, want %v", when, changes, want)
			}
		}

		first, second := p.observe(), p.observe()
		is("two hash", 4)
		first()
		time.Sleep(2 * spareFor)
		is("one still does", 4)
		second()
		time.Sleep(spareFor / 2)
		again := p.observe()
		time.Sleep(2 * spareFor)
		is("and another", 4)
		again()
		time.Sleep(spareFor / 2)
		p.observe()()
		time.Sleep(spareFor - 1)
		is("the last has just ended", 4)
		time.Sleep(time.Nanosecond)
		is("nobody has for a while", 4, 2)
		p.observe()()
		is("somebody does again", 4, 2, 4)
		time.Sleep(spareFor)
		is("and nobody", 4, 2, 4, 2)
	})
}
