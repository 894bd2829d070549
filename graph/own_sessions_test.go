package graph

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func TestTheAnswerOfReauthenticateGoesTheWayTheTokenCame(t *testing.T) {
	t.Parallel()
	in := auth.SignIn{Tokens: auth.Tokens{Access: "at", AccessExpiresAt: time.Unix(1, 999e6)}}
	for name, c := range map[string]struct {
		jar    tin
		cookie bool
	}{
		"by header":               {tin{authorized: true}, false},
		"by header, with cookies": {tin{authorized: true, access: true, refresh: "rt0"}, false},
		"by cookie":               {tin{access: true, refresh: "rt0"}, true},
		"by cookie alone":         {tin{access: true}, true},
	} {
		out, err := deliveryOfCaller(c.jar.in(t, uuid.New())).reauthenticated(in, nil)
		if err != nil || (out.AccessToken == nil) != c.cookie || !out.AccessTokenExpiresAt.Equal(time.Unix(1, 0)) {
			t.Errorf("%s: %+v %v", name, out, err)
		}
		// No refresh token is set, and none is taken away.
		if want := []string{"set "}; c.cookie != slices.Equal(c.jar.done, want) || !c.cookie && len(c.jar.done) > 0 {
			t.Errorf("%s: %v", name, c.jar.done)
		}
	}
	jar := tin{access: true}
	if out, err := (delivery{jar: &jar}).reauthenticated(auth.SignIn{}, auth.InvalidCredentials); out != nil || !errors.Is(err, auth.InvalidCredentials) || len(jar.done) > 0 {
		t.Errorf("refused: %v %v %v", out, err, jar.done)
	}
}

func TestRevokingTheOwnSessionClearsItsCookiesAndNoOther(t *testing.T) {
	t.Parallel()
	session := uuid.New()
	for name, c := range map[string]struct {
		jar    tin
		id     uuid.UUID
		err    error
		clears bool
	}{
		"the own":                 {tin{access: true}, session, nil, true},
		"another":                 {tin{access: true}, uuid.New(), nil, false},
		"the own, by header":      {tin{authorized: true, access: true}, session, nil, false},
		"the own, and it failed":  {tin{access: true}, session, errors.New("store: end sessions: disk full"), false},
		"the own, ended meantime": {tin{access: true}, session, auth.NotFound, false},
	} {
		ctx := c.jar.in(t, session)
		out, err := revoked(carryingJar(ctx), CallerFrom(ctx), c.id, c.err)
		if !errors.Is(err, c.err) || err == nil && out.SessionID != c.id.String() || slices.Contains(c.jar.done, "clear") != c.clears {
			t.Errorf("%s: %v %v %v", name, out, err, c.jar.done)
		}
	}
}

func TestAnInactiveTokenHasNothingElseToSay(t *testing.T) {
	t.Parallel()
	full := auth.TokenStatus{
		Kind: auth.BySession, Subject: uuid.New(), SessionID: uuid.New(), Roles: []string{"admin"},
		IssuedAt: time.Unix(1, 0), ExpiresAt: time.Unix(2, 0),
	}
	if out := presentTokenStatus(full); out.Active || out.Kind != nil || out.Subject != nil || out.SessionID != nil ||
		out.Roles != nil || out.IssuedAt != nil || out.ExpiresAt != nil {
		t.Errorf("inactive: %+v", out)
	}
	full.Active = true
	if out := presentTokenStatus(full); !out.Active || out.Kind == nil || *out.Subject != full.Subject.String() ||
		*out.SessionID != full.SessionID.String() || len(out.Roles) != 1 || !out.IssuedAt.Equal(full.IssuedAt) || !out.ExpiresAt.Equal(full.ExpiresAt) {
		t.Errorf("active: %+v", out)
	}
	full.Kind, full.Roles = auth.Anonymous, nil
	if out := presentTokenStatus(full); out.Kind != nil || out.Roles != nil || out.Subject == nil {
		t.Errorf("of a refresh token: %+v", out)
	}
}
