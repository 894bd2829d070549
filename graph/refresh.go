package graph

import (
	"context"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Refresh gives new tokens; they go the way the refresh token came.
func (m mutation) Refresh(ctx context.Context, in *model.RefreshInput) (*model.SignedIn, error) {
	token, way, err := refreshTokenOf(ctx, in)
	if err != nil {
		return nil, err
	}
	return way.signedIn(m.auth.Refresh(ctx, CallerFrom(ctx), auth.RefreshInput{RefreshToken: token, IdempotencyKey: idempotencyKey(in)}))
}

func idempotencyKey(in *model.RefreshInput) *string {
	if in == nil {
		return nil
	}
	return in.IdempotencyKey
}
