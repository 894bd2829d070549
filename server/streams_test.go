package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/auth"
)

const documentEnded = `subscription { sessionEnded { sessionId reason } }`

// A listener hears of the end of a session, by either transport. next is what
// comes, without signs of life; "closed" and why once there is no more.
type listener struct {
	next func() string
	hang func()
}

// patience bounds what a test waits for on a busy machine.
func patience(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// bySocket subscribes over a WebSocket. The token goes into connection_init where
// there is one. It returns once the subscription is in force, or refused.
func bySocket(t testing.TB, url string, header http.Header, token string) (*listener, error) {
	t.Helper()
	ctx := patience(t)
	conn, resp, err := websocket.Dial(ctx, url+pathGraphQL, &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		if resp != nil && resp.Body != nil {
			body, _ := io.ReadAll(resp.Body)
			err = fmt.Errorf("%d %s", resp.StatusCode, body)
		}
		return nil, err
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	init := `{"type":"connection_init"}`
	if token != "" {
		init = `{"type":"connection_init","payload":{"Authorization":"Bearer ` + token + `"}}`
	}
	subscribe := `{"type":"subscribe","id":"1","payload":{"query":"` + documentEnded + `"}}`
	for _, text := range []string{init, subscribe, `{"type":"ping"}`} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			return nil, err
		}
	}
	l := &listener{hang: func() { _ = conn.CloseNow() }}
	l.next = func() string {
		for {
			_, text, err := conn.Read(ctx)
			switch {
			case err != nil:
				return fmt.Sprintf("closed %d", websocket.CloseStatus(err))
			case string(text) == `{"type":"ping"}`:
				if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"pong"}`)); err != nil {
					return "closed " + err.Error()
				}
			default:
				return string(text)
			}
		}
	}
	if got := l.next(); got != `{"type":"connection_ack"}` {
		return nil, fmt.Errorf("not acknowledged: %s", got)
	}
	if got := l.next(); got != `{"type":"pong"}` {
		return nil, fmt.Errorf("refused: %s", got)
	}
	return l, nil
}

// byEvents subscribes by Server-Sent Events.
func byEvents(t testing.TB, url string, header http.Header, token string) (*listener, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(patience(t))
	t.Cleanup(cancel)
	body, err := json.Marshal(map[string]string{"query": documentEnded})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+pathGraphQL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%d %s", resp.StatusCode, body)
	}
	lines := bufio.NewReader(resp.Body)
	return &listener{hang: cancel, next: func() string {
		for {
			line, err := lines.ReadString('\n')
			switch {
			case err != nil:
				return "closed " + err.Error()
			case strings.HasPrefix(line, "data: {"), strings.HasPrefix(line, "event: complete"):
				return line
			}
		}
	}}, nil
}

type transport struct {
	name      string
	subscribe func(t testing.TB, url string, header http.Header, token string) (*listener, error)
}

func transports() []transport { return []transport{{"WebSocket", bySocket}, {"events", byEvents}} }

// mustHear fails the test unless the end of the session comes, and then no more.
func (l *listener) mustHear(t testing.TB, reason string) {
	t.Helper()
	if got := l.next(); !strings.Contains(got, `"reason":"`+reason+`"`) {
		t.Errorf("heard %s and not %s", got, reason)
	}
	if got := l.next(); !strings.Contains(got, "complete") {
		t.Errorf("then %s", got)
	}
}

func TestAStreamOutlivesTheAccessTokenAndTheServersTimeouts(t *testing.T) {
	t.Parallel()
	timeouts := quick()
	timeouts.Handle, timeouts.StreamPing = 400*time.Millisecond, 500*time.Millisecond
	r := run(t, timeouts, nil)
	h := &house{t: t, server: r.server, url: "http://" + r.address, client: http.DefaultClient}
	if err := h.makeUser(); err != nil {
		t.Fatal(err)
	}
	for _, by := range transports() {
		in := h.login("BEARER")
		l, err := by.subscribe(t, h.url, nil, in.text("login", "tokens", "accessToken"))
		if err != nil {
			t.Fatalf("%s: %v", by.name, err)
		}
		// Longer than reading, handling and writing may take elsewhere.
		longer := time.After(3 * timeouts.Write)
		heard := make(chan string, 2)
		go func() { heard <- l.next(); heard <- l.next() }()
		select {
		case got := <-heard:
			t.Fatalf("%s: it did not last: %s", by.name, got)
		case <-longer:
		}
		if a := h.ask(documentLogout, map[string]any{"refreshToken": in.text("login", "tokens", "refreshToken")}, nil); a.code != "" {
			t.Fatal(a.body)
		}
		if got := <-heard; !strings.Contains(got, `"reason":"LOGOUT"`) {
			t.Errorf("%s: %s", by.name, got)
		}
		if got := <-heard; !strings.Contains(got, "complete") {
			t.Errorf("%s: %s", by.name, got)
		}
	}
}

func TestAStreamLivesAsLongAsItsSession(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	for _, by := range transports() {
		in := h.login("BEARER")
		token := in.text("login", "tokens", "accessToken")
		l, err := by.subscribe(t, h.url, nil, token)
		if err != nil {
			t.Fatalf("%s: %v", by.name, err)
		}
		h.clock.move(11 * time.Minute)
		if late, err := by.subscribe(t, h.url, nil, token); err == nil && !strings.Contains(late.next(), "UNAUTHENTICATED") ||
			err != nil && !strings.Contains(err.Error(), "UNAUTHENTICATED") {
			t.Errorf("%s: a token that has expired begins a stream: %v", by.name, err)
		}
		h.clock.move(14 * 24 * time.Hour)
		if err := h.server.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.mustHear(t, "EXPIRED")
	}
}

// TestNoForeignPageOpensAStream tries every origin with every way to show who one
// is: a page may hold its own token, but never use its visitor's cookies.
func TestNoForeignPageOpensAStream(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"RATE_LIMITS": "off"})
	h.enrol()
	origins := map[string][]string{
		"none": nil, "own": {ownOrigin}, "allowed": {appOrigin}, "null": {"null"}, "foreign": {"https://evil.example"},
		"its name before": {ownOrigin + ".evil.example"}, "another scheme": {"https://localhost:8080"}, "another port": {"http://localhost:8081"},
		"empty": {""}, "two": {ownOrigin, ownOrigin}, "the own and a foreign": {ownOrigin, "https://evil.example"},
	}
	for name, origin := range origins {
		for _, way := range []string{"cookie", "bearer", "cookie and bearer", "header", "header and cookie", "cookie and fetch metadata"} {
			for _, by := range transports() {
				if by.name == "events" && way == "cookie and bearer" {
					continue // it has no connection_init: that is the header and a cookie
				}
				in := h.login("COOKIE")
				header := http.Header{}
				if len(origin) > 0 {
					header["Origin"] = origin
				}
				carried := strings.Contains(way, "cookie")
				if carried {
					header.Set("Cookie", in.carry().Get("Cookie"))
				}
				if way == "cookie and fetch metadata" {
					header.Set("Sec-Fetch-Site", "same-origin")
				}
				var token string
				if strings.Contains(way, "bearer") || strings.Contains(way, "header") {
					token = h.login("BEARER").text("login", "tokens", "accessToken")
				}
				authorized := strings.Contains(way, "header") || by.name == "events" && token != ""
				if authorized {
					header.Set("Authorization", "Bearer "+token)
					token = ""
				}
				good := name == "own" || name == "allowed"
				byCookie := carried && !authorized
				want := good || name == "none" && !byCookie
				if by.name == "events" {
					// As every other request by POST: a page that may not read answers does
					// not get to send the header, and elsewhere there is nothing to steal.
					want = !byCookie || good || name == "none" && way == "cookie and fetch metadata"
				}
				l, err := by.subscribe(t, h.url, header, token)
				if (err == nil) != want {
					t.Errorf("%s, origin %s, by %s: %v", by.name, name, way, err)
				}
				if err != nil {
					if !strings.HasPrefix(err.Error(), "403 ") || !strings.Contains(err.Error(), `"code":"ORIGIN_REFUSED"`) {
						t.Errorf("%s, origin %s, by %s: %v", by.name, name, way, err)
					}
					continue
				}
				l.hang()
			}
		}
	}
}

// A token that is sent over a WebSocket counts like an Authorization header: it
// alone says who asks, good or bad.
func TestATokenThatIsSentComesBeforeACookie(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.enrol()
	byCookie := h.login("COOKIE").carry()
	l, err := bySocket(t, h.url, byCookie, "nonsense")
	if err == nil && !strings.Contains(l.next(), "UNAUTHENTICATED") || err != nil && !strings.Contains(err.Error(), "UNAUTHENTICATED") {
		t.Errorf("a bad token beside a good cookie: %v", err)
	}
	other := h.login("BEARER")
	if l, err = bySocket(t, h.url, byCookie, other.text("login", "tokens", "accessToken")); err != nil {
		t.Fatal(err)
	}
	if a := h.ask(documentLogout, map[string]any{"refreshToken": other.text("login", "tokens", "refreshToken")}, nil); a.code != "" {
		t.Fatal(a.body)
	}
	if got := l.next(); !strings.Contains(got, other.text("login", "session", "id")) {
		t.Errorf("told %s", got)
	}
}

func TestCookiesThatAreSwitchedOffOpenNoStream(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"COOKIE_TRANSPORT": "off"})
	h.enrol()
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	header := http.Header{"Origin": {ownOrigin}, "Cookie": {"gatehouse-access=" + token}}
	for _, by := range transports() {
		l, err := by.subscribe(t, h.url, header, "")
		if err == nil && !strings.Contains(l.next(), "UNAUTHENTICATED") || err != nil && !strings.Contains(err.Error(), "UNAUTHENTICATED") {
			t.Errorf("%s: %v", by.name, err)
		}
	}
}

func TestStoppingTellsStreamsAndWaitsForNone(t *testing.T) {
	t.Parallel()
	r := run(t, DefaultTimeouts(), nil)
	h := &house{t: t, server: r.server, url: "http://" + r.address, client: http.DefaultClient}
	if err := h.makeUser(); err != nil {
		t.Fatal(err)
	}
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	socket, err := bySocket(t, h.url, nil, token)
	if err != nil {
		t.Fatal(err)
	}
	deaf, err := bySocket(t, h.url, nil, token) // and never reads again
	if err != nil {
		t.Fatal(err)
	}
	events, err := byEvents(t, h.url, nil, token)
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	if got := socket.next(); got != "closed 1001" {
		t.Errorf("over the WebSocket: %s", got)
	}
	if got := events.next(); got != "closed EOF" {
		t.Errorf("by events: %s", got)
	}
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
	r.ended <- nil
	deaf.hang()
	log := r.journal.String()
	for _, line := range []string{"method=GET path=/graphql status=101", "method=POST path=/graphql status=200"} {
		if !strings.Contains(log, line) {
			t.Errorf("no line of the access log has %s", line)
		}
	}
	if strings.Contains(log, "were cut off") || strings.Contains(log, token) {
		t.Errorf("the log is\n%s", log)
	}
}

// TestOneOfAThousandSubscribersHearsOfItsEnd has as many connections as there are
// in one town, of fifty sessions: the end of one is heard by its own alone, the
// end of all by everybody.
func TestOneOfAThousandSubscribersHearsOfItsEnd(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{
		"RATE_LIMITS": "off", "SESSIONS_PER_USER": "1000", "STREAMS": "1000", "STREAMS_PER_ADDRESS": "1000",
	})
	h.enrol()
	const sessions, each = 50, 20
	all := make([][]*listener, sessions)
	refresh := make([]string, sessions)
	for i := range all {
		in := h.login("BEARER")
		refresh[i] = in.text("login", "tokens", "refreshToken")
		for j := range each {
			l, err := transports()[j%2].subscribe(t, h.url, nil, in.text("login", "tokens", "accessToken"))
			if err != nil {
				t.Fatalf("subscriber %d of session %d: %v", j, i, err)
			}
			all[i] = append(all[i], l)
		}
	}
	if _, err := byEvents(t, h.url, nil, h.login("BEARER").text("login", "tokens", "accessToken")); err == nil || !strings.Contains(err.Error(), "OVERLOADED") {
		t.Errorf("one more: %v", err)
	}
	began := time.Now()
	if a := h.ask(documentLogout, map[string]any{"refreshToken": refresh[7]}, nil); a.code != "" {
		t.Fatal(a.body)
	}
	for _, l := range all[7] {
		l.mustHear(t, "LOGOUT")
	}
	t.Logf("%d of %d subscribers heard of their end within %v", each, sessions*each, time.Since(began))
	began = time.Now()
	if _, err := h.server.Auth().EndAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, session := range all {
		if i == 7 {
			continue
		}
		for _, l := range session {
			l.mustHear(t, "REVOKED_BY_ADMINISTRATOR") // and nothing before
		}
	}
	t.Logf("and the others of theirs within %v", time.Since(began))
}

func TestASessionHasABoundedNumberOfStreams(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"STREAMS_PER_SESSION": "2", "STREAMS_PER_ADDRESS": "3"})
	h.enrol()
	token := h.login("BEARER").text("login", "tokens", "accessToken")
	for range 2 {
		if _, err := bySocket(t, h.url, nil, token); err != nil {
			t.Fatal(err)
		}
	}
	third, err := byEvents(t, h.url, nil, token)
	if err != nil {
		t.Fatal(err)
	}
	if got := third.next(); !strings.Contains(got, `"code":"RATE_LIMITED"`) || !strings.Contains(got, `"retryAfter":10`) {
		t.Errorf("the third of a session: %s", got)
	}
	if _, err := byEvents(t, h.url, nil, h.login("BEARER").text("login", "tokens", "accessToken")); err != nil {
		t.Errorf("another session: %v", err)
	}
	if _, err := bySocket(t, h.url, nil, token); err == nil || !strings.HasPrefix(err.Error(), "429 ") || !strings.Contains(err.Error(), "RATE_LIMITED") {
		t.Errorf("the fourth connection of a client: %v", err)
	}
}

func TestNodesHearOfEachOthersEndings(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	all[0].enrol()
	for _, by := range transports() {
		in := all[0].login("BEARER")
		var listeners []*listener
		for _, h := range all {
			l, err := by.subscribe(t, h.url, nil, in.text("login", "tokens", "accessToken"))
			if err != nil {
				t.Fatalf("%s: %v", by.name, err)
			}
			listeners = append(listeners, l)
		}
		if a := all[0].ask(documentLogout, map[string]any{"refreshToken": in.text("login", "tokens", "refreshToken")}, nil); a.code != "" {
			t.Fatal(a.body)
		}
		listeners[0].mustHear(t, "LOGOUT")
		if err := all[1].server.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		listeners[1].mustHear(t, "LOGOUT")
	}
}

// makeUser makes the account of testEmail as an operator does.
func (h *house) makeUser() error {
	password := testPassword
	_, err := h.server.Auth().CreateUser(h.t.Context(), auth.CreateUserInput{Email: testEmail, Password: &password})
	return err
}
