package main

import "testing"

func TestHashingInEverySlotLeavesAProcessorForEachCore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cores, slots, want int }{
		{1, 1, 2},
		{2, 2, 4},
		{8, 2, 10},
		{2, 8, 10},
		{2, 1024, 10}, // which no two cores should have
	} {
		if got := processors(c.cores, c.slots); got != c.want {
			t.Errorf("%d cores and %d slots: %d processors, want %d", c.cores, c.slots, got, c.want)
		}
	}
}
