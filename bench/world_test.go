package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/server"
)

const (
	password      = "seven bright lanterns"
	wrongPassword = "eleven grey umbrellas"

	meDocument       = `query Me { me { id email emailVerified name locale status roles lastLoginAt createdAt updatedAt } }`
	loginDocument    = `mutation Login($input: LoginInput!) { login(input: $input) { ... on SignedIn { tokens { accessToken refreshToken } } } }`
	refreshDocument  = `mutation Refresh($input: RefreshInput) { refresh(input: $input) { tokens { accessToken refreshToken } } }`
	registerDocument = `mutation Register($input: RegisterInput!) { register(input: $input) { email flow } }`
	resetDocument    = `mutation Reset($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { email } }`
)

// cheapHashing makes hashing fast, where the rest is to be seen.
func cheapHashing() []string {
	return []string{"GATEHOUSE_HASHING_MEMORY=64KiB", "GATEHOUSE_HASHING_PASSES=1"}
}

// wideLimits count attempts as ever, and refuse none.
func wideLimits() []string {
	settings := []string{"GATEHOUSE_LIMIT_SIGN_IN_FREE=1000", "GATEHOUSE_LIMIT_SIGN_IN_FAILURES=100000"}
	for _, name := range []string{
		"SIGN_IN_PER_ADDRESS", "MAIL_PER_ADDRESS", "REGISTER_PER_ADDRESS", "REFRESH_PER_SESSION",
		"REFRESH_PER_ADDRESS", "ANONYMOUS_PER_ADDRESS",
	} {
		settings = append(settings, "GATEHOUSE_LIMIT_"+name+"=1000000/1m")
	}
	return settings
}

func sqlite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db")
}

func newSecret(t testing.TB) string {
	t.Helper()
	secret, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// A world is one server in this process. Its jobs do not run, so that nothing
// but requests takes time.
type world struct {
	server *server.Server
	url    string
}

// newWorld makes one over a database; more settings are GATEHOUSE_ ones.
func newWorld(t testing.TB, database string, settings ...string) *world {
	t.Helper()
	environ := append([]string{
		"GATEHOUSE_PUBLIC_URL=http://localhost:8080",
		"GATEHOUSE_DATABASE_URL=" + database,
		"GATEHOUSE_SECRET=" + newSecret(t),
	}, settings...)
	s := newServer(t, environ)
	front := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{server: s, url: front.URL}
}

// newServer assembles a server that the caller closes.
func newServer(t testing.TB, environ []string) *server.Server {
	t.Helper()
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(context.Background(), cfg, silentDeps())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// silentDeps are the world as it is, but that nothing is logged.
func silentDeps() server.Deps {
	return server.Deps{Clock: time.Now, Random: rand.Reader, Out: io.Discard, Logger: slog.New(slog.DiscardHandler)}
}

func createUser(t testing.TB, s *server.Server, address string) {
	t.Helper()
	word := password
	if _, err := s.Auth().CreateUser(context.Background(), auth.CreateUserInput{Email: address, Password: &word}); err != nil {
		t.Fatal(err)
	}
}

// A client asks one server over connections of its own.
type client struct {
	url  string
	http *http.Client
}

// newClient keeps as many connections as asked for.
func newClient(t testing.TB, url string, connections int) *client {
	t.Helper()
	transport := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{url: url + "/graphql", http: &http.Client{Transport: transport}}
}

// A question is made before the clock runs.
type question struct {
	body  []byte
	token string // sent as a bearer token where it is set
	from  string // the client's address, told to a server that trusts it; "" says nothing
}

// ask makes a question of a document and its input, which may be nil.
func ask(document string, input map[string]any) question {
	variables := map[string]any{}
	if input != nil {
		variables["input"] = input
	}
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		panic(err) // strings in maps
	}
	return question{body: body}
}

func login(address, password string) question {
	return ask(loginDocument, map[string]any{"identifier": address, "password": password})
}

func (q question) request(url string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(q.body))
	if err != nil {
		panic(err) // the URL is ours
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.from != "" {
		r.Header.Set("X-Forwarded-For", q.from)
	}
	return r
}

type tokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
}

// An answer is what came back, and how long it took to the last byte.
type answer struct {
	took   time.Duration
	status int
	body   struct {
		Data map[string]struct {
			Tokens tokens `json:"tokens"`
		} `json:"data"`
		Errors []struct {
			Extensions struct {
				Code       string `json:"code"`
				RetryAfter int    `json:"retryAfter"`
			} `json:"extensions"`
		} `json:"errors"`
	}
}

// code is the first error's; "" where all went well.
func (a answer) code() string {
	if len(a.body.Errors) == 0 {
		return ""
	}
	return a.body.Errors[0].Extensions.Code
}

func (c *client) ask(q question) (answer, error) {
	r := q.request(c.url)
	began := time.Now()
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	a := answer{took: time.Since(began), status: response.StatusCode}
	if err != nil {
		return answer{}, err
	}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		return answer{}, fmt.Errorf("status %d, no JSON: %w", a.status, err)
	}
	return a, nil
}

// mustAsk is ask of which the answer's code is known.
func (c *client) mustAsk(t testing.TB, q question, code string) answer {
	t.Helper()
	a, err := c.ask(q)
	if err != nil {
		t.Fatal(err)
	}
	if a.code() != code {
		t.Fatalf("got %q, want %q", a.code(), code)
	}
	return a
}

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // of wrong arguments alone
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
