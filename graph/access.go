package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"gatehouse/auth"
	"gatehouse/graph/generated"
	"gatehouse/graph/model"
)

// A resolver answers the fields of the roots: query reads, mutation writes,
// subscription waits.
type resolver struct {
	auth     *auth.Service
	settings model.Settings
}

type (
	query        struct{ *resolver }
	mutation     struct{ *resolver }
	subscription struct{ *resolver }
	user         struct{ *resolver }
)

// Query implements [generated.ResolverRoot].
func (r *resolver) Query() generated.QueryResolver { return query{r} }

// Mutation implements [generated.ResolverRoot].
func (r *resolver) Mutation() generated.MutationResolver { return mutation{r} }

// Subscription implements [generated.ResolverRoot].
func (r *resolver) Subscription() generated.SubscriptionResolver { return subscription{r} }

// User implements [generated.ResolverRoot].
func (r *resolver) User() generated.UserResolver { return user{r} }

// guard is directive @auth. The rule behind it denies by default: an anonymous
// caller passes no guard, and a kind of caller that is not named in by none.
func (r *resolver) guard(ctx context.Context, _ any, next graphql.Resolver, roles []string, recent bool, by []model.CallerKind) (any, error) {
	g := auth.Guard{Roles: roles, Recent: recent}
	for _, kind := range by {
		g.By = append(g.By, auth.CallerKind(kind))
	}
	if err := r.auth.Authorize(ctx, CallerFrom(ctx), g); err != nil {
		return nil, err
	}
	return next(ctx)
}

// Me is the caller's user.
func (q query) Me(ctx context.Context) (*model.User, error) {
	user, err := q.auth.Me(ctx, CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return presentUser(user), nil
}
