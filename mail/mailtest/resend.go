package mailtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// An Answer is what the API says to one request instead of yes.
type Answer struct {
	Status  int
	Name    string // of the fault, as Resend names them
	Message string
	// Accept takes the letter all the same.
	Accept bool
}

// A Resend is a server on loopback that speaks POST /emails of Resend's API,
// idempotency keys included.
type Resend struct {
	Mailbox
	key    string
	server *httptest.Server

	mu     sync.Mutex
	script []Answer
	keys   []string          // of every request, in order
	bodies map[string]string // by idempotency key, of what was taken

	domains map[string]string // by name, their status
}

// NewResend starts a server that wants the API key, and stops it when the test
// ends.
func NewResend(t testing.TB, key string) *Resend {
	t.Helper()
	r := &Resend{Mailbox: newMailbox(), key: key, bodies: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /emails", r.send)
	mux.HandleFunc("GET /domains", r.list)
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	return r
}

// URL is the server as MAIL_URL names it.
func (r *Resend) URL() string {
	host := strings.TrimPrefix(r.server.URL, "http://")
	return (&url.URL{Scheme: "resend", User: url.User(r.key), Host: host}).String()
}

// Domains has the API know domains, by name, of a status each.
func (r *Resend) Domains(status map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.domains = status
}

func (r *Resend) list(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case request.Header.Get("Authorization") != "Bearer "+r.key:
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": 400, "name": "validation_error", "message": "API key is invalid"})
	case len(r.script) > 0:
		answer := r.script[0]
		r.script = r.script[1:]
		w.WriteHeader(answer.Status)
		_ = json.NewEncoder(w).Encode(map[string]any{"statusCode": answer.Status, "name": answer.Name, "message": answer.Message})
	default:
		all := []map[string]string{}
		for name, status := range r.domains {
			all = append(all, map[string]string{"name": name, "status": status})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": all})
	}
}

// Client carries requests to the server; its idle connections end with it.
func (r *Resend) Client() *http.Client { return r.server.Client() }

// Then makes the API answer so to its next requests, one each.
func (r *Resend) Then(answers ...Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = append(r.script, answers...)
}

// Keys are the idempotency keys of every request, in order.
func (r *Resend) Keys() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.keys...)
}

func (r *Resend) send(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	answer := r.judge(request, string(body))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Status)
	reply := map[string]any{"id": "00000000-0000-0000-0000-000000000000"}
	if answer.Status/100 != 2 {
		reply = map[string]any{"statusCode": answer.Status, "name": answer.Name, "message": answer.Message}
	}
	_ = json.NewEncoder(w).Encode(reply)
}

func (r *Resend) judge(request *http.Request, body string) Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := request.Header.Get("Idempotency-Key")
	r.keys = append(r.keys, key)
	answer := Answer{Status: http.StatusOK, Accept: true}
	if len(r.script) > 0 {
		answer, r.script = r.script[0], r.script[1:]
	}
	if request.Header.Get("Authorization") != "Bearer "+r.key {
		return Answer{Status: http.StatusForbidden, Name: "invalid_api_key", Message: "API key is invalid"}
	}
	before, again := r.bodies[key]
	switch {
	case again && before != body:
		return Answer{Status: http.StatusConflict, Name: "invalid_idempotent_request", Message: "another payload"}
	case again, !answer.Accept:
		return answer
	}
	var email struct {
		From    string            `json:"from"`
		To      []string          `json:"to"`
		Subject string            `json:"subject"`
		Text    string            `json:"text"`
		HTML    string            `json:"html"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal([]byte(body), &email); err != nil {
		return Answer{Status: http.StatusUnprocessableEntity, Name: "invalid_parameter", Message: "not JSON"}
	}
	header := mail.Header{}
	for name, value := range email.Headers {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	r.bodies[key] = body
	r.add(Letter{From: email.From, To: email.To, Header: header, Subject: email.Subject, Text: email.Text, HTML: email.HTML})
	return answer
}
