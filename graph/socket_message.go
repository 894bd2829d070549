package graph

import (
	"encoding/json"
	"strings"

	"github.com/coder/websocket"
)

// The types of message (graphql-ws, "Message types").
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// The codes with which a connection is closed (graphql-ws).
const (
	closeBadMessage   websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeIDTaken      websocket.StatusCode = 4409
	closeInitTwice    websocket.StatusCode = 4429
)

// maxOperationID is the length, in bytes, of the longest ID that is taken.
const maxOperationID = 128

// A message is what is sent to a client.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// take does what a message asks for. A code is that with which the connection is
// to be closed: the protocol has no other answer to what is not a message. Texts
// are read as strictly as bodies of requests are, and nothing of them is told.
func (s *socket) take(kind websocket.MessageType, text []byte) (code websocket.StatusCode, reason string) {
	// The message and its payload are objects around the variables.
	members, err := readMembers(text, s.h.limits.VariableDepth+2)
	if err != nil || kind != websocket.MessageText {
		return closeBadMessage, "Invalid message"
	}
	var id string
	var payload map[string]any
	if !member(members, "id", &id) || !member(members, "payload", &payload) || len(id) > maxOperationID {
		return closeBadMessage, "Invalid message"
	}
	switch members["type"] {
	case typeInit:
		return s.initialise(payload)
	case typePing:
		s.send(message{Type: typePong})
	case typePong:
	case typeSubscribe:
		return s.takeSubscribe(id, payload)
	case typeComplete:
		if id == "" {
			return closeBadMessage, "Invalid message"
		}
		s.forget(id, nil)
	default:
		return closeBadMessage, "Invalid message"
	}
	return 0, ""
}

// initialise takes who the client says it is: in a member Authorization, which is
// what the header of that name would be, since browsers let no page set one on a
// WebSocket. It is judged by each subscription.
func (s *socket) initialise(payload map[string]any) (code websocket.StatusCode, reason string) {
	if s.initialised {
		return closeInitTwice, "Too many initialisation requests"
	}
	authorization := authorizationOf(payload)
	s.mu.Lock()
	s.initialised, s.authorization = true, authorization
	s.waiting.Reset(s.h.streams.Unused)
	s.mu.Unlock()
	s.send(message{Type: typeAck})
	return 0, ""
}

// authorizationOf is nil where the payload says nothing of it, and "", which is
// good for nothing, where it says it twice or not by a text.
func authorizationOf(payload map[string]any) *string {
	var found *string
	for name, value := range payload {
		if !strings.EqualFold(name, "Authorization") {
			continue
		}
		text, _ := value.(string)
		if found != nil {
			text = ""
		}
		found = &text
	}
	return found
}

func (s *socket) takeSubscribe(id string, payload map[string]any) (code websocket.StatusCode, reason string) {
	e, err := envelopeOf(payload)
	switch {
	case id == "" || err != nil:
		return closeBadMessage, "Invalid message"
	case !s.initialised:
		return closeUnauthorized, "Unauthorized"
	case s.taken(id):
		return closeIDTaken, "Subscriber for this ID already exists"
	}
	s.subscribe(id, e)
	return 0, ""
}

func (s *socket) taken(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[id] != nil
}
