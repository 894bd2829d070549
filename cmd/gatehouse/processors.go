package main

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse/config"
)

const (
	// hoggedAtMost bounds, by the number of cores, for how many slots there are
	// processors besides.
	hoggedAtMost = 4
	// spareFor is how long the processors stay that hashing needs once nobody
	// hashes. To change their number stops everything for a fraction of a
	// millisecond, so a hash now and then must not do so each time.
	spareFor = 10 * time.Second
)

// Processors has Go run as many goroutines at once as ever while passwords are
// hashed in every slot. A hash keeps its thread busy for tens of milliseconds;
// were there no more of the runtime's processors than cores, all would have one,
// and whoever is signed in would wait until the runtime takes one away, which is
// every ten milliseconds. So there are more of them while somebody hashes: the
// kernel shares the cores between the threads instead, and lets one that has slept
// go first. While nobody does they would cost a twentieth of every request, for
// looking for work where there is none.
type processors struct {
	few, many int
	set       func(int)

	mu      sync.Mutex
	now     int
	hashing int
	rest    *time.Timer // when it ends there are few again
}

// processorsFor is nil, and nobody, where GOMAXPROCS is in the environment, which
// has the last word.
func processorsFor(p *process, cfg config.Config) func() (end func()) {
	if slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, "GOMAXPROCS=") }) {
		return nil
	}
	cores := runtime.GOMAXPROCS(0)
	return newProcessors(cores, manyProcessors(cores, cfg.HashingSlots), func(n int) { runtime.GOMAXPROCS(n) }).observe
}

// manyProcessors is how many the runtime should have on so many cores while
// passwords are hashed.
func manyProcessors(cores, slots int) int { return cores + min(slots, hoggedAtMost*cores) }

func newProcessors(few, many int, set func(int)) *processors {
	return &processors{few: few, many: many, set: set, now: few}
}

// observe is told that a password is hashed, and by end that it was.
func (p *processors) observe() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashing++
	if p.rest != nil {
		p.rest.Stop()
	}
	p.become(p.many)
	return p.ended
}

func (p *processors) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hashing--; p.hashing == 0 {
		p.rest = time.AfterFunc(spareFor, p.rested)
	}
}

func (p *processors) rested() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hashing == 0 { // nobody came between
		p.become(p.few)
	}
}

func (p *processors) become(n int) {
	if p.now != n {
		p.now = n
		p.set(n)
	}
}
