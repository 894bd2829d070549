package server

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Deps are what a server takes from the process that it runs in. All but those
// that say otherwise must be set.
type Deps struct {
	Clock  func() time.Time // this machine's; the database's difference is added here
	Random io.Reader        // safe for concurrent use, as crypto/rand.Reader is
	Logger *slog.Logger
	Out    io.Writer // where the wire log: writes letters
	// HTTPClient carries letters to Resend and traces to a collector; nil is a plain
	// one.
	HTTPClient *http.Client
	// RootCAs vouch for SMTP servers; nil is the system's.
	RootCAs *x509.CertPool
	// Ready is called once the server listens, with the addresses that it got;
	// nil is nobody to tell.
	Ready func(addresses []net.Addr)
	// ClockDifference replaces asking the database how far its clock is from
	// Clock, which a test on a clock of its own does not want to know; nil asks.
	ClockDifference func(ctx context.Context, local func() time.Time) (time.Duration, error)
	// Observe is called with the text of every statement; may be nil.
	Observe func(statement string)
	// Hashing is told that a password is hashed, and by end that it was; nil is
	// nobody.
	Hashing func() (end func())
	// Version and Revision say what was built; may be "".
	Version, Revision string
	// Timeouts bound what clients can hold on to; zero is DefaultTimeouts.
	Timeouts Timeouts
}

// Timeouts bound how long one client can keep a connection, and one request the
// things behind it.
type Timeouts struct {
	ReadHeader time.Duration // from the connection's or request's start to the end of the headers
	Read       time.Duration // the same to the end of the body
	Handle     time.Duration // for storage and hashing, in all
	Write      time.Duration // from the end of the headers to the end of the answer
	Idle       time.Duration // between two requests
	Drain      time.Duration // for requests in flight, once the server is told to stop

	// Of what stays open for subscriptions, to which Read, Write and Idle don't
	// apply:
	StreamInit   time.Duration // until a WebSocket has sent connection_init
	StreamUnused time.Duration // for a WebSocket on which nothing is subscribed
	StreamPing   time.Duration // between two signs of life; proxies cut at a minute
	StreamSend   time.Duration // for a client to take what is sent
	StreamDrain  time.Duration // for clients to hear that the server is told to stop
}

// DefaultTimeouts leave a phone on a bad line time enough, and a client that
// sends a byte now and then not much.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		ReadHeader: 5 * time.Second, Read: 10 * time.Second, Handle: 15 * time.Second,
		Write: 30 * time.Second, Idle: time.Minute, Drain: 25 * time.Second,
		StreamInit: 10 * time.Second, StreamUnused: 30 * time.Second, StreamPing: 25 * time.Second,
		StreamSend: 10 * time.Second, StreamDrain: time.Second,
	}
}
