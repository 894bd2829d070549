package server

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
)

// withRecover turns a panic into a line in the log and an answer that says
// nothing of it. Where the answer had begun, the connection is cut instead: half
// an answer must not pass for a whole one. fail writes the answer.
func withRecover(logger *slog.Logger, fail http.HandlerFunc) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			written := &recorder{ResponseWriter: w}
			defer func() {
				fault := recover()
				if fault == nil {
					return
				}
				if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(fault)
				}
				attrs := []any{"stack", string(debug.Stack())}
				// Only what the runtime itself says is told: any other value may
				// hold what the client sent, a password perhaps.
				if err, ok := fault.(runtime.Error); ok {
					attrs = append(attrs, "error", err.Error())
				}
				logger.ErrorContext(r.Context(), "panic while handling a request", attrs...)
				if written.began() {
					panic(http.ErrAbortHandler)
				}
				fail(w, r)
			}()
			next.ServeHTTP(written, r)
		})
	}
}
