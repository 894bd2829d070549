package server

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestOfSeveralNodesOneDoesTheWorkAndAnotherTakesItOver(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3)
	var done []int
	var failure error
	work := func(i int) func(context.Context) error {
		return all[i].server.alone("try", time.Hour, 10*time.Minute, func(context.Context) error {
			done = append(done, i)
			return failure
		})
	}
	everybody := func(want ...int) {
		t.Helper()
		done = nil
		for i := range all {
			if err := work(i)(t.Context()); !errors.Is(err, failure) && err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		}
		if len(done) != len(want) {
			t.Errorf("done by %v, want %v", done, want)
		}
	}
	clock := all[0].clock
	everybody(0)
	clock.move(time.Hour - time.Second)
	everybody()
	clock.move(time.Second)
	// What fails is tried by the next at once.
	failure = errors.New("no")
	everybody(0, 1, 2)
	failure = nil
	everybody(0)
	// Whoever dies amid it keeps it from the others no longer than a step may take.
	clock.move(time.Hour)
	died := make(chan struct{})
	go func() {
		defer close(died)
		defer func() { _ = recover() }()
		_ = all[2].server.alone("try", time.Hour, 10*time.Minute, func(context.Context) error { panic("killed") })(t.Context())
	}()
	<-died
	everybody()
	clock.move(10 * time.Minute)
	everybody(0)
}

func TestStoppingAmidTheWorkNotesThatItWasDone(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	times := 0
	work := h.server.alone("try", time.Hour, time.Minute, func(context.Context) error { times++; stop(); return nil })
	if err := work(ctx); err != nil {
		t.Fatal(err)
	}
	h.clock.move(time.Minute)
	if err := work(t.Context()); err != nil || times != 1 {
		t.Errorf("done %d times, %v", times, err)
	}
}
