package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The channels by which nodes tell each other (LISTEN, NOTIFY). What is said
// names rows at most: anybody who may connect to the database can say something
// too, so that it makes a node look, and is never believed.
const (
	channelBlacklist = "gatehouse_blacklist" // IDs of rows, by spaces
	channelKeys      = "gatehouse_keys"
	channelHello     = "gatehouse_hello"
)

const (
	// saidAtOnce is how many IDs one notification names; PostgreSQL takes 8,000
	// bytes.
	saidAtOnce = 200
	// mostNews is how many rows are asked for by name. Beyond, everything is read.
	mostNews = 1000
	// silence is how long nothing may be heard before a node says something
	// itself, and answered how long until it must have heard that.
	silence  = 10 * time.Second
	answered = 5 * time.Second
	// firstPause comes before a second try to connect, and each is twice as long
	// as the last, up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// farewell is for how long a connection is closed politely.
	farewell = time.Second
)

// notify tells all nodes, once the transaction has committed and not if it is
// rolled back. Committing such transactions is one after the other's turn in
// all of a PostgreSQL server, so that it is for what is rare.
func (q *queries) notify(ctx context.Context, channel, payload string) error {
	if q.dialect != dialect.Postgres {
		return nil // who shares a file looks at it
	}
	_, err := q.exec(ctx, "SELECT pg_notify($1, $2)", channel, payload)
	return failed("notify nodes", err)
}

// notifyOf names rows to all nodes.
func (q *queries) notifyOf(ctx context.Context, channel string, ids []uuid.UUID) error {
	for some := range slices.Chunk(ids, saidAtOnce) {
		names := make([]string, len(some))
		for i, id := range some {
			names[i] = id.String()
		}
		if err := q.notify(ctx, channel, strings.Join(names, " ")); err != nil {
			return err
		}
	}
	return nil
}

// News is what other nodes said that they have written.
type News struct {
	// Everything may have changed: a connection is new, and nobody knows what was
	// said before it, or too much was said.
	Everything  bool
	Keys        bool        // the signing keys
	Blacklisted []uuid.UUID // rows of the blacklist
}

func (n News) none() bool { return !n.Everything && !n.Keys && len(n.Blacklisted) == 0 }

// add is told what one notification says. What cannot be read was said by
// somebody else.
func (n *News) add(said *pgconn.Notification) {
	switch said.Channel {
	case channelKeys:
		n.Keys = true
	case channelBlacklist:
		for name := range strings.FieldsSeq(said.Payload) {
			id, err := uuid.Parse(name)
			if err != nil {
				return
			}
			n.Blacklisted = append(n.Blacklisted, id)
		}
	}
	if len(n.Blacklisted) > mostNews {
		n.Everything, n.Blacklisted = true, nil
	}
}

// A Listener hears at once what other nodes write, on a connection of its own
// to PostgreSQL. It makes nodes faster and nothing else: whatever it tells of is
// asked for each second anyway, and while it is cut off nothing is missed.
type Listener struct {
	store  *Store
	config *pgx.ConnConfig // nil: there is nobody to listen to
	random io.Reader
	logger *slog.Logger
	hear   func(context.Context, News)

	failing bool // and that was said
}

// NewListener makes one, by an URL that leads to the store's database past any
// pooler. Where that is SQLite it has nothing to do. Randomness keeps nodes
// that were cut off together from coming back together. One call of hear ends
// before the next begins; what is said meanwhile comes with that.
func (s *Store) NewListener(url string, random io.Reader, logger *slog.Logger, hear func(context.Context, News)) (*Listener, error) {
	l := &Listener{store: s, random: random, logger: logger, hear: hear}
	if s.dialect != dialect.Postgres {
		return l, nil
	}
	var err error
	if l.config, err = postgresConfig(url, Options{}.completed()); err != nil {
		return nil, fmt.Errorf("store: listen: %w", err)
	}
	return l, nil
}

// Run listens until ctx ends.
func (l *Listener) Run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil && l.config != nil {
		heard, err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		if heard {
			pause = firstPause
		}
		if !l.failing {
			l.failing = true
			l.logger.WarnContext(ctx, "notifications are cut off: what other nodes do is asked for each second", "error", err)
		}
		again := time.NewTimer(l.jittered(pause))
		select {
		case <-ctx.Done():
		case <-again.C:
		}
		again.Stop()
		pause = min(2*pause, longestPause)
	}
}

// jittered is between half of the pause and all of it.
func (l *Listener) jittered(pause time.Duration) time.Duration {
	var chance [8]byte
	if _, err := io.ReadFull(l.random, chance[:]); err != nil {
		return pause
	}
	return pause/2 + time.Duration(binary.LittleEndian.Uint64(chance[:])%uint64(pause/2))
}

// errDeaf is said where a node doesn't hear itself. LISTEN by a pooler, or in
// another database, fails in no other way.
var errDeaf = errors.New("nothing is heard: does GATEHOUSE_DATABASE_DIRECT_URL lead past the pooler, and to the same database?")

// listen is one connection, and tells whether anything was heard on it.
func (l *Listener) listen(ctx context.Context) (heard bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return false, fmt.Errorf("store: listen: %w", err)
	}
	defer func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		_ = conn.Close(bounded) // it may be broken, which is why it is closed
	}()
	for _, channel := range []string{channelBlacklist, channelKeys, channelHello} {
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return false, fmt.Errorf("store: listen: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var telling sync.WaitGroup
	defer telling.Wait()
	defer cancel()
	box := newInbox()
	box.add(func(n *News) { n.Everything = true })
	telling.Go(func() { box.empty(ctx, l.hear) })
	for patience := time.Duration(0); ; {
		said, err := wait(ctx, conn, patience)
		switch {
		case err == nil:
			heard, patience = true, silence
			if l.failing {
				l.failing = false
				l.logger.InfoContext(ctx, "notifications arrive again")
			}
			box.add(func(n *News) { n.add(said) })
		case !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
			return heard, fmt.Errorf("store: listen: %w", err)
		case patience == answered:
			return heard, fmt.Errorf("store: listen: %w", errDeaf)
		default:
			if err := l.store.notify(ctx, channelHello, ""); err != nil {
				return heard, err
			}
			patience = answered
		}
	}
}

// wait is for the next notification; context.DeadlineExceeded where none came,
// and then the connection is as good as before.
func wait(ctx context.Context, conn *pgx.Conn, patience time.Duration) (*pgconn.Notification, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	said, err := conn.WaitForNotification(bounded)
	if err != nil && bounded.Err() != nil && !conn.IsClosed() {
		return nil, bounded.Err()
	}
	return said, err
}

// An inbox holds what was said while somebody is being told of what was said
// before.
type inbox struct {
	mu   sync.Mutex
	news News
	some chan struct{}
}

func newInbox() *inbox { return &inbox{some: make(chan struct{}, 1)} }

func (b *inbox) add(change func(*News)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.news)
	select {
	case b.some <- struct{}{}:
	default:
	}
}

// empty tells everything that comes until ctx ends.
func (b *inbox) empty(ctx context.Context, hear func(context.Context, News)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.some:
		}
		b.mu.Lock()
		news := b.news
		b.news = News{}
		b.mu.Unlock()
		if !news.none() {
			hear(ctx, news)
		}
	}
}
