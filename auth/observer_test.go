package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestAnObserverSeesTheWaitAndTheHash(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(HashParameters{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	h.Observed(func(_ context.Context, step HashStep) func(error) {
		return func(err error) {
			what := string(step)
			if err != nil {
				what += " failed"
			}
			seen = append(seen, what)
		}
	})
	if _, err := h.Hash(t.Context(), "seven bright lanterns"); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(gone, "seven bright lanterns"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if want := []string{"wait", "hash", "wait failed"}; !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
	if h.Shed() != 0 || h.Queued() != 0 {
		t.Errorf("shed %d, queued %d", h.Shed(), h.Queued())
	}
}

func TestWhatIsShedIsCounted(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(HashParameters{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for range queuePerSlot {
		if _, err := h.Admit("203.0.113.7", Proving); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Admit("203.0.113.7", Proving); !errors.Is(err, Overloaded) || h.Shed() != 1 {
		t.Errorf("%v, %d", err, h.Shed())
	}
}
