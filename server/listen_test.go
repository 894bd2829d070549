package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// A running server listens on a port of its own.
type running struct {
	server  *Server
	address string
	journal *journal
	stop    context.CancelFunc
	ended   chan error
}

// run starts a server and ends it with the test.
func run(t *testing.T, timeouts Timeouts, set map[string]string) *running {
	t.Helper()
	cfg, _ := settle(t, set)
	r := &running{journal: &journal{}, ended: make(chan error, 1)}
	deps := testDeps(newClock(), r.journal)
	deps.Timeouts = timeouts
	listening := make(chan string, 1)
	deps.Ready = func(addresses []net.Addr) { listening <- addresses[0].String() }
	var err error
	if r.server, err = New(t.Context(), cfg, deps); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	go func() { r.ended <- r.server.Run(ctx) }()
	select {
	case r.address = <-listening:
	case err := <-r.ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// dial connects, with time enough for every test and no more.
func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// mustServe asks for something the ordinary way.
func (r *running) mustServe(t *testing.T) {
	t.Helper()
	resp, err := http.Get("http://" + r.address + pathReady)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

func quick() Timeouts {
	t := DefaultTimeouts()
	t.ReadHeader, t.Read, t.Write, t.Idle = 150*time.Millisecond, 300*time.Millisecond, 600*time.Millisecond, 300*time.Millisecond
	return t
}

func TestAClientThatSendsItsRequestTooSlowlyIsCutOff(t *testing.T) {
	t.Parallel()
	r := run(t, quick(), nil)
	for name, begun := range map[string]string{
		"nothing at all":   "",
		"half a header":    "POST /graphql HTTP/1.1\r\nHost: x\r\nX-A",
		"half a body":      "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"no second one":    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		"half a chunk":     "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"a body to a page": "POST /activate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		conn := r.dial(t)
		send(t, conn, begun)
		// Whatever is said first, then comes the end, and not our own deadline.
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is still open", name)
		}
	}
	r.mustServe(t)
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	r := run(t, quick(), nil)
	conn := r.dial(t)
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	requests := strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 100)
	for {
		if _, err := io.WriteString(conn, requests); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection is still open")
			}
			return
		}
	}
}

func TestOversizedHeadersDisturbNobody(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), nil)
	conn := r.dial(t)
	// 8 MB of dots: each would be another part of a token to a parser that split
	// before it measured.
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ")
		_, _ = io.WriteString(conn, strings.Repeat(".", 8<<20))
		_, _ = io.WriteString(conn, "\r\n\r\n")
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Fatalf("%v %v", resp, err)
	}
	r.mustServe(t)
	_ = conn.Close()
	<-sent
	if strings.Contains(r.journal.String(), "....") {
		t.Error("the header is in the log")
	}
}

func TestAHeaderWithinTheCapIsTaken(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), nil)
	for size, want := range map[int]int{14 << 10: http.StatusOK, 24 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		conn := r.dial(t)
		send(t, conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Filler: "+strings.Repeat("a", size)+"\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%d bytes: %v %v", size, resp, err)
		}
	}
}

func TestAThousandIdleConnectionsDisturbNobodyAndAreClosed(t *testing.T) {
	t.Parallel()
	timeouts := DefaultTimeouts()
	timeouts.ReadHeader = time.Second
	r := run(t, timeouts, nil)
	var idle []net.Conn
	for range 1000 {
		idle = append(idle, r.dial(t))
	}
	r.mustServe(t)
	for i, conn := range idle {
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("connection %d is still open", i)
		}
	}
}

func TestStoppingFinishesTheRequestInFlight(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), nil)
	conn := r.dial(t)
	const body = `{"query":"{ settings { registrationOpen } }"}`
	// The server says 100 once the handler reads the body: then the request is in
	// flight.
	send(t, conn, fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body)))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}

	r.stop()
	for {
		more, err := net.Dial("tcp", r.address)
		if err != nil {
			break // no more connections are taken
		}
		_ = more.Close()
	}
	if w := requestTo(r.server.Handler(), pathReady); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "draining") {
		t.Errorf("ready while draining: %d %s", w.Code, w.Body)
	}
	if w := requestTo(r.server.Handler(), pathAlive); w.Code != http.StatusOK {
		t.Errorf("not alive while draining: %d", w.Code)
	}

	send(t, conn, body)
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(got), "registrationOpen") {
		t.Fatalf("%d %s %v", resp.StatusCode, got, err)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.ended <- nil
}

func TestARequestThatOutlastsTheDrainIsCutOff(t *testing.T) {
	t.Parallel()
	timeouts := DefaultTimeouts()
	timeouts.Drain = 50 * time.Millisecond
	r := run(t, timeouts, nil)
	conn := r.dial(t)
	send(t, conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q %v", line, err)
	}
	r.stop()
	if err := <-r.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	r.ended <- nil
}

func TestAnAddressThatIsTakenStopsTheStart(t *testing.T) {
	t.Parallel()
	first := run(t, DefaultTimeouts(), nil)
	cfg, _ := settle(t, map[string]string{"LISTEN": "127.0.0.1:0," + first.address})
	server, err := New(t.Context(), cfg, testDeps(newClock(), &journal{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "server: listen") {
		t.Fatalf("%v", err)
	}
}

func TestEveryAddressOfTheSettingIsListenedOn(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), map[string]string{"LISTEN": "127.0.0.1:0,127.0.0.2:0"})
	addresses := r.server.Addresses()
	if len(addresses) != 2 {
		t.Fatalf("%v", addresses)
	}
	for _, a := range addresses {
		resp, err := http.Get("http://" + a.String() + pathAlive)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

func TestAForeignSiteAmongTheAllowedOriginsIsToldAtStart(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), map[string]string{"ALLOWED_ORIGINS": "http://localhost:5173,https://app.example.org"})
	if log := r.journal.String(); !strings.Contains(log, "bearer tokens") || !strings.Contains(log, "origins=https://app.example.org") {
		t.Errorf("%s", log)
	}
	silent := run(t, DefaultTimeouts(), nil)
	if log := silent.journal.String(); strings.Contains(log, "bearer tokens") {
		t.Errorf("%s", log)
	}
}
