package graph

import (
	"context"

	"gatehouse/graph/model"
)

// ChangeUsername gives the caller another username.
func (m mutation) ChangeUsername(ctx context.Context, in model.ChangeUsernameInput) (*model.ChangeUsernamePayload, error) {
	user, err := m.auth.ChangeUsername(ctx, CallerFrom(ctx), in.Username)
	if err != nil {
		return nil, err
	}
	return &model.ChangeUsernamePayload{User: presentUser(user)}, nil
}

// RequestUsernameReset sends the link, if there is an account to send it for.
func (m mutation) RequestUsernameReset(ctx context.Context, in model.RequestUsernameResetInput) (*model.RequestUsernameResetPayload, error) {
	email, err := m.auth.RequestUsernameReset(ctx, CallerFrom(ctx), in.Email)
	if err != nil {
		return nil, err
	}
	return &model.RequestUsernameResetPayload{Email: email}, nil
}

// ResetUsername sets the username by the link.
func (m mutation) ResetUsername(ctx context.Context, in model.ResetUsernameInput) (*model.ResetUsernamePayload, error) {
	username, err := m.auth.ResetUsername(ctx, CallerFrom(ctx), in.Token, in.Username)
	if err != nil {
		return nil, err
	}
	return &model.ResetUsernamePayload{Username: username}, nil
}
