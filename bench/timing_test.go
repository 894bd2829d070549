package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// timingPairs is how many pairs the design asks for.
const timingPairs = 400

// A comparison is of two askings that must not be told from each other.
type comparison struct {
	name          string
	known         func(i int) question
	unknown       func(i int) question
	code          string // of both answers
	real, suspend bool   // hash as in earnest; suspend the known accounts
}

func comparisons() []comparison {
	loginOf := func(who string) func(int) question {
		// A few identifiers each, as one guesser would try.
		return func(i int) question { return login(fmt.Sprintf("%s-%d@example.org", who, i%20), wrongPassword) }
	}
	registerOf := func(who string) func(int) question {
		return func(i int) question {
			return ask(registerDocument, map[string]any{"email": fmt.Sprintf("%s-%d@example.org", who, i), "password": password})
		}
	}
	resetOf := func(who string) func(int) question {
		return func(i int) question {
			return ask(resetDocument, map[string]any{"email": fmt.Sprintf("%s-%d@example.org", who, i)})
		}
	}
	const known, unknown, wrong = "known", "unknown", "INVALID_CREDENTIALS"
	return []comparison{
		{name: "login, wrong password: known, unknown", known: loginOf(known), unknown: loginOf(unknown), code: wrong, real: true},
		{name: "the same, cheap hashing", known: loginOf(known), unknown: loginOf(unknown), code: wrong},
		{name: "login, wrong password: suspended, unknown; cheap", known: loginOf(known), unknown: loginOf(unknown), code: wrong, suspend: true},
		{name: "register: taken, free; cheap", known: registerOf(known), unknown: registerOf(unknown)},
		{name: "requestPasswordReset: known, unknown", known: resetOf(known), unknown: resetOf(unknown)},
	}
}

// measureTiming compares what a stranger sees of an address that has an account
// with what he sees of one that has none.
func measureTiming(b *testing.B, s *sheet) {
	s.begin(fmt.Sprintf("Can time tell who has an account? Known less unknown, median of %d interleaved pairs over HTTP, 99 %% interval", timingPairs))
	for _, c := range comparisons() {
		differences, whole := c.measure(b, timingPairs)
		low, median, high := medianInterval(differences, 0.99)
		s.add(c.name, "within ±2 ms", "%+.3f ms  [%+.3f, %+.3f]  of %.1f ms", ms(median), ms(low), ms(high), ms(whole))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measure gives the differences of so many pairs, and the median of all
// askings of the unknown.
func (c comparison) measure(t testing.TB, pairs int) (differences []time.Duration, whole time.Duration) {
	t.Helper()
	settings := wideLimits()
	if !c.real {
		settings = append(settings, cheapHashing()...)
	}
	w := newWorld(t, sqlite(t), settings...)
	// As many accounts as the askings name: those by login are few.
	accounts := pairs
	if c.code != "" {
		accounts = min(pairs, 20)
	}
	for i := range accounts {
		address := fmt.Sprintf("known-%d@example.org", i)
		createUser(t, w.server, address)
		if c.suspend {
			if _, err := w.server.Auth().SuspendUser(context.Background(), address); err != nil {
				t.Fatal(err)
			}
		}
	}
	guest := newClient(t, w.url, 1)
	for range 10 { // connection, statements and documents are prepared
		guest.mustAsk(t, login("nobody@example.org", wrongPassword), "INVALID_CREDENTIALS")
	}
	var unknowns []time.Duration
	// Who goes first is drawn, so that what the first leaves behind for the
	// second is no difference between them.
	coin := rand.New(rand.NewPCG(1, 2))
	for i := range pairs {
		known, unknown := c.known(i), c.unknown(i)
		var k, u answer
		if coin.IntN(2) == 0 {
			k = guest.mustAsk(t, known, c.code)
			u = guest.mustAsk(t, unknown, c.code)
		} else {
			u = guest.mustAsk(t, unknown, c.code)
			k = guest.mustAsk(t, known, c.code)
		}
		differences = append(differences, k.took-u.took)
		unknowns = append(unknowns, u.took)
	}
	return differences, quantile(unknowns, 0.5)
}

// TestTheComparisonsAskWhatTheyMean runs each for a few pairs: an asking that is
// refused for another reason would measure nothing.
func TestTheComparisonsAskWhatTheyMean(t *testing.T) {
	t.Parallel()
	for _, c := range comparisons() {
		c.real = false
		differences, whole := c.measure(t, 2)
		if len(differences) != 2 || whole <= 0 {
			t.Errorf("%s: %d pairs, %v", c.name, len(differences), whole)
		}
	}
}
