package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/mail/mailtest"
	"gatehouse/server"
	"gatehouse/store"
	"gatehouse/store/storetest"
)

// cluster is the PostgreSQL of all tests here; each gets a database of its own.
var cluster *storetest.Cluster

// workshop is where the program is built that tests run.
var workshop string

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == soakedRole {
		if err := playSoaked(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(withCluster(m))
}

func withCluster(m *testing.M) int {
	var err error
	if workshop, err = os.MkdirTemp("", "gatehouse-e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(workshop) }()
	if err := pageLimits.install(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if cluster, err = storetest.StartPostgres("", nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Close()
	err = cluster.Prepare(func(url string) error {
		return store.Migrate(context.Background(), url, slog.New(slog.DiscardHandler))
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// databases make an empty database of each kind.
func databases(t *testing.T) map[string]func(testing.TB) string {
	t.Helper()
	return map[string]func(testing.TB) string{"sqlite": sqlite, "postgres": postgres}
}

func sqlite(t testing.TB) string {
	t.Helper()
	// Not t.TempDir: its name holds the test's, and scripts share one test.
	dir, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return "sqlite:" + filepath.Join(dir, "gatehouse.db")
}

func postgres(t testing.TB) string {
	t.Helper()
	url, err := cluster.CreateDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// A world is one server in this process on a clock of the test's own, a mail
// server that it writes to, and everything that it logged.
type world struct {
	t      testing.TB
	server *server.Server
	http   *httptest.Server
	mail   *mailtest.SMTP
	log    *syncBuffer
	secret string // the server's

	mu         sync.Mutex
	now        time.Time
	statements []string
	// onStatement is called before each statement; hangUp ends the request that
	// was begun last, as its client would.
	onStatement func()
	hangUp      func()
	heldSecrets []string // that its log must not hold
}

type worldOptions struct {
	database string
	settings []string // further GATEHOUSE_ settings, NAME=value
	timeouts server.Timeouts
}

const publicURL = "http://localhost:8080"

// clientAddress is where clients say through the trusted proxy that they are.
const clientAddress = "203.0.113.7"

func newWorld(t testing.TB, o worldOptions) *world {
	t.Helper()
	w := &world{
		t: t, mail: mailtest.NewSMTP(t, mailtest.SMTPOptions{}), log: &syncBuffer{},
		now: time.Now().UTC().Truncate(time.Second),
	}
	var err error
	if w.secret, err = auth.NewSecret(rand.Reader); err != nil {
		t.Fatal(err)
	}
	environ := append([]string{
		"GATEHOUSE_PUBLIC_URL=" + publicURL,
		"GATEHOUSE_DATABASE_URL=" + o.database,
		"GATEHOUSE_SECRET=" + w.secret,
		"GATEHOUSE_MAIL_URL=" + w.mail.URL(),
		"GATEHOUSE_MAIL_FROM=Gatehouse <gatehouse@example.org>",
		"GATEHOUSE_TRUSTED_PROXIES=127.0.0.1",
		"GATEHOUSE_HASHING_MEMORY=64KiB",
		"GATEHOUSE_HASHING_PASSES=1",
	}, o.settings...)
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	w.server, err = server.New(context.Background(), cfg, server.Deps{
		Clock: w.clock, Random: rand.Reader, Out: io.Discard,
		Logger:  slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: w.note, Timeouts: o.timeouts,
		// The clock is the test's, whatever the database's says.
		ClockDifference: func(context.Context, func() time.Time) (time.Duration, error) { return 0, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(func() {
		w.http.Close()
		if err := w.server.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) note(statement string) {
	w.mu.Lock()
	w.statements = append(w.statements, statement)
	told := w.onStatement
	w.mu.Unlock()
	if told != nil {
		told()
	}
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	ctx, hangUp := context.WithCancel(r.Context())
	defer hangUp()
	w.mu.Lock()
	w.hangUp = hangUp
	w.mu.Unlock()
	w.server.Handler().ServeHTTP(rw, r.WithContext(ctx))
}

// client asks this server.
func (w *world) client() *client { return newClient(w.http.URL) }

// pass lets time go by, and the server's jobs run.
func (w *world) pass(d time.Duration) error {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	return w.server.Step(context.Background())
}

func (w *world) createUser(address, password string, roles ...string) error {
	_, err := w.server.Auth().CreateUser(context.Background(), auth.CreateUserInput{Email: address, Password: &password, Roles: roles})
	return err
}

func (w *world) suspendUser(address string) error {
	_, err := w.server.Auth().SuspendUser(context.Background(), address)
	return err
}

// nextLetter sends what is due and takes the oldest letter to the address.
func (w *world) nextLetter(address string) (mailtest.Letter, error) {
	if err := w.server.Step(context.Background()); err != nil {
		return mailtest.Letter{}, err
	}
	// Whatever was due has arrived: there is nothing to wait for.
	done, cancel := context.WithCancel(context.Background())
	cancel()
	return w.mail.NextTo(done, address)
}

// A syncBuffer may be written to by several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// has tells whether the text was written.
func (b *syncBuffer) has(text string) bool { return strings.Contains(b.String(), text) }

// loadSchema reads the contract.
func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// rootFields are the fields of Query, Mutation and Subscription.
func rootFields(t *testing.T) []string {
	t.Helper()
	schema := loadSchema(t)
	return slices.Concat(fields(schema.Query), fields(schema.Mutation), fields(schema.Subscription))
}

func fields(of *ast.Definition) []string {
	var names []string
	for _, f := range of.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			names = append(names, f.Name)
		}
	}
	return names
}

// forwarded sends every request as a proxy would for a client at the address.
type forwarded struct {
	address string
	next    http.RoundTripper
}

func (f forwarded) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", f.address)
	return f.next.RoundTrip(r)
}
