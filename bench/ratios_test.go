package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/server"
	"gatehouse/store"
	"gatehouse/store/storetest"
)

const (
	// mostConnections is the largest of the numbers below.
	mostConnections = 64
	shortTurn       = 200 * time.Millisecond
	hashingTurn     = 600 * time.Millisecond
	// signers are who sign in: none so often that an older session has to go.
	signers = 192
)

// startPostgres runs a cluster as an operator would: an acknowledged write
// outlives the loss of power.
func startPostgres(b *testing.B) *storetest.Cluster {
	b.Helper()
	cluster, err := storetest.StartPostgres("", nil, "fsync=on", "full_page_writes=on")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cluster.Close() })
	err = cluster.Prepare(func(url string) error {
		return store.Migrate(context.Background(), url, slog.New(slog.DiscardHandler))
	})
	if err != nil {
		b.Fatal(err)
	}
	return cluster
}

// A kind of database, and a way to have an empty one.
type kind struct {
	name  string
	fresh func() string
}

func bothKinds(b *testing.B) []kind {
	b.Helper()
	cluster := startPostgres(b)
	return []kind{
		{"SQLite", func() string { return sqlite(b) }},
		{"PostgreSQL", func() string {
			url, err := cluster.CreateDatabase()
			if err != nil {
				b.Fatal(err)
			}
			return url
		}},
	}
}

// measureRatios compares the operations with the least that any server would
// have to do for the same answer.
func measureRatios(b *testing.B, s *sheet) {
	kinds := bothKinds(b)
	s.begin("What does an operation cost? Processor time of the server, beside that of a bare net/http handler, in turns; clients on the same cores")
	for _, k := range kinds {
		r := newRing(b, k)
		r.measureMe(b, s)
		r.measureRefresh(b, s)
		r.node.end()
	}
	for _, k := range kinds {
		measureHashed(b, s, k)
	}
	s.begin("What does an operation take? Of the handler alone, median of 50")
	for _, k := range kinds {
		measureTakings(b, s, k)
	}
}

// connectionCounts are how many clients ask at once.
func connectionCounts() []int { return []int{1, 16, mostConnections} }

// addFigures writes what a contender showed beside what another did.
func (s *sheet) addFigures(name, wanted string, p, bare performance) {
	s.add(name, wanted, "%8.1f us, %.2f of %8.1f; %6.0f a second, p50 %7.2f ms, p99 %7.2f ms, %3.0f MiB", us(p.cost()), p.over(bare), us(bare.cost()),
		p.perSecond(), ms(quantile(p.took, 0.5)), ms(quantile(p.took, 0.99)), mib(p.resident))
}

// A ring is where contenders meet: a running Gatehouse and who is signed in.
type ring struct {
	kind
	node       *process
	guest      *client
	database   string
	statements []string // of a refresh
	access     []string
	refresh    []string
	sessions   []uuid.UUID // others than those of refresh
}

func newRing(b *testing.B, k kind) *ring {
	b.Helper()
	database := k.fresh()
	environ := serving(b, database, append(append(wideLimits(), cheapHashing()...), "GATEHOUSE_REFRESH_GRACE=0s", "GATEHOUSE_SESSIONS_PER_USER=1000")...)
	address := func(i int) string { return fmt.Sprintf("ring-%d@example.org", i) }
	populate(b, environ, mostConnections, address)
	node := startGatehouse(b, environ)
	r := &ring{
		kind: k, node: node, guest: newClient(b, node.url, mostConnections),
		database: database, statements: statementsOfRefresh(b, k.fresh()),
	}
	for i := range mostConnections {
		signIn := func() tokens {
			return r.guest.mustAsk(b, login(address(i), password), "").body.Data["login"].Tokens
		}
		mine, other := signIn(), signIn()
		r.access, r.refresh = append(r.access, mine.AccessToken), append(r.refresh, mine.RefreshToken)
		r.sessions = append(r.sessions, sessionOf(b, other.RefreshToken))
	}
	return r
}

// sessionOf reads the session out of a token of either kind.
func sessionOf(b *testing.B, token string) uuid.UUID {
	b.Helper()
	var claims struct {
		SessionID uuid.UUID `json:"sid"`
	}
	if err := json.Unmarshal(payloadOf(b, token), &claims); err != nil {
		b.Fatal(err)
	}
	return claims.SessionID
}

// statementsOfRefresh are the two that a refresh sends, in the words of the
// database.
func statementsOfRefresh(b *testing.B, database string) (sent []string) {
	b.Helper()
	var mu sync.Mutex
	w := newWatchedWorld(b, database, func(statement string) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, statement)
	})
	createUser(b, w.server, "witness@example.org")
	guest := newClient(b, w.url, 1)
	token := guest.mustAsk(b, login("witness@example.org", password), "").body.Data["login"].Tokens.RefreshToken
	mu.Lock()
	sent = nil
	mu.Unlock()
	guest.mustAsk(b, ask(refreshDocument, map[string]any{"refreshToken": token}), "")
	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 2 {
		b.Fatalf("a refresh sends %d statements: %q", len(sent), sent)
	}
	return sent
}

// newWatchedWorld is a world whose statements are told.
func newWatchedWorld(t testing.TB, database string, observe func(string)) *world {
	t.Helper()
	cfg, err := config.Load(append([]string{
		"GATEHOUSE_PUBLIC_URL=http://localhost:8080", "GATEHOUSE_DATABASE_URL=" + database, "GATEHOUSE_SECRET=" + newSecret(t),
		"GATEHOUSE_REFRESH_GRACE=0s",
	}, append(wideLimits(), cheapHashing()...)...))
	if err != nil {
		t.Fatal(err)
	}
	deps := silentDeps()
	deps.Observe = observe
	s, err := server.New(context.Background(), cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{server: s, url: front.URL}
}

func marshalled(b *testing.B, value any) string {
	b.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// measureMe compares me with handlers that verify the same tokens and answer
// the same bytes: one that does no more, and one that reads the user too.
func (r *ring) measureMe(b *testing.B, s *sheet) {
	me := func(p *process) contender {
		asked := newClient(b, p.url, mostConnections)
		questions := make([]question, len(r.access))
		for i, token := range r.access {
			questions[i] = ask(meDocument, nil)
			questions[i].token = token
		}
		return contender{p, func(i int) error {
			_, err := asked.post(questions[i].request(asked.url))
			return err
		}}
	}
	q := ask(meDocument, nil)
	q.token = r.access[0]
	answer, err := r.guest.post(q.request(r.guest.url))
	if err != nil {
		b.Fatal(err)
	}
	keys, err := http.Get(r.node.url + "/.well-known/jwks.json")
	if err != nil {
		b.Fatal(err)
	}
	defer keys.Body.Close()
	set, err := io.ReadAll(keys.Body)
	if err != nil {
		b.Fatal(err)
	}
	environ := []string{
		bareKeys + "=" + string(set), bareAnswer + "=" + string(answer), bareDatabase + "=" + r.database,
		bareStatements + "=" + marshalled(b, r.statements[1:]),
	}
	verifying, reading := startRole(b, roleMe, environ...), startRole(b, roleMeReading, environ...)
	defer verifying.end()
	defer reading.end()
	wanted := map[string]string{"SQLite": "<= 1.0", "PostgreSQL": "<= 1.5"}[r.name]
	for _, connections := range connectionCounts() {
		shown := contest(b, connections, shortTurn, me(r.node), me(verifying), me(reading))
		s.addFigures(fmt.Sprintf("me, %s, %d: of a bare verification", r.name, connections), wanted, shown[0], shown[1])
		s.add(fmt.Sprintf("me, %s, %d: of one that reads the user too", r.name, connections), "", "%13s %.2f of %8.1f", "", shown[0].over(shown[2]), us(shown[2].cost()))
	}
}

// measureRefresh compares refresh with a handler that believes what it is told,
// runs the same two statements through the same driver, and signs two tokens
// like ours.
func (r *ring) measureRefresh(b *testing.B, s *sheet) {
	bare := startRole(b, roleRefresh, bareDatabase+"="+r.database, bareStatements+"="+marshalled(b, r.statements))
	defer bare.end()
	ours, theirs := newClient(b, r.node.url, mostConnections), newClient(b, bare.url, mostConnections)
	generations := make([]int, mostConnections)
	for i := range generations {
		generations[i] = 1
	}
	for _, connections := range connectionCounts() {
		shown := contest(b, connections, shortTurn,
			contender{r.node, func(i int) error {
				return ours.well(ask(refreshDocument, map[string]any{"refreshToken": r.refresh[i]}), func(a answer) {
					r.refresh[i] = a.body.Data["refresh"].Tokens.RefreshToken
				})
			}},
			contender{bare, func(i int) error {
				q := question{body: []byte(marshalled(b, turn{r.sessions[i], generations[i]}))}
				generations[i]++
				_, err := theirs.post(q.request(theirs.url))
				return err
			}})
		s.addFigures(fmt.Sprintf("refresh, %s, %d: of the same statements and tokens", r.name, connections), "<= 1.5", shown[0], shown[1])
	}
}

// hashingBound is the bound on memory that the program sets for the hashing that
// it does by default (cmd/gatehouse, memory.go).
func hashingBound() string {
	arrays := cores() * int(auth.DefaultHashParameters().MemoryKiB)
	return fmt.Sprintf("GOMEMLIMIT=%dKiB", 48<<10+arrays)
}

// measureHashed compares what takes a password with argon2id alone. As many ask
// at once as there are cores: more would wait, and some be shed. Who registers is
// sent a letter, so they register where none is dispatched.
func measureHashed(b *testing.B, s *sheet, k kind) {
	environ := serving(b, k.fresh(), wideLimits()...)
	address := func(i int) string { return fmt.Sprintf("signer-%d@example.org", i) }
	populate(b, environ, signers, address)
	node, hash := startGatehouse(b, environ), startRole(b, roleHash)
	silent := startRole(b, roleSilent, serving(b, k.fresh(), append(wideLimits(), hashingBound())...)...)
	defer node.end()
	defer hash.end()
	defer silent.end()
	ours, theirs, quiet := newClient(b, node.url, cores()), newClient(b, hash.url, cores()), newClient(b, silent.url, cores())
	var next atomic.Int64
	bare := contender{hash, func(int) error {
		_, err := theirs.post(question{}.request(theirs.url))
		return err
	}}
	signIn := contender{node, func(int) error {
		return ours.well(login(address(int(next.Add(1))%signers), password), nil)
	}}
	register := contender{silent, func(int) error {
		return quiet.well(ask(registerDocument, map[string]any{
			"email": fmt.Sprintf("new-%d@example.org", next.Add(1)), "password": password,
		}), nil)
	}}
	shown := contest(b, cores(), hashingTurn, signIn, bare, register)
	s.addFigures(fmt.Sprintf("login, %s, %d: of argon2id", k.name, cores()), "<= 1.05", shown[0], shown[1])
	s.addFigures(fmt.Sprintf("register, %s, %d: of argon2id", k.name, cores()), "<= 1.15", shown[2], shown[1])
}

// measureTakings counts statements, and what the handler allocates.
func measureTakings(b *testing.B, s *sheet, k kind) {
	var statements atomic.Int64
	w := newWatchedWorld(b, k.fresh(), func(string) { statements.Add(1) })
	createUser(b, w.server, "taker@example.org")
	guest := newClient(b, w.url, 1)
	held := guest.mustAsk(b, login("taker@example.org", password), "").body.Data["login"].Tokens
	me := ask(meDocument, nil)
	me.token = held.AccessToken
	registered := 0
	for _, operation := range []struct {
		name string
		next func() question
	}{
		{"me", func() question { return me }},
		{"refresh", func() question { return ask(refreshDocument, map[string]any{"refreshToken": held.RefreshToken}) }},
		{"login", func() question { return login("taker@example.org", password) }},
		{"register", func() question {
			registered++
			return ask(registerDocument, map[string]any{"email": fmt.Sprintf("taken-%d@example.org", registered), "password": password})
		}},
	} {
		var counts, allocations, sizes []time.Duration // quantile's kind of number
		for range 50 {
			if err := w.server.Auth().PollBlacklist(context.Background()); err != nil {
				b.Fatal(err)
			}
			r, answered := operation.next().request("http://localhost:8080/graphql"), httptest.NewRecorder()
			r.RemoteAddr = "127.0.0.1:4321"
			var before, after runtime.MemStats
			sent := statements.Load()
			runtime.ReadMemStats(&before)
			w.server.Handler().ServeHTTP(answered, r)
			runtime.ReadMemStats(&after)
			counts = append(counts, time.Duration(statements.Load()-sent))
			allocations = append(allocations, time.Duration(after.Mallocs-before.Mallocs))
			sizes = append(sizes, time.Duration(after.TotalAlloc-before.TotalAlloc))
			var a answer
			if err := json.Unmarshal(answered.Body.Bytes(), &a.body); err != nil || a.code() != "" {
				b.Fatalf("%s: %v %s", operation.name, err, a.code())
			}
			if fresh := a.body.Data["refresh"].Tokens.RefreshToken; fresh != "" {
				held.RefreshToken = fresh
			}
		}
		s.add(operation.name+", "+k.name, "", "%d statements, %4d allocations of %4d KiB",
			quantile(counts, 0.5), quantile(allocations, 0.5), quantile(sizes, 0.5)>>10)
	}
}

// payloadOf takes the claims out of a token.
func payloadOf(b *testing.B, token string) []byte {
	b.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		b.Fatal("this is no token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		b.Fatal(err)
	}
	return payload
}
