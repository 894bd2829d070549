package graph

import (
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// events answers a subscription by Server-Sent Events, as the protocol of
// graphql-sse has it in distinct connections mode: "next" for each answer, then
// "complete". A stream that the server ends by itself has no "complete", by
// which the client knows that it may ask again.
func (h *handler) events(w http.ResponseWriter, r *http.Request, operation *graphql.OperationContext) {
	end, err := h.streams.begin(CallerFrom(r.Context()).Counted())
	if err != nil {
		h.refuse(w, r, shedStatus(err), err)
		return
	}
	defer end()
	ctx, cancel := lasting(r.Context())
	defer cancel()
	answers, begun := make(chan []byte), make(chan struct{})
	go func() {
		defer close(answers)
		h.stream(ctx, operation, func() { close(begun) }, func(response *graphql.Response) bool {
			select {
			case answers <- answerBody(response.Errors, response.Data):
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	// Once the head has come, nothing is missed any more.
	<-begun
	out := newEventWriter(w, h.streams.Send)
	if !out.start() {
		return
	}
	beat := time.NewTicker(h.streams.Ping)
	defer beat.Stop()
	for good := true; good; {
		select {
		case answer, more := <-answers:
			if !more {
				if ctx.Err() == nil {
					out.complete()
				}
				return
			}
			good = out.next(answer)
		case <-beat.C:
			good = out.comment()
		case <-h.streams.ending:
			return
		case <-ctx.Done():
			return
		}
	}
}

// faultEvents answers a document that was not run to a client that takes nothing
// but events.
func faultEvents(w http.ResponseWriter, list gqlerror.List) {
	out := newEventWriter(w, 0)
	_ = out.start() && out.next(answerBody(list, nil)) && out.complete() // a client that has gone misses nothing
}

// An eventWriter writes an event stream (HTML standard, "Server-sent events").
// The server's own bound on writing is that of a whole answer, which this one
// outlives; so each event has its own, within. 0 leaves the server's.
type eventWriter struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	within     time.Duration
}

func newEventWriter(w http.ResponseWriter, within time.Duration) eventWriter {
	return eventWriter{w: w, connection: http.NewResponseController(w), within: within}
}

// start sends the head. That its deadlines could not be lifted shows when they
// pass: there is nothing better to do than to go on.
func (e eventWriter) start() bool {
	if e.within > 0 {
		_ = e.connection.SetReadDeadline(time.Time{}) // or the client would seem to be gone
		_ = e.connection.SetWriteDeadline(time.Time{})
	}
	header := e.w.Header()
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a page full
	header.Add("Vary", "Accept")
	e.w.WriteHeader(http.StatusOK)
	return e.write(":\n\n")
}

// next is one answer, which is JSON and so without a line break.
func (e eventWriter) next(answer []byte) bool {
	return e.write("event: next\ndata: " + string(answer) + "\n\n")
}

func (e eventWriter) complete() bool { return e.write("event: complete\ndata: \n\n") }

// comment is a sign of life, which clients pass over.
func (e eventWriter) comment() bool { return e.write(":\n\n") }

// write says whether the client took it in time.
func (e eventWriter) write(text string) bool {
	if e.within > 0 {
		late := time.AfterFunc(e.within, func() { _ = e.connection.SetWriteDeadline(time.Unix(1, 0)) })
		defer late.Stop()
	}
	_, err := e.w.Write([]byte(text))
	return err == nil && e.connection.Flush() == nil
}
