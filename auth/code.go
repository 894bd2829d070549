package auth

import (
	"strconv"
	"strings"
	"time"
)

// A Code says why a request was refused. It is an error itself, and its values
// are exactly those of enum ErrorCode in schema.graphqls, where each is
// explained to clients.
type Code string

// The codes, in the order in which the schema lists them.
const (
	Unauthenticated          Code = "UNAUTHENTICATED"
	Forbidden                Code = "FORBIDDEN"
	ReauthenticationRequired Code = "REAUTHENTICATION_REQUIRED"
	InvalidCredentials       Code = "INVALID_CREDENTIALS"
	AccountSuspended         Code = "ACCOUNT_SUSPENDED"
	InvalidToken             Code = "INVALID_TOKEN"
	ExpiredToken             Code = "EXPIRED_TOKEN"
	RefreshTokenReused       Code = "REFRESH_TOKEN_REUSED"
	InvalidInput             Code = "INVALID_INPUT"
	Conflict                 Code = "CONFLICT"
	NotFound                 Code = "NOT_FOUND"
	Disabled                 Code = "DISABLED"
	OriginRefused            Code = "ORIGIN_REFUSED"
	RateLimited              Code = "RATE_LIMITED"
	Overloaded               Code = "OVERLOADED"
	BadDocument              Code = "BAD_DOCUMENT"
	DocumentTooCostly        Code = "DOCUMENT_TOO_COSTLY"
	Internal                 Code = "INTERNAL"
)

// Codes lists every code, in the order of the schema.
func Codes() []Code {
	return []Code{
		Unauthenticated, Forbidden, ReauthenticationRequired, InvalidCredentials,
		AccountSuspended, InvalidToken, ExpiredToken, RefreshTokenReused,
		InvalidInput, Conflict, NotFound, Disabled, OriginRefused, RateLimited, Overloaded,
		BadDocument, DocumentTooCostly, Internal,
	}
}

// Error is the code itself: fixed text, so that nothing a caller sent can be
// echoed.
func (c Code) Error() string { return string(c) }

// A Refusal is a [Code] with its particulars. errors.Is(err, code) holds for
// the code it carries.
type Refusal struct {
	Code       Code
	Violations []Violation   // with InvalidInput: every fault of the input at once
	RetryAfter time.Duration // with RateLimited and Overloaded: how long to wait
}

// Error names the code and, for bad input, the fields; never a value.
func (r *Refusal) Error() string {
	if len(r.Violations) == 0 {
		return string(r.Code)
	}
	faults := make([]string, len(r.Violations))
	for i, v := range r.Violations {
		faults[i] = strings.Join(v.Path, ".") + " " + string(v.Code)
	}
	return string(r.Code) + ": " + strings.Join(faults, ", ")
}

// Unwrap gives the code, so that errors.Is and errors.As find it.
func (r *Refusal) Unwrap() error { return r.Code }

// RetryAfterSeconds is the wait as clients are told it: whole seconds, rounded
// up, at least 1.
func (r *Refusal) RetryAfterSeconds() int {
	return max(1, int((r.RetryAfter+time.Second-1)/time.Second))
}

// A ViolationCode says what is wrong with one field of the input.
type ViolationCode string

// The violations; enum ViolationCode of the schema has the same. Taken is said
// of usernames, which are public, to anybody; of addresses to operators at the
// command line alone, since an answer to a stranger never tells whether an
// address has an account.
const (
	Required          ViolationCode = "REQUIRED"
	TooShort          ViolationCode = "TOO_SHORT"
	TooLong           ViolationCode = "TOO_LONG"
	Malformed         ViolationCode = "MALFORMED"
	Mismatch          ViolationCode = "MISMATCH"
	PasswordTooCommon ViolationCode = "PASSWORD_TOO_COMMON"
	Unchanged         ViolationCode = "UNCHANGED"
	Taken             ViolationCode = "TAKEN"
)

// A Violation is one fault of the input.
type Violation struct {
	Path  []string // from the field's input on: ["input", "password"]
	Code  ViolationCode
	Limit int // the bound that was missed; 0 where there is none
}

// String renders "input.password TOO_SHORT 12".
func (v Violation) String() string {
	s := strings.Join(v.Path, ".") + " " + string(v.Code)
	if v.Limit != 0 {
		s += " " + strconv.Itoa(v.Limit)
	}
	return s
}

// A Fault is what is wrong with one value, before it is known which field it
// came in. The zero Fault is none.
type Fault struct {
	Code  ViolationCode
	Limit int
}

// A violations collects every fault of one input, so that all are told at once.
type violations []Violation

// add notes a fault of the input's field.
// The zero Fault is none, and notes nothing.
func (vs *violations) add(field string, f Fault) {
	if f.Code == "" {
		return
	}
	*vs = append(*vs, Violation{Path: []string{"input", field}, Code: f.Code, Limit: f.Limit})
}

// refusal is nil where nothing was wrong.
func (vs violations) refusal() error {
	if len(vs) == 0 {
		return nil
	}
	return &Refusal{Code: InvalidInput, Violations: vs}
}
