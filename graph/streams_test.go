package graph

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/auth"
)

func TestStreamsAreBoundedInAllAndForOneClient(t *testing.T) {
	t.Parallel()
	s := NewStreams(StreamOptions{Most: 3, PerAddress: 2})
	endFirst, err := s.begin("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.begin("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.begin("a"); !errors.Is(err, auth.RateLimited) {
		t.Errorf("the third of one client: %v", err)
	}
	if _, err := s.begin("b"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.begin("c"); !errors.Is(err, auth.Overloaded) {
		t.Errorf("the fourth of all: %v", err)
	}
	endFirst()
	if _, err := s.begin("a"); err != nil {
		t.Errorf("one has ended, and none may begin: %v", err)
	}
}

func TestAServerThatGoesAwayBeginsNoStreamAndWaitsForThoseThatEnd(t *testing.T) {
	t.Parallel()
	s := NewStreams(StreamOptions{Most: 3, PerAddress: 3})
	end, err := s.begin("a")
	if err != nil {
		t.Fatal(err)
	}
	s.End(time.Millisecond) // in vain
	if _, err := s.begin("b"); !errors.Is(err, auth.Overloaded) {
		t.Errorf("one begins: %v", err)
	}
	go func() {
		<-s.ending
		end()
	}()
	began := time.Now()
	s.End(time.Hour)
	if time.Since(began) > time.Minute {
		t.Error("it waited for nobody")
	}
}

func TestTooManyStreamsAreRefusedBeforeTheyBegin(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.sessionEnded = oneEnd(nil)
	b.handler.streams.PerAddress = 1
	url := b.listen(t)
	begin(t, url, "Bearer good")
	_, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{socketProtocol}})
	if err == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "10" {
		t.Errorf("a second WebSocket: %v %v", err, resp)
	}
	b.handler.streams.Most = 1
	if a := b.ask(t, request(documentEnded), "Accept", mediaEvents); a.Code != http.StatusServiceUnavailable ||
		a.code() != auth.Overloaded || a.Header().Get("Retry-After") != "10" {
		t.Errorf("a stream of events: %d %s", a.Code, a.Body)
	}
}
