package graph

import (
	"context"

	"gatehouse/graph/model"
)

// Logout ends the session. Cookies go once it has ended, not before: who is told
// that signing out failed is still signed in, and can try again.
func (m mutation) Logout(ctx context.Context, in *model.LogoutInput) (*model.LogoutPayload, error) {
	token, jar, err := leavingTokenOf(ctx, in)
	if err != nil {
		return nil, err
	}
	ended, err := m.auth.Logout(ctx, CallerFrom(ctx), token)
	return loggedOut(jar, ended, err)
}

func loggedOut(jar CookieJar, ended int, err error) (*model.LogoutPayload, error) {
	if err != nil {
		return nil, err
	}
	if jar != nil {
		jar.Clear()
	}
	return &model.LogoutPayload{SessionsEnded: ended}, nil
}
