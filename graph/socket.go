package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"gatehouse/auth"
)

// socketProtocol is the one that is spoken over WebSockets (graphql-ws, "GraphQL
// over WebSocket Protocol").
const socketProtocol = "graphql-transport-ws"

// A socket is one WebSocket. It takes subscriptions and nothing else: a query or
// mutation has its one way in, where guesses cannot be stacked, what cookies may
// do is judged request by request, and each leaves a line in the access log.
type socket struct {
	h          *handler
	connection *websocket.Conn
	judge      Judge
	// lasting is the context of the connection, and ends with it; sending that of
	// what is written, which must not cut the connection when the former ends.
	lasting, sending context.Context

	beat, waiting *time.Timer // the next ping; for connection_init or a subscription

	mu            sync.Mutex
	initialised   bool
	authorization *string // of connection_init; nil where none came
	heard         bool    // since the last ping
	over          bool
	running       map[string]*subscribed

	operations sync.WaitGroup
}

// A subscribed is one operation that runs.
type subscribed struct{ cancel context.CancelFunc }

// serveSocket opens a WebSocket and serves it until it ends.
func (h *handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !shakesHands(r) {
		h.refuse(w, r, http.StatusBadRequest, auth.BadDocument)
		return
	}
	end, err := h.streams.begin(CallerFrom(r.Context()).Counted())
	if err != nil {
		h.refuse(w, r, shedStatus(err), err)
		return
	}
	defer end()
	// Where it comes from was judged by the server, which knows the allowed
	// origins; the library would compare with a header that the client wrote.
	connection, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{socketProtocol}, InsecureSkipVerify: true,
	})
	if err != nil {
		return // and told by the library
	}
	defer func() { _ = connection.CloseNow() }()
	ctx, cancel := lasting(r.Context())
	s := &socket{
		h: h, connection: connection, judge: judgeFrom(ctx), heard: true, running: map[string]*subscribed{},
		lasting: ctx, sending: context.WithoutCancel(ctx),
	}
	defer s.operations.Wait()
	defer cancel()
	if connection.Subprotocol() != socketProtocol {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	s.serve()
}

// shakesHands says whether a request is what a WebSocket begins with (RFC 6455
// section 4.2.1), as the library will have it: its own complaints are no GraphQL
// answer, and echo what came.
func shakesHands(r *http.Request) bool {
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 || !r.ProtoAtLeast(1, 1) || r.Header.Get("Sec-WebSocket-Version") != "13" {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(keys[0]))
	return err == nil && len(key) == 16 && named(r.Header.Values("Connection"), "upgrade")
}

// named says whether one of the header's words is that one.
func named(header []string, word string) bool {
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), word) {
				return true
			}
		}
	}
	return false
}

// serve reads until the connection ends.
func (s *socket) serve() {
	streams := s.h.streams
	s.connection.SetReadLimit(s.h.limits.BodyBytes)
	s.mu.Lock()
	s.beat = time.AfterFunc(streams.Ping, s.ping)
	s.waiting = time.AfterFunc(streams.Init, s.expire)
	s.mu.Unlock()
	served := make(chan struct{})
	defer s.stop(served)
	go func() {
		select {
		case <-streams.ending:
			s.close(websocket.StatusGoingAway, "the server is going away")
		case <-served:
		}
	}()
	for {
		kind, text, err := s.connection.Read(s.sending)
		if err != nil {
			return
		}
		s.note()
		if code, reason := s.take(kind, text); code != 0 {
			s.close(code, reason)
			return
		}
	}
}

// stop lets go of what would come back to a connection that is no more.
func (s *socket) stop(served chan struct{}) {
	close(served)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.beat.Stop()
	s.waiting.Stop()
}

// close tells the client why, and waits a moment for it to answer.
func (s *socket) close(code websocket.StatusCode, reason string) {
	_ = s.connection.Close(code, reason) // it ends in any case
}

// note remembers that the client has given a sign of life.
func (s *socket) note() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = true
}

// ping asks for a sign of life, and ends a connection that gave none since it was
// asked before. A line that went dead says nothing by itself.
func (s *socket) ping() {
	s.mu.Lock()
	heard := s.heard
	s.heard = false
	s.mu.Unlock()
	if !heard {
		s.close(websocket.StatusGoingAway, "no answer to ping")
		return
	}
	if s.send(message{Type: typePing}) {
		s.beat.Reset(s.h.streams.Ping)
	}
}

// expire ends a connection on which nothing is subscribed.
func (s *socket) expire() {
	s.mu.Lock()
	initialised, used := s.initialised, len(s.running) > 0
	s.mu.Unlock()
	switch {
	case !initialised:
		s.close(closeInitTimeout, "Connection initialisation timeout")
	case !used:
		s.close(websocket.StatusNormalClosure, "nothing is subscribed")
	}
}

// send says whether the client took it in time. One that does not is cut off, and
// holds nobody up but itself.
func (s *socket) send(m message) bool {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, and JSON of our own making
	}
	ctx, cancel := context.WithTimeout(s.sending, s.h.streams.Send)
	defer cancel()
	return s.connection.Write(ctx, websocket.MessageText, text) == nil
}

// subscribe runs an operation, and returns when it has begun: so one connection
// has one at a time prepared, as one request would. The caller is judged now, and
// not by what was so when the connection was opened.
func (s *socket) subscribe(id string, e envelope) {
	ctx, cancel := context.WithCancel(s.lasting)
	op := &subscribed{cancel: cancel}
	s.mu.Lock()
	s.running[id] = op
	s.waiting.Stop()
	s.mu.Unlock()

	ctx, operation, refused := s.prepare(ctx, e)
	if len(refused) > 0 {
		s.finish(id, op, message{Type: typeError, Payload: errorList(refused)})
		return
	}
	begun := make(chan struct{})
	s.operations.Go(func() {
		last := message{Type: typeComplete}
		s.h.stream(ctx, operation, func() { close(begun) }, func(response *graphql.Response) bool {
			if response.Data == nil {
				last = message{Type: typeError, Payload: errorList(response.Errors)}
				return false
			}
			return s.runs(id, op) && s.send(message{ID: id, Type: typeNext, Payload: answerBody(response.Errors, response.Data)})
		})
		s.finish(id, op, last)
	})
	<-begun
}

// prepare judges who asks, and what for.
func (s *socket) prepare(ctx context.Context, e envelope) (context.Context, *graphql.OperationContext, gqlerror.List) {
	bounded, cancel := context.WithTimeout(ctx, s.h.streams.Handle)
	defer cancel()
	ctx = WithCaller(ctx, s.judge(bounded, s.authorization))
	if err := s.h.admitted(ctx); err != nil {
		return ctx, nil, s.h.told(ctx, err)
	}
	var operation *graphql.OperationContext
	doc, fault := s.h.documents.take(e.query)
	if fault == nil {
		ctx, operation, fault = s.h.prepare(ctx, doc, e)
	}
	if fault == nil && operation.Operation.Operation != ast.Subscription {
		fault = wholeFault(auth.BadDocument)
	}
	if fault != nil {
		s.h.presenter.refused(fault.code)
		return ctx, nil, fault.errors(ctx)
	}
	return ctx, operation, nil
}

// runs says whether the client still wants to hear of the operation.
func (s *socket) runs(id string, op *subscribed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[id] == op
}

// finish ends an operation and says so, unless the client ended it: then its ID
// may be another's by now.
func (s *socket) finish(id string, op *subscribed, last message) {
	op.cancel()
	if s.forget(id, op) {
		last.ID = id
		s.send(last)
	}
}

// forget gives the ID back; op is nil for whatever runs by it. It says whether
// there was anything.
func (s *socket) forget(id string, op *subscribed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.running[id]
	if current == nil || op != nil && current != op {
		return false
	}
	current.cancel()
	delete(s.running, id)
	if len(s.running) == 0 && !s.over {
		s.waiting.Reset(s.h.streams.Unused)
	}
	return true
}
