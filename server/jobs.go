package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"gatehouse/auth"
)

// A job is something that is done over and over beside the requests, one step at
// a time. Steps are taken by the clock on the wall, or by hand in tests.
type job struct {
	name string
	// least and most bound the pause between two steps. They differ where nodes
	// that were started together should not ask the database together for ever.
	least, most time.Duration
	// within is how long a step may take.
	within time.Duration
	step   func(context.Context) error
}

// jobs are all but the dispatcher, which has a rhythm of its own.
func (s *Server) jobs() []job {
	return []job{
		// First, since what follows goes by the database's time.
		{"measure clock", 10 * time.Second, 10 * time.Second, 5 * time.Second, s.measureClock},
		{"hear blacklist", time.Second, time.Second, 3 * time.Second, s.rules.PollBlacklist},
		{"wake watches", time.Second, time.Second, time.Second, s.rules.WakeWatches},
		// A dropped key is to be as quick as whatever else ends tokens.
		{"hear keys", time.Second, time.Second, 3 * time.Second, s.hearKeys},
		{"rotate keys", 10 * time.Second, 60 * time.Second, 10 * time.Second,
			s.alone("rotate keys", 10*time.Second, 10*time.Second, s.rotateKeys)},
		{"prune", time.Minute, 2 * time.Minute, 50 * time.Minute,
			s.alone("prune", time.Hour, 50*time.Minute, func(ctx context.Context) error {
				removed, err := s.prune(ctx, nil)
				s.watch.Pruned(removed)
				return err
			})},
	}
}

// measureClock warns where the clocks are apart; how far they may be is judged by
// readiness.
func (s *Server) measureClock(ctx context.Context) error {
	difference, err := s.clock.measure(ctx, s.difference)
	if err != nil {
		return fmt.Errorf("server: measure clock: %w", err)
	}
	if s.clock.apart(clockWarning) {
		s.deps.Logger.WarnContext(ctx, "this machine's clock and the database's differ", "difference", difference)
	}
	return nil
}

// trueClock measures where the clock is in doubt. An error means that nothing may
// be judged by it.
func (s *Server) trueClock(ctx context.Context) error {
	if !s.clock.doubtful() {
		return nil
	}
	return s.measureClock(ctx)
}

func (s *Server) rotateKeys(ctx context.Context) error {
	if err := s.rules.RotateKeys(ctx); err != nil {
		return err
	}
	s.keysLoaded.Store(s.deps.Clock().UnixNano())
	return nil
}

func (s *Server) hearKeys(ctx context.Context) error {
	if err := s.rules.PollKeys(ctx); err != nil {
		return err
	}
	s.keysLoaded.Store(s.deps.Clock().UnixNano())
	return nil
}

// keysStale fails where the keys were not read for so long that another node may
// sign with one that this one doesn't know.
func (s *Server) keysStale(context.Context) error {
	loaded := time.Unix(0, s.keysLoaded.Load())
	if age := s.deps.Clock().Sub(loaded); age > auth.PublishAhead {
		return fmt.Errorf("server: signing keys were read %v ago", age)
	}
	return nil
}

// Step takes each job's step once and sends the letters that are due: what a
// second, and an hour, of Run does. For tests on a clock of their own.
func (s *Server) Step(ctx context.Context) error {
	for _, j := range append(s.jobs(), s.sampling()...) {
		if err := j.step(ctx); err != nil {
			return err
		}
	}
	for {
		if sent, err := s.dispatch.Step(ctx); err != nil || sent == 0 {
			return errors.Join(err, s.watch.Flush(ctx))
		}
	}
}

// startJobs runs the jobs until ctx ends; the returned function waits for them.
func (s *Server) startJobs(ctx context.Context) (wait func()) {
	var running sync.WaitGroup
	for _, j := range s.jobs() {
		step := j.step
		j.step = func(ctx context.Context) error {
			if err := s.trueClock(ctx); err != nil {
				return err
			}
			return step(ctx)
		}
		running.Go(func() { s.seen(j).run(ctx, s.deps.Random, s.deps.Logger) })
	}
	for _, j := range s.sampling() {
		running.Go(func() {
			// A first time at once, or some minutes would go by without figures. It is
			// tried again soon enough to speak of a failure then.
			_ = j.take(ctx)
			s.seen(j).run(ctx, s.deps.Random, s.deps.Logger)
		})
	}
	running.Go(func() { s.dispatch.Run(ctx, s.wake) })
	running.Go(func() { s.listener.Run(ctx) })
	return running.Wait
}

// run takes steps until ctx ends. Of a job that fails over and over the first
// failure is logged and the recovery: a database that is away for an hour would
// fill the log otherwise.
func (j job) run(ctx context.Context, random io.Reader, logger *slog.Logger) {
	failing := false
	for {
		pause := time.NewTimer(j.pause(random))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		err := j.take(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && !failing:
			logger.WarnContext(ctx, "background job fails", "job", j.name, "error", err)
		case err == nil && failing:
			logger.InfoContext(ctx, "background job works again", "job", j.name)
		}
		failing = err != nil
	}
}

// take takes one step, within the time that it has.
func (j job) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, j.within)
	defer cancel()
	return j.step(ctx)
}

// pause is a chance between the bounds.
func (j job) pause(random io.Reader) time.Duration {
	if j.most <= j.least {
		return j.least
	}
	var chance [8]byte
	if _, err := io.ReadFull(random, chance[:]); err != nil {
		// Without randomness nothing else works either; nodes merely stay in step.
		return j.most
	}
	return j.least + time.Duration(binary.LittleEndian.Uint64(chance[:])%uint64(j.most-j.least))
}
