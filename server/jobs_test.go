package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAJobThatFailsOverAndOverIsLoggedOnceAndItsRecoveryToo(t *testing.T) {
	t.Parallel()
	var log journal
	ctx, stop := context.WithCancel(t.Context())
	steps := 0
	j := job{name: "try", least: time.Nanosecond, most: time.Nanosecond, within: time.Minute, step: func(context.Context) error {
		steps++
		switch {
		case steps <= 5:
			return errors.New("storage is away")
		case steps == 8:
			stop()
		}
		return nil
	}}
	j.run(ctx, rand.Reader, slog.New(slog.NewTextHandler(&log, nil)))
	if got := log.String(); strings.Count(got, "background job fails") != 1 || strings.Count(got, "works again") != 1 {
		t.Errorf("%s", got)
	}
}

func TestAStepThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	j := job{name: "hang", least: time.Nanosecond, most: time.Nanosecond, within: time.Millisecond, step: func(bounded context.Context) error {
		<-bounded.Done()
		stop()
		return bounded.Err()
	}}
	j.run(ctx, rand.Reader, slog.New(slog.DiscardHandler))
}

func TestNodesDoNotRotateInStep(t *testing.T) {
	t.Parallel()
	j := job{least: 10 * time.Second, most: 60 * time.Second}
	seen := map[time.Duration]bool{}
	for range 50 {
		pause := j.pause(rand.Reader)
		if pause < j.least || pause >= j.most {
			t.Fatalf("%v", pause)
		}
		seen[pause] = true
	}
	if len(seen) < 2 {
		t.Error("always the same pause")
	}
	if got := j.pause(brokenRandom{}); got != j.most {
		t.Errorf("without randomness %v", got)
	}
}

// apartBy is a storage whose clock is off by the given.
func apartBy(d time.Duration, err error) differenceFunc {
	return func(context.Context, func() time.Time) (time.Duration, error) { return d, err }
}

func TestRequestsAreJudgedByTheDatabasesTime(t *testing.T) {
	t.Parallel()
	local := newClock()
	c := &clock{local: local.now}
	if _, err := c.measure(t.Context(), apartBy(-90*time.Second, nil)); err != nil {
		t.Fatal(err)
	}
	if got := local.now().Sub(c.now()); got != 90*time.Second {
		t.Errorf("now is %v behind", got)
	}
	if !c.apart(clockFailure) || !c.apart(clockWarning) || c.apart(2*time.Minute) {
		t.Error("a clock that is behind counts like one that is ahead")
	}
	// What was measured last holds while the database doesn't answer.
	if _, err := c.measure(t.Context(), apartBy(0, errors.New("away"))); err == nil || local.now().Sub(c.now()) != 90*time.Second {
		t.Errorf("%v", err)
	}
}

// TestAClockThatWasSetIsMeasuredBeforeItJudges steps a node's clock, and sets it
// right again: nobody who is signed in notices, nor does a letter that waits.
func TestAClockThatWasSetIsMeasuredBeforeItJudges(t *testing.T) {
	t.Parallel()
	cfg, _ := settle(t, map[string]string{"METRICS_LISTEN": "127.0.0.1:0"})
	clock := newClock()
	var log journal
	deps := testDeps(clock, &log)
	database := clock.now()
	away := false
	deps.ClockDifference = func(_ context.Context, local func() time.Time) (time.Duration, error) {
		if away {
			return 0, errors.New("away")
		}
		return database.Sub(local()), nil
	}
	server, err := New(t.Context(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for _, step := range []time.Duration{31 * time.Second, 365 * 24 * time.Hour, -time.Second, -400 * 24 * time.Hour} {
		clock.move(step)
		requestTo(server.Handler(), pathGraphQL)
		if !server.clock.now().Equal(database) {
			t.Errorf("%v: judged by a clock %v off", step, server.clock.now().Sub(database))
		}
	}
	// What the machine shows can't be trusted, and what time it is can't be asked.
	clock.move(time.Hour)
	away = true
	if w := requestTo(server.Handler(), pathGraphQL); w.Code != http.StatusInternalServerError {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "nobody knows what time it is") {
		t.Errorf("the log does not say why: %s", log.String())
	}
	if text := requestTo(server.Metrics(), "/metrics").Body.String(); !strings.Contains(text, `refusals_total{code="INTERNAL"} 1`) {
		t.Errorf("it was not counted: %s", text)
	}
}

func TestClocksThatDifferAreWarnedOfAndThenNotReady(t *testing.T) {
	t.Parallel()
	for difference, want := range map[time.Duration]struct {
		warned bool
		status int
	}{
		0:                       {false, http.StatusOK},
		900 * time.Millisecond:  {false, http.StatusOK},
		-2 * time.Second:        {true, http.StatusOK},
		29 * time.Second:        {true, http.StatusOK},
		31 * time.Second:        {true, http.StatusServiceUnavailable},
		-31 * time.Second:       {true, http.StatusServiceUnavailable},
		-365 * 24 * time.Hour:   {true, http.StatusServiceUnavailable},
		-999 * time.Millisecond: {false, http.StatusOK},
	} {
		cfg, _ := settle(t, nil)
		var log journal
		deps := testDeps(newClock(), &log)
		deps.ClockDifference = apartBy(difference, nil)
		server, err := New(t.Context(), cfg, deps)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		if err := server.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), "clock and the database's differ"); got != want.warned {
			t.Errorf("%v: warned %v", difference, got)
		}
		if w := requestTo(server.Handler(), pathReady); w.Code != want.status {
			t.Errorf("%v: %d %s", difference, w.Code, w.Body)
		}
		if got := server.Auth().Now().Sub(deps.Clock()); got != difference {
			t.Errorf("%v: requests are judged by a clock %v off", difference, got)
		}
	}
}
