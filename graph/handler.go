package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"

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
	// Enter is asked about every request once its body is here, and refuses with
	// RateLimited or Overloaded where too many are being worked on; leave is called
	// when the answer is ready to be sent. Nil lets all in. The caller is in the
	// context.
	Enter func(context.Context) (leave func(), err error)
	// Room is asked about every request that will hash a password, before it is
	// run, and refuses with Overloaded where too many do; nil refuses none.
	Room   func(context.Context, auth.Urgency) error
	Logger *slog.Logger
}

// NewHandler answers GraphQL over HTTP by POST. The middleware in front of it
// puts a caller, a request ID and a cookie jar into the context of every
// request.
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

// A handler is the POST transport over gqlgen's executor.
type handler struct {
	executor      *executor.Executor
	documents     *documents
	presenter     presenter
	limits        Limits
	introspection bool
	admit         func(context.Context) error
	enter         func(context.Context) (leave func(), err error)
	room          func(context.Context, auth.Urgency) error
}

func newHandler(schema graphql.ExecutableSchema, o Options) *handler {
	h := &handler{
		executor:      executor.New(schema),
		documents:     newDocuments(schema.Schema(), o.Limits, o.Introspection),
		presenter:     presenter{logger: o.Logger},
		limits:        o.Limits,
		introspection: o.Introspection,
		admit:         o.Admit,
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
	return h
}

// ServeHTTP takes the steps in the order of what they cost, so that whoever is
// to be refused is refused for little: the head of the request, the limits on
// attempts, the body, the document, and only then the fields.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
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
	leave = sync.OnceFunc(leave)
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
	if h.admit == nil || CallerFrom(r.Context()).Kind != auth.Anonymous {
		return 0, nil
	}
	if err := h.admit(r.Context()); err != nil {
		return shedStatus(err), err
	}
	return 0, nil
}

// shedStatus is that of a request that is shed before anything is run.
func shedStatus(err error) int {
	switch {
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
// reads slowly holds a connection and nothing else.
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
	ctx = graphql.StartOperationTrace(withTaken(ctx, doc))
	operation, list := h.executor.CreateOperationContext(ctx, &graphql.RawParams{
		Query: e.query, OperationName: e.operationName, Variables: e.variables, Extensions: e.extensions,
	})
	if len(list) > 0 {
		// No such operation, or variables that do not fit: gqlgen says which, with
		// the client's own words.
		h.writeFault(w, r, &documentFault{code: auth.BadDocument, places: make([][]gqlerror.Location, 1)})
		return
	}
	if !keepsOneOf(h.documents.schema, operation.Operation, operation.Variables) {
		h.writeFault(w, r, &documentFault{code: auth.BadDocument, places: make([][]gqlerror.Location, 1)})
		return
	}
	operation.DisableIntrospection = !h.introspection
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

// writeFault answers a document that was not run. Clients that ask for
// application/json take only 200 for GraphQL, so the status tells the others
// alone (GraphQL over HTTP, section "Status codes").
func (h *handler) writeFault(w http.ResponseWriter, r *http.Request, fault *documentFault) {
	status := http.StatusOK
	if answerMedia(r.Header.Values("Accept")) == mediaGraphQL {
		status = http.StatusBadRequest
	}
	var list gqlerror.List
	for _, place := range fault.places[:min(len(fault.places), mostErrors)] {
		e := describe(r.Context(), &auth.Refusal{Code: fault.code})
		e.Locations = place
		list = append(list, e)
	}
	write(w, r, status, list, nil)
}

// refuse answers a request of which nothing was run, and logs what is our fault.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	if refusalOf(err) == nil {
		h.presenter.log(r.Context(), nil, err)
	}
	WriteRefusal(w, r, status, err)
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

// WriteRefusal answers a request that nothing was run for in the form of every
// other answer, for the middleware in front too. The error is an [auth.Code] or
// an [auth.Refusal]; any other is told as Internal, and its logging is left to
// whoever has it.
func WriteRefusal(w http.ResponseWriter, r *http.Request, status int, err error) {
	refusal := refusalOf(err)
	if refusal == nil {
		refusal = &auth.Refusal{Code: auth.Internal}
	}
	if waits(refusal.Code) {
		w.Header().Set("Retry-After", strconv.Itoa(refusal.RetryAfterSeconds()))
	}
	write(w, r, status, gqlerror.List{describe(r.Context(), refusal)}, nil)
}

// write sends an answer. Where nothing was run there is no member data, which
// is how a client tells that nothing has happened.
func write(w http.ResponseWriter, r *http.Request, status int, list gqlerror.List, data json.RawMessage) {
	body := make([]byte, 0, len(data)+64)
	body = append(body, '{')
	if len(list) > 0 {
		errs, err := json.Marshal(list[:min(len(list), mostErrors)])
		if err != nil {
			panic(err) // strings and numbers of our own making
		}
		body = append(append(body, `"errors":`...), errs...)
		if data != nil {
			body = append(body, ',')
		}
	}
	if data != nil {
		body = append(append(body, `"data":`...), data...)
	}
	body = append(body, '}', '\n')

	header := w.Header()
	header.Set("Content-Type", answerMedia(r.Header.Values("Accept"))+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store") // any answer may bear tokens
	header.Add("Vary", "Accept")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone misses nothing
	}
}
