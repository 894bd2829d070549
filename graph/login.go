package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Login signs in by password.
func (m mutation) Login(ctx context.Context, in model.LoginInput) (model.LoginResult, error) {
	way, err := deliveryBy(ctx, in.Transport)
	if err != nil {
		return nil, err
	}
	return way.loginResult(m.auth.Login(ctx, CallerFrom(ctx), auth.LoginInput{
		Identifier: in.Identifier, Password: in.Password, DeviceName: given(in.DeviceName),
	}))
}
