package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

const (
	connections = 16
	spell       = 5 * time.Second // how long a rate is measured
)

// measureThroughput compares the databases, with clients in this process too.
func measureThroughput(b *testing.B, s *sheet) {
	postgres, err := startPostgres(b).CreateDatabase()
	if err != nil {
		b.Fatal(err)
	}
	s.begin(fmt.Sprintf("How much in a second? %d connections for %v, clients on the same cores", connections, spell))
	lite := measureDatabase(b, sqlite(b))
	pg := measureDatabase(b, postgres)
	s.add("me on SQLite", "", "%6.0f a second", lite.me)
	s.add("me on PostgreSQL", "", "%6.0f a second, %.2f of SQLite", pg.me, pg.me/lite.me)
	s.add("refresh (rotation) on SQLite", "", "%6.0f a second, %.2f of me", lite.refresh, lite.refresh/lite.me)
	s.add("refresh (rotation) on PostgreSQL", "", "%6.0f a second, %.2f of me, %.2f of SQLite", pg.refresh, pg.refresh/pg.me, pg.refresh/lite.refresh)
	verified, remembered := measureVerification(b)
	s.add("access token: verified", "", "%6.1f us", us(verified))
	s.add("access token: remembered", "", "%6.1f us, %.0f times less", us(remembered), float64(verified)/float64(remembered))
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

type rates struct{ me, refresh float64 }

func measureDatabase(b *testing.B, database string) rates {
	settings := append(append(wideLimits(), cheapHashing()...), "GATEHOUSE_REFRESH_GRACE=0s")
	w := newWorld(b, database, settings...)
	guest := newClient(b, w.url, connections)
	access, refresh := make([]string, connections), make([]string, connections)
	for i := range connections {
		address := fmt.Sprintf("user-%d@example.org", i)
		createUser(b, w.server, address)
		tokens := guest.mustAsk(b, login(address, password), "").body.Data["login"].Tokens
		access[i], refresh[i] = tokens.AccessToken, tokens.RefreshToken
	}
	return rates{
		me: rate(b, func(i int) error {
			q := ask(meDocument, nil)
			q.token = access[i]
			return guest.well(q, nil)
		}),
		refresh: rate(b, func(i int) error {
			return guest.well(ask(refreshDocument, map[string]any{"refreshToken": refresh[i]}), func(a answer) {
				refresh[i] = a.body.Data["refresh"].Tokens.RefreshToken
			})
		}),
	}
}

// well asks, and hands on an answer that is no refusal.
func (c *client) well(q question, then func(answer)) error {
	a, err := c.ask(q)
	if err == nil && a.code() != "" {
		err = errors.New(a.code())
	}
	if err == nil && then != nil {
		then(a)
	}
	return err
}

// rate calls f on as many goroutines as there are connections, and says how
// often in a second it came back.
func rate(b *testing.B, f func(i int) error) float64 {
	b.Helper()
	var done atomic.Int64
	var failure error
	var once sync.Once
	var working sync.WaitGroup
	began := time.Now()
	for i := range connections {
		working.Go(func() {
			for time.Since(began) < spell {
				if err := f(i); err != nil {
					once.Do(func() { failure = err })
					return
				}
				done.Add(1)
			}
		})
	}
	working.Wait()
	if failure != nil {
		b.Fatal(failure)
	}
	return float64(done.Load()) / time.Since(began).Seconds()
}

// measureVerification tells what an access token costs that is seen for the
// first time, and what at the second.
func measureVerification(b *testing.B) (verified, remembered time.Duration) {
	secrets, err := auth.ParseSecrets(newSecret(b))
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	keys := auth.NewKeySet(auth.KeySetOptions{Secrets: secrets, Issuer: "http://localhost:8080", Audience: "http://localhost:8080", Random: rand.Reader})
	key, due, err := keys.Due(now, 90*24*time.Hour)
	if err != nil || !due {
		b.Fatalf("the first key: due %v, %v", due, err)
	}
	if err := keys.Load([]auth.SigningKey{key}); err != nil {
		b.Fatal(err)
	}
	tokens := make([]string, 2000)
	for i := range tokens {
		id, err := uuid.NewV7()
		if err != nil {
			b.Fatal(err)
		}
		sec, nsec := id.Time().UnixTime()
		tokens[i], err = keys.Sign(now, auth.AccessClaims{
			Subject: uuid.New(), SessionID: uuid.New(), TokenID: id, Methods: []string{"pwd"},
			AuthenticatedAt: now, IssuedAt: time.Unix(sec, nsec).UTC(), ExpiresAt: now.Add(10 * time.Minute),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	all := func() time.Duration {
		began := cpu()
		for _, token := range tokens {
			if _, err := keys.Verify(now, token); err != nil {
				b.Fatal(err)
			}
		}
		return (cpu() - began) / time.Duration(len(tokens))
	}
	return all(), all()
}

// crowd is how many sign in at once where hashing is compared.
const crowd = 64

// measureHashing compares hashing in as many slots as there are cores with
// hashing all that come at once.
func measureHashing(b *testing.B, s *sheet) {
	s.begin(fmt.Sprintf("Why slots? %d passwords at a time, argon2id as in earnest", crowd))
	bounded := measureSlots(b, cores())
	unbounded := measureSlots(b, crowd)
	s.add(fmt.Sprintf("%d slots", cores()), "", "%5.1f a second, %5.0f MiB at most", bounded.rate, mib(bounded.peak))
	s.add("no bound", "", "%5.1f a second, %5.0f MiB at most: %.1f times the memory, %.2f of the rate",
		unbounded.rate, mib(unbounded.peak), float64(unbounded.peak)/float64(bounded.peak), unbounded.rate/bounded.rate)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

type hashing struct {
	rate float64
	peak int64 // bytes of resident memory
}

func measureSlots(b *testing.B, slots int) hashing {
	debug.FreeOSMemory()
	hasher, err := auth.NewHasher(auth.DefaultHashParameters(), slots, rand.Reader, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	watched, stop := context.WithCancel(context.Background())
	peak := make(chan int64)
	go func() { peak <- watchMemory(watched) }()
	var working sync.WaitGroup
	began := time.Now()
	for range crowd {
		working.Go(func() {
			for time.Since(began) < spell {
				// One that is shed comes again, as a client would.
				if _, err := hasher.Hash(context.Background(), password); err != nil && !errors.Is(err, auth.Overloaded) {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	took := time.Since(began)
	stop()
	return hashing{rate: float64(hasher.Calls()) / took.Seconds(), peak: <-peak}
}

// watchMemory gives the most memory that this process had until ctx ends.
func watchMemory(ctx context.Context) (most int64) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		most = max(most, statusOf(os.Getpid(), "VmRSS"))
	}
	return most
}

// statusOf reads a number of bytes from what the kernel says of a process;
// -1 where it says nothing, as when the process has ended.
func statusOf(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return -1
			}
			return min(kib, math.MaxInt64>>10) << 10
		}
	}
	return -1
}
