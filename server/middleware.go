package server

import "net/http"

// A middleware wraps a handler.
type middleware func(http.Handler) http.Handler

// chain wraps the handler so that a request meets the middlewares in the order
// in which they are written.
func chain(h http.Handler, ms ...middleware) http.Handler {
	for i := len(ms) - 1; i >= 0; i-- {
		h = ms[i](h)
	}
	return h
}
