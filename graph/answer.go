package graph

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"gatehouse/auth"
)

// WriteRefusal answers a request that nothing was run for in the form of every
// other answer, for the middleware in front too. The error is an [auth.Code] or
// an [auth.Refusal]; any other is told as Internal, and its logging is left to
// whoever has it.
func WriteRefusal(w http.ResponseWriter, r *http.Request, status int, err error) {
	refusal := refusalOf(err)
	if refusal == nil {
		refusal = &auth.Refusal{Code: auth.Internal}
	}
	if waits(refusal.Code) {
		w.Header().Set("Retry-After", strconv.Itoa(refusal.RetryAfterSeconds()))
	}
	write(w, r, status, gqlerror.List{describe(r.Context(), refusal)}, nil)
}

// answerBody is an answer as JSON. Where nothing was run there is no member data,
// which is how a client tells that nothing has happened.
func answerBody(list gqlerror.List, data json.RawMessage) []byte {
	body := make([]byte, 0, len(data)+64)
	body = append(body, '{')
	if len(list) > 0 {
		body = append(append(body, `"errors":`...), errorList(list)...)
		if data != nil {
			body = append(body, ',')
		}
	}
	if data != nil {
		body = append(append(body, `"data":`...), data...)
	}
	return append(body, '}')
}

func errorList(list gqlerror.List) json.RawMessage {
	errs, err := json.Marshal(list[:min(len(list), mostErrors)])
	if err != nil {
		panic(err) // strings and numbers of our own making
	}
	return errs
}

// write sends an answer in one piece.
func write(w http.ResponseWriter, r *http.Request, status int, list gqlerror.List, data json.RawMessage) {
	body := append(answerBody(list, data), '\n')
	header := w.Header()
	header.Set("Content-Type", answerMedia(r.Header.Values("Accept"))+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store") // any answer may bear tokens
	header.Add("Vary", "Accept")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone misses nothing
	}
}
