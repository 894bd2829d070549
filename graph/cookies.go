package graph

import (
	"context"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// A CookieJar is the cookies of one request and its answer. The server judges
// where the request comes from; this package decides when that matters.
type CookieJar interface {
	// Offered says whether COOKIE transport is switched on.
	Offered() bool
	// Authorized says whether the request brought an Authorization header. Such
	// a request neither reads nor sets cookies.
	Authorized() bool
	// Allowed is nil, or [auth.OriginRefused] where the request may not use
	// cookies.
	Allowed() error
	// Carried says whether the request brought one of this server's cookies,
	// good or bad.
	Carried() bool
	// RefreshToken is the value of the refresh cookie; false where none came.
	RefreshToken() (string, bool)
	// SetTokens puts the tokens into the answer's cookies. Without a refresh
	// token the cookie of that stays as it is.
	SetTokens(auth.Tokens)
	// Clear makes the browser forget both cookies.
	Clear()
}

// A delivery is how the tokens of one sign-in go to the client. It is settled
// before the rule runs: a sign-in that cannot be handed over must not happen.
// The zero delivery puts them into the answer.
type delivery struct {
	jar CookieJar
}

// deliveryBy settles what the client asked for. Disabled where the server has
// no cookies; InvalidInput where the client has an Authorization header besides,
// since the next request could not tell which of the two it means;
// OriginRefused where a foreign page would plant a session of its own maker
// (login CSRF).
func deliveryBy(ctx context.Context, transport model.TokenTransport) (delivery, error) {
	if transport != model.TokenTransportCookie {
		return delivery{}, nil
	}
	jar := cookieJarFrom(ctx)
	if !jar.Offered() {
		return delivery{}, auth.Disabled
	}
	if jar.Authorized() {
		return delivery{}, inputFault("transport", auth.Malformed)
	}
	return delivery{jar: jar}, jar.Allowed()
}

// refreshTokenOf finds the refresh token and the way it came, which is the way
// the answer goes: InvalidInput where there is none. A token in the input comes
// first, and with an Authorization header the cookie is not looked at.
func refreshTokenOf(ctx context.Context, input *model.RefreshInput) (string, delivery, error) {
	if input != nil && input.RefreshToken != nil {
		return *input.RefreshToken, delivery{}, nil
	}
	jar := cookieJarFrom(ctx)
	if !jar.Offered() || jar.Authorized() {
		return "", delivery{}, inputFault("refreshToken", auth.Required)
	}
	token, carried := jar.RefreshToken()
	if !carried {
		return "", delivery{}, inputFault("refreshToken", auth.Required)
	}
	return token, delivery{jar: jar}, jar.Allowed()
}

// leavingTokenOf finds the refresh token that logout is to go by, and the jar
// to empty afterwards; nil where no cookie is concerned. The caller's own
// session comes before the refresh cookie: "" asks for it.
func leavingTokenOf(ctx context.Context, input *model.LogoutInput) (string, CookieJar, error) {
	token, jar := "", carryingJar(ctx)
	if input != nil && input.RefreshToken != nil {
		token = *input.RefreshToken
	} else if jar != nil && CallerFrom(ctx).SessionID == uuid.Nil {
		token, _ = jar.RefreshToken()
	}
	if jar == nil {
		return token, nil, nil
	}
	return token, jar, jar.Allowed()
}

// carryingJar is the jar of a request that came with cookies of this server and
// goes by them; nil else.
func carryingJar(ctx context.Context) CookieJar {
	jar := cookieJarFrom(ctx)
	if jar.Authorized() || !jar.Carried() {
		return nil
	}
	return jar
}

// deliveryOfCaller is the way in which the caller's own access token came. Its
// origin was judged before: nobody is signed in by cookie otherwise.
func deliveryOfCaller(ctx context.Context) delivery { return delivery{jar: carryingJar(ctx)} }

// signedIn hands the sign-in over.
func (d delivery) signedIn(in auth.SignIn, err error) (*model.SignedIn, error) {
	if err != nil {
		// Cookies stay as they are: whoever lost a race of refreshes would
		// otherwise throw away what the winner has just been given.
		return nil, err
	}
	out := presentSignIn(in)
	if d.jar != nil {
		d.jar.SetTokens(in.Tokens)
		out.Tokens = nil
	}
	return out, nil
}

// loginResult is signedIn as a member of the union.
func (d delivery) loginResult(in auth.SignIn, err error) (model.LoginResult, error) {
	out, err := d.signedIn(in, err)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// inputFault refuses one field of the input.
func inputFault(field string, code auth.ViolationCode) error {
	return &auth.Refusal{
		Code:       auth.InvalidInput,
		Violations: []auth.Violation{{Path: []string{"input", field}, Code: code}},
	}
}
