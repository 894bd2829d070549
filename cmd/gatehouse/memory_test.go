package main

import "testing"

func TestTheBoundOnMemoryFollowsWhatIsInUse(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct{ inUse, arrays, want int64 }{
		{0, 38, 38 + 48},
		{6, 38, 38 + 48},
		{44, 38, 38 + 48}, // two arrays are kept
		{63, 38, 38 + 75}, // and a third
		{138, 38, 38 + 300},
		{1000, 38, 38 + 3*962},
		{6, 1, 1 + 48}, // hashing is cheap
		{101, 1, 1 + 300},
		{2000, 2000, 2048},
	} {
		got := memoryLimit(c.inUse*mib, c.arrays*mib)
		if got != c.want*mib {
			t.Errorf("%d MiB in use, of %d for arrays: %d MiB, want %d", c.inUse, c.arrays, got/mib, c.want)
		}
		// A bound near what is in use would have garbage collected without end.
		if got < c.arrays*mib+(c.inUse-c.arrays)*mib*3/2 {
			t.Errorf("%d MiB in use, and the bound is %d", c.inUse, got/mib)
		}
	}
}
