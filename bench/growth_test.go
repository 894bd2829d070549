package bench

import (
	"context"
	"crypto/rand"
	stdsql "database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/auth"
)

const (
	fewUsers, manyUsers = 10_000, 1_000_000
	// growthWorkers are how many ask at once, and growthSample for how many of
	// the users, from first to last.
	growthWorkers = 4
	growthSample  = 200
)

// BenchmarkGrowth compares a server that has many users with one that has few.
// It takes some minutes, most of them to make the users.
func BenchmarkGrowth(b *testing.B) {
	s := &sheet{}
	defer s.finish(b)
	s.begin(fmt.Sprintf("Is it the same with %d users as with %d? Processor time of the server, in turns, hashing made cheap", manyUsers, fewUsers))
	for _, k := range bothKinds(b) {
		few, many := newTown(b, k, fewUsers), newTown(b, k, manyUsers)
		for _, operation := range []struct {
			name string
			of   func(*town) contender
		}{{"me", (*town).me}, {"login", (*town).login}, {"refresh", (*town).refresh}} {
			shown := contest(b, growthWorkers, shortTurn, operation.of(many), operation.of(few))
			s.add(operation.name+", "+k.name, "0.8 to 1.2", "%8.1f us, %.2f of %8.1f", us(shown[0].cost()), shown[0].over(shown[1]), us(shown[1].cost()))
		}
	}
}

// A town is a server that has so many users.
type town struct {
	*process
	users    int
	asked    *client
	sample   []tokens
	nextUser atomic.Int64
}

func grown(i int) string { return fmt.Sprintf("grown-%d@example.org", i) }

func newTown(b *testing.B, k kind, users int) *town {
	b.Helper()
	database := k.fresh()
	environ := serving(b, database, append(append(wideLimits(), cheapHashing()...), "GATEHOUSE_REFRESH_GRACE=0s", "GATEHOUSE_SESSIONS_PER_USER=1000")...)
	populate(b, environ, 0, grown) // brings the tables
	settle(b, database, users)
	p := startGatehouse(b, environ)
	t := &town{process: p, users: users, asked: newClient(b, p.url, growthWorkers)}
	for range growthSample {
		t.sample = append(t.sample, t.asked.mustAsk(b, login(t.someone(), password), "").body.Data["login"].Tokens)
	}
	return t
}

// someone is the next user of the sample.
func (t *town) someone() string {
	return grown(1 + int(t.nextUser.Add(1)%growthSample)*(t.users/growthSample))
}

func (t *town) me() contender {
	return contender{t.process, func(int) error {
		q := ask(meDocument, nil)
		q.token = t.sample[t.nextUser.Add(1)%growthSample].AccessToken
		_, err := t.asked.post(q.request(t.asked.url))
		return err
	}}
}

func (t *town) login() contender {
	return contender{t.process, func(int) error { return t.asked.well(login(t.someone(), password), nil) }}
}

// refresh has each worker rotate sessions of its own.
func (t *town) refresh() contender {
	turns := make([]int, growthWorkers)
	return contender{t.process, func(worker int) error {
		turns[worker]++
		i := worker + turns[worker]*growthWorkers%growthSample
		return t.asked.well(ask(refreshDocument, map[string]any{"refreshToken": t.sample[i].RefreshToken}), func(a answer) {
			t.sample[i].RefreshToken = a.body.Data["refresh"].Tokens.RefreshToken
		})
	}}
}

// settle writes users past the server, all with one hash, and a session each
// that was signed in to elsewhere.
func settle(b *testing.B, database string, users int) {
	b.Helper()
	hasher, err := auth.NewHasher(auth.HashParameters{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1, rand.Reader, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	hash, err := hasher.Hash(context.Background(), password)
	if err != nil {
		b.Fatal(err)
	}
	db, lite := openSettling(b, database)
	defer db.Close()
	numbers := fmt.Sprintf("SELECT n FROM generate_series(1, %d) n", users)
	id := func(what string) string { return "CAST(md5('" + what + " ' || n) AS uuid)" }
	first, second := "CAST($1 AS timestamptz)", "CAST($2 AS timestamptz)"
	empty, methods, digest := "CAST('[]' AS jsonb)", `CAST('["pwd"]' AS jsonb)`, "sha256('agent')"
	if lite {
		numbers = fmt.Sprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c", users)
		id = func(what string) string {
			return fmt.Sprintf("printf('%%08x-0000-7000-8000-%%010x%02x', n * 2654435761 %% 4294967296, n)", what[0])
		}
		first, second = "$1", "$2"
		empty, methods, digest = "'[]'", `'["pwd"]'`, "zeroblob(32)"
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	for _, statement := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO users (id, email, email_key, email_verified, name, locale, status, roles, failed_sign_ins, version, created_at, updated_at)
			SELECT ` + id("user") + `, 'grown-' || n || '@example.org', 'grown-' || n || '@example.org', true, 'Ann', 'en', 'ACTIVE', ` + empty + `, 0, 1, ` + first + `, ` + first + `
			FROM (` + numbers + `) numbers`, []any{now}},
		{`INSERT INTO credentials (id, user_id, password_hash, created_at, updated_at)
			SELECT id, id, $2, ` + first + `, ` + first + ` FROM users`, []any{now, hash}},
		{`INSERT INTO sessions (id, user_id, generation, rotated_at, rotated_by, methods, authenticated_at, access_expires_at, expires_at, ends_at,
				device_name, user_agent, ip_address, created_at)
			SELECT ` + id("session") + `, ` + id("user") + `, 1, ` + strings.Join([]string{first, digest, methods, first, first, second, second}, ", ") + `, '', 'agent', '192.0.2.1', ` + first + `
			FROM (` + numbers + `) numbers`, []any{now, now.Add(14 * 24 * time.Hour)}},
	} {
		if lite {
			statement.text = strings.ReplaceAll(statement.text, "$", "?")
		}
		if _, err := db.Exec(statement.text, statement.args...); err != nil {
			b.Fatal(err)
		}
	}
	if !lite {
		if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
}

// openSettling opens a database so that much is written fast: what is lost with
// the machine is lost.
func openSettling(b *testing.B, database string) (db *stdsql.DB, lite bool) {
	b.Helper()
	path, lite := strings.CutPrefix(database, "sqlite:")
	driver, address := "pgx", database
	if lite {
		driver, address = "sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=OFF&_foreign_keys=on&_cache_size=-400000"
	}
	db, err := stdsql.Open(driver, address)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db, lite
}
