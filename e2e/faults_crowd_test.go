package e2e

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/mail/mailtest"
)

// A crowd uses a town while something goes wrong in it. Each of its people keeps
// a log of what they were told, and afterwards all of it must hold.
type crowd struct {
	s      *scenario
	people []*citizen
	idle   *citizen // does nothing meanwhile, and must not be disturbed
	letter func(address string) mailtest.Letter
	// patience is how long a client waits for an answer.
	patience time.Duration

	acknowledged atomic.Int64
	registered   *registrations

	mu   sync.Mutex
	urls []string
}

// registrations are those that were acknowledged, with their flow by address.
type registrations struct {
	mu    sync.Mutex
	flows map[string]string
}

func (r *registrations) add(address, flow string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flows[address] = flow
}

// crowdSettings let people try as often as they like, and are strict with tokens
// that come back.
func crowdSettings(more ...string) []string {
	return append(append([]string{
		"GATEHOUSE_REFRESH_GRACE=0",
		"GATEHOUSE_SESSIONS_PER_USER=1000",
		"GATEHOUSE_ACCESS_TOKEN_LIFETIME=1h",
	}, unlimited...), more...)
}

// newCrowd makes people of a town whose nodes run.
func newCrowd(s *scenario, tw *town, size int) *crowd {
	c := &crowd{s: s, letter: tw.letter, patience: 30 * time.Second}
	c.reach(tw.urls()...)
	c.gather(size, tw.user)
	return c
}

// gather enrols the people, and one who stands aside.
func (c *crowd) gather(size int, enrol func(address string)) {
	c.registered = &registrations{flows: map[string]string{}}
	c.people = make([]*citizen, size+1)
	for i := range c.people {
		c.people[i] = &citizen{
			crowd: c, name: fmt.Sprintf("p%d", i), address: fmt.Sprintf("p%d@example.org", i), password: password,
			chance: rand.New(rand.NewPCG(c.s.chance.Uint64(), uint64(i))),
		}
	}
	together(len(c.people), func(i int) { enrol(c.people[i].address) })
	for _, p := range c.people {
		p.login()
	}
	c.idle, c.people = c.people[size], c.people[:size]
	c.s.holds(len(c.idle.seats) == 1, "the first sign-in failed")
}

// reach says where the nodes are now.
func (c *crowd) reach(urls ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urls = urls
}

// client asks any of the nodes.
func (c *crowd) client(chance *rand.Rand) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	asks := newClient(c.urls[chance.IntN(len(c.urls))])
	asks.http.Timeout = c.patience
	return asks
}

// work lets everybody go about their business until the returned function is
// called, which waits for the last answers.
func (c *crowd) work() (rest func()) {
	var working sync.WaitGroup
	var over atomic.Bool
	for _, p := range c.people {
		working.Go(func() {
			for !over.Load() {
				p.act()
			}
		})
	}
	return func() {
		over.Store(true)
		working.Wait()
	}
}

// until waits for so many more acknowledged answers, and fails the test where
// they don't come: the town did not recover by itself.
func (c *crowd) until(more int) {
	c.s.t.Helper()
	goal := c.acknowledged.Load() + int64(more)
	began := time.Now()
	for c.acknowledged.Load() < goal {
		if time.Since(began) > time.Minute {
			c.s.t.Fatalf("within a minute only %d of %d answers came: %s", int64(more)-(goal-c.acknowledged.Load()), more, counts(c.s.unanswered))
		}
		time.Sleep(time.Millisecond)
	}
}

// check looks for all that was acknowledged, but the registrations.
func (c *crowd) check() {
	c.s.t.Helper()
	everybody := append([]*citizen{c.idle}, c.people...)
	together(len(everybody), func(i int) { everybody[i].check() })
	if c.s.t.Failed() {
		c.s.t.FailNow()
	}
}

// activate looks for every registration that was acknowledged: its letter comes,
// and makes an account.
func (c *crowd) activate() {
	c.s.t.Helper()
	p := c.people[0]
	for address, flow := range c.registered.flows {
		token := tokenOf(c.s.t, c.letter(address).Text)
		a, told := p.insist("activate", "", map[string]any{"token": token, "flow": flow})
		c.s.holds(told && a.code() == "", "the registration of %s: %v", address, a.errors())
	}
}

// repeat brings the fault as often as the scenario has it.
func (s *scenario) repeat(c *crowd, fault func()) {
	s.t.Helper()
	for range s.times {
		s.once(c, fault)
	}
}

// once brings the fault amid writes. Those who were there before go on by
// themselves, and what they were told holds.
func (s *scenario) once(c *crowd, fault func()) {
	s.t.Helper()
	rest := c.work()
	defer rest() // also where the test is given up
	c.until(1 + s.chance.IntN(30))
	<-s.moment(10 * time.Millisecond)
	fault()
	s.tried++
	c.until(10)
	rest()
	c.check()
}

// urls are where the nodes of a town listen.
func (tw *town) urls() []string {
	all := make([]string, len(tw.nodes))
	for i, n := range tw.nodes {
		all[i] = n.url
	}
	return all
}
