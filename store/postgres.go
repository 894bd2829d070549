package store

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// maxConns is how many connections a process keeps: reads need 4, writes
	// gain up to 16.
	maxConns = 16
	// connLifetime is when a connection is replaced, so that after a failover
	// none stays with a server that has become a replica.
	connLifetime = 30 * time.Minute
	// patience is for how long a connection is waited for: clients wait for some
	// seconds, and one who is told to come back takes no place in the queue.
	patience = 3 * time.Second
	// mostConnecting is how long one server may take to say anything at all. One
	// that is switched off does not refuse a connection, it is silent.
	mostConnecting = 5 * time.Second
	// leastConnecting is what a server far away may take.
	leastConnecting = time.Second

	statementTimeout         = 15 * time.Second
	lockTimeout              = 10 * time.Second
	idleInTransactionTimeout = 30 * time.Second
)

// completed has the defaults for what is zero.
func (o Options) completed() Options {
	o.MaxConns = cmp.Or(o.MaxConns, maxConns)
	o.AcquireTimeout = cmp.Or(o.AcquireTimeout, patience)
	o.StatementTimeout = cmp.Or(o.StatementTimeout, statementTimeout)
	o.LockTimeout = cmp.Or(o.LockTimeout, lockTimeout)
	o.IdleInTransactionTimeout = cmp.Or(o.IdleInTransactionTimeout, idleInTransactionTimeout)
	return o
}

// timeouts are those that the server itself keeps, as it calls them, in
// milliseconds.
func (o Options) timeouts() map[string]string {
	ms := func(d time.Duration) string { return strconv.FormatInt(max(1, d.Milliseconds()), 10) }
	return map[string]string{
		"statement_timeout": ms(o.StatementTimeout),
		"lock_timeout":      ms(o.LockTimeout),
		// A process that hangs must not keep others from a row.
		"idle_in_transaction_session_timeout": ms(o.IdleInTransactionTimeout),
	}
}

// openPostgres opens a pool that keeps what it has opened.
func openPostgres(ctx context.Context, url string, o Options) (*driver, error) {
	config, err := postgresConfig(url, o)
	if err != nil {
		return nil, err
	}
	// All servers that the URL names are tried before patience is out.
	each := max(leastConnecting, o.AcquireTimeout/time.Duration(servers(config)))
	config.ConnectTimeout = min(config.ConnectTimeout, each)
	config.Tracer = watching{}
	db := stdsql.OpenDB(watchingConnector{stdlib.GetConnector(*config, stdlib.OptionAfterConnect(readUTC), stdlib.OptionShouldPing(dead))})
	db.SetMaxOpenConns(o.MaxConns)
	// Go's own two idle ones would make every burst open and close connections.
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxLifetime(connLifetime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(explained(err), db.Close())
	}
	d := newDriver(dialect.Postgres, db, db, newTurnstile(o.MaxConns, o.AcquireTimeout), o)
	if o.Pooled {
		d.bounds = bounds(o)
	}
	return d, nil
}

// bounds sets the timeouts for one transaction, since behind a pooler the next
// one is on a connection that is somebody else's.
func bounds(o Options) string {
	var set []string
	for name, value := range o.timeouts() {
		set = append(set, "set_config('"+name+"', '"+value+"', true)")
	}
	slices.Sort(set)
	return "SELECT " + strings.Join(set, ", ")
}

// postgresConfig reads the URL and adds what a session should have that the
// URL does not speak of.
func postgresConfig(url string, o Options) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx redacts a password it has understood; of a URL that it has not,
		// nothing is repeated.
		return nil, errURL
	}
	wanted := map[string]string{"application_name": "gatehouse"}
	if o.Pooled {
		// pgbouncer turns away connections that ask for timeouts, and prepared
		// statements are on the connection of somebody else by then. What is kept
		// instead are the types of parameters and results, on this side: without
		// them JSON would go out as bytes.
		if config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
			config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
	} else {
		maps.Copy(wanted, o.timeouts())
	}
	for name, value := range wanted {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	// Not a choice: instants are UTC.
	config.RuntimeParams["timezone"] = "UTC"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = mostConnecting
	}
	return config, nil
}

// servers is how many servers a URL names; each may be tried by several ways.
func servers(config *pgx.ConnConfig) int {
	named := map[string]bool{net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))): true}
	for _, f := range config.Fallbacks {
		named[net.JoinHostPort(f.Host, strconv.Itoa(int(f.Port)))] = true
	}
	return len(named)
}

// explained adds the mend to what a pooler says of somebody who does not know
// that it is there.
func explained(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(pg.Message, "unsupported startup parameter") {
		return fmt.Errorf("a pooler answers, and wants GATEHOUSE_DATABASE_POOLER=transaction: %w", err)
	}
	return err
}

// readUTC makes instants come back in UTC rather than the machine's zone.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}
