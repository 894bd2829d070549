package auth

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// queuePerSlot is the most places that there are for each slot.
	queuePerSlot = 64
	// queueTarget is how long whoever takes the last place should wait: there are
	// as many places as are served in that time at the pace of the latest hashes.
	// Who finds none is told at once, and not after having waited.
	queueTarget = time.Second
	// queuePatience is how long a call waits for a slot before it is shed all the
	// same.
	queuePatience = 1500 * time.Millisecond
	// paceOf is of how many hashes, about, the pace is the mean.
	paceOf = 8
)

// An Urgency says who is served first where more hash than there are slots.
type Urgency int

// Proving compares a password, at a sign-in and wherever one is asked for once
// more. Choosing hashes a new one, at a registration or a reset: it waits until
// nobody proves, and has only the first half of the places, so that whoever has
// an account gets in however many want one.
const (
	Proving Urgency = iota
	Choosing
)

// A queue hands out slots and the places around them. All of it is about counts
// of a few hundred, under one lock that is held for microseconds.
type queue struct {
	clock func() time.Time
	slots int

	mu      sync.Mutex
	free    int // slots; where there is one nobody waits
	waiting [Choosing + 1]list.List
	places  int            // that are taken
	held    map[string]int // of these, by client
	holding []int          // how many clients hold so many places
	pace    time.Duration  // how long a hash took lately; 0 where that is not known
	shed    int64
}

func newQueue(slots int, clock func() time.Time) *queue {
	return &queue{clock: clock, slots: slots, free: slots, held: map[string]int{}, holding: make([]int, 1)}
}

// A place is what one request holds from before its first write to after its
// last.
type place struct {
	client  string
	urgency Urgency
	left    bool
}

// A waiter is a place that waits for a slot.
type waiter struct {
	*place
	ctx     context.Context
	element *list.Element // nil once it waits no more
	served  bool
	done    chan struct{} // closed when it waits no more, but by its own doing
}

// take gives a place to a client, or refuses with Overloaded.
func (q *queue) take(client string, u Urgency) (*place, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.full(u) {
		q.count(client, +1)
		return &place{client: client, urgency: u}, nil
	}
	if w := q.dispensable(client, u); w != nil {
		q.shed++
		q.leave(w.place)
		q.wake(w)
		q.count(client, +1)
		return &place{client: client, urgency: u}, nil
	}
	q.shed++
	return nil, &Refusal{Code: Overloaded, RetryAfter: queuePatience}
}

// room is take that takes nothing.
func (q *queue) room(client string, u Urgency) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full(u) && q.dispensable(client, u) == nil {
		q.shed++
		return &Refusal{Code: Overloaded, RetryAfter: queuePatience}
	}
	return nil
}

// full says whether no place is free.
func (q *queue) full(u Urgency) bool {
	most := q.slots * queuePerSlot
	if q.pace > 0 {
		most = min(most, q.slots*int(queueTarget/q.pace))
	}
	// However slow: one that is hashed and one that waits.
	most = max(most, 2*q.slots)
	if u == Choosing {
		most /= 2
	}
	return q.places >= most
}

// dispensable is who has to go so that the client comes in: of those whose client
// holds more places than this one would, one whose client holds the most, and the
// last to come. So no client, by however many requests, keeps out others that
// have few: with places that are simply first come first served, a single one
// could fill them all. Nobody goes for the sake of what is less urgent.
func (q *queue) dispensable(client string, u Urgency) *waiter {
	most := q.held[client] + 1
	if len(q.holding)-1 <= most {
		return nil // nobody holds more, so that there is no need to look
	}
	var found *waiter
	for urgency := Choosing; urgency >= u; urgency-- {
		for e := q.waiting[urgency].Back(); e != nil; e = e.Prev() {
			w, _ := e.Value.(*waiter)
			if n := q.held[w.client]; n > most {
				found, most = w, n
			}
		}
	}
	return found
}

// count adds to the places of a client.
func (q *queue) count(client string, by int) {
	before := q.held[client]
	now := before + by
	q.places += by
	if q.held[client] = now; now == 0 {
		delete(q.held, client)
	}
	if before > 0 {
		q.holding[before]--
	}
	if now == len(q.holding) {
		q.holding = append(q.holding, 0)
	}
	if now > 0 {
		q.holding[now]++
	}
	if last := len(q.holding) - 1; last > 0 && q.holding[last] == 0 {
		q.holding = q.holding[:last]
	}
}

// leave gives a place back; once, however often it is called.
func (q *queue) leave(p *place) {
	if !p.left {
		p.left = true
		q.count(p.client, -1)
	}
}

// enter waits for a slot, or says why there is none.
func (q *queue) enter(ctx context.Context, p *place) error {
	// A client that has gone gets nothing hashed, free slot or not: otherwise
	// hanging up at once would be a way to burn the machine's time unmetered.
	if err := ctx.Err(); err != nil {
		return gone(err)
	}
	w := &waiter{place: p, ctx: ctx, done: make(chan struct{})}
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	w.element = q.waiting[p.urgency].PushBack(w)
	q.mu.Unlock()

	patience := time.NewTimer(queuePatience)
	defer patience.Stop()
	select {
	case <-w.done:
	case <-ctx.Done():
	case <-patience.C:
	}

	q.mu.Lock()
	defer q.mu.Unlock()
	err := ctx.Err()
	switch {
	case w.served && err != nil:
		q.handOver()
	case w.served:
		return nil
	case w.element != nil:
		q.waiting[p.urgency].Remove(w.element)
		w.element = nil
		if err == nil {
			q.shed++
		}
	}
	if err != nil {
		return gone(err)
	}
	return &Refusal{Code: Overloaded, RetryAfter: queuePatience}
}

func gone(err error) error { return fmt.Errorf("auth: wait for hashing slot: %w", err) }

// release gives a slot back in which a hash took so long.
func (q *queue) release(took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case took < 0: // the clock was set back
	case q.pace == 0:
		q.pace = took
	default:
		q.pace += (took - q.pace) / paceOf
	}
	q.handOver()
}

// handOver gives a slot to who is served next. Who has gone meanwhile is passed
// by: its goroutine may not have noticed yet, and would take the slot only to
// give it back.
func (q *queue) handOver() {
	for u := range q.waiting {
		for e := q.waiting[u].Front(); e != nil; e = q.waiting[u].Front() {
			w, _ := e.Value.(*waiter)
			q.wake(w)
			if w.ctx.Err() == nil {
				w.served = true
				return
			}
		}
	}
	q.free++
}

// wake takes somebody off the queue.
func (q *queue) wake(w *waiter) {
	q.waiting[w.urgency].Remove(w.element)
	w.element = nil
	close(w.done)
}
