package server

import (
	"io"
	"net/http"

	"github.com/google/uuid"

	"gatehouse/graph"
)

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
			next.ServeHTTP(w, r.WithContext(graph.WithRequestID(r.Context(), id.String())))
		})
	}
}
