package graph

import (
	"context"

	"gatehouse/graph/model"
)

// RequestEmailChange sends the link, if the address is nobody's.
func (m mutation) RequestEmailChange(ctx context.Context, in model.RequestEmailChangeInput) (*model.RequestEmailChangePayload, error) {
	newEmail, err := m.auth.RequestEmailChange(ctx, CallerFrom(ctx), in.NewEmail)
	if err != nil {
		return nil, err
	}
	return &model.RequestEmailChangePayload{NewEmail: newEmail}, nil
}

// ConfirmEmailChange moves the account by the link.
func (m mutation) ConfirmEmailChange(ctx context.Context, in model.ConfirmEmailChangeInput) (*model.ConfirmEmailChangePayload, error) {
	email, err := m.auth.ConfirmEmailChange(ctx, CallerFrom(ctx), in.Token)
	if err != nil {
		return nil, err
	}
	return &model.ConfirmEmailChangePayload{Email: email}, nil
}

// RevertEmailChange takes the old address back by the link.
func (m mutation) RevertEmailChange(ctx context.Context, in model.RevertEmailChangeInput) (*model.RevertEmailChangePayload, error) {
	email, err := m.auth.RevertEmailChange(ctx, CallerFrom(ctx), in.Token)
	if err != nil {
		return nil, err
	}
	return &model.RevertEmailChangePayload{Email: email}, nil
}
