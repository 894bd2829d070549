package auth

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// accessTokenType is the typ of an access token (RFC 9068 section 2.1).
const accessTokenType = "at+jwt"

// AccessClaims are what an access token says of its bearer (RFC 9068 section
// 2.2). Instants are whole seconds in the token, but for that of its issue,
// which the token's ID tells to the millisecond.
type AccessClaims struct {
	Subject   uuid.UUID // the user
	SessionID uuid.UUID
	// TokenID is a UUIDv7 whose time is that of the issue.
	TokenID         uuid.UUID
	AuthenticatedAt time.Time
	IssuedAt        time.Time
	ExpiresAt       time.Time
	Methods         []string // RFC 8176
	Roles           []string
}

// An accessPayload is how the claims are written: a member of accessMembers each,
// sorted by name.
type accessPayload struct {
	Methods         []string `json:"amr"`
	Audience        string   `json:"aud"`
	AuthenticatedAt int64    `json:"auth_time"`
	ClientID        string   `json:"client_id"`
	ExpiresAt       int64    `json:"exp"`
	IssuedAt        int64    `json:"iat"`
	Issuer          string   `json:"iss"`
	TokenID         string   `json:"jti"`
	Roles           []string `json:"roles"`
	SessionID       string   `json:"sid"`
	Subject         string   `json:"sub"`
}

var accessMembers = []member{
	{name: "iss", kind: stringMember},
	{name: "sub", kind: uuidMember},
	{name: "aud", kind: stringMember},
	{name: "client_id", kind: stringMember},
	{name: "exp", kind: numberMember},
	{name: "iat", kind: numberMember},
	{name: "nbf", kind: numberMember, optional: true},
	{name: "jti", kind: uuidMember},
	{name: "sid", kind: uuidMember},
	{name: "auth_time", kind: numberMember},
	{name: "amr", kind: stringsMember},
	{name: "roles", kind: stringsMember},
}

// A verified token is one that this server signed for itself. Whether it is
// good now is judged anew each time.
type verified struct {
	claims    AccessClaims
	notBefore time.Time // zero where the token says nothing of it
	keyID     string
}

// Sign makes the access token of the claims with the key that signs at now. It
// fails where no key does, and where the token's ID is not of its issue: the
// blacklist goes by the ID.
func (k *KeySet) Sign(now time.Time, c AccessClaims) (string, error) {
	key, ok := k.ring.Load().signer(now)
	if !ok {
		return "", errors.New("auth: sign access token: no key signs at this time")
	}
	if !issuedWith(c.TokenID, c.IssuedAt) {
		return "", errors.New("auth: sign access token: its ID is not a UUIDv7 of its issue")
	}
	token, err := sign(key.method, key.private, accessTokenType, key.ID, accessPayload{
		Methods:         append([]string{}, c.Methods...), // a list, never null
		Audience:        k.audience,
		AuthenticatedAt: c.AuthenticatedAt.Unix(),
		ClientID:        k.audience,
		ExpiresAt:       c.ExpiresAt.Unix(),
		IssuedAt:        c.IssuedAt.Unix(),
		Issuer:          k.issuer,
		TokenID:         c.TokenID.String(),
		Roles:           append([]string{}, c.Roles...),
		SessionID:       c.SessionID.String(),
		Subject:         c.Subject.String(),
	})
	if err != nil {
		return "", fmt.Errorf("auth: sign access token: %w", err)
	}
	return token, nil
}

func issuedWith(id uuid.UUID, at time.Time) bool {
	return id.Version() == 7 && issuedAt(id).Equal(at.Truncate(time.Millisecond))
}

// Verify says what the token claims if it is good at now. It answers
// InvalidToken, or ExpiredToken with the claims of what was good once. It does
// not ask the blacklist.
//
// A token that was verified is remembered by the digest of its text, since
// ECDSA is most of the cost of a request. What may have changed since is judged
// each time: its key and the clock. A forged token is another text: it neither
// finds nor displaces the good one.
func (k *KeySet) Verify(now time.Time, token string) (AccessClaims, error) {
	if len(token) > maxTokenLength {
		// Not even digested.
		return AccessClaims{}, InvalidToken
	}
	// One state of the keys for the whole of it: a key that is dropped meanwhile
	// is found missing by the next request.
	ring := k.ring.Load()
	digest := sha256.Sum256([]byte(token))
	v, known := k.remembered.Get(digest)
	if !known {
		var err error
		if v, err = k.authenticate(ring, token); err != nil {
			return AccessClaims{}, InvalidToken
		}
	}
	err := k.judge(ring, v, now)
	if errors.Is(err, InvalidToken) {
		return AccessClaims{}, err
	}
	if err == nil && !known {
		k.remembered.Add(digest, v)
	}
	v.claims.Methods, v.claims.Roles = slices.Clone(v.claims.Methods), slices.Clone(v.claims.Roles)
	return v.claims, err
}

// judge says whether an authentic token is good at now.
func (k *KeySet) judge(ring *keyRing, v verified, now time.Time) error {
	key, ok := ring.byID[v.keyID]
	switch {
	case !ok: // dropped since
		return InvalidToken
	case !v.notBefore.IsZero() && now.Add(k.leeway).Before(v.notBefore):
		return InvalidToken
	// All that a retired key signed has expired, whatever it says: a thief may
	// have the key.
	case key.retired(now), expired(v.claims.ExpiresAt, now, k.leeway):
		return ExpiredToken
	}
	return nil
}

// authenticate says what a token claims, if one of the keys signed it for this
// issuer and audience.
func (k *KeySet) authenticate(ring *keyRing, token string) (verified, error) {
	j, err := parseJWS(token)
	if err != nil {
		return verified{}, err
	}
	key, ok := ring.byID[j.keyID]
	if !ok {
		return verified{}, errTokenKey
	}
	if err := j.verify(key.verificationKey, accessTokenType); err != nil {
		return verified{}, err
	}
	m, err := parseMembers(j.payload, accessMembers)
	if err != nil {
		return verified{}, err
	}
	if m.strings["iss"] != k.issuer || m.strings["aud"] != k.audience || m.strings["client_id"] != k.audience {
		return verified{}, errTokenParties
	}
	id := m.uuids["jti"]
	issued := issuedAt(id)
	// The blacklist goes by the ID's time, verifiers elsewhere by iat.
	if id.Version() != 7 || issued.Unix() != m.numbers["iat"] {
		return verified{}, errTokenValue
	}
	v := verified{keyID: key.ID, claims: AccessClaims{
		Subject: m.uuids["sub"], SessionID: m.uuids["sid"], TokenID: id,
		AuthenticatedAt: m.instant("auth_time"), IssuedAt: issued, ExpiresAt: m.instant("exp"),
		Methods: m.lists["amr"], Roles: m.lists["roles"],
	}}
	if _, has := m.numbers["nbf"]; has {
		v.notBefore = m.instant("nbf")
	}
	return v, nil
}
