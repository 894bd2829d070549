package main

import "testing"

func TestTheBoundOnMemoryFollowsWhatIsInUse(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, c := range []struct{ inUse, arrays, want int64 }{
		{0, 38, 7 + 114},
		{6, 38, 7 + 114},
		{44, 38, 7 + 114}, // two hashes were at it
		{138, 38, 300 + 38},
		{1000, 38, 3*962 + 38},
		{6, 1, 64}, // hashing is cheap
		{101, 1, 301},
		{2000, 2000, 6007},
	} {
		got := memoryLimit(c.inUse*mib, c.arrays*mib)
		if got != c.want*mib {
			t.Errorf("%d MiB in use, of %d for arrays: %d MiB, want %d", c.inUse, c.arrays, got/mib, c.want)
		}
		// A bound near what is in use would have garbage collected without end.
		if got < c.inUse*mib*3/2 {
			t.Errorf("%d MiB in use, and the bound is %d", c.inUse, got/mib)
		}
	}
}
