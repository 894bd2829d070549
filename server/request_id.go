package server

import (
	"context"
	"io"
	"net/http"

	"github.com/google/uuid"

	"gatehouse/graph"
)

type requestIDKey struct{}

// withRequestID names each request, so that an INTERNAL error and its line in
// the log are found together. The name is made here and never taken from a
// header: a client that could choose it would write into our logs, or make two
// requests look like one.
func withRequestID(random io.Reader) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := uuid.NewV7FromReader(random)
			if err != nil {
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
				return
			}
			name := id.String()
			ctx := context.WithValue(r.Context(), requestIDKey{}, name)
			next.ServeHTTP(w, r.WithContext(graph.WithRequestID(ctx, name)))
		})
	}
}

// requestID is "" outside of a request.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
