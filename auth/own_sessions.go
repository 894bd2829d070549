package auth

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// OwnSessionQueries are what a user may do about the sessions of its own. Each
// names the user, so that nobody reaches another's by guessing an ID.
type OwnSessionQueries interface {
	// LivingSessions are the sessions of the user that have neither ended nor
	// expired.
	LivingSessions(ctx context.Context, userID uuid.UUID, now time.Time) ([]Session, error)
	// EndOwnSession ends the session if it is the user's and lives; none is
	// answered where it did nothing.
	EndOwnSession(ctx context.Context, userID, id uuid.UUID, reason EndReason, now time.Time) ([]EndedSession, error)
	// EndOtherSessions ends every living session of the user but keep.
	EndOtherSessions(ctx context.Context, userID, keep uuid.UUID, reason EndReason, now time.Time) ([]EndedSession, error)
	// ProveSession notes that the user of a living session has just proved who it
	// is, and that an access token goes out which expires at accessExpiresAt, or
	// with the session; false where the session does not live.
	ProveSession(ctx context.Context, userID, id uuid.UUID, now, accessExpiresAt time.Time) (Session, bool, error)
}

// Sessions are those of a user whom another rule has just given to the caller,
// the latest used first. Their order tells no more than [Session.LastUsedAt]:
// by the instants themselves a thief with two sessions would see the user's
// refreshes come between his own.
func (s *Service) Sessions(ctx context.Context, c Caller, userID uuid.UUID) ([]Session, error) {
	sessions, err := s.store.LivingSessions(ctx, userID, c.Now)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sessions, func(a, b Session) int {
		return cmp.Or(b.LastUsedAt().Compare(a.LastUsedAt()), b.CreatedAt.Compare(a.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	return sessions, nil
}

// RevokeSession ends a session of the caller's user, the caller's own as well:
// NotFound where it is another's, unknown, malformed or has ended before, which
// are one answer; Unauthenticated. It gives the ID in canonical form.
func (s *Service) RevokeSession(ctx context.Context, c Caller, sessionID string) (uuid.UUID, error) {
	id, err := uuid.Parse(sessionID)
	if err != nil {
		return uuid.Nil, NotFound
	}
	reason := EndedByRevocation
	if id == c.SessionID {
		reason = EndedByLogout
	}
	ended, err := s.endOwn(ctx, c, reason, func(q Queries) ([]EndedSession, error) {
		return q.EndOwnSession(ctx, c.UserID, id, reason, c.Now)
	})
	if err == nil && ended == 0 {
		err = NotFound
	}
	return id, err
}

// RevokeOtherSessions ends every session of the caller's user but the caller's
// own, and says how many there were. Unauthenticated.
func (s *Service) RevokeOtherSessions(ctx context.Context, c Caller) (int, error) {
	return s.endOwn(ctx, c, EndedByRevocation, func(q Queries) ([]EndedSession, error) {
		return q.EndOtherSessions(ctx, c.UserID, c.SessionID, EndedByRevocation, c.Now)
	})
}

// endOwn ends what end does, and its access tokens with it, and says how many
// were signed in.
func (s *Service) endOwn(ctx context.Context, c Caller, reason EndReason, end func(Queries) ([]EndedSession, error)) (int, error) {
	if c.Kind == Anonymous {
		return 0, Unauthenticated
	}
	signedOut := 0
	var revoked []BlacklistedToken
	err := s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		ended, err := end(q)
		if err != nil {
			return err
		}
		signedOut = living(ended, c.Now)
		revoked, err = s.revoke(ctx, q, c.Client, ended, reason)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.blacklist.Add(revoked...)
	return signedOut, nil
}

// endOthers ends every session of the user but keep, voids its links but the ways
// back, and says how many were signed in. The caller holds the user's row lock,
// so that no sign-in slips in between.
func (s *Service) endOthers(ctx context.Context, q Queries, c Client, user User, keep uuid.UUID, reason EndReason) (signedOut int, revoked []BlacklistedToken, err error) {
	if err := q.VoidLinks(ctx, user.endingLinks(), c.Now); err != nil {
		return 0, nil, err
	}
	if err := q.ForgetNetworks(ctx, user.ID); err != nil {
		return 0, nil, err
	}
	ended, err := q.EndOtherSessions(ctx, user.ID, keep, reason, c.Now)
	if err != nil {
		return 0, nil, err
	}
	revoked, err = s.revoke(ctx, q, c, ended, reason)
	return living(ended, c.Now), revoked, err
}
