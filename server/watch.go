package server

import (
	"context"
	stdsql "database/sql"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/graph"
	"gatehouse/mail"
	"gatehouse/store"
	"gatehouse/watch"
)

// newWatch makes what the settings ask for; nil where they ask for nothing.
func newWatch(ctx context.Context, cfg config.Config, deps Deps) (*watch.Watch, error) {
	o := watch.Options{
		Clock: deps.Clock, Logger: deps.Logger, Metrics: len(cfg.MetricsListen) > 0, Fields: graph.RootFields(),
		Database: "postgresql", Build: watch.Build{Version: deps.Version, Revision: deps.Revision, Go: runtime.Version()},
	}
	if cfg.SQLitePath() != "" {
		o.Database = "sqlite"
	}
	if cfg.TracesURL != "" {
		o.Traces = &watch.Traces{
			URL: cfg.TracesURL, Headers: cfg.TraceHeaders(), Sample: cfg.TracesSample, Service: cfg.TracesService, Client: deps.HTTPClient,
		}
	}
	return watch.New(ctx, o)
}

// The ports of the packages, behind which nobody stands where nothing is
// watched: a nil Watch in one of them would be somebody.

func (a *assembly) graphWatch() graph.Watch {
	if a.watch == nil {
		return nil
	}
	return a.watch
}

func (a *assembly) authObserver() auth.Observer {
	if a.watch == nil {
		return nil
	}
	return a.watch
}

func (a *assembly) mailWatch() mail.Watch {
	if a.watch == nil {
		return nil
	}
	return a.watch
}

// storeWatch is for traces alone.
func (a *assembly) storeWatch() store.Watch {
	if !a.watch.Traces() {
		return nil
	}
	return a.watch
}

// observeHashing has the process told of every hash, and the watch.
func (s *Server) observeHashing() {
	s.hasher.Observed(func(ctx context.Context, step auth.HashStep) (end func(error)) {
		told, watched := func() {}, func(error) {}
		if step == auth.HashWork && s.deps.Hashing != nil {
			told = s.deps.Hashing()
		}
		if s.watch != nil {
			watched = s.watch.Hash(ctx, step)
		}
		return func(err error) {
			watched(err)
			told()
		}
	})
}

// follow has the metrics ask where things stand.
func (s *Server) follow() {
	if s.watch == nil {
		return
	}
	s.watch.Follow(watch.Sources{
		Now: s.rules.Now, HashSlots: s.config.HashingSlots, HashQueue: s.hasher.Queued, HashesShed: s.hasher.Shed,
		Pools: func(each func(string, stdsql.DBStats)) {
			for _, p := range s.store.Pools() {
				each(p.Name, p.Stats)
			}
		},
		FeedHeardAt:     s.rules.BlacklistHeardAt,
		KeyMadeAt:       func() (time.Time, bool) { return s.keys.SignerMadeAt(s.rules.Now()) },
		Streams:         s.streams.Open,
		ClockDifference: func() time.Duration { return s.clock.last().difference },
	})
}

// sampling are the jobs that ask the database for metrics. How often is ours to
// say, and not that of whoever reads them. With a million sessions, counting
// those that live takes the better part of a second.
func (s *Server) sampling() []job {
	if s.watch.Metrics() == nil {
		return nil
	}
	return []job{
		{"watch outbox", 15 * time.Second, 15 * time.Second, 5 * time.Second, s.watchOutbox},
		{"count sessions", 5 * time.Minute, 6 * time.Minute, time.Minute, s.countSessions},
	}
}

// seen is a job whose failures are counted.
func (s *Server) seen(j job) job {
	step := j.step
	j.step = func(ctx context.Context) error {
		err := step(ctx)
		s.watch.Job(j.name, err)
		return err
	}
	return j
}

func (s *Server) watchOutbox(ctx context.Context) error {
	state, err := s.store.OutboxState(ctx)
	if err != nil {
		return err
	}
	s.watch.Outbox(watch.Sample{Waiting: state.Waiting, Oldest: state.Oldest, Dead: state.Dead})
	return nil
}

func (s *Server) countSessions(ctx context.Context) error {
	living, err := s.store.CountLivingSessions(ctx, s.rules.Now())
	if err != nil {
		return err
	}
	s.watch.Sessions(living)
	return nil
}

// route is where the mux took a request, for whoever stands further out.
type route struct{ pattern string }

type routeKey struct{}

// withRoute notes it; the mux tells nobody but whom it calls.
func withRoute(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to, watched := r.Context().Value(routeKey{}).(*route); watched {
			defer func() { to.pattern = r.Pattern }()
		}
		mux.ServeHTTP(w, r)
	})
}

// withWatch shows requests to w. The trace that a request says it belongs to is
// believed of trusted proxies alone, where that is switched on: strangers could
// have each of their requests recorded, or none, and mix theirs with others'.
func withWatch(w *watch.Watch, believed []netip.Prefix) middleware {
	return func(next http.Handler) http.Handler {
		if w == nil {
			return next
		}
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			to := &route{}
			ctx, seen := w.Request(r, watch.Entry{
				ID: graph.RequestID(r.Context()), Believed: len(believed) > 0 && trusts(believed, socketAddress(r.RemoteAddr)),
				Untraced: r.URL.Path == pathAlive || r.URL.Path == pathReady,
			})
			written := &recorder{ResponseWriter: rw}
			defer func() {
				_, path, found := strings.Cut(to.pattern, " ") // GET /readyz
				if !found {
					path = to.pattern
				}
				seen.End(path, written.statusCode(), streams(written))
			}()
			next.ServeHTTP(written, r.WithContext(context.WithValue(ctx, routeKey{}, to)))
		})
	}
}

// streams says whether the answer went on for as long as somebody listened.
func streams(w *recorder) bool {
	return w.statusCode() == http.StatusSwitchingProtocols || strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream")
}

// believedTraces are the proxies whose traces are gone on with.
func believedTraces(cfg config.Config) []netip.Prefix {
	if !cfg.TracesParent {
		return nil
	}
	return cfg.TrustedProxies
}

// Metrics answers Prometheus; nil where there are none. It belongs on a listener
// of its own, as Run has it.
func (s *Server) Metrics() http.Handler { return s.watch.Metrics() }

// MetricsAddresses are where it listens, once Run does.
func (s *Server) MetricsAddresses() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.metricsAddresses
}

// serveMetrics answers on listeners until stop is called. Nothing else is there:
// whoever may read metrics may not sign in by the same door, and the other way
// round.
func (s *Server) serveMetrics(ctx context.Context, listeners []net.Listener) (stop func() error) {
	if len(listeners) == 0 {
		return func() error { return nil }
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics())
	t := s.deps.Timeouts
	side := &http.Server{
		Handler: mux, ReadHeaderTimeout: t.ReadHeader, ReadTimeout: t.Read, WriteTimeout: t.Write, IdleTimeout: t.Idle,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: s.errorLog(),
	}
	for _, l := range listeners {
		go func() {
			if err := side.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.deps.Logger.ErrorContext(ctx, "metrics are served no more", "error", err)
			}
		}()
	}
	return side.Close
}
