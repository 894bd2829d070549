package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"gatehouse/server"
)

// A line is a wire on which things can go wrong: a proxy between two who talk.
type line struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

// newLine lays one to the address.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	// Its toxics have a logger of their own, which nobody hands in.
	zerolog.SetGlobalLevel(zerolog.Disabled)
	house := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{t: t, proxy: toxiproxy.NewProxy(house, t.Name(), "127.0.0.1:0", to)}
	l.mend()
	t.Cleanup(l.cut)
	return l
}

// address is the near end.
func (l *line) address() string { return l.proxy.Listen }

// cut ends every connection, and takes none until mend.
func (l *line) cut() { l.proxy.Stop() }

// mend lets everything through again.
func (l *line) mend() {
	l.t.Helper()
	l.proxy.Toxics.ResetToxics(context.Background())
	if err := l.proxy.Start(); err != nil && err != toxiproxy.ErrProxyAlreadyStarted {
		l.t.Fatal(err)
	}
}

// spoil does to the line what toxiproxy calls kind, with its attributes, to what
// flows in the direction.
func (l *line) spoil(direction, kind, attributes string, args ...any) {
	l.t.Helper()
	toxic := fmt.Sprintf(`{"type": %q, "stream": %q, "attributes": {%s}}`, kind, direction, fmt.Sprintf(attributes, args...))
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Fatal(err)
	}
}

// disturb does one bad thing to the line for a while: each in turn, as bad as
// chance has it.
func (s *scenario) disturb(l *line) {
	s.t.Helper()
	direction := []string{"upstream", "downstream"}[s.chance.IntN(2)]
	var what string
	switch s.tried % 6 {
	case 0:
		what = "cut"
		l.cut()
	case 1:
		what = "slow"
		l.spoil(direction, "latency", `"latency": %d, "jitter": %d`, 100+s.chance.IntN(400), s.chance.IntN(100))
	case 2:
		what = "narrow"
		l.spoil(direction, "bandwidth", `"rate": %d`, 1+s.chance.IntN(8))
	case 3:
		what = "silent"
		l.spoil(direction, "timeout", `"timeout": 0`)
	case 4:
		what = "reset"
		l.spoil(direction, "reset_peer", `"timeout": %d`, s.chance.IntN(50))
	case 5:
		// In the middle of a message, as likely as not.
		what = "cut short"
		l.spoil(direction, "limit_data", `"bytes": %d`, s.chance.IntN(4000))
	}
	<-s.moment(time.Second)
	l.mend()
	s.tally(&s.kinds, what)
}

// disturbDatabaseLine spoils what lies between the nodes and PostgreSQL.
func disturbDatabaseLine(t *testing.T, s *scenario) {
	url := postgres(t)
	l := newLine(t, cluster.Address())
	tw := newTown(t, strings.Replace(url, cluster.Address(), l.address(), 1), crowdSettings()...)
	tw.start()
	tw.start()
	c := newCrowd(s, tw, 6)
	s.repeat(c, func() { s.disturb(l) })
	c.activate()
}

// disturbClientLine spoils what lies between the clients and a node.
func disturbClientLine(t *testing.T, s *scenario) {
	tw := newTown(t, sqlite(t), crowdSettings()...)
	n := tw.start()
	l := newLine(t, strings.TrimPrefix(n.url, "http://"))
	c := newCrowd(s, tw, 6)
	c.reach("http://" + l.address())
	s.repeat(c, func() { s.disturb(l) })
	c.activate()
}

// silenceDatabaseLine takes away every answer of PostgreSQL for longer than a
// request may take: clients are told so, instead of waiting for ever.
func silenceDatabaseLine(t *testing.T, s *scenario) {
	url := postgres(t)
	l := newLine(t, cluster.Address())
	timeouts := server.DefaultTimeouts()
	timeouts.Handle = 2 * time.Second
	w := newWorld(t, worldOptions{
		database: strings.Replace(url, cluster.Address(), l.address(), 1), settings: crowdSettings(), timeouts: timeouts,
	})
	c := w.newCrowd(s, 6)
	s.repeat(c, func() {
		l.spoil("downstream", "timeout", `"timeout": 0`)
		for _, operation := range []string{"login", "refresh"} {
			p := c.idle
			p.seats[0].key = p.draw("key")
			a, told := p.ask(operation, "", map[string]map[string]any{
				"login":   {"identifier": p.address, "password": p.password},
				"refresh": {"refreshToken": p.seats[0].refresh, "idempotencyKey": p.seats[0].key},
			}[operation])
			s.holds(!told && a.code() != "", "%s without a database answered %q: %v", operation, a.code(), a.errors())
		}
		l.mend()
		// The commit of a request whose answer was lost is heard by polling, which
		// nobody does for this server by itself.
		eventually(t, "the server works again", func() bool { return w.pass(0) == nil })
	})
	c.activate()
}
