package graph

import (
	"context"

	"gatehouse/graph/model"
)

// DeleteAccount deletes the caller's account. Cookies go once it is gone: they
// are good for nothing then.
func (m mutation) DeleteAccount(ctx context.Context) (*model.DeleteAccountPayload, error) {
	email, err := m.auth.DeleteAccount(ctx, CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	if jar := carryingJar(ctx); jar != nil {
		jar.Clear()
	}
	return &model.DeleteAccountPayload{Email: email}, nil
}
