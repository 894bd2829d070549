// Package config turns the environment into a Config.
//
// Every setting is one row of a single table (see table): its name, its type
// with the bounds, its default and its meaning. Load fills a Config from that
// table, then judges the settings against each other, and reports every fault
// it found at once, so that an operator mends a bad start in one go. The same
// rows make the list that `gatehouse help settings` prints and the README
// shows, so neither can fall behind the code.
//
// Values that must stay private are of type Secret, which no formatting shows.
//
// The package imports none of ours: whoever reads a Config turns its figures
// into the types of the package that wants them.
package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// A Config is everything that an operator may choose, checked and completed:
// what the environment leaves open has its default, also where that follows
// from another setting.
type Config struct {
	// Listen are the addresses, host:port, that the server accepts connections
	// on; at least one.
	Listen []string
	// PublicURL is where clients reach the server: scheme, host and port, and the
	// path below which it lies, if one does; without a trailing slash.
	PublicURL string
	// DatabaseURL is "sqlite:PATH" or a postgres:// URL.
	DatabaseURL Secret
	// DatabaseDirectURL leads to the same database past any pooler; where it was
	// not given it is DatabaseURL.
	DatabaseDirectURL                Secret
	DatabasePooled                   bool // a pooler lends connections for one transaction each
	DatabaseMaxConnections           int
	DatabaseAcquireTimeout           time.Duration
	DatabaseStatementTimeout         time.Duration
	DatabaseLockTimeout              time.Duration
	DatabaseIdleInTransactionTimeout time.Duration
	// Secret holds one or several secrets of 32 bytes in base64, by comma. It is
	// empty where a file beside the SQLite file has to keep it: see SecretPath.
	Secret Secret
	// Migrate says that starting brings the database up to date.
	Migrate bool

	// MailURL is where letters go: log:, file:DIR, smtp://, smtps:// or
	// resend://.
	MailURL Secret
	// MailFrom is the sender of letters, as RFC 5322 writes an address, with a
	// name or without.
	MailFrom string
	// MailTemplates is a directory whose files override the wording of letters,
	// or "".
	MailTemplates string
	// DefaultLocale is the language (BCP 47) for those of whom none is known.
	DefaultLocale string

	Issuer           string // claim iss of access tokens
	Audience         string // claim aud of access tokens
	SigningAlgorithm string // JWS name of the algorithm that new keys are for
	Leeway           time.Duration

	AllowedOrigins  []string // of front ends on other origins, as browsers write them
	TrustedProxies  []netip.Prefix
	CookieTransport bool
	AccountPages    bool // at /account; never without CookieTransport
	Introspection   bool
	// Playground offers the page on which the API is tried by hand.
	Playground bool

	RegistrationOpen      bool
	RegistrationFields    []string // of RegisterInput, that must be filled besides email and password
	Usernames             bool
	Activation            bool // false: whoever registers is a user at once
	WelcomeLetter         bool
	SessionsPerUser       int
	AccessTokenLifetime   time.Duration
	SessionIdleLifetime   time.Duration
	SessionLifetime       time.Duration
	RefreshGrace          time.Duration // 0: strict
	ReauthenticationAge   time.Duration
	ActivationLifetime    time.Duration
	PasswordResetLifetime time.Duration
	EmailChangeLifetime   time.Duration
	EmailRevertLifetime   time.Duration
	KeyRotationInterval   time.Duration

	PasswordMinLength int // code points
	HashingSlots      int
	HashingMemory     Size
	HashingPasses     int
	HashingLanes      int

	// The addresses that letters lead to. All but the last hold {token} once.
	LinkURLActivate      string
	LinkURLDecline       string
	LinkURLReset         string
	LinkURLResetUsername string
	LinkURLConfirmEmail  string
	LinkURLRevertEmail   string
	LinkURLRequestReset  string

	BrandName       string
	BrandLogoURL    string // "" for none
	BrandColour     string // six lower-case hexadecimal digits after a #
	BrandTermsURL   string // "" for none
	BrandPrivacyURL string // "" for none

	LogFormat string // "text" or "json"
	LogLevel  slog.Level

	DocumentMaxBytes   Size // of a request's body
	DocumentMaxDepth   int
	DocumentMaxFields  int // after the expansion of fragments
	DocumentMaxAliases int

	// Connections that stay open for subscriptions, on one node.
	Streams            int
	StreamsPerAddress  int // of one client address
	StreamsPerSession  int
	Requests           int // in flight at the same time
	RequestsPerAddress int // of these, from one client address

	MetricsListen []string // addresses that serve metrics; none for no metrics
	TracesURL     string   // "" for no traces
	TracesHeaders Secret   // see TraceHeaders
	TracesSample  float64  // the part of requests that is traced, 0 to 1
	TracesService string
	TracesParent  bool // trusted proxies are believed what they trace
	DrainDelay    time.Duration

	RateLimits                     bool // false: nothing is limited
	LimitSignInFree                int
	LimitSignInLongestWait         time.Duration
	LimitSignInFailures            int
	LimitSignInPerAddress          []Rate
	LimitCodePerAccount            []Rate
	LimitCodePerAddress            []Rate
	LimitMailPerAccount            []Rate
	LimitMailPerAddress            []Rate
	LimitRegisterPerAddress        []Rate
	LimitRegisterLettersPerNetwork []Rate
	LimitRegisterLettersPerAccount []Rate
	LimitRefreshPerSession         Rate
	LimitRefreshPerAddress         Rate
	LimitAnonymousPerAddress       Rate
}

// A Rate allows N attempts a Per. It has the shape of auth.Rate, so that the
// one converts to the other.
type Rate struct {
	N   int
	Per time.Duration
}

// A Size is a number of bytes.
type Size int64

// Loopback reports whether nobody but this machine reaches the server: the host
// of PublicURL and every address of Listen are loopback.
func (c Config) Loopback() bool {
	for _, address := range c.Listen {
		if !loopbackHost(hostOf(address)) {
			return false
		}
	}
	return loopbackHost(originHost(c.PublicURL))
}

// Mailbox reports whether letters can be read in the browser, with the live
// links in them: on loopback alone, beside the playground, where they go to the
// log or a directory.
func (c Config) Mailbox() bool { return c.Playground && c.Loopback() && c.showsLetters() }

// Secure reports whether clients reach the server by https.
func (c Config) Secure() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// SQLitePath is the path of the SQLite file, or "" where the database is
// PostgreSQL.
func (c Config) SQLitePath() string {
	path, ok := strings.CutPrefix(c.DatabaseURL.Reveal(), sqlitePrefix)
	if !ok {
		return ""
	}
	return path
}

// SecretPath is the file in which KeepSecret keeps the server's secret where
// none was given: beside the SQLite file. It is "" where one was.
func (c Config) SecretPath() string {
	if c.SQLitePath() == "" || c.Secret.Reveal() != "" {
		return ""
	}
	return c.SQLitePath() + ".secret"
}
