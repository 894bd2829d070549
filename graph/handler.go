package graph

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"gatehouse/auth"
	"gatehouse/graph/generated"
	"gatehouse/graph/model"
)

// Options are what [NewHandler] needs.
type Options struct {
	Auth     *auth.Service
	Settings model.Settings // what the field settings answers
	Limits   Limits
	// Introspection lets anybody ask about the schema.
	Introspection bool
	// Admit is asked about every anonymous request before its body is read, and
	// refuses with RateLimited or Overloaded; nil admits all. The caller is in
	// the context.
	Admit func(context.Context) error
	// Streams are the connections that subscriptions keep open.
	Streams *Streams
	// Enter is asked about every request once its body is here, and refuses with
	// RateLimited or Overloaded where too many are being worked on; leave is called
	// when the answer is ready to be sent, and once more at the end. Nil lets all in.
	// The caller is in the context.
	Enter func(context.Context) (leave func(), err error)
	// Room is asked about every request that will hash a password, before it is
	// run, and refuses with Overloaded where too many do; nil refuses none.
	Room   func(context.Context, auth.Urgency) error
	Logger *slog.Logger
	Watch  Watch // nil: nobody watches
}

// NewHandler answers GraphQL over HTTP by POST, and subscriptions besides by
// WebSocket. The middleware in front of it puts a caller, a request ID and a
// cookie jar into the context of every request, and a judge where it is to
// become a WebSocket.
func NewHandler(o Options) http.Handler {
	r := &resolver{auth: o.Auth, settings: o.Settings}
	return newHandler(generated.NewExecutableSchema(generated.Config{
		Schema:     served(generated.NewExecutableSchema(generated.Config{}).Schema()),
		Resolvers:  r,
		Directives: generated.DirectiveRoot{Auth: r.guard},
	}), o)
}

// served is the schema without @defer, which gqlgen's parser adds to every
// schema: an answer in one piece would never fetch what was deferred, and each
// such request would leave a goroutine behind for ever.
func served(schema *ast.Schema) *ast.Schema {
	out := *schema
	out.Directives = maps.Clone(schema.Directives)
	delete(out.Directives, "defer")
	return &out
}

// A handler is the transports over gqlgen's executor.
type handler struct {
	executor      *executor.Executor
	documents     *documents
	presenter     presenter
	limits        Limits
	introspection bool
	admit         func(context.Context) error
	streams       *Streams
	enter         func(context.Context) (leave func(), err error)
	room          func(context.Context, auth.Urgency) error
}

func newHandler(schema graphql.ExecutableSchema, o Options) *handler {
	h := &handler{
		executor:      executor.New(schema),
		documents:     newDocuments(schema.Schema(), o.Limits, o.Introspection),
		presenter:     presenter{logger: o.Logger, watch: o.Watch},
		limits:        o.Limits,
		introspection: o.Introspection,
		admit:         o.Admit,
		streams:       o.Streams,
		enter:         o.Enter,
		room:          o.Room,
	}
	if h.enter == nil {
		h.enter = func(context.Context) (func(), error) { return func() {}, nil }
	}
	if h.room == nil {
		h.room = func(context.Context, auth.Urgency) error { return nil }
	}
	h.executor.SetErrorPresenter(h.presenter.present)
	h.executor.SetRecoverFunc(recovered)
	h.executor.SetQueryCache(taken{})
	if o.Watch != nil {
		h.executor.AroundRootFields(watchFields(o.Watch))
	}
	return h
}

// ServeHTTP takes the steps in the order of what they cost, so that whoever is
// to be refused is refused for little: the head of the request, the limits on
// attempts, the body, the document, and only then the fields.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
	if Streaming(r) {
		h.serveSocket(w, r)
		return
	}
	status, err := h.judgeHead(w, r)
	if err != nil {
		h.refuse(w, r, status, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.limits.BodyBytes))
	if err != nil {
		status, err := unread(err)
		h.refuse(w, r, status, err)
		return
	}
	// After the body, so that nobody holds a place by sending it slowly, and before
	// anything is made of it.
	leave, err := h.enter(r.Context())
	if err != nil {
		h.refuse(w, r, shedStatus(err), err)
		return
	}
	defer leave()
	envelope, err := openEnvelope(body, h.limits.VariableDepth)
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, err)
		return
	}
	h.answer(w, r, envelope, leave)
}

// judgeHead judges all that can be judged before the body is read.
func (h *handler) judgeHead(w http.ResponseWriter, r *http.Request) (int, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, auth.BadDocument
	}
	// Of two types a proxy in front may have gone by the other: joined they are none.
	if !takesJSON(strings.Join(r.Header.Values("Content-Type"), ",")) || r.Header.Get("Content-Encoding") != "" {
		return http.StatusUnsupportedMediaType, auth.BadDocument
	}
	if r.ContentLength > h.limits.BodyBytes {
		w.Header().Set("Connection", "close") // nobody waits for the rest of it
		return http.StatusRequestEntityTooLarge, auth.DocumentTooCostly
	}
	err := h.admitted(r.Context())
	return shedStatus(err), err
}

// admitted asks whether the caller may ask at all. A bad token doesn't get around
// it.
func (h *handler) admitted(ctx context.Context) error {
	if h.admit == nil || CallerFrom(ctx).Kind != auth.Anonymous {
		return nil
	}
	return h.admit(ctx)
}

// shedStatus is that of a request that is shed before anything is run; 0 of one
// that was let in.
func shedStatus(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, auth.RateLimited):
		return http.StatusTooManyRequests
	case errors.Is(err, auth.Overloaded):
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// unread says why a body could not be read.
func unread(err error) (int, error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, auth.DocumentTooCostly
	}
	return http.StatusBadRequest, auth.BadDocument
}

// answer runs the envelope's document, leaves, and writes what came of it: who
// reads slowly, or stays for a stream, holds a connection and nothing else.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, e envelope, leave func()) {
	ctx := r.Context()
	doc, fault := h.documents.take(e.query)
	if fault != nil {
		h.writeFault(w, r, fault)
		return
	}
	if urgency, hashes := hashing(doc.Operations.ForName(e.operationName)); hashes {
		if err := h.room(ctx, urgency); err != nil {
			h.refuse(w, r, shedStatus(err), err)
			return
		}
	}
	ctx, operation, fault := h.prepare(ctx, doc, e)
	if fault != nil {
		h.writeFault(w, r, fault)
		return
	}
	events, only := takesEvents(r.Header.Values("Accept"))
	switch subscribes := operation.Operation.Operation == ast.Subscription; {
	case subscribes && events:
		leave()
		h.events(w, r.WithContext(ctx), operation)
		return
	case subscribes, only:
		// What is a stream goes to those alone who take one, and nothing else does.
		h.writeFault(w, r, wholeFault(auth.BadDocument))
		return
	}
	if watch := h.presenter.watch; watch != nil {
		var end func()
		ctx, end = watch.Operation(ctx, string(operation.Operation.Operation))
		defer end()
	}
	run, ctx := h.executor.DispatchOperation(ctx, operation)
	response := run(ctx)
	leave()
	if response == nil {
		// The request's time was up before it began.
		h.refuse(w, r, http.StatusServiceUnavailable, auth.Overloaded)
		return
	}
	write(w, r, http.StatusOK, response.Errors, response.Data)
}

// prepare makes the operation that the envelope asks for, or says why it is not
// run.
func (h *handler) prepare(ctx context.Context, doc *ast.QueryDocument, e envelope) (context.Context, *graphql.OperationContext, *documentFault) {
	ctx = graphql.StartOperationTrace(withTaken(ctx, doc))
	operation, list := h.executor.CreateOperationContext(ctx, &graphql.RawParams{
		Query: e.query, OperationName: e.operationName, Variables: e.variables, Extensions: e.extensions,
	})
	if len(list) > 0 {
		return ctx, nil, variableFault(operation.Operation, list[0])
	}
	if !keepsOneOf(h.documents.schema, operation.Operation, operation.Variables) {
		return ctx, nil, wholeFault(auth.BadDocument)
	}
	if operation.Operation.Operation == ast.Subscription && !streamable(operation) {
		return ctx, nil, wholeFault(auth.BadDocument)
	}
	operation.DisableIntrospection = !h.introspection
	return ctx, operation, nil
}

// writeFault answers a document that was not run. Clients that ask for
// application/json take only 200 for GraphQL, so the status tells the others
// alone (GraphQL over HTTP, section "Status codes"); those that take nothing but
// events are told by one.
func (h *handler) writeFault(w http.ResponseWriter, r *http.Request, fault *documentFault) {
	h.presenter.refused(fault.code)
	accept := r.Header.Values("Accept")
	list := fault.errors(r.Context())
	if _, only := takesEvents(accept); only {
		faultEvents(w, list)
		return
	}
	status := http.StatusOK
	if answerMedia(accept) == mediaGraphQL {
		status = http.StatusBadRequest
	}
	write(w, r, status, list, nil)
}

// refuse answers a request of which nothing was run.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	WriteRefusal(w, r, status, h.presenter.leaving(r.Context(), err))
}

// told is what a client is told of an error over a connection that stays open, as
// refuse is otherwise.
func (h *handler) told(ctx context.Context, err error) gqlerror.List {
	return gqlerror.List{describe(ctx, h.presenter.leaving(ctx, err))}
}

// recover answers where something of ours fell over outside of any field.
func (h *handler) recover(w http.ResponseWriter, r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if err, ok := value.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(value)
	}
	h.refuse(w, r, http.StatusInternalServerError, recovered(r.Context(), value))
}
