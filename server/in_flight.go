package server

import (
	"sync"
	"time"

	"gatehouse/auth"
)

// comeAgain is when to try again where too many requests are worked on: most
// take milliseconds.
const comeAgain = time.Second

// An inFlight counts the requests that this process works on, as a whole and of
// each client address, and turns away what is beyond: what waits for storage or
// for the processor holds memory meanwhile. A request counts from when its body
// has come until its answer is ready; whoever sends or reads slowly holds a
// connection and no place.
type inFlight struct {
	most       int
	perAddress int // 0 is any number

	mu        sync.Mutex
	all       int
	addresses map[string]int
	shed      int64
}

func newInFlight(most, perAddress int) *inFlight {
	return &inFlight{most: most, perAddress: perAddress, addresses: map[string]int{}}
}

// enter takes a place, which leave gives back, however often it is called:
// RateLimited where the client has too many, Overloaded where all have. A quarter
// of the places is kept for callers with a good token, so that however many sign
// in, those who are signed in go on.
func (f *inFlight) enter(c auth.Caller) (leave func(), err error) {
	address, most := c.Counted(), f.most
	if c.Kind == auth.Anonymous {
		most -= most / 4
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.perAddress > 0 && f.addresses[address] >= f.perAddress {
		f.shed++
		return nil, &auth.Refusal{Code: auth.RateLimited, RetryAfter: comeAgain}
	}
	if f.all >= most {
		f.shed++
		return nil, &auth.Refusal{Code: auth.Overloaded, RetryAfter: comeAgain}
	}
	f.all++
	f.addresses[address]++
	left := false
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if left {
			return
		}
		left = true
		f.all--
		if f.addresses[address]--; f.addresses[address] == 0 {
			delete(f.addresses, address)
		}
	}, nil
}

// count is how many requests are worked on now, and how many were turned away so
// far.
func (f *inFlight) count() (now int, shed int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.all, f.shed
}
