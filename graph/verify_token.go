package graph

import (
	"context"

	"gatehouse/graph/model"
)

// VerifyToken says whether a token is good now.
func (q query) VerifyToken(ctx context.Context, token string) (*model.TokenStatus, error) {
	status, err := q.auth.VerifyToken(ctx, CallerFrom(ctx), token)
	if err != nil {
		return nil, err
	}
	return presentTokenStatus(status), nil
}
