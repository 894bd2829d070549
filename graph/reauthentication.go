package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Reauthenticate gives a new access token, the way the caller's own came.
func (m mutation) Reauthenticate(ctx context.Context, in model.ReauthenticateInput) (*model.ReauthenticatePayload, error) {
	return deliveryOfCaller(ctx).reauthenticated(m.auth.Reauthenticate(ctx, CallerFrom(ctx), given(in.Password)))
}

// reauthenticated hands the new access token over; the refresh token stays.
func (d delivery) reauthenticated(in auth.SignIn, err error) (*model.ReauthenticatePayload, error) {
	if err != nil {
		return nil, err
	}
	out := presentReauthentication(in)
	if d.jar != nil {
		d.jar.SetTokens(in.Tokens)
		out.AccessToken = nil
	}
	return out, nil
}
