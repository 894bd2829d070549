package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/auth"
)

const (
	overload     = 10 // times what the cores can hash
	overloadSpan = 30 * time.Second
	calmSpan     = 3 * time.Second
	// confinedTo is what the server may have of memory, in bytes, before the kernel
	// ends it.
	confinedTo = 384 << 20

	overloadUsers = 256 // who sign in
	meUsers       = 10  // who are signed in,
	mePause       = 100 * time.Millisecond
)

func cores() int { return runtime.NumCPU() }

// measureOverload sends a real process ten times the sign-ins that it can hash,
// each from a client and network of its own so that only the hashing queue
// holds them off, half with the right password of a user, half for nobody.
// Meanwhile users who are signed in go on asking for me, as in an app. The server
// is confined to little memory, so that one that took more would be ended.
func measureOverload(b *testing.B, s *sheet) {
	capacity := hashesPerSecond(b)
	within := confine(b, confinedTo)
	node := startNode(b, sqlite(b), within)
	s.begin(fmt.Sprintf("How does it bear %d times the sign-ins that it can hash? %.0f a second for %v, SQLite, clients on the same cores",
		overload, overload*capacity, overloadSpan))

	calm := node.meanwhile(b, func() { time.Sleep(calmSpan) })
	idle := statusOf(node.pid, "VmRSS")
	var told *outcome
	busy := node.meanwhile(b, func() { told = node.rush(overload * capacity) })
	recovery, last := node.recover(b)
	node.pending.Wait()
	after := node.meanwhile(b, func() { time.Sleep(calmSpan) })

	s.add("sign-ins sent", "", "%d, %.0f a second: %.1f times what two idle hashers did", told.sent.Load(),
		float64(told.sent.Load())/overloadSpan.Seconds(), float64(told.sent.Load())/overloadSpan.Seconds()/capacity)
	hashed := told.codes["signed in"] + told.codes["INVALID_CREDENTIALS"]
	s.add("hashed", "", "%d, %.0f a second: %.2f of what the cores can", hashed, float64(hashed)/overloadSpan.Seconds(), float64(hashed)/overloadSpan.Seconds()/capacity)
	for _, code := range []string{"OVERLOADED", "RATE_LIMITED"} {
		s.add("shed: "+code, "", "%5.1f %%", 100*float64(told.codes[code])/float64(told.sent.Load()))
	}
	s.add("shed without retryAfter", "0", "%d", told.speechless)
	s.add("any other answer", "0", "%d %v", told.others(), told.failure)
	s.add("a sign-in that is answered", "", "p50 %.0f ms, p99 %.0f ms", ms(quantile(told.served, 0.5)), ms(quantile(told.served, 0.99)))
	s.add("a sign-in that is shed", "within 50 ms", "p50 %.1f ms, p99 %.1f ms, worst %.0f ms", ms(quantile(told.shed, 0.5)), ms(quantile(told.shed, 0.99)), ms(quantile(told.shed, 1)))
	s.add("peak of resident memory", "< 256 MiB", "%.0f MiB; %.0f before", mib(statusOf(node.pid, "VmHWM")), mib(idle))
	s.add("with what the kernel holds for it", "< 384 MiB", "%s at most; bound by %s", within.most(), within.about)
	for _, m := range []struct {
		name, wanted string
		took         []time.Duration
	}{{"me before", "", calm}, {"me meanwhile", "p99 < 50 ms", busy}, {"me afterwards", "", after}} {
		s.add(m.name, m.wanted, "p50 %5.1f ms, p99 %5.1f ms, worst %5.1f ms of %d", ms(quantile(m.took, 0.5)), ms(quantile(m.took, 0.99)), ms(quantile(m.took, 1)), len(m.took))
	}
	s.add("a sign-in succeeds after", "within 2 s", "%.2f s, and takes %.0f ms then", recovery.Seconds(), ms(last))
}

// hashesPerSecond is what the cores can do when nothing else is asked of them.
func hashesPerSecond(b *testing.B) float64 {
	hasher, err := auth.NewHasher(auth.DefaultHashParameters(), cores(), rand.Reader, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var working sync.WaitGroup
	for range cores() {
		working.Go(func() {
			for time.Since(began) < calmSpan {
				if _, err := hasher.Hash(context.Background(), password); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	return float64(hasher.Calls()) / time.Since(began).Seconds()
}

// A node is one running server with users in it.
type node struct {
	pid    int
	guest  *client
	tokens []string // of the users who are signed in

	pending sync.WaitGroup
	network atomic.Uint32
}

// startNode runs the program, confined, over a database with users in it.
func startNode(b *testing.B, database string, within confinement) *node {
	b.Helper()
	environ := serving(b, database)
	populate(b, environ, overloadUsers, rusher)
	populate(b, environ, meUsers, resident)
	path, _ := build(b)
	p := start(b, environ, "/bin/sh", "-c", within.script, path, "serve")
	n := &node{pid: p.pid, guest: newClient(b, p.url, 1024)}
	n.signIn(b)
	return n
}

// populate makes users, by a server of this process that is gone afterwards.
func populate(b *testing.B, environ []string, users int, address func(int) string) {
	b.Helper()
	s := newServer(b, environ)
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	var working sync.WaitGroup
	for part := range cores() {
		working.Go(func() {
			for i := part; i < users; i += cores() {
				createUser(b, s, address(i))
			}
		})
	}
	working.Wait()
}

func rusher(i int) string   { return fmt.Sprintf("rusher-%d@example.org", i) }
func resident(i int) string { return fmt.Sprintf("resident-%d@example.org", i) }

// elsewhere is the address of a client that has never been heard of, in a
// network of its own.
func (n *node) elsewhere() string {
	i := n.network.Add(1)
	return netip.AddrFrom4([4]byte{20 + byte(i>>16), byte(i >> 8), byte(i), 1}).String()
}

func (n *node) signIn(b *testing.B) {
	for i := range meUsers {
		q := login(resident(i), password)
		q.from = n.elsewhere()
		n.tokens = append(n.tokens, n.guest.mustAsk(b, q, "").body.Data["login"].Tokens.AccessToken)
	}
}

// meanwhile has the users who are signed in ask for me, on time whether or not
// the last was answered, until f returns. It gives how long each took from when
// it was due: a server that makes its clients wait does not hide it by being
// asked less.
func (n *node) meanwhile(b *testing.B, f func()) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var failure error
	var asking sync.WaitGroup
	done := make(chan struct{})
	for i, token := range n.tokens {
		q := ask(meDocument, nil)
		q.token, q.from = token, n.elsewhere()
		asking.Go(func() {
			// Spread over the pause, as users are.
			due := time.Now().Add(time.Duration(i) * mePause / meUsers)
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Until(due)):
				}
				at := due
				asking.Go(func() {
					err := n.guest.well(q, nil)
					mu.Lock()
					defer mu.Unlock()
					took = append(took, time.Since(at))
					if err != nil {
						failure = err
					}
				})
				due = due.Add(mePause)
			}
		})
	}
	f()
	close(done)
	asking.Wait()
	if failure != nil {
		b.Fatalf("me: %v", failure)
	}
	return took
}

// An outcome is what became of a rush.
type outcome struct {
	sent atomic.Int64

	mu           sync.Mutex
	codes        map[string]int
	speechless   int // shed without a word on when to come again
	served, shed []time.Duration
	failure      error
}

// rush sends sign-ins at the rate, whatever comes back, and returns when the
// last is sent.
func (n *node) rush(perSecond float64) *outcome {
	told := &outcome{codes: map[string]int{}}
	began := time.Now()
	for i := 0; ; i++ {
		due := began.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))
		if due.Sub(began) > overloadSpan {
			return told
		}
		time.Sleep(time.Until(due))
		q := login(rusher(i/2%overloadUsers), password)
		if i%2 == 1 {
			q = login(fmt.Sprintf("nobody-%d@example.org", i), wrongPassword)
		}
		q.from = n.elsewhere()
		told.sent.Add(1)
		n.pending.Go(func() { told.note(n.guest.ask(q)) })
	}
}

func (o *outcome) note(a answer, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.codes["no answer"]++
		o.failure = cmp.Or(o.failure, err)
		return
	}
	switch code := a.code(); code {
	case "":
		o.codes["signed in"]++
		o.served = append(o.served, a.took)
	case "INVALID_CREDENTIALS":
		o.codes[code]++
		o.served = append(o.served, a.took)
	case "OVERLOADED", "RATE_LIMITED":
		o.codes[code]++
		o.shed = append(o.shed, a.took)
		if a.body.Errors[0].Extensions.RetryAfter < 1 {
			o.speechless++
		}
	default:
		o.codes[code]++
		o.failure = cmp.Or(o.failure, errors.New(code))
	}
}

// others counts what is neither an answer to the sign-in nor shed.
func (o *outcome) others() int {
	n := 0
	for code, count := range o.codes {
		switch code {
		case "signed in", "INVALID_CREDENTIALS", "OVERLOADED", "RATE_LIMITED":
		default:
			n += count
		}
	}
	return n
}

// recover signs in until that succeeds, and says how long that took, and how
// long the last of the attempts.
func (n *node) recover(b *testing.B) (whole, last time.Duration) {
	b.Helper()
	began := time.Now()
	for time.Since(began) < time.Minute {
		q := login(resident(0), password)
		q.from = n.elsewhere()
		a, err := n.guest.ask(q)
		if err != nil {
			b.Fatal(err)
		}
		if a.code() == "" {
			return time.Since(began), a.took
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.Fatal("no sign-in succeeds within a minute of the rush")
	return 0, 0
}
