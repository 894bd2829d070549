package watch

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"gatehouse/auth"
)

// Traces say where spans go, and how many.
type Traces struct {
	URL     string            // the whole of it, path included
	Headers map[string]string // they may hold a key
	Sample  float64           // the part of what begins here that is traced
	Service string
	Client  *http.Client // nil is a plain one
}

const (
	// batchWait is how long a span waits for others to be sent with.
	batchWait = 5 * time.Second
	// exportWithin is how long a collector may take. Requests never wait for it:
	// when two thousand spans wait, further ones are dropped.
	exportWithin = 10 * time.Second
	mostWaiting  = 2048
	mostAtOnce   = 512
)

// tracing makes spans. A nil one makes none, which costs nothing.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	database attribute.KeyValue
}

func newTracing(ctx context.Context, o Options) (*tracing, error) {
	client := o.Traces.Client
	if client == nil {
		client = &http.Client{}
	}
	// A redirect would carry the key to where nobody meant it to go.
	careful := *client
	careful.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	// All of it is said here, so that no variable of the environment has a say.
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(o.Traces.URL),
		otlptracehttp.WithHeaders(o.Traces.Headers),
		otlptracehttp.WithTimeout(exportWithin),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression),
		otlptracehttp.WithHTTPClient(&careful),
	)
	if err != nil {
		return nil, fmt.Errorf("make exporter: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Traces.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", o.Traces.Service),
			attribute.String("service.version", o.Build.Version),
		)),
		sdktrace.WithRawSpanLimits(sdktrace.NewSpanLimits()),
		// The value of a panic may be what a client sent.
		sdktrace.WithoutPanicRecording(),
		sdktrace.WithBatcher(&reporting{SpanExporter: exporter, url: o.Traces.URL, logger: o.Logger},
			sdktrace.WithBatchTimeout(batchWait), sdktrace.WithExportTimeout(exportWithin),
			sdktrace.WithMaxQueueSize(mostWaiting), sdktrace.WithMaxExportBatchSize(mostAtOnce)),
	)
	return &tracing{
		provider: provider, tracer: provider.Tracer("gatehouse"),
		database: attribute.String("db.system.name", o.Database),
	}, nil
}

// reporting logs that spans are lost, once, and that they are not any more. The
// SDK would tell a handler that the whole process shares.
type reporting struct {
	sdktrace.SpanExporter
	url     string
	logger  *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (r *reporting) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	switch failing := err != nil; {
	case failing && !r.failing.Swap(true):
		// Some collectors have a key in their address.
		r.logger.WarnContext(ctx, "traces are lost: the collector does not take them",
			"error", strings.ReplaceAll(err.Error(), r.url, "GATEHOUSE_TRACES_URL"))
	case !failing && r.failing.Swap(false):
		r.logger.InfoContext(ctx, "the collector takes traces again")
	}
	return nil
}

func (t *tracing) flush(ctx context.Context) error {
	if err := t.provider.ForceFlush(ctx); err != nil {
		return fmt.Errorf("watch: send traces: %w", err)
	}
	return nil
}

func (t *tracing) close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("watch: end traces: %w", err)
	}
	return nil
}

// A span is one that may not be there.
type span struct{ open trace.Span }

// start begins a span, be it the first of its trace.
func (t *tracing) start(ctx context.Context, kind, name string) (context.Context, span) {
	if t == nil {
		return ctx, span{}
	}
	ctx, open := t.tracer.Start(ctx, kind+" "+name)
	return ctx, span{open}
}

// child begins a span within one that is recorded. What runs for nobody, a job
// that asks the database each second, leaves no traces.
func (t *tracing) child(ctx context.Context, name string) (context.Context, span) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, span{}
	}
	ctx, open := t.tracer.Start(ctx, name)
	return ctx, span{open}
}

// end ends the span with the code of what happened, "" for nothing of note.
func (s span) end(code auth.Code) {
	if s.open == nil {
		return
	}
	if code != "" {
		s.open.SetAttributes(attribute.String("gatehouse.code", string(code)))
	}
	if code == auth.Internal || code == auth.Overloaded {
		s.open.SetStatus(codes.Error, "")
	}
	s.open.End()
}

// fail ends the span, as a failure where there is an error. What that says is
// left to the log: an error of the database may quote what it was given.
func (s span) fail(err error) {
	if s.open == nil {
		return
	}
	if err != nil {
		s.open.SetStatus(codes.Error, "")
	}
	s.open.End()
}

// operation is the span of a GraphQL operation. Its name is the client's own,
// and stays out.
func (t *tracing) operation(ctx context.Context, kind string) (context.Context, func()) {
	ctx, s := t.child(ctx, "GraphQL "+kind)
	if s.open == nil {
		return ctx, func() {}
	}
	s.open.SetAttributes(attribute.String("graphql.operation.type", kind))
	return ctx, func() { s.end("") }
}

// Statement implements store.Watch.
func (w *Watch) Statement(ctx context.Context, text string) func(error) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return unseen
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	_, s := w.traces.child(ctx, strings.TrimSpace(verb))
	s.open.SetAttributes(w.traces.database, attribute.String("db.query.text", text))
	return s.fail
}

// Transaction implements store.Watch.
func (w *Watch) Transaction(ctx context.Context) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, unseen
	}
	ctx, s := w.traces.child(ctx, "transaction")
	s.open.SetAttributes(w.traces.database)
	return ctx, s.fail
}

func unseen(error) {}

// believed takes up the trace that a request says it belongs to (W3C Trace
// Context).
func believed(ctx context.Context, header http.Header) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
}

// TraceID is that of the trace in which the context is, where it is recorded;
// "" else.
func TraceID(ctx context.Context) string {
	if in := trace.SpanContextFromContext(ctx); in.IsSampled() {
		return in.TraceID().String()
	}
	return ""
}
