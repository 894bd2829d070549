package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readyFor is how long an answer of storage is believed, so that strangers
	// who ask for it all day cost the database one question a second.
	readyFor = time.Second
	// readyWithin is how long storage may take to answer.
	readyWithin = 2 * time.Second
)

// A check is one thing that must hold before requests are sent here. Its name is
// all that is told of a failure.
type check struct {
	name string
	fail func(context.Context) error
}

// A readiness answers whether a load balancer should send requests here.
type readiness struct {
	draining atomic.Bool
	now      func() time.Time
	checks   []check

	mu      sync.Mutex
	checked time.Time
	failed  []string
}

// failures names what does not hold.
func (h *readiness) failures(ctx context.Context) []string {
	if h.draining.Load() {
		return []string{"draining"}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); h.checked.IsZero() || now.Sub(h.checked).Abs() >= readyFor {
		// Not the request's own context: a client that hangs up must not make the
		// next one hear of a failure.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
		defer cancel()
		h.failed = nil
		for _, c := range h.checks {
			if err := c.fail(ctx); err != nil {
				h.failed = append(h.failed, c.name)
			}
		}
		h.checked = now
	}
	return h.failed
}

// withFarewell closes each connection with the answer to its request, once the
// server is told to stop: whoever keeps connections open opens the next one
// elsewhere, and never sends a request into one that is being closed.
func (h *readiness) withFarewell(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// A readyAnswer is what /readyz says, in JSON.
type readyAnswer struct {
	Ready  bool     `json:"ready"`
	Failed []string `json:"failed,omitempty"` // the names of the checks
}

// serveReady is GET /readyz.
func (h *readiness) serveReady(w http.ResponseWriter, r *http.Request) {
	failed := h.failures(r.Context())
	answer := readyAnswer{Ready: len(failed) == 0, Failed: failed}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// serveAlive is GET /healthz: this process runs and answers. It asks nobody
// else, since a database that is away is no reason to restart the server.
func serveAlive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{\"alive\":true}\n"))
}
