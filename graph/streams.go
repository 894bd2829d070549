package graph

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"gatehouse/auth"
)

// streamsRefused is how long a client is told to wait where there are too many.
const streamsRefused = 10 * time.Second

// StreamOptions bound what subscriptions hold on to.
type StreamOptions struct {
	Most       int           // connections of this process; OVERLOADED beyond
	PerAddress int           // the same of one client address; RATE_LIMITED beyond
	Handle     time.Duration // for beginning one: storage, in all
	Init       time.Duration // until a WebSocket has sent connection_init
	Unused     time.Duration // for which a WebSocket may have nothing subscribed
	Ping       time.Duration // between two signs of life
	Send       time.Duration // for a client to take what is sent
}

// Streams are the connections of one process that stay open for subscriptions.
// They are safe for concurrent use.
type Streams struct {
	StreamOptions

	mu        sync.Mutex
	open      int
	byAddress map[string]int
	closing   bool
	ending    chan struct{} // closed when all are to end
	over      chan struct{} // closed when all have, after that
}

// NewStreams makes a Streams without any.
func NewStreams(o StreamOptions) *Streams {
	return &Streams{StreamOptions: o, byAddress: map[string]int{}, ending: make(chan struct{}), over: make(chan struct{})}
}

// End has every stream tell its client that the server is going away, and waits
// at most that long for them; none begins any more. It may be called again.
func (s *Streams) End(within time.Duration) {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.ending)
		if s.open == 0 {
			close(s.over)
		}
	}
	s.mu.Unlock()
	patience := time.NewTimer(within)
	defer patience.Stop()
	select {
	case <-s.over:
	case <-patience.C:
	}
}

// Open is how many there are now.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// begin counts one more connection of the address; the returned function gives it
// back. Overloaded where there are too many in all, or the server is going away;
// RateLimited where there are too many of this client.
func (s *Streams) begin(address string) (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing || s.open >= s.Most:
		return nil, &auth.Refusal{Code: auth.Overloaded, RetryAfter: streamsRefused}
	case s.byAddress[address] >= s.PerAddress:
		return nil, &auth.Refusal{Code: auth.RateLimited, RetryAfter: streamsRefused}
	}
	s.open++
	s.byAddress[address]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.byAddress[address]--; s.byAddress[address] == 0 {
			delete(s.byAddress, address)
		}
		if s.closing && s.open == 0 {
			close(s.over)
		}
	}, nil
}

// Streaming says whether a request asks for a connection that stays open as a
// WebSocket. Nothing but a GET can (RFC 6455 section 4.1), which other defences
// against foreign pages let pass.
func Streaming(r *http.Request) bool {
	return r.Method == http.MethodGet && named(r.Header.Values("Upgrade"), "websocket")
}

// WithConnection remembers the context of a request as one that ends with the
// client's connection, before something in front puts a deadline on it.
func WithConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, connectionKey, ctx)
}

// lasting is the context of a request without its deadline: it ends with the
// client's connection, or by cancel.
func lasting(ctx context.Context) (_ context.Context, cancel context.CancelFunc) {
	connection, known := ctx.Value(connectionKey).(context.Context)
	if !known {
		return context.WithCancel(ctx)
	}
	out, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(connection, end)
	return out, func() { stop(); end() }
}

// A Judge says who asks, now, on a connection that was opened a while ago: by an
// authorization that the client sent over it, or by what came with the request
// where that is nil.
type Judge func(ctx context.Context, authorization *string) auth.Caller

// WithJudge puts the judge of a request's connection where WebSockets take it
// from.
func WithJudge(ctx context.Context, j Judge) context.Context {
	return context.WithValue(ctx, judgeKey, j)
}

// judgeFrom takes it out. It panics where nobody put one in, as CallerFrom does.
func judgeFrom(ctx context.Context) Judge { return ctx.Value(judgeKey).(Judge) }

// stream runs a subscription and hands every answer to tell, until there are no
// more or tell says so. What it takes of storage to begin has the time of any
// other request; then nothing bounds it but ctx. begun is called in between.
//
// It is for a goroutine of its own, where nobody else would catch what falls over.
func (h *handler) stream(ctx context.Context, operation *graphql.OperationContext, begun func(), tell func(*graphql.Response) bool) {
	defer func() {
		if value := recover(); value != nil {
			tell(&graphql.Response{Errors: h.told(ctx, recovered(ctx, value))})
		}
	}()
	run, ctx := h.begin(ctx, operation, begun)
	for {
		response := run(ctx)
		if response == nil || !tell(response) {
			return
		}
	}
}

func (h *handler) begin(ctx context.Context, operation *graphql.OperationContext, begun func()) (graphql.ResponseHandler, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer begun()
	patience := time.AfterFunc(h.streams.Handle, cancel)
	defer patience.Stop()
	return h.executor.DispatchOperation(ctx, operation)
}

// streamable says whether exactly one field is subscribed to once directives have
// had their say, and one that is an event. Validation counts what is written.
func streamable(operation *graphql.OperationContext) bool {
	fields := graphql.CollectFields(operation, operation.Operation.SelectionSet, []string{"Subscription"})
	return len(fields) == 1 && !strings.HasPrefix(fields[0].Name, "__")
}
