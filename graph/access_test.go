package graph

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

func TestAStrangersGuardedFieldIsNullAndItsNeighboursStand(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.me = func(context.Context) (*model.User, error) {
		t.Error("the resolver of a guarded field was run for a stranger")
		return &model.User{}, nil
	}
	a := b.query(t, "{me{email} settings{brand{name}}}")
	if a.Code != http.StatusOK || a.code() != auth.Unauthenticated || string(a.Data) != `{"me":null,"settings":{"brand":{"name":"Acme"}}}` {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestTheGuardLetsInTheKindsThatTheFieldNames(t *testing.T) {
	t.Parallel()
	r := &resolver{auth: auth.New(auth.Options{Limits: auth.Limits{Off: true}})}
	all := []model.CallerKind{model.CallerKindSession, model.CallerKindImpersonation, model.CallerKindAPIToken}
	for _, c := range []struct {
		kind auth.CallerKind
		by   []model.CallerKind
		want error
	}{
		{auth.Anonymous, all, auth.Unauthenticated},
		{auth.Anonymous, nil, auth.Unauthenticated},
		{auth.BySession, nil, auth.Forbidden},
		{auth.BySession, all[:1], nil},
		{auth.ByImpersonator, all[:1], auth.Forbidden},
		{auth.ByAPIToken, all[:1], auth.Forbidden},
		{auth.ByImpersonator, all, nil},
		{auth.ByAPIToken, all, nil},
		{"SOMETHING_ELSE", all, auth.Forbidden},
	} {
		ran := false
		_, err := r.guard(WithCaller(t.Context(), auth.Caller{Kind: c.kind}), nil,
			func(context.Context) (any, error) { ran = true; return "", nil }, nil, false, c.by)
		if !errors.Is(err, c.want) || ran != (c.want == nil) {
			t.Errorf("%q by %v: %v, run %v", c.kind, c.by, err, ran)
		}
	}
}
