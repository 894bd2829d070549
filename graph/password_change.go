package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// ChangePassword replaces the password and ends the other sessions.
func (m mutation) ChangePassword(ctx context.Context, in model.ChangePasswordInput) (*model.ChangePasswordPayload, error) {
	ended, err := m.auth.ChangePassword(ctx, CallerFrom(ctx), auth.ChangePasswordInput{
		CurrentPassword: in.CurrentPassword, NewPassword: in.NewPassword, NewPasswordConfirmation: in.NewPasswordConfirmation,
	})
	if err != nil {
		return nil, err
	}
	return &model.ChangePasswordPayload{SessionsEnded: ended}, nil
}
