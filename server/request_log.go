package server

import (
	"context"
	"log/slog"

	"gatehouse/graph"
	"gatehouse/watch"
)

// A requestLog adds to each line that is written for a request its ID, and that
// of its trace where there is one, whoever writes the line: what a client quotes
// from an error then finds all that was said of it.
type requestLog struct{ slog.Handler }

func newRequestLog(l *slog.Logger) *slog.Logger { return slog.New(requestLog{l.Handler()}) }

// Handle implements slog.Handler.
func (h requestLog) Handle(ctx context.Context, line slog.Record) error {
	if id := graph.RequestID(ctx); id != "" {
		line.AddAttrs(slog.String("request_id", id))
	}
	if id := watch.TraceID(ctx); id != "" {
		line.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h requestLog) WithGroup(name string) slog.Handler {
	return requestLog{h.Handler.WithGroup(name)}
}
