package e2e

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"gatehouse/config"
	"gatehouse/server"
)

// A machineClock can be set, as the clock of a machine can: what it shows
// changes, and the part that measures how much time has passed does not.
type machineClock struct{ seconds atomic.Int64 }

func (c *machineClock) now() time.Time { return set(time.Now(), c.seconds.Load()) }

// set is the instant as [time.Now] gives it on a machine whose clock was set
// forwards by so many seconds. Nothing in package time makes one, since nothing
// but the machine should: of its 64 bits of wall clock, those above the 30 of the
// nanoseconds are seconds.
func set(now time.Time, seconds int64) time.Time {
	*(*uint64)(unsafe.Pointer(&now)) += uint64(seconds) << 30
	return now
}

func TestAClockThatIsSetShowsAnotherTimeAndMeasuresTheSame(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, seconds := range []int64{0, 1, -1, 3600, -86400, 365 * 86400} {
		got := set(now, seconds)
		if shown := got.Round(0).Sub(now.Round(0)); shown != time.Duration(seconds)*time.Second {
			t.Errorf("set by %d s it shows %v more", seconds, shown)
		}
		if passed := got.Sub(now); passed != 0 {
			t.Errorf("set by %d s, %v have passed", seconds, passed)
		}
	}
}

// stepClocks sets the clock of one of two nodes on one database, and sets it right
// again. Nobody's tokens expire by it, no letter dies, nothing that was ended is
// good again; and the node says that it should not be asked.
func stepClocks(t *testing.T, s *scenario) {
	tw := newTown(t, postgres(t), crowdSettings()...)
	clocks := []*machineClock{{}, {}}
	urls := []string{tw.startHere(clocks[0]), tw.startHere(clocks[1])}
	c := &crowd{s: s, letter: tw.letter, patience: 30 * time.Second}
	c.reach(urls...)
	c.gather(6, tw.user)
	ready := func(i, status int) {
		eventually(t, "the node whose clock was set knows how it is", func() bool {
			resp, err := http.Get(urls[i] + "/readyz")
			if err != nil {
				return false
			}
			defer resp.Body.Close()
			return resp.StatusCode == status
		})
	}
	steps := []time.Duration{time.Hour, -time.Hour, 40 * time.Second, 20 * 24 * time.Hour, -3 * time.Second, -400 * 24 * time.Hour, 3 * time.Second, 400 * 24 * time.Hour}
	s.repeat(c, func() {
		i := s.chance.IntN(2)
		step := steps[s.tried%len(steps)]
		s.tally(&s.kinds, "by "+step.String())
		clocks[i].seconds.Add(int64(step / time.Second))
		c.until(20)
		if step.Abs() > 30*time.Second {
			ready(i, http.StatusServiceUnavailable)
		}
		clocks[i].seconds.Add(-int64(step / time.Second))
		c.until(10)
		ready(i, http.StatusOK)
	})
	s.holds(s.unanswered["INTERNAL"] == 0, "requests were refused: %s", counts(s.unanswered))
	c.activate()
}

// startHere runs a node of the town in this process, on a clock of its own.
func (tw *town) startHere(clock *machineClock) (url string) {
	tw.t.Helper()
	cfg, err := config.Load(tw.environ)
	if err != nil {
		tw.t.Fatal(err)
	}
	ready := make(chan string, 1)
	s, err := server.New(context.Background(), cfg, server.Deps{
		Clock: clock.now, Random: rand.Reader, Out: io.Discard, Logger: slog.New(slog.DiscardHandler),
		Ready: func(addresses []net.Addr) { ready <- "http://" + addresses[0].String() },
	})
	if err != nil {
		tw.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	tw.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tw.t.Error(err)
		}
	})
	select {
	case url = <-ready:
	case err := <-ended:
		tw.t.Fatal(err)
	}
	return url
}
