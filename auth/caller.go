package auth

import (
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
)

// A CallerKind is how a caller shows who it is; its values are those of enum
// CallerKind in the schema.
type CallerKind string

// The kinds of caller. Anonymous is the zero value and never let through a
// guarded field.
const (
	Anonymous      CallerKind = ""
	BySession      CallerKind = "SESSION"
	ByImpersonator CallerKind = "IMPERSONATION"
	ByAPIToken     CallerKind = "API_TOKEN"
)

// A Client is where a request comes from and when it came. Now is read once a
// request, contains the database's difference, and is UTC cut to the
// microsecond.
type Client struct {
	Now       time.Time
	Address   netip.Addr // the socket's, or what a trusted proxy says
	UserAgent string     // 256 code points at most
}

// A Caller is who asks: anonymous, or the user of a verified token.
type Caller struct {
	Client
	Kind            CallerKind
	UserID          uuid.UUID
	SessionID       uuid.UUID
	AuthenticatedAt time.Time // when the user last proved who it is (auth_time)
	// Refused is why a presented token was not good. Such a caller is anonymous:
	// an expired access token never stands in the way of signing in.
	Refused error
}

// A Guard is what a field asks of its caller: the @auth directive's arguments.
type Guard struct {
	Roles  []string     // any one of these; none: any user
	Recent bool         // a sign-in or reauthentication of the last minutes
	By     []CallerKind // which kinds get in
}

// network is the client's neighbourhood, by which attempts are counted where a
// single address is too cheap to change: /24 of IPv4, /48 of IPv6.
func (c Client) network() string {
	bits := 48
	addr := c.Address.Unmap()
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// Counted is the address by which a client is counted, here and by whoever
// limits requests: of IPv6 the /64, which is the least that a household gets,
// and which costs it nothing to walk through.
func (c Client) Counted() string {
	addr := c.Address.Unmap()
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// address is the client's address as rows and letters show it.
func (c Client) address() string {
	if !c.Address.IsValid() {
		return ""
	}
	return c.Address.Unmap().String()
}

// admits judges what can be judged without storage: the kind of caller and how
// long ago it proved who it is.
func (g Guard) admits(c Caller, recentFor time.Duration) error {
	if c.Kind == Anonymous {
		return Unauthenticated
	}
	if !slices.Contains(g.By, c.Kind) {
		return Forbidden
	}
	if g.Recent && c.Now.Sub(c.AuthenticatedAt) > recentFor {
		return ReauthenticationRequired
	}
	return nil
}
