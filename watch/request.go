package watch

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// A Request is one that is being answered.
type Request struct {
	watch  *Watch
	began  time.Time
	method string
	span   span
}

// method is one of those that there are: a client may invent others, without end.
func method(of string) string {
	switch of {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return of
	}
	return "other"
}

// An Entry says how a request comes in.
type Entry struct {
	// ID is ours, by which the log tells of it too.
	ID string
	// Believed says that the trace which its headers name is gone on with.
	Believed bool
	// Untraced are those of whoever asks all day whether we live.
	Untraced bool
}

// Request begins to see one. Of it, the method is kept, and neither address nor
// path, which may hold the token of a link, nor any header.
func (w *Watch) Request(r *http.Request, e Entry) (context.Context, *Request) {
	ctx := r.Context()
	seen := &Request{watch: w, began: w.clock(), method: method(r.Method)}
	if w.metrics != nil {
		w.metrics.inFlight.Inc()
	}
	if w.traces != nil && !e.Untraced {
		if e.Believed {
			ctx = believed(ctx, r.Header)
		}
		var open trace.Span
		ctx, open = w.traces.tracer.Start(ctx, seen.method, trace.WithSpanKind(trace.SpanKindServer))
		if open.IsRecording() {
			open.SetAttributes(attribute.String("http.request.method", seen.method), attribute.String("gatehouse.request_id", e.ID))
		}
		seen.span = span{open}
	}
	return ctx, seen
}

// End tells by which route the request was answered, "" where there was none,
// and how. How long a stream lasts says nothing of how quick the server is.
func (q *Request) End(route string, status int, stream bool) {
	if route == "" {
		route = "none"
	}
	if m := q.watch.metrics; m != nil {
		m.inFlight.Dec()
		m.requests.WithLabelValues(q.method, route, strconv.Itoa(status)).Inc()
		if !stream {
			m.durations.WithLabelValues(route).Observe(q.watch.clock().Sub(q.began).Seconds())
		}
	}
	if open := q.span.open; open != nil {
		if open.IsRecording() {
			open.SetName(q.method + " " + route)
			open.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
			if status >= http.StatusInternalServerError {
				open.SetStatus(codes.Error, "")
			}
		}
		open.End()
	}
}
