package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// UpdateProfile changes what was given and leaves the rest.
func (m mutation) UpdateProfile(ctx context.Context, in model.UpdateProfileInput) (*model.UpdateProfilePayload, error) {
	user, err := m.auth.UpdateProfile(ctx, CallerFrom(ctx), auth.ProfileChange{
		Name: change(in.Name), Phone: change(in.Phone), AvatarURL: change(in.AvatarURL), Locale: change(in.Locale),
	})
	if err != nil {
		return nil, err
	}
	return &model.UpdateProfilePayload{User: presentUser(user)}, nil
}

// change is nil for what was left out, and "" for null.
func change(field graphql.Omittable[*string]) *string {
	value, set := field.ValueOK()
	if !set {
		return nil
	}
	text := given(value)
	return &text
}
