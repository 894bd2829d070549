package auth

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// refreshTokenType is the typ of a refresh token. It is ours alone: no access
// token can be taken for one.
const refreshTokenType = "rt+jwt"

// RefreshClaims are what a refresh token says: which session, and which of its
// generations. Everything else is in the session's row.
type RefreshClaims struct {
	SessionID  uuid.UUID
	Generation int
	ExpiresAt  time.Time // whole seconds in the token
}

var refreshMembers = []member{
	{name: "sid", kind: uuidMember},
	{name: "gen", kind: numberMember},
	{name: "exp", kind: numberMember},
}

// A refreshPayload is how the claims are written: a member of refreshMembers
// each, sorted by name.
type refreshPayload struct {
	ExpiresAt  int64  `json:"exp"`
	Generation int    `json:"gen"`
	SessionID  string `json:"sid"`
}

// signRefresh makes the refresh token of the claims under the first secret. It
// holds no chance: the same claims give the same token byte for byte, so that
// one that was lost on the wire can be made again from the session's row.
func (s Secrets) signRefresh(c RefreshClaims) string {
	secret := s.current()
	token, err := sign(jwt.SigningMethodHS256, secret.refreshKey, refreshTokenType, secret.keyID(), refreshPayload{
		ExpiresAt:  c.ExpiresAt.Unix(),
		Generation: c.Generation,
		SessionID:  c.SessionID.String(),
	})
	if err != nil {
		panic(err) // of a key of the wrong type alone
	}
	return token
}

// verifyRefresh reads a refresh token that signRefresh made under any of the
// secrets. It answers InvalidToken, or ExpiredToken with the claims of what was
// good once. Leeway is how far the clocks of nodes may be apart.
func (s Secrets) verifyRefresh(now time.Time, token string, leeway time.Duration) (RefreshClaims, error) {
	c, err := s.parseRefresh(token)
	if err != nil {
		return RefreshClaims{}, InvalidToken
	}
	if expired(c.ExpiresAt, now, leeway) {
		return c, ExpiredToken
	}
	return c, nil
}

func (s Secrets) parseRefresh(token string) (RefreshClaims, error) {
	j, err := parseJWS(token)
	if err != nil {
		return RefreshClaims{}, err
	}
	secret, ok := s.byKeyID(j.keyID)
	if !ok {
		return RefreshClaims{}, errTokenKey
	}
	key := verificationKey{method: jwt.SigningMethodHS256, key: secret.refreshKey}
	if err := j.verify(key, refreshTokenType); err != nil {
		return RefreshClaims{}, err
	}
	m, err := parseMembers(j.payload, refreshMembers)
	if err != nil {
		return RefreshClaims{}, err
	}
	return RefreshClaims{
		SessionID: m.uuids["sid"], Generation: int(m.numbers["gen"]), ExpiresAt: m.instant("exp"),
	}, nil
}

// expired says whether a token is over: it is not good at the very instant of
// its exp any more (RFC 7519 section 4.1.4).
func expired(expiresAt, now time.Time, leeway time.Duration) bool {
	return !now.Add(-leeway).Before(expiresAt)
}
