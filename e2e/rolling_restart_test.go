package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A balancer sends requests to the nodes that said last that they are ready, one
// after the other, over connections that it keeps. It asks often, never sends a
// request twice, and knows of nodes by nothing but what they say.
type balancer struct {
	t     testing.TB
	front *httptest.Server
	sent  atomic.Int64

	mu    sync.Mutex
	nodes map[*node]*httputil.ReverseProxy
	ready []*httputil.ReverseProxy
}

func newBalancer(t testing.TB) *balancer {
	b := &balancer{t: t, nodes: map[*node]*httputil.ReverseProxy{}}
	b.front = httptest.NewServer(http.HandlerFunc(b.serve))
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		again := time.NewTicker(50 * time.Millisecond)
		defer again.Stop()
		for {
			select {
			case <-stop:
				return
			case <-again.C:
				b.look()
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		b.front.Close()
	})
	return b
}

// add makes a node known; it gets requests once it is ready.
func (b *balancer) add(n *node) {
	to, err := url.Parse(n.url)
	if err != nil {
		b.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
		b.t.Errorf("a request failed on its way to %s: %v", n.url, err)
		w.WriteHeader(http.StatusBadGateway)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes[n] = proxy
}

// look asks every node whether it is ready.
func (b *balancer) look() {
	b.mu.Lock()
	known := make(map[*node]*httputil.ReverseProxy, len(b.nodes))
	for n, proxy := range b.nodes {
		known[n] = proxy
	}
	b.mu.Unlock()
	var ready []*httputil.ReverseProxy
	for n, proxy := range known {
		resp, err := http.Get(n.url + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			ready = append(ready, proxy)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
}

// balances tells how many nodes get requests.
func (b *balancer) balances() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.ready)
}

func (b *balancer) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var to *httputil.ReverseProxy
	if n := len(b.ready); n > 0 {
		to = b.ready[int(b.sent.Add(1))%n]
	}
	b.mu.Unlock()
	if to == nil {
		b.t.Error("no node is ready")
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	to.ServeHTTP(w, r)
}

// TestARollingRestartFailsNoRequest replaces three nodes one after the other
// while people register, sign in, refresh, look and leave. Every request is
// answered as if nothing happened: nobody is signed out, nothing is tried twice.
func TestARollingRestartFailsNoRequest(t *testing.T) {
	t.Parallel()
	// Far longer than it takes to be asked whether one is ready.
	tw := newTown(t, postgres(t), append([]string{"GATEHOUSE_DRAIN_DELAY=3s", "GATEHOUSE_DATABASE_ACQUIRE_TIMEOUT=30s", "GATEHOUSE_HASHING_SLOTS=8"}, unlimited...)...)
	b := newBalancer(t)
	for range 3 {
		b.add(tw.start())
	}
	eventually(t, "three nodes are ready", func() bool { return b.balances() == 3 })

	const people = 6
	for i := range people {
		tw.user(fmt.Sprintf("u%d@example.org", i))
	}
	var over atomic.Bool
	var lives atomic.Int64
	var load sync.WaitGroup
	for i := range people {
		load.Go(func() {
			address := fmt.Sprintf("u%d@example.org", i)
			for round := 0; !over.Load(); round++ {
				c := newClient(b.front.URL)
				well := func(operation string, input map[string]any) answer {
					a, err := c.try(operation, input)
					if err != nil || a.code() != "" {
						t.Errorf("%s: %v %v", operation, err, a.errors())
						over.Store(true)
					}
					return a
				}
				in := well("login", map[string]any{"identifier": address, "password": password})
				refresh := in.text("login.tokens.refreshToken")
				c.token = in.text("login.tokens.accessToken")
				well("me", nil)
				c.token = ""
				again := well("refresh", map[string]any{"refreshToken": refresh})
				c.token = again.text("refresh.tokens.accessToken")
				well("me", nil)
				well("logout", nil)
				c.token = ""
				well("register", map[string]any{"email": fmt.Sprintf("r%d-%d@example.net", i, round), "password": password})
				lives.Add(1)
			}
		})
	}
	for i, old := range append([]*node(nil), tw.nodes...) {
		before := lives.Load()
		replacement := tw.start()
		b.add(replacement)
		eventually(t, "the new node is ready", func() bool { return b.balances() == 4 })
		if err := old.stop(); err != nil {
			t.Errorf("node %d did not stop well: %v: %.2000s", i, err, old.log)
		}
		if got := b.balances(); got != 3 {
			t.Errorf("%d nodes get requests, where 3 are left", got)
		}
		eventually(t, "people go on", func() bool { return lives.Load() > before+people || over.Load() })
	}
	over.Store(true)
	load.Wait()
	t.Logf("%d requests, of %d whole visits, while three nodes were replaced", b.sent.Load(), lives.Load())
}
