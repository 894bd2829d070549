package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// A stream is a subscription of a client. next is the answer that comes; done is
// where there are no more.
type stream struct {
	next func() (answer, error)
	hang func()
}

// errStreamDone is what next says after the last answer.
var errStreamDone = errors.New("the stream is complete")

// streamPatience bounds what a test waits for on a busy machine.
const streamPatience = 2 * time.Minute

// subscribe asks for a stream by "socket" or "events". It returns once the stream
// is in force. Where it was refused the answer says so, or the stream does next.
func (c *client) subscribe(operation, way string) (*stream, answer, error) {
	document, err := os.ReadFile("testdata/operations/" + operation + ".graphql")
	if err != nil {
		return nil, answer{}, err
	}
	payload, err := json.Marshal(map[string]any{"query": string(document)})
	if err != nil {
		return nil, answer{}, err
	}
	if way == "events" {
		return c.subscribeByEvents(payload)
	}
	return c.subscribeBySocket(payload)
}

func (c *client) subscribeByEvents(payload []byte) (*stream, answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), streamPatience)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(payload))
	if err != nil {
		cancel()
		return nil, answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.origin != "" {
		req.Header.Set("Origin", c.origin)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		cancel()
		return nil, answer{}, err
	}
	s := &stream{hang: func() { cancel(); _ = resp.Body.Close() }}
	if resp.StatusCode != http.StatusOK {
		defer s.hang()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, answer{}, err
		}
		a, err := readAnswer(raw)
		return nil, a, err
	}
	lines := bufio.NewReader(resp.Body)
	s.next = func() (answer, error) {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return answer{}, err
			}
			if line == "event: complete\n" {
				return answer{}, errStreamDone
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return readAnswer([]byte(data))
			}
		}
	}
	return s, answer{}, nil // the head comes once it is in force, or refused
}

func readAnswer(raw []byte) (answer, error) {
	a := answer{raw: raw}
	err := json.Unmarshal(raw, &a.body)
	return a, err
}

func (c *client) subscribeBySocket(payload []byte) (*stream, answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), streamPatience)
	header := http.Header{"X-Forwarded-For": {clientAddress}}
	if c.origin != "" {
		header.Set("Origin", c.origin)
	}
	if c.http.Jar != nil {
		at, err := url.Parse(c.url)
		if err != nil {
			cancel()
			return nil, answer{}, err
		}
		for _, cookie := range c.http.Jar.Cookies(at) {
			header.Add("Cookie", cookie.Name+"="+cookie.Value)
		}
	}
	conn, resp, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		defer cancel()
		if resp == nil || resp.Body == nil {
			return nil, answer{}, err
		}
		raw, readErr := io.ReadAll(resp.Body)
		if readErr != nil {
			return nil, answer{}, err
		}
		a, readErr := readAnswer(raw)
		if readErr != nil {
			return nil, answer{}, err
		}
		return nil, a, nil
	}
	s := &stream{hang: func() { cancel(); _ = conn.CloseNow() }}
	init := map[string]any{"type": "connection_init"}
	if c.token != "" {
		init["payload"] = map[string]any{"Authorization": "Bearer " + c.token}
	}
	subscribe := map[string]any{"type": "subscribe", "id": "1", "payload": json.RawMessage(payload)}
	for _, m := range []any{init, subscribe, map[string]any{"type": "ping"}} {
		text, err := json.Marshal(m)
		if err != nil {
			return nil, answer{}, err
		}
		if err := conn.Write(ctx, websocket.MessageText, text); err != nil {
			return nil, answer{}, err
		}
	}
	s.next = func() (answer, error) { return nextMessage(ctx, conn) }
	// What is sent over one connection is done in order.
	if a, err := s.next(); err != errInForce {
		return s, a, err
	}
	return s, answer{}, nil
}

// errInForce is what next says to an answered ping.
var errInForce = errors.New("what was sent before is in force")

// nextMessage is the next answer over a WebSocket.
func nextMessage(ctx context.Context, conn *websocket.Conn) (answer, error) {
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return answer{}, err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return answer{}, err
		}
		switch m.Type {
		case "next":
			return readAnswer(m.Payload)
		case "error":
			return readAnswer([]byte(`{"errors":` + string(m.Payload) + `}`))
		case "complete":
			return answer{}, errStreamDone
		case "pong":
			return answer{}, errInForce
		case "ping":
			if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"pong"}`)); err != nil {
				return answer{}, err
			}
		}
	}
}
