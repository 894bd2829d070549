package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// once sends every request on a connection of its own, so that what fails was
// never taken: on one that is kept, a request and its end may cross on the way.
func once(c *client) *client {
	c.http = &http.Client{Transport: forwarded{clientAddress, &http.Transport{DisableKeepAlives: true}}}
	return c
}

// TestStoppingUnderLoadLosesNoAnswer stops a node amid sign-ins. Each that was
// answered is there afterwards; and each that is there was answered, since what
// the node took it also finished.
func TestStoppingUnderLoadLosesNoAnswer(t *testing.T) {
	t.Parallel()
	settings := append([]string{"GATEHOUSE_SESSIONS_PER_USER=1000"}, unlimited...)
	towns(t, settings, func(t *testing.T, tw *town) {
		const clients, most = 12, 70
		tw.user("ada@example.org")
		var answered, refused, cut atomic.Int32
		amid := make(chan struct{})
		stopped := make(chan error, 1)
		go func() {
			<-amid
			stopped <- tw.nodes[0].stop()
		}()
		together(clients, func(i int) {
			for range most {
				c := once(tw.any(i))
				a, err := c.try("login", map[string]any{"identifier": "ada@example.org", "password": password})
				switch {
				case err != nil:
					cut.Add(1)
					return // the node is gone
				case a.code() == "":
					if answered.Add(1) == clients*4 {
						close(amid)
					}
				case a.code() == "OVERLOADED":
					refused.Add(1)
				default:
					t.Errorf("login: %v", a.errors())
				}
			}
		})
		if err := <-stopped; err != nil {
			t.Errorf("it did not stop well: %v: %.2000s", err, tw.nodes[0].log)
		}
		if cut.Load() == 0 {
			t.Error("the node was stopped after all was over")
		}
		again := tw.start().client()
		a := again.ask("login", map[string]any{"identifier": "ada@example.org", "password": password})
		again.token = a.text("login.tokens.accessToken")
		sessions, _ := again.ask("sessions", nil).at("me.sessions").([]any)
		if len(sessions) != int(answered.Load())+1 {
			t.Errorf("%d sessions, where %d sign-ins were answered before this one (%d shed, %d cut off)", len(sessions), answered.Load(), refused.Load(), cut.Load())
		}
		t.Logf("%d answered, %d shed, %d after the end", answered.Load(), refused.Load(), cut.Load())
	})
}

// TestTenThousandIdleConnectionsDisturbNobody holds as many connections as it may
// open files, half of them silent from the start and half after a request, and
// asks meanwhile.
func TestTenThousandIdleConnectionsDisturbNobody(t *testing.T) {
	t.Parallel()
	tw := newTown(t, sqlite(t), unlimited...)
	n := tw.start()
	tw.user("ada@example.org")
	c := n.client()
	c.token = tw.login(0, "ada@example.org").text("login.tokens.accessToken")

	idle := make([]net.Conn, connectionsAllowed(t, 10_000))
	defer func() {
		for _, conn := range idle {
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	address := strings.TrimPrefix(n.url, "http://")
	together(50, func(i int) {
		for at := i; at < len(idle); at += 50 {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Errorf("connection %d: %v", at, err)
				return
			}
			idle[at] = conn
			if at%2 == 0 {
				continue
			}
			if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Errorf("connection %d: %v", at, err)
				return
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("connection %d: %v %v", at, resp, err)
				return
			}
		}
	})
	if t.Failed() {
		return
	}
	began := time.Now()
	for range 20 {
		if a := c.ask("me", nil); a.code() != "" {
			t.Errorf("me: %v", a.errors())
		}
	}
	tw.login(0, "ada@example.org")
	took := time.Since(began)
	memory := n.resident(t)
	t.Logf("%d connections: 20 me and a login in %v, %d MiB resident", len(idle), took, memory>>20)
	if took > 30*time.Second || memory > 384<<20 {
		t.Errorf("%d idle connections: 20 me and a login took %v, and %d MiB are resident", len(idle), took, memory>>20)
	}
	// Those that never said anything are closed when their time for a header is up.
	for at := 0; at < len(idle); at += 500 {
		if err := idle[at].SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := idle[at].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d is still open: %v", at, err)
		}
	}
}

// connectionsAllowed raises the limit of open files as far as it may be, and
// says how many connections fit under it.
func connectionsAllowed(t *testing.T, wanted int) int {
	t.Helper()
	const others = 500 // files that are open besides
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < uint64(wanted+others) {
		raised := syscall.Rlimit{Cur: uint64(wanted + others), Max: max(limit.Max, uint64(wanted+others))}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
			t.Logf("no more than %d files may be open: %v", limit.Cur, err)
			return int(limit.Cur) - others
		}
	}
	return wanted
}

// resident is how much memory the node holds, in bytes.
func (n *node) resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("the kernel does not say how much memory is resident")
	return 0
}
