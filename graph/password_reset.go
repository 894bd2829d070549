package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// RequestPasswordReset sends the link, if there is an account to send it for.
func (m mutation) RequestPasswordReset(ctx context.Context, in model.RequestPasswordResetInput) (*model.RequestPasswordResetPayload, error) {
	email, err := m.auth.RequestPasswordReset(ctx, CallerFrom(ctx), in.Email)
	if err != nil {
		return nil, err
	}
	return &model.RequestPasswordResetPayload{Email: email}, nil
}

// ResetPassword sets the new password and ends every session.
func (m mutation) ResetPassword(ctx context.Context, in model.ResetPasswordInput) (*model.ResetPasswordPayload, error) {
	reset, err := m.auth.ResetPassword(ctx, CallerFrom(ctx), auth.ResetPasswordInput{
		Token: in.Token, NewPassword: in.NewPassword, NewPasswordConfirmation: in.NewPasswordConfirmation,
	})
	if err != nil {
		return nil, err
	}
	return presentPasswordReset(reset), nil
}
