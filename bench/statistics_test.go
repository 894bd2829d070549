package bench

import (
	"math"
	"slices"
	"testing"
	"time"
)

// medianInterval is the median of the values and an interval that holds the
// true one with the confidence, whatever the distribution: between two of the
// values in order, chosen by the binomial distribution. Of fewer than eight
// values it is all that there is between the least and the most.
func medianInterval(values []time.Duration, confidence float64) (low, median, high time.Duration) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	k := rankOfInterval(n, confidence)
	return sorted[k], (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[n-1-k]
}

// rankOfInterval is how many of n values in order lie outside of the interval
// on either side.
func rankOfInterval(n int, confidence float64) int {
	factorials := func(k int) float64 { l, _ := math.Lgamma(float64(k + 1)); return l }
	tail, k := 0.0, 0
	for ; k < n/2; k++ {
		tail += math.Exp(factorials(n) - factorials(k) - factorials(n-k) - float64(n)*math.Ln2)
		if 2*tail > 1-confidence {
			break
		}
	}
	return max(0, k-1)
}

// quantile is the value that the share of all does not exceed.
func quantile(values []time.Duration, share float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

func TestTheIntervalOfAMedianIsThatOfTheBinomialDistribution(t *testing.T) {
	t.Parallel()
	// Tables of the sign test, two-sided at 1 %: so many values are left out.
	for n, want := range map[int]int{8: 0, 10: 0, 20: 3, 50: 15, 100: 36} {
		if got := rankOfInterval(n, 0.99); got != want {
			t.Errorf("%d values: %d are left out on either side, want %d", n, got, want)
		}
	}
	values := []time.Duration{9, 1, 8, 2, 7, 3, 6, 4, 5, 10}
	if low, median, high := medianInterval(values, 0.99); low != 1 || median != 5 || high != 10 {
		t.Errorf("got %d, %d, %d", low, median, high)
	}
}
