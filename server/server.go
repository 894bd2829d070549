package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/graph"
	"gatehouse/mail"
	"gatehouse/store"
)

// maxHeaderBytes is the most that a request's line and headers may take.
const maxHeaderBytes = 16 << 10

// closeWithin is how long ending may wait for whoever takes traces.
const closeWithin = 5 * time.Second

// A Server is one process of Gatehouse.
type Server struct {
	*assembly
	lasting    context.Context // what ends with the server rather than with who started it
	dispatch   *mail.Dispatcher
	listener   *store.Listener
	letters    mail.Mailbox // that may be read here; nil where none may
	readiness  *readiness
	streams    *graph.Streams
	inFlight   *inFlight
	handler    http.Handler
	self       uuid.UUID    // by which leases know this process
	keysLoaded atomic.Int64 // when keys were last read, on this machine's clock, in Unix nanoseconds

	mu               sync.Mutex
	addresses        []net.Addr
	metricsAddresses []net.Addr
}

// New assembles a server: it opens the database, brings it up to date unless
// that is switched off, loads or makes the signing keys and hears the blacklist,
// so that the first request finds everything in place. End it by Run, or by
// Close.
func New(ctx context.Context, cfg config.Config, deps Deps) (*Server, error) {
	if deps.Timeouts == (Timeouts{}) {
		deps.Timeouts = DefaultTimeouts()
	}
	deps.Logger = newRequestLog(deps.Logger)
	w, err := newWatch(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	a, err := assemble(ctx, cfg, deps, w)
	if err != nil {
		return nil, errors.Join(err, w.Close(ctx))
	}
	s := &Server{assembly: a, lasting: context.WithoutCancel(ctx)}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// prepare is the rest of New, which may fail with the database open.
func (s *Server) prepare(ctx context.Context) (err error) {
	if s.self, err = uuid.NewRandomFromReader(s.deps.Random); err != nil {
		return fmt.Errorf("server: draw the name of this process: %w", err)
	}
	if err := s.rotateKeys(ctx); err != nil {
		return err
	}
	if err := s.rules.PollBlacklist(ctx); err != nil {
		return err
	}
	wire, err := s.wire()
	if err != nil {
		return err
	}
	s.letters = s.mailbox(wire)
	if s.dispatch, err = s.dispatcher(wire); err != nil {
		return err
	}
	s.listener, err = s.store.NewListener(s.config.DatabaseDirectURL.Reveal(), s.deps.Random, s.deps.Logger, s.hear)
	if err != nil {
		return err
	}
	s.readiness = &readiness{now: s.deps.Clock, checks: []check{
		{"storage", s.store.Ping},
		{"migrations", s.upToDate},
		{"clock", s.clockFails},
		{"keys", s.keysStale},
	}}
	s.streams = graph.NewStreams(streamOptions(s.config, s.deps.Timeouts))
	perAddress := s.config.RequestsPerAddress
	if !s.config.RateLimits {
		perAddress = 0
	}
	s.inFlight = newInFlight(s.config.Requests, perAddress)
	s.observeHashing()
	s.follow()
	s.handler, err = s.routes()
	return err
}

func (s *Server) clockFails(context.Context) error {
	if s.clock.apart(clockFailure) {
		return errors.New("server: this machine's clock and the database's are too far apart")
	}
	return nil
}

// Handler answers requests. It works without Run, for tests that bring a
// listener of their own.
func (s *Server) Handler() http.Handler { return s.handler }

// Auth is the rules that the server goes by.
func (s *Server) Auth() *auth.Service { return s.rules }

// InFlight is how many requests to the API and the pages are worked on now, and
// how many were turned away so far because too many were.
func (s *Server) InFlight() (now int, shed int64) { return s.inFlight.count() }

// Addresses are where the server listens, once Run does.
func (s *Server) Addresses() []net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addresses
}

// Close ends the streams and closes the database. Only where Run was not called,
// which does so itself.
func (s *Server) Close() error {
	s.streams.End(s.deps.Timeouts.StreamDrain)
	return s.close()
}

// close sends the traces that wait, too. A collector that is away holds nobody
// up for long.
func (s *Server) close() error {
	ctx, cancel := context.WithTimeout(s.lasting, closeWithin)
	defer cancel()
	if err := s.watch.Close(ctx); err != nil {
		s.deps.Logger.WarnContext(ctx, "traces are lost", "error", err)
	}
	return s.assembly.close()
}

// Run listens and serves until ctx ends. Then it takes no more connections,
// lets the requests in flight finish, and the letters that are being sent, and
// closes the database.
func (s *Server) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	listeners, err := listen(ctx, s.config.Listen)
	if err != nil {
		return err
	}
	aside, err := listen(ctx, s.config.MetricsListen)
	if err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	s.mu.Lock()
	s.addresses, s.metricsAddresses = addressesOf(listeners), addressesOf(aside)
	s.mu.Unlock()
	s.warn(ctx)

	// What runs beside the requests and in them goes on when ctx ends: stopping
	// has an order.
	lasting := context.WithoutCancel(ctx)
	stopMetrics := s.serveMetrics(lasting, aside)
	defer func() { err = errors.Join(err, stopMetrics()) }()
	working, stopWork := context.WithCancel(lasting)
	waitForJobs := s.startJobs(working)
	defer waitForJobs()
	defer stopWork()

	t := s.deps.Timeouts
	front := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: t.ReadHeader, ReadTimeout: t.Read, WriteTimeout: t.Write, IdleTimeout: t.Idle,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       s.errorLog(),
		BaseContext:    func(net.Listener) context.Context { return lasting },
	}
	broken := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { broken <- front.Serve(l) }()
	}
	if s.deps.Ready != nil {
		s.deps.Ready(s.Addresses())
	}
	select {
	case <-ctx.Done():
		err = s.sayFarewell(lasting, broken)
	case err = <-broken:
	}
	if err != nil {
		err = fmt.Errorf("server: serve: %w", err)
	}
	return errors.Join(err, s.drain(lasting, front))
}

// sayFarewell goes on serving for a while after the end was asked for, not ready
// any more: what balances requests takes this process out of its list before the
// door closes, and sends nobody to a closed one.
func (s *Server) sayFarewell(ctx context.Context, broken <-chan error) error {
	s.readiness.draining.Store(true)
	delay := s.config.DrainDelay
	if delay == 0 {
		return nil
	}
	s.deps.Logger.InfoContext(ctx, "stopping: not ready any more, requests are still taken", "for", delay)
	over := time.NewTimer(delay)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case err := <-broken:
		return err
	}
}

// drain lets what is in flight finish. Streams never would: their clients are told
// to come back, by which they find another node, and nobody waits for them longer
// than that takes.
func (s *Server) drain(ctx context.Context, front *http.Server) error {
	s.readiness.draining.Store(true)
	s.deps.Logger.InfoContext(ctx, "stopping: no more requests are taken")
	ctx, cancel := context.WithTimeout(ctx, s.deps.Timeouts.Drain)
	defer cancel()
	var leaving sync.WaitGroup
	leaving.Go(func() { s.streams.End(s.deps.Timeouts.StreamDrain) })
	defer leaving.Wait()
	if err := front.Shutdown(ctx); err != nil {
		// Whatever takes longer than that holds a broken client.
		s.deps.Logger.WarnContext(ctx, "requests in flight were cut off", "after", s.deps.Timeouts.Drain)
		return errors.Join(fmt.Errorf("server: drain: %w", err), front.Close())
	}
	return nil
}

// listen opens every address or none.
func listen(ctx context.Context, addresses []string) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, address := range addresses {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("server: listen: %w", err), closeAll(listeners))
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

func addressesOf(listeners []net.Listener) []net.Addr {
	addresses := make([]net.Addr, len(listeners))
	for i, l := range listeners {
		addresses[i] = l.Addr()
	}
	return addresses
}

// errorLog is where net/http complains.
//
//nolint:forbidigo // the type is net/http's; what it writes goes to our logger
func (s *Server) errorLog() *log.Logger {
	return slog.NewLogLogger(s.deps.Logger.Handler(), slog.LevelWarn)
}

// warn tells what an operator should hear before users meet it.
func (s *Server) warn(ctx context.Context) {
	public, err := url.Parse(s.config.PublicURL)
	if err != nil || !s.config.CookieTransport {
		return
	}
	if foreign := foreignSites(public, s.config.AllowedOrigins); len(foreign) > 0 {
		s.deps.Logger.WarnContext(ctx, "allowed origins of another site than the public URL: browsers send them no cookies of ours, so their pages must use bearer tokens",
			"origins", strings.Join(foreign, " "))
	}
}
