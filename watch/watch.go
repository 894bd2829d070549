package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"gatehouse/auth"
)

// Options say what is watched. A nil Traces is no traces.
type Options struct {
	Clock   func() time.Time
	Logger  *slog.Logger
	Metrics bool
	Traces  *Traces
	// Fields are the root fields of the schema: whatever else is asked for is
	// counted nowhere.
	Fields []string
	// Database is its kind, as OpenTelemetry names it: sqlite, postgresql.
	Database string
	Build    Build
}

// A Build says what runs.
type Build struct{ Version, Revision, Go string }

// A Watch sees what happens in one process. Its methods may be called by many
// goroutines.
type Watch struct {
	clock   func() time.Time
	metrics *metrics // nil where there are none
	traces  *tracing // likewise
}

// New makes a Watch; nil where nothing is to be watched.
func New(ctx context.Context, o Options) (*Watch, error) {
	if !o.Metrics && o.Traces == nil {
		return nil, nil //nolint:nilnil // nobody watches, and nothing went wrong
	}
	w := &Watch{clock: o.Clock}
	if o.Metrics {
		w.metrics = newMetrics(o)
	}
	if o.Traces != nil {
		var err error
		if w.traces, err = newTracing(ctx, o); err != nil {
			return nil, fmt.Errorf("watch: set up traces: %w", err)
		}
	}
	return w, nil
}

// Traces says whether spans are made.
func (w *Watch) Traces() bool { return w != nil && w.traces != nil }

// Metrics answers Prometheus; nil where there are none.
func (w *Watch) Metrics() http.Handler {
	if w == nil || w.metrics == nil {
		return nil
	}
	return w.metrics.handler()
}

// Operation implements graph.Watch.
func (w *Watch) Operation(ctx context.Context, kind string) (context.Context, func()) {
	if w.traces == nil {
		return ctx, func() {}
	}
	return w.traces.operation(ctx, kind)
}

// Field implements graph.Watch.
func (w *Watch) Field(ctx context.Context, name string) (context.Context, func(auth.Code)) {
	began := w.clock()
	ctx, span := w.traces.start(ctx, "field", name)
	return ctx, func(code auth.Code) {
		if w.metrics != nil {
			w.metrics.field(name, code, w.clock().Sub(began))
		}
		span.end(code)
	}
}

// Refused implements graph.Watch, and is for the pages of links too.
func (w *Watch) Refused(code auth.Code) {
	if w != nil && w.metrics != nil {
		w.metrics.refusals.WithLabelValues(string(code)).Inc()
	}
}

// RefreshRepeated implements auth.Observer.
func (w *Watch) RefreshRepeated() {
	if w.metrics != nil {
		w.metrics.repeated.Inc()
	}
}

// RefreshReused implements auth.Observer.
func (w *Watch) RefreshReused() {
	if w.metrics != nil {
		w.metrics.reused.Inc()
	}
}

// Hash is an auth.HashObserver.
func (w *Watch) Hash(ctx context.Context, step auth.HashStep) func(error) {
	began := w.clock()
	_, span := w.traces.child(ctx, "password "+string(step))
	return func(err error) {
		if w.metrics != nil {
			w.metrics.hashed(step, w.clock().Sub(began))
		}
		span.fail(err)
	}
}

// Letter implements mail.Watch. A letter is nobody's request: its trace begins
// here.
func (w *Watch) Letter(ctx context.Context, kind auth.LetterKind) (context.Context, func(became string)) {
	ctx, span := w.traces.start(ctx, "letter", string(kind))
	return ctx, func(became string) {
		if w.metrics != nil {
			w.metrics.letters.WithLabelValues(string(kind), became).Inc()
		}
		span.end(auth.Code(became))
	}
}

// Wire implements mail.Watch.
func (w *Watch) Wire(ctx context.Context) (context.Context, func(error)) {
	began := w.clock()
	ctx, span := w.traces.child(ctx, "send")
	return ctx, func(err error) {
		if w.metrics != nil {
			w.metrics.sending.Observe(w.clock().Sub(began).Seconds())
		}
		span.fail(err)
	}
}

// Flush sends the spans that wait.
func (w *Watch) Flush(ctx context.Context) error {
	if !w.Traces() {
		return nil
	}
	return w.traces.flush(ctx)
}

// Close sends the spans that wait, and makes no more.
func (w *Watch) Close(ctx context.Context) error {
	if !w.Traces() {
		return nil
	}
	return errors.Join(w.traces.flush(ctx), w.traces.close(ctx))
}
