package server

import (
	"log/slog"
	"net/http"
	"time"
)

// withAccessLog writes one line a request when it has been answered: of a stream,
// when that ends. Of the URL it takes the path alone:
// the links in our letters carry their secret in the query, and whoever reads
// logs must not be able to use them.
//
// The line is made here and given to the handler, since a Logger looks up its
// caller for each, which costs as much as writing it, and no line shows.
func withAccessLog(logger *slog.Logger, now func() time.Time) middleware {
	handler := logger.Handler()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := now()
			written := &recorder{ResponseWriter: w}
			// Deferred, so that a connection that a panic aborts is told of too.
			defer func() {
				ended := now()
				if !handler.Enabled(r.Context(), slog.LevelInfo) {
					return
				}
				line := slog.NewRecord(ended, slog.LevelInfo, "request", 0)
				line.AddAttrs(
					slog.String("method", r.Method),
					slog.String("path", r.URL.Path),
					slog.Int("status", written.statusCode()),
					slog.Int64("bytes", written.bytes),
					slog.Duration("duration", ended.Sub(began)),
					slog.String("client", clientAddress(r.Context()).String()),
				)
				_ = handler.Handle(r.Context(), line) // as a Logger does: there is nobody to tell
			}()
			next.ServeHTTP(written, r)
		})
	}
}

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	// Of informational answers (1xx) there may be several before the real one.
	if !w.began() {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if !w.began() {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// began says whether the answer is under way, and can't be replaced any more. Of
// those that begin with 1, the one to an upgrade is none that another follows.
func (w *recorder) began() bool {
	return w.status >= http.StatusOK || w.status == http.StatusSwitchingProtocols
}

// statusCode is 200 for a handler that wrote nothing, as net/http has it.
func (w *recorder) statusCode() int {
	if !w.began() {
		return http.StatusOK
	}
	return w.status
}
