package graph

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// A tin is a cookie jar that notes what is done to it.
type tin struct {
	off, authorized, foreign bool
	refresh                  string // "" where no cookie came
	access                   bool
	done                     []string
}

func (j *tin) Offered() bool    { return !j.off }
func (j *tin) Authorized() bool { return j.authorized }
func (j *tin) Allowed() error {
	if j.foreign {
		return auth.OriginRefused
	}
	return nil
}
func (j *tin) Carried() bool { return !j.off && (j.access || j.refresh != "") }
func (j *tin) RefreshToken() (string, bool) {
	j.done = append(j.done, "read")
	return j.refresh, j.refresh != ""
}
func (j *tin) SetTokens(t auth.Tokens) { j.done = append(j.done, "set "+t.Refresh) }
func (j *tin) Clear()                  { j.done = append(j.done, "clear") }

// in is a context with the jar, of a caller with a session or without.
func (j *tin) in(t *testing.T, session uuid.UUID) context.Context {
	t.Helper()
	return WithCookieJar(WithCaller(t.Context(), auth.Caller{SessionID: session}), j)
}

// norules is the mutations over no rules at all: whatever gets through to auth
// panics, so that what is refused was refused before.
func norules() mutation { return mutation{&resolver{}} }

func signIn() auth.SignIn {
	return auth.SignIn{Tokens: auth.Tokens{Access: "at", Refresh: "rt", AccessExpiresAt: time.Unix(1, 999e6), RefreshExpiresAt: time.Unix(2, 0)}}
}

func TestASignInThatCannotBeHandedOverDoesNotHappen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		jar  tin
		want error
	}{
		"cookies are switched off":   {tin{off: true}, auth.Disabled},
		"Authorization came as well": {tin{authorized: true}, auth.InvalidInput},
		"from a foreign page":        {tin{foreign: true}, auth.OriginRefused},
	} {
		ctx := c.jar.in(t, uuid.Nil)
		_, err := norules().Login(ctx, model.LoginInput{Transport: model.TokenTransportCookie})
		if !errors.Is(err, c.want) {
			t.Errorf("login, %s: %v", name, err)
		}
		_, err = norules().Activate(ctx, model.ActivateInput{Transport: model.TokenTransportCookie})
		if !errors.Is(err, c.want) {
			t.Errorf("activate, %s: %v", name, err)
		}
		_, err = norules().Register(ctx, model.RegisterInput{Transport: model.TokenTransportCookie})
		if !errors.Is(err, c.want) {
			t.Errorf("register, %s: %v", name, err)
		}
		if len(c.jar.done) > 0 {
			t.Errorf("%s: %v", name, c.jar.done)
		}
	}
}

func TestBothTransportsAtOnceAreAViolationAtTransport(t *testing.T) {
	t.Parallel()
	jar := tin{authorized: true}
	_, err := deliveryBy(jar.in(t, uuid.Nil), model.TokenTransportCookie)
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) || len(refusal.Violations) != 1 || refusal.Violations[0].String() != "input.transport MALFORMED" {
		t.Errorf("got %v", err)
	}
}

func TestABearerSignInDoesNotTouchCookies(t *testing.T) {
	t.Parallel()
	// Not even where they could not be used at all.
	jar := tin{off: true, authorized: true, foreign: true, refresh: "rt0"}
	way, err := deliveryBy(jar.in(t, uuid.Nil), model.TokenTransportBearer)
	if err != nil {
		t.Fatal(err)
	}
	out, err := way.signedIn(signIn(), nil)
	if err != nil || out.Tokens == nil || out.Tokens.AccessToken != "at" || *out.Tokens.RefreshToken != "rt" || len(jar.done) > 0 {
		t.Errorf("%+v %v %v", out, err, jar.done)
	}
}

func TestACookieSignInKeepsTheTokensOutOfTheAnswer(t *testing.T) {
	t.Parallel()
	jar := tin{}
	way, err := deliveryBy(jar.in(t, uuid.Nil), model.TokenTransportCookie)
	if err != nil {
		t.Fatal(err)
	}
	result, err := way.loginResult(signIn(), nil)
	out, ok := result.(*model.SignedIn)
	if err != nil || !ok || out.Tokens != nil || !out.AccessTokenExpiresAt.Equal(time.Unix(1, 0)) || !slices.Equal(jar.done, []string{"set rt"}) {
		t.Errorf("%+v %v %v", result, err, jar.done)
	}
}

func TestARegistrationThatSignsInKeepsTheTokensOutOfTheAnswer(t *testing.T) {
	t.Parallel()
	jar, in := tin{}, signIn()
	out, err := delivery{jar: &jar}.registered(auth.Registered{Email: "a@b.example", SignIn: &in}, nil)
	if err != nil || out.Email != "a@b.example" || out.Flow != nil || out.SignedIn == nil || out.SignedIn.Tokens != nil || !slices.Equal(jar.done, []string{"set rt"}) {
		t.Errorf("%+v %v %v", out, err, jar.done)
	}
	out, err = delivery{}.registered(auth.Registered{Email: "a@b.example", SignIn: &in}, nil)
	if err != nil || out.SignedIn.Tokens == nil || out.SignedIn.Tokens.AccessToken != "at" {
		t.Errorf("%+v %v", out, err)
	}
}

func TestARegistrationThatWaitsLeavesTheCookiesAlone(t *testing.T) {
	t.Parallel()
	jar := tin{refresh: "rt0"}
	out, err := delivery{jar: &jar}.registered(auth.Registered{Email: "a@b.example", Flow: "f"}, nil)
	if err != nil || out.SignedIn != nil || *out.Flow != "f" || len(jar.done) > 0 {
		t.Errorf("%+v %v %v", out, err, jar.done)
	}
	if out, err := (delivery{jar: &jar}).registered(auth.Registered{}, auth.RateLimited); out != nil || !errors.Is(err, auth.RateLimited) || len(jar.done) > 0 {
		t.Errorf("%+v %v %v", out, err, jar.done)
	}
}

func TestARefusedSignInLeavesTheCookiesAlone(t *testing.T) {
	t.Parallel()
	for _, code := range auth.Codes() {
		jar := tin{refresh: "rt0"}
		result, err := delivery{jar: &jar}.loginResult(auth.SignIn{}, code)
		if result != nil || !errors.Is(err, code) || len(jar.done) > 0 {
			t.Errorf("%s: %v %v %v", code, result, err, jar.done)
		}
	}
}

func TestTheAnswerOfRefreshGoesTheWayTheTokenCame(t *testing.T) {
	t.Parallel()
	given := "rt1"
	for name, c := range map[string]struct {
		jar    tin
		input  *model.RefreshInput
		token  string
		cookie bool
		want   error
	}{
		"in the input":                          {tin{}, &model.RefreshInput{RefreshToken: &given}, "rt1", false, nil},
		"in the input, though a cookie is here": {tin{refresh: "rt0"}, &model.RefreshInput{RefreshToken: &given}, "rt1", false, nil},
		"in the input, from a foreign page":     {tin{refresh: "rt0", foreign: true}, &model.RefreshInput{RefreshToken: &given}, "rt1", false, nil},
		"in the cookie, without input":          {tin{refresh: "rt0"}, nil, "rt0", true, nil},
		"in the cookie, with a key":             {tin{refresh: "rt0"}, &model.RefreshInput{IdempotencyKey: &given}, "rt0", true, nil},
		"in the cookie, from a foreign page":    {tin{refresh: "rt0", foreign: true}, nil, "", false, auth.OriginRefused},
		"in the cookie, with Authorization":     {tin{refresh: "rt0", authorized: true}, nil, "", false, auth.InvalidInput},
		"in the cookie, cookies switched off":   {tin{refresh: "rt0", off: true}, nil, "", false, auth.InvalidInput},
		"nowhere":                               {tin{}, nil, "", false, auth.InvalidInput},
		"nowhere, with input":                   {tin{}, &model.RefreshInput{}, "", false, auth.InvalidInput},
	} {
		token, way, err := refreshTokenOf(c.jar.in(t, uuid.Nil), c.input)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (token != c.token || (way.jar != nil) != c.cookie) {
			t.Errorf("%s: %q, by cookie %v", name, token, way.jar != nil)
		}
		if (c.jar.authorized || c.jar.off) && len(c.jar.done) > 0 {
			t.Errorf("%s: the cookie was read", name)
		}
		if err != nil {
			// Refused before any rule.
			if _, err := norules().Refresh(c.jar.in(t, uuid.Nil), c.input); !errors.Is(err, c.want) {
				t.Errorf("%s: refresh says %v", name, err)
			}
		}
	}
}

func TestLogoutFindsItsSessionAndTheCookiesToClear(t *testing.T) {
	t.Parallel()
	given := "rt1"
	session := uuid.New()
	for name, c := range map[string]struct {
		jar     tin
		session uuid.UUID
		input   *model.LogoutInput
		token   string
		clears  bool
		want    error
	}{
		"by Authorization":                        {tin{authorized: true}, session, nil, "", false, nil},
		"by Authorization, with cookies":          {tin{authorized: true, access: true, refresh: "rt0"}, session, nil, "", false, nil},
		"by Authorization, foreign, with cookies": {tin{authorized: true, refresh: "rt0", foreign: true}, session, nil, "", false, nil},
		"by both cookies":                         {tin{access: true, refresh: "rt0"}, session, nil, "", true, nil},
		"by an access cookie":                     {tin{access: true}, session, nil, "", true, nil},
		"by a refresh cookie":                     {tin{refresh: "rt0"}, uuid.Nil, nil, "rt0", true, nil},
		"by an access cookie that is rubbish":     {tin{access: true}, uuid.Nil, nil, "", true, nil},
		"by a token":                              {tin{}, uuid.Nil, &model.LogoutInput{RefreshToken: &given}, "rt1", false, nil},
		"by a token, with cookies":                {tin{refresh: "rt0"}, session, &model.LogoutInput{RefreshToken: &given}, "rt1", true, nil},
		"by a token, with Authorization":          {tin{authorized: true, refresh: "rt0"}, session, &model.LogoutInput{RefreshToken: &given}, "rt1", false, nil},
		"by nothing":                              {tin{}, uuid.Nil, nil, "", false, nil},
		"by nothing, from a foreign page":         {tin{foreign: true}, uuid.Nil, nil, "", false, nil},
		"by a cookie, from a foreign page":        {tin{refresh: "rt0", foreign: true}, session, nil, "", true, auth.OriginRefused},
		"by a cookie that is switched off":        {tin{refresh: "rt0", off: true}, uuid.Nil, nil, "", false, nil},
	} {
		token, jar, err := leavingTokenOf(c.jar.in(t, c.session), c.input)
		if !errors.Is(err, c.want) || token != c.token || (jar != nil) != c.clears {
			t.Errorf("%s: token %q, clears %v, %v", name, token, jar != nil, err)
		}
		if err != nil {
			if _, err := norules().Logout(c.jar.in(t, c.session), c.input); !errors.Is(err, c.want) {
				t.Errorf("%s: logout says %v", name, err)
			}
		}
	}
}

func TestCookiesGoOnceTheSessionHasEnded(t *testing.T) {
	t.Parallel()
	jar := tin{refresh: "rt0"}
	if _, err := loggedOut(&jar, 0, errors.New("store: end sessions: disk full")); err == nil || len(jar.done) > 0 {
		t.Errorf("failed: %v %v", err, jar.done)
	}
	// Nothing found is no error, and the browser is to forget what it has.
	if out, err := loggedOut(&jar, 0, nil); err != nil || out.SessionsEnded != 0 || !slices.Equal(jar.done, []string{"clear"}) {
		t.Errorf("nothing found: %v %v", err, jar.done)
	}
	if out, err := loggedOut(nil, 1, nil); err != nil || out.SessionsEnded != 1 {
		t.Errorf("without cookies: %v %v", out, err)
	}
}
