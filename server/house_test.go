package server

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/config"
	"gatehouse/mail/mailtest"
)

const (
	ownOrigin = "http://localhost:8080"
	appOrigin = "http://localhost:5173"
)

// A handClock is moved by hand.
type handClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *handClock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// A journal is what was logged.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// A house is a whole server on SQLite, its clock, its log and its letters.
type house struct {
	t       *testing.T
	server  *Server
	clock   *handClock
	journal *journal
	mail    string
	url     string
	client  *http.Client
}

// settle makes the configuration of a house: cheap hashing, letters as files,
// and what the test sets.
func settle(t *testing.T, set map[string]string) (config.Config, string) {
	t.Helper()
	dir := t.TempDir()
	letters := filepath.Join(dir, "letters")
	environ := map[string]string{
		"LISTEN": "127.0.0.1:0", "PUBLIC_URL": ownOrigin, "ALLOWED_ORIGINS": appOrigin,
		"DATABASE_URL": "sqlite:" + filepath.Join(dir, "gatehouse.db"), "MAIL_URL": "file:" + letters,
		"HASHING_MEMORY": "64KiB", "HASHING_PASSES": "1",
	}
	maps.Copy(environ, set)
	var list []string
	for name, value := range environ {
		list = append(list, "GATEHOUSE_"+name+"="+value)
	}
	cfg, err := config.Load(list)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, letters
}

func testDeps(clock *handClock, log *journal) Deps {
	return Deps{Clock: clock.now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(log, nil)), Out: io.Discard}
}

func newClock() *handClock { return &handClock{at: time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)} }

// build makes a house whose requests go through httptest.
func build(t *testing.T, set map[string]string) *house {
	t.Helper()
	cfg, letters := settle(t, set)
	h := &house{t: t, clock: newClock(), journal: &journal{}, mail: letters}
	var err error
	if h.server, err = New(t.Context(), cfg, testDeps(h.clock, h.journal)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.server.Close(); err != nil {
			t.Error(err)
		}
	})
	front := httptest.NewServer(h.server.Handler())
	t.Cleanup(front.Close)
	h.url, h.client = front.URL, front.Client()
	return h
}

// letter takes a step and reads the one letter that it sent.
func (h *house) letter() mailtest.Letter {
	h.t.Helper()
	for _, l := range h.letters(1) {
		return l
	}
	return mailtest.Letter{}
}

// letters takes a step and reads those that it sent, one to each address.
func (h *house) letters(n int) map[string]mailtest.Letter {
	h.t.Helper()
	if err := h.server.Step(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(h.mail, "*.eml"))
	if err != nil || len(files) != n {
		h.t.Fatalf("not %d letters but %d (%v)", n, len(files), err)
	}
	arrived := map[string]mailtest.Letter{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := os.Remove(file); err != nil {
			h.t.Fatal(err)
		}
		l, err := mailtest.Parse(raw)
		if err != nil {
			h.t.Fatal(err)
		}
		arrived[strings.Trim(l.Header.Get("To"), "<>")] = l
	}
	if len(arrived) != n {
		h.t.Fatalf("%d letters to %d addresses", n, len(arrived))
	}
	return arrived
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	data   map[string]any
	code   string // of the first error
}

// do sends a request with the given headers, and reads its answer.
func (h *house) do(method, path, body string, header http.Header) answer {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	resp, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		h.t.Fatal(err)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(raw)}
}

// ask posts a GraphQL document with one input.
func (h *house) ask(document string, input any, header http.Header) answer {
	h.t.Helper()
	request := map[string]any{"query": document}
	if input != nil {
		request["variables"] = map[string]any{"input": input}
	}
	body, err := json.Marshal(request)
	if err != nil {
		h.t.Fatal(err)
	}
	all := http.Header{"Content-Type": {"application/json"}}
	maps.Copy(all, header)
	a := h.do(http.MethodPost, pathGraphQL, string(body), all)
	var decoded struct {
		Data   map[string]any
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &decoded); err != nil {
		h.t.Fatalf("%v: %s", err, a.body)
	}
	a.data = decoded.Data
	if len(decoded.Errors) > 0 {
		a.code = decoded.Errors[0].Extensions.Code
	}
	return a
}

// at walks into an answer's data; nil where there is nothing.
func (a answer) at(path ...string) any {
	var here any = a.data
	for _, name := range path {
		object, ok := here.(map[string]any)
		if !ok {
			return nil
		}
		here = object[name]
	}
	return here
}

func (a answer) text(path ...string) string {
	s, _ := a.at(path...).(string)
	return s
}

// cookies are what the answer sets, by name.
func (a answer) cookies() map[string]*http.Cookie {
	all := map[string]*http.Cookie{}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		all[c.Name] = c
	}
	return all
}

// carry is a header with the cookies that the answer set, from our own origin.
func (a answer) carry() http.Header {
	var pairs []string
	for _, c := range a.cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	slices.Sort(pairs)
	return http.Header{"Cookie": {strings.Join(pairs, "; ")}, "Origin": {ownOrigin}}
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

const (
	documentRegister = `mutation($input: RegisterInput!) { register(input: $input) { email flow } }`
	documentActivate = `mutation($input: ActivateInput!) { activate(input: $input) { ... on SignedIn { user { email } tokens { accessToken refreshToken } } } }`
	documentLogin    = `mutation($input: LoginInput!) { login(input: $input) { ... on SignedIn { user { email } session { id } tokens { accessToken refreshToken } } } }`
	documentRefresh  = `mutation($input: RefreshInput) { refresh(input: $input) { tokens { accessToken refreshToken } session { id } } }`
	documentLogout   = `mutation($input: LogoutInput) { logout(input: $input) { sessionsEnded } }`
	documentMe       = `{ me { email emailVerified } }`
)

const (
	testEmail    = "ada@example.com"
	testPassword = "a quite long pass phrase"
)

// enrol makes the account of testEmail by the front door.
func (h *house) enrol() {
	h.t.Helper()
	a := h.ask(documentRegister, map[string]any{"email": testEmail, "password": testPassword}, nil)
	flow := a.text("register", "flow")
	if a.code != "" || flow == "" {
		h.t.Fatalf("register: %s", a.body)
	}
	l := h.letter()
	a = h.ask(documentActivate, map[string]any{"code": l.Code(), "flow": flow}, nil)
	if a.code != "" || a.text("activate", "user", "email") != testEmail {
		h.t.Fatalf("activate with %q: %s", l.Code(), a.body)
	}
}

// login signs in by bearer tokens, or by cookies.
func (h *house) login(transport string) answer {
	h.t.Helper()
	input := map[string]any{"identifier": testEmail, "password": testPassword, "transport": transport}
	a := h.ask(documentLogin, input, http.Header{"Origin": {ownOrigin}})
	if a.code != "" || a.status != http.StatusOK {
		h.t.Fatalf("login: %d %s", a.status, a.body)
	}
	return a
}

// requestTo sends a GET without a network.
func requestTo(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}
