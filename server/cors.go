package server

import (
	"net/http"

	"github.com/rs/cors"
)

// preflightSeconds is how long a browser may remember what it was told.
const preflightSeconds = 600

// withCORS lets pages of the listed origins, and no other, read our answers, and
// send cookies where those are in use. The list is asked by a function: an empty
// one means nobody, while the library takes an empty list for everybody.
func withCORS(origins originList, cookies bool) middleware {
	return cors.New(cors.Options{
		AllowOriginFunc:  origins.allows,
		AllowedMethods:   []string{http.MethodPost},
		AllowedHeaders:   []string{"Authorization", "Content-Type"},
		ExposedHeaders:   []string{"Retry-After"},
		AllowCredentials: cookies,
		MaxAge:           preflightSeconds,
	}).Handler
}
