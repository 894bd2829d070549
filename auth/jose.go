package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Tokens are read once, by the code on this page, and by no other: where two
// readers look at one token, an attack is whatever they read differently. Of
// golang-jwt the signatures are used. Its parser lets pass line ends inside a
// token, members that come twice, an exp that is a string, a crit it does not
// know, and any typ.

// maxTokenLength is how long a token may be, in bytes: some six times what one
// of ours needs, and little enough that a stranger buys no work with it.
const maxTokenLength = 4 << 10

// Why a token is refused. The reasons are for tests: clients are told the code
// alone.
var (
	errTokenLength    = errors.New("longer than any token")
	errTokenForm      = errors.New("not three parts of base64url")
	errTokenJSON      = errors.New("not one JSON object")
	errTokenMember    = errors.New("a member that is not expected")
	errTokenDuplicate = errors.New("a member that comes twice")
	errTokenMissing   = errors.New("a member is missing")
	errTokenValue     = errors.New("a member of the wrong type or form")
	errTokenKey       = errors.New("a key that is not here")
	errTokenAlgorithm = errors.New("not the algorithm of its key")
	errTokenType      = errors.New("a token for something else")
	errTokenSignature = errors.New("not signed by its key")
	errTokenParties   = errors.New("from another issuer or for another audience")
)

// A jws is a token in compact serialization (RFC 7515 section 7.1), taken apart.
// Nothing in it is to be believed before verify.
type jws struct {
	algorithm, typ, keyID string
	signed                string // what the signature is over
	payload, signature    []byte
}

// A verificationKey is what a token is verified with. The algorithm is a
// property of the key: what the token says is compared with it and chooses
// nothing (RFC 8725 section 3.1), so that no public key is ever taken for a
// shared secret.
type verificationKey struct {
	method jwt.SigningMethod
	key    any // as the method wants it
}

// parseJWS takes a token apart without believing anything of it.
func parseJWS(token string) (jws, error) {
	// First, before anything whose cost grows with the token.
	if len(token) > maxTokenLength {
		return jws{}, errTokenLength
	}
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 {
		return jws{}, errTokenForm
	}
	var decoded [3][]byte
	for i, part := range parts {
		var ok bool
		if decoded[i], ok = decodePart(part); !ok {
			return jws{}, errTokenForm
		}
	}
	// Whatever would have a say in how the token is verified (crit, jku, jwk,
	// x5u, x5c, b64, zip) is not among the expected members.
	header, err := parseMembers(decoded[0], headerMembers)
	if err != nil {
		return jws{}, err
	}
	return jws{
		algorithm: header.strings["alg"], typ: header.strings["typ"], keyID: header.strings["kid"],
		signed:  token[:len(parts[0])+1+len(parts[1])],
		payload: decoded[1], signature: decoded[2],
	}, nil
}

// headerMembers are the members of a header (RFC 7515 section 4.1): these and
// no others.
var headerMembers = []member{
	{name: "alg", kind: stringMember},
	{name: "typ", kind: stringMember, optional: true}, // verify wants it
	{name: "kid", kind: stringMember},
}

// decodePart reads one part of a token: not empty, without padding, white space,
// or bits that no encoder sets, so that one token has one spelling.
func decodePart(part string) ([]byte, bool) {
	for _, c := range []byte(part) {
		// The decoder skips line ends, even when it is strict.
		if c == '\r' || c == '\n' {
			return nil, false
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return b, err == nil && len(b) > 0
}

// verify says whether the token is signed by the key, and is of the expected
// type: without that a token of one kind could be used as another that the same
// key signs (RFC 8725 section 3.11).
func (j jws) verify(k verificationKey, typ string) error {
	if j.algorithm != k.method.Alg() {
		return errTokenAlgorithm
	}
	if j.typ != typ {
		return errTokenType
	}
	if err := k.method.Verify(j.signed, j.signature, k.key); err != nil {
		return errTokenSignature
	}
	return nil
}

// A tokenHeader is the header of what is signed here.
type tokenHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// sign makes the token of the claims, a struct whose members are sorted by name
// like those of the header, so that equal claims make equal text.
func sign(method jwt.SigningMethod, key any, typ, keyID string, claims any) (string, error) {
	header, err := json.Marshal(tokenHeader{Algorithm: method.Alg(), KeyID: keyID, Type: typ})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := method.Sign(signed, key)
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

type memberKind int

const (
	stringMember memberKind = iota
	uuidMember
	numberMember // an integer that is not negative
	stringsMember
)

// A member is one that an object may have, and must unless it is optional.
type member struct {
	name     string
	kind     memberKind
	optional bool
}

// members are what parseMembers read, by kind and name.
type members struct {
	strings map[string]string
	uuids   map[string]uuid.UUID
	numbers map[string]int64
	lists   map[string][]string
}

// instant is a member that counts seconds (NumericDate, RFC 7519 section 2).
func (m members) instant(name string) time.Time { return time.Unix(m.numbers[name], 0).UTC() }

// parseMembers reads a JSON object whose members are all expected, spelt to the
// letter, there once, and of the right type. One that is not expected is
// refused, not passed over: it could narrow what the token is good for, as cnf
// and act do. Nothing nests deeper than a list of strings.
//
// It reads by package jsontext, since encoding/json would mend what is not UTF-8,
// and so make equal what is not.
func parseMembers(document []byte, expected []member) (members, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(document))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return members{}, errTokenJSON
	}
	m := members{
		strings: map[string]string{}, uuids: map[string]uuid.UUID{},
		numbers: map[string]int64{}, lists: map[string][]string{},
	}
	seen := make([]bool, len(expected))
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			return members{}, errTokenDuplicate
		case err != nil:
			return members{}, errTokenJSON
		}
		name := t.String()
		i := slices.IndexFunc(expected, func(e member) bool { return e.name == name })
		if i < 0 {
			return members{}, errTokenMember
		}
		seen[i] = true
		if err := m.read(d, expected[i]); err != nil {
			return members{}, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return members{}, errTokenJSON
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return members{}, errTokenJSON // something stands after it
	}
	for i, e := range expected {
		if !e.optional && !seen[i] {
			return members{}, errTokenMissing
		}
	}
	return m, nil
}

// read reads the value of a member.
func (m members) read(d *jsontext.Decoder, of member) error {
	t, err := d.ReadToken()
	if err != nil {
		return errTokenJSON
	}
	ok := false
	switch kind := t.Kind(); {
	case of.kind == stringMember && kind == '"':
		m.strings[of.name], ok = t.String(), true
	case of.kind == uuidMember && kind == '"':
		m.uuids[of.name], ok = parseUUID(t.String())
	case of.kind == numberMember && kind == '0':
		m.numbers[of.name], ok = parseInteger(t.String())
	case of.kind == stringsMember && kind == '[':
		m.lists[of.name], err = readStrings(d)
		return err
	}
	if !ok {
		return errTokenValue
	}
	return nil
}

// readStrings reads a list up to its end. It is never nil.
func readStrings(d *jsontext.Decoder) ([]string, error) {
	list := []string{}
	for {
		t, err := d.ReadToken()
		switch {
		case err != nil:
			return nil, errTokenJSON
		case t.Kind() == ']':
			return list, nil
		case t.Kind() != '"':
			return nil, errTokenValue
		}
		list = append(list, t.String())
	}
}

// parseUUID reads the one form that is written here; the library reads four.
func parseUUID(s string) (uuid.UUID, bool) {
	id, err := uuid.Parse(s)
	return id, err == nil && id.String() == s
}

// parseInteger reads digits and nothing else, up to the last second of the year
// 9999: neither fractions nor exponents, nor what would overflow when leeway is
// added.
func parseInteger(s string) (int64, bool) {
	const most = 253402300799
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil && n <= most
}
