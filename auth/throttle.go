package auth

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// throttled is how many keys a Throttle remembers: enough for the clients of a
// busy minute, few enough that strangers can't fill the memory.
const throttled = 50_000

// A Throttle limits in this process's memory what need not be exact over all
// nodes. A nil Throttle lets everything through.
type Throttle struct {
	rate     Rate
	limiters *lru.Cache[string, *rate.Limiter]
}

// NewThrottle is nil for the zero Rate.
func NewThrottle(r Rate) *Throttle {
	if r.N == 0 {
		return nil
	}
	limiters, err := lru.New[string, *rate.Limiter](throttled)
	if err != nil {
		panic(err) // of a size below 1 alone
	}
	return &Throttle{rate: r, limiters: limiters}
}

// Allow takes one for the key: nil, or RateLimited with the time to wait.
func (t *Throttle) Allow(key string, now time.Time) error {
	if t == nil {
		return nil
	}
	if t.limiter(key).AllowN(now, 1) {
		return nil
	}
	return t.refusal()
}

// Check is Allow that takes nothing.
func (t *Throttle) Check(key string, now time.Time) error {
	if t == nil || t.limiter(key).TokensAt(now) >= 1 {
		return nil
	}
	return t.refusal()
}

func (t *Throttle) refusal() error {
	return &Refusal{Code: RateLimited, RetryAfter: t.rate.Emission()}
}

func (t *Throttle) limiter(key string) *rate.Limiter {
	if l, ok := t.limiters.Get(key); ok {
		return l
	}
	fresh := rate.NewLimiter(rate.Every(t.rate.Emission()), t.rate.N)
	// Of two requests that come first at once, both must meet one limiter.
	if l, ok, _ := t.limiters.PeekOrAdd(key, fresh); ok {
		return l
	}
	return fresh
}
