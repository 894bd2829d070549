package server

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

	"gatehouse/auth"
	"gatehouse/graph"
)

// Where everything is.
const (
	pathGraphQL   = "/graphql"
	pathJWKS      = "/.well-known/jwks.json"
	pathDiscovery = "/.well-known/openid-configuration"
	pathAlive     = "/healthz"
	pathReady     = "/readyz"
)

// routes builds the handler of everything, from the outermost middleware to the
// last page.
func (s *Server) routes() (http.Handler, error) {
	cfg := s.config
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, err
	}
	admit := auth.NewThrottle(s.anonymousLimit())
	pages, err := s.linkPages(public, admit)
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle(pathGraphQL, s.graphQL(public, admit))
	mux.Handle("GET "+pathJWKS, serveJWKS(func() []byte { return s.keys.JWKS(s.rules.Now()) }))
	mux.Handle("GET "+pathDiscovery, serveDiscovery(cfg.Issuer, public, func() []auth.Algorithm { return s.keys.Algorithms(s.rules.Now()) }))
	mux.HandleFunc("GET "+pathAlive, serveAlive)
	mux.HandleFunc("GET "+pathReady, s.readiness.serveReady)
	pages.mount(mux, s.guard)
	if err := s.mountAccount(mux, public); err != nil {
		return nil, err
	}
	if err := s.mountPlayground(mux, public); err != nil {
		return nil, err
	}
	s.mountMailbox(mux, public, pages.pages)

	return chain(withRoute(mux),
		withPrefix(public.Path),
		withRequestID(s.deps.Random),
		withWatch(s.watch, believedTraces(cfg)),
		s.readiness.withFarewell,
		withClientAddress(cfg.TrustedProxies),
		withAccessLog(s.deps.Logger, s.deps.Clock),
		withSecurityHeaders(cfg.Secure()),
		withRecover(s.deps.Logger, s.answerFault),
		withoutRedirects,
	), nil
}

// withPrefix takes the path off below which a proxy puts this server, where the
// proxy has not done so itself. What begins otherwise is looked for as it is.
func withPrefix(prefix string) middleware {
	return func(next http.Handler) http.Handler {
		if prefix == "" {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			within, below := strings.CutPrefix(r.URL.EscapedPath(), prefix)
			if !below || within != "" && within[0] != '/' {
				next.ServeHTTP(w, r)
				return
			}
			// A copy, since whoever called goes on with the request as it was. The
			// prefix holds nothing that is ever escaped.
			at := *r.URL
			at.Path, at.RawPath = strings.TrimPrefix(at.Path, prefix), strings.TrimPrefix(at.RawPath, prefix)
			if within == "" {
				at.Path = "/"
			}
			shortened := *r
			shortened.URL = &at
			next.ServeHTTP(w, &shortened)
		})
	}
}

// withoutRedirects finds nothing at a path that has doubled slashes or dots for
// names. The mux would send the browser on to the clean path, and write the
// whole address, the token of a link included, into a page and a header.
func withoutRedirects(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		clean := path.Clean("/" + asked)
		if strings.HasSuffix(asked, "/") && clean != "/" {
			clean += "/"
		}
		if asked != clean {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// graphQL is the API, behind what only it needs. CORS comes first, so that a
// page can read why its request was refused.
func (s *Server) graphQL(public *url.URL, admit *auth.Throttle) http.Handler {
	cfg := s.config
	origins := newOriginList(public, cfg.AllowedOrigins)
	who := callers{auth: s.rules, names: newCookieNames(public, cfg.Loopback()), origins: origins, offered: cfg.CookieTransport, refused: s.watch.Refused}
	return chain(graph.NewHandler(graph.Options{
		Auth: s.rules, Settings: shownSettings(cfg), Limits: documentLimits(cfg),
		Introspection: cfg.Introspection, Admit: admitAnonymous(admit), Streams: s.streams, Logger: s.deps.Logger, Watch: s.graphWatch(),
		Enter: func(ctx context.Context) (func(), error) { return s.inFlight.enter(graph.CallerFrom(ctx)) },
		Room:  func(ctx context.Context, u auth.Urgency) error { return s.rules.Room(graph.CallerFrom(ctx), u) },
	}), withCORS(origins, cfg.CookieTransport), s.guard, who.wrap)
}

// anonymousLimit is the requests of one client that brings no good token, to the
// API and the pages together; the zero Rate where limits are off.
func (s *Server) anonymousLimit() auth.Rate {
	if !s.config.RateLimits {
		return auth.Rate{}
	}
	return auth.Rate(s.config.LimitAnonymousPerAddress)
}

// guard stands before what asks storage: it bounds what a request may wait for
// behind us, and lets none be judged by a clock that was set. Subscriptions find
// out how to live longer.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := withinTime(graph.WithConnection(r.Context()), s.deps.Timeouts.Handle)
		defer cancel()
		if err := s.trueClock(ctx); err != nil {
			s.deps.Logger.ErrorContext(ctx, "request refused: nobody knows what time it is", "error", err)
			s.answerFault(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// admitAnonymous limits the requests of each client that brings no good token,
// in this process alone.
func admitAnonymous(throttle *auth.Throttle) func(context.Context) error {
	return func(ctx context.Context) error {
		caller := graph.CallerFrom(ctx)
		return throttle.Allow(caller.Counted(), caller.Now)
	}
}

// answerFault answers for a handler that panicked or may not be asked, in the form
// that the client expects there.
func (s *Server) answerFault(w http.ResponseWriter, r *http.Request) {
	s.watch.Refused(auth.Internal)
	if r.URL.Path == pathGraphQL {
		graph.WriteRefusal(w, r, http.StatusInternalServerError, auth.Internal)
		return
	}
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
