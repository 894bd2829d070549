package graph

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// Sessions are those of a user that the caller was given. Asked for in the
// answer of a sign-in it must not fail for want of one: the error would wipe
// out the tokens that were just made.
func (u user) Sessions(ctx context.Context, of *model.User) ([]model.Session, error) {
	caller := CallerFrom(ctx)
	sessions, err := u.auth.Sessions(ctx, caller, uuid.MustParse(of.ID))
	if err != nil {
		return nil, err
	}
	return presentSessions(sessions, cmp.Or(of.CurrentSession, caller.SessionID.String())), nil
}

// RevokeSession ends one session. Where it is that of the request's cookies, the
// browser is to forget them.
func (m mutation) RevokeSession(ctx context.Context, in model.RevokeSessionInput) (*model.RevokeSessionPayload, error) {
	caller := CallerFrom(ctx)
	id, err := m.auth.RevokeSession(ctx, caller, in.SessionID)
	return revoked(carryingJar(ctx), caller, id, err)
}

func revoked(jar CookieJar, caller auth.Caller, id uuid.UUID, err error) (*model.RevokeSessionPayload, error) {
	if err != nil {
		return nil, err
	}
	if jar != nil && id == caller.SessionID {
		jar.Clear()
	}
	return &model.RevokeSessionPayload{SessionID: id.String()}, nil
}

// RevokeOtherSessions ends every session but the caller's.
func (m mutation) RevokeOtherSessions(ctx context.Context) (*model.RevokeOtherSessionsPayload, error) {
	ended, err := m.auth.RevokeOtherSessions(ctx, CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &model.RevokeOtherSessionsPayload{SessionsEnded: ended}, nil
}
