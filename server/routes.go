package server

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"gatehouse/auth"
	"gatehouse/graph"
	"gatehouse/web"
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
	pages, err := web.New(
		web.Brand{Name: cfg.BrandName, Colour: cfg.BrandColour, TermsURL: cfg.BrandTermsURL, PrivacyURL: cfg.BrandPrivacyURL},
		public.JoinPath(pathGraphQL).String(),
		web.Paths{GraphQL: pathGraphQL, JWKS: pathJWKS, Discovery: pathDiscovery, Alive: pathAlive, Ready: pathReady},
	)
	if err != nil {
		return nil, err
	}
	discovery, err := serveDiscovery(cfg.Issuer, public, cfg.SigningAlgorithm)
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle(pathGraphQL, s.graphQL(public))
	mux.Handle("GET "+pathJWKS, serveJWKS(func() []byte { return s.keys.JWKS(s.rules.Now()) }))
	mux.Handle("GET "+pathDiscovery, discovery)
	mux.HandleFunc("GET "+pathAlive, serveAlive)
	mux.HandleFunc("GET "+pathReady, s.readiness.serveReady)
	mux.Handle("GET /{$}", pages.Home)
	mux.Handle("GET /activate", pages.Activate)
	mux.Handle("GET /decline", pages.Decline)
	mux.Handle("GET /reset", pages.Reset)

	return chain(mux,
		withRequestID(s.deps.Random),
		withClientAddress(cfg.TrustedProxies),
		withAccessLog(s.deps.Logger, s.deps.Clock),
		withSecurityHeaders(cfg.Secure()),
		withRecover(s.deps.Logger, answerFault),
		withoutRedirects,
	), nil
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
func (s *Server) graphQL(public *url.URL) http.Handler {
	cfg := s.config
	origins := newOriginList(public, cfg.AllowedOrigins)
	who := callers{auth: s.rules, names: newCookieNames(public, cfg.Loopback()), origins: origins, offered: cfg.CookieTransport}
	limit := auth.Rate(cfg.LimitAnonymousPerAddress)
	if !cfg.RateLimits {
		limit = auth.Rate{}
	}
	return chain(graph.NewHandler(graph.Options{
		Auth: s.rules, Settings: shownSettings(cfg), Limits: documentLimits(cfg),
		Introspection: cfg.Introspection, Admit: admitAnonymous(limit), Logger: s.deps.Logger,
	}), withCORS(origins, cfg.CookieTransport), withDeadline(s.deps.Timeouts.Handle), who.wrap)
}

// withDeadline bounds what a request may wait for behind us.
func withDeadline(within time.Duration) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), within)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// admitAnonymous limits the requests of each client that brings no good token,
// in this process alone. A bad token doesn't get around it.
func admitAnonymous(limit auth.Rate) func(context.Context) error {
	throttle := auth.NewThrottle(limit)
	return func(ctx context.Context) error {
		caller := graph.CallerFrom(ctx)
		if caller.Kind != auth.Anonymous {
			return nil
		}
		return throttle.Allow(caller.Counted(), caller.Now)
	}
}

// answerFault answers for a handler that panicked, in the form that the client
// expects there.
func answerFault(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == pathGraphQL {
		graph.WriteRefusal(w, r, http.StatusInternalServerError, auth.Internal)
		return
	}
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}
