package bench

import (
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// expiredRows is how many are removed; a run with fewer is sooner over.
var expiredRows = flag.Int("expired", 1_000_000, "how many expired rows BenchmarkPruning has removed")

const (
	pruningUsers  = 10_000
	pruningPause  = 50 * time.Millisecond // between two requests of a kind
	pruningPeople = 40                    // whose sessions are asked with
)

// BenchmarkPruning has a process remove rows that have expired, a million, while
// users of a server on the same database sign in and refresh. It is another
// process, which is the harder case: of SQLite's write lock those of one process
// take turns.
func BenchmarkPruning(b *testing.B) {
	s := &sheet{}
	defer s.finish(b)
	s.begin(fmt.Sprintf("Whom does removing %d expired rows hold up? A request of each kind every %v, hashing made cheap, clients on the same cores", *expiredRows, pruningPause))
	for _, k := range bothKinds(b) {
		measurePruning(b, s, k)
	}
}

func measurePruning(b *testing.B, s *sheet, k kind) {
	database := k.fresh()
	environ := serving(b, database, append(append(wideLimits(), cheapHashing()...), "GATEHOUSE_REFRESH_GRACE=0s",
		"GATEHOUSE_SESSIONS_PER_USER=1000", "GATEHOUSE_ACCESS_TOKEN_LIFETIME=24h")...) // it takes longer than ten minutes
	populate(b, environ, 0, grown) // brings the tables
	settle(b, database, pruningUsers)
	expire(b, database)
	t := &traffic{town: &town{process: startGatehouse(b, environ), users: pruningUsers}}
	t.asked = newClient(b, t.url, 16)
	for range pruningPeople {
		t.sample = append(t.sample, t.asked.mustAsk(b, login(t.someone(), password), "").body.Data["login"].Tokens)
	}

	calm := t.meanwhile(b, func() { time.Sleep(4 * calmSpan) })
	path, _ := build(b)
	command := exec.Command(path, "prune")
	command.Env = environ
	var said []byte
	var took time.Duration
	busy := t.meanwhile(b, func() {
		began := time.Now()
		var err error
		if said, err = command.CombinedOutput(); err != nil {
			b.Fatalf("prune: %v: %s", err, said)
		}
		took = time.Since(began)
	})
	s.add("removing them, "+k.name, "", "%.0f s: %.0f rows a second", took.Seconds(), float64(*expiredRows)/took.Seconds())
	for i, name := range trafficKinds() {
		for _, m := range []struct {
			when string
			took []time.Duration
		}{{"without", calm[i]}, {"meanwhile", busy[i]}} {
			s.add(name+", "+k.name+", "+m.when, "", "p50 %5.1f ms, p99 %6.1f ms, worst %6.1f ms of %d",
				ms(quantile(m.took, 0.5)), ms(quantile(m.took, 0.99)), ms(quantile(m.took, 1)), len(m.took))
		}
	}
	t.end()
}

// A traffic is users who go on asking.
type traffic struct {
	*town
	mu    sync.Mutex
	spare []tokens // sessions that nobody rotates at the moment
}

func trafficKinds() []string { return []string{"login", "refresh", "me"} }

// meanwhile asks, each kind on time whether or not the last was answered, until f
// returns; it gives how long each took from when it was due.
func (t *traffic) meanwhile(b *testing.B, f func()) [][]time.Duration {
	b.Helper()
	t.spare = t.sample
	took := make([][]time.Duration, len(trafficKinds()))
	var failure error
	var asking sync.WaitGroup
	done := make(chan struct{})
	for i, ask := range []func() error{t.signIn, t.rotate, t.look} {
		asking.Go(func() {
			for due := time.Now(); ; due = due.Add(pruningPause) {
				select {
				case <-done:
					return
				case <-time.After(time.Until(due)):
				}
				asking.Go(func() {
					err := ask()
					late := time.Since(due)
					t.mu.Lock()
					defer t.mu.Unlock()
					took[i] = append(took[i], late)
					if err != nil {
						failure = fmt.Errorf("%s: %w", trafficKinds()[i], err)
					}
				})
			}
		})
	}
	f()
	close(done)
	asking.Wait()
	t.sample = t.spare
	if failure != nil {
		b.Fatal(failure)
	}
	return took
}

func (t *traffic) signIn() error { return t.asked.well(login(t.someone(), password), nil) }

func (t *traffic) look() error {
	q := ask(meDocument, nil)
	t.mu.Lock()
	q.token = t.sample[0].AccessToken
	t.mu.Unlock()
	return t.asked.well(q, nil)
}

// rotate refreshes a session that nobody else refreshes meanwhile.
func (t *traffic) rotate() error {
	t.mu.Lock()
	if len(t.spare) == 0 {
		t.mu.Unlock()
		return fmt.Errorf("all of %d sessions wait for an answer", pruningPeople)
	}
	one := t.spare[0]
	t.spare = t.spare[1:]
	t.mu.Unlock()
	return t.asked.well(ask(refreshDocument, map[string]any{"refreshToken": one.RefreshToken}), func(a answer) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.spare = append(t.spare, a.body.Data["refresh"].Tokens)
	})
}

// expire writes rows past the server that are to be removed: sessions, links and
// counters of attempts.
func expire(b *testing.B, database string) {
	b.Helper()
	db, lite := openSettling(b, database)
	defer db.Close()
	numbers := func(n int) string { return fmt.Sprintf("SELECT n FROM generate_series(1, %d) n", n) }
	id, digest, at := "gen_random_uuid()", "decode(md5(random()::text || n), 'hex')", "CAST($1 AS timestamptz)"
	empty, text := "CAST('[]' AS jsonb)", "md5(random()::text || n)"
	if lite {
		numbers = func(n int) string {
			return fmt.Sprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c", n)
		}
		id = "printf('%08x-%04x-7000-8000-%012x', random() & 0xffffffff, random() & 0xffff, random() & 0xffffffffffff)"
		digest, at, empty, text = "randomblob(16)", "?1", "'[]'", "hex(randomblob(16))"
	}
	sessions := *expiredRows * 4 / 10 / pruningUsers
	others := (*expiredRows - sessions*pruningUsers) / 2
	for _, statement := range []string{
		`INSERT INTO sessions (id, user_id, generation, rotated_at, rotated_by, methods, authenticated_at, access_expires_at, expires_at, ends_at,
			device_name, user_agent, ip_address, created_at)
			SELECT ` + id + `, users.id, 1, ` + at + `, ` + digest + `, ` + empty + `, ` + strings.Repeat(at+", ", 4) + `'', 'agent', '192.0.2.1', ` + at + `
			FROM users, (` + numbers(sessions) + `) numbers`,
		`INSERT INTO link_tokens (id, digest, purpose, email_key, created_at, expires_at)
			SELECT ` + id + `, ` + digest + `, 'password_reset', 'grown-' || n || '@example.org', ` + at + `, ` + at + ` FROM (` + numbers(others) + `) numbers`,
		`INSERT INTO attempt_counters (id, count, tat, emission, burst, expires_at)
			SELECT ` + text + `, 0, 0, 0, 0, ` + at + ` FROM (` + numbers(others) + `) numbers`,
	} {
		if _, err := db.Exec(statement, time.Now().UTC().Add(-72*time.Hour).Truncate(time.Microsecond)); err != nil {
			b.Fatal(err)
		}
	}
	if !lite {
		if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
}
