package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"
)

// A RefreshInput is a refresh token, and the client's own key for asking again.
type RefreshInput struct {
	RefreshToken string
	// IdempotencyKey was made by the client before it first asked, and is known
	// to it alone: with it an answer that was lost can be had again, however
	// late.
	IdempotencyKey *string
}

// Refresh gives new tokens for a refresh token, which is good for one rotation
// (RFC 9700 section 4.14.2). A token that comes back after it was rotated ends
// its session, since one of the two who hold it is a thief; but a second tab
// within the grace window, or a client that names the idempotency key of the
// rotation, gets the current tokens again.
//
// InvalidToken, ExpiredToken, RefreshTokenReused; RateLimited.
func (s *Service) Refresh(ctx context.Context, c Caller, in RefreshInput) (SignIn, error) {
	var faults violations
	if in.RefreshToken == "" {
		faults.add("refreshToken", Fault{Code: Required})
	}
	var key []byte
	if in.IdempotencyKey != nil {
		faults.add("idempotencyKey", ParseIdempotencyKey(*in.IdempotencyKey))
		key = Digest(*in.IdempotencyKey)
	}
	if err := faults.refusal(); err != nil {
		return SignIn{}, err
	}
	if err := s.refreshes.Allow(c.Counted(), c.Now); err != nil {
		return SignIn{}, err
	}
	claims, err := s.secrets.verifyRefresh(c.Now, in.RefreshToken, s.settings.Leeway)
	if err != nil {
		return SignIn{}, err
	}
	// Rotations alone are limited: a token that comes back is noticed however many
	// there were, or a thief who uses them up would keep the owner's from ending
	// the session.
	limited := s.rotations.Check(claims.SessionID.String(), c.Now)
	var session Session
	rotated := false
	if limited == nil {
		session, rotated, err = s.store.RotateSession(ctx, Rotation{
			SessionID: claims.SessionID, Generation: claims.Generation,
			Now: c.Now, Grace: s.settings.RefreshGrace,
			UserAgentDigest: Digest(c.UserAgent), KeyDigest: key,
			AccessExpiresAt: c.Now.Add(s.settings.AccessTokenLifetime),
			ExpiresAt:       c.Now.Add(s.settings.SessionIdleLifetime),
		})
		if err != nil {
			return SignIn{}, err
		}
	}
	if rotated {
		// Check has found room. Where another rotation of the session took it
		// meanwhile, this one has happened all the same, and must be answered.
		_ = s.rotations.Allow(claims.SessionID.String(), c.Now)
	} else if session, err = s.repeat(ctx, c, claims, key, limited); err != nil {
		return SignIn{}, err
	}
	user, err := s.store.UserByID(ctx, session.UserID)
	if errors.Is(err, ErrNotFound) || err == nil && user.Status != Active {
		return SignIn{}, InvalidToken
	}
	if err != nil {
		return SignIn{}, err
	}
	tokens, err := s.tokens(c.Client, user, session)
	return SignIn{User: user, Session: session, Tokens: tokens}, err
}

// repeat judges a refresh token that rotated nothing: its session's current
// tokens are given again, or the session is ended. Where its rotations are limited,
// that is told instead of the tokens.
func (s *Service) repeat(ctx context.Context, c Caller, claims RefreshClaims, key []byte, limited error) (Session, error) {
	session, err := s.store.SessionByID(ctx, claims.SessionID)
	if errors.Is(err, ErrNotFound) {
		return Session{}, InvalidToken
	}
	if err != nil {
		return Session{}, err
	}
	switch {
	case !session.EndedAt.IsZero():
		return Session{}, endedRefusal(session)
	case !c.Now.Before(session.ExpiresAt):
		return Session{}, ExpiredToken
	case claims.Generation > session.Generation:
		// Signed by us and never given out: a backup was restored, or the secret
		// is known to somebody.
		s.logger.WarnContext(ctx, "refresh token of a generation that was never given", slog.String("session", session.ID.String()))
		return Session{}, InvalidToken
	case s.mayRepeat(c, claims, session, key):
		if limited != nil {
			return Session{}, limited
		}
		s.logger.DebugContext(ctx, "refresh repeated", slog.String("session", session.ID.String()))
		s.observer.RefreshRepeated()
		return session, nil
	}
	return Session{}, s.endReused(ctx, c, session)
}

// mayRepeat holds for the current generation, which rotates at most once a
// grace window, and for the one before it: within the window from the user
// agent that rotated, and at any time with the key of that rotation. Once the
// new token has been used the old one is two behind, and nothing helps it.
func (s *Service) mayRepeat(c Caller, claims RefreshClaims, session Session, key []byte) bool {
	switch claims.Generation {
	case session.Generation:
		return true
	case session.Generation - 1:
		inWindow := c.Now.Before(session.RotatedAt.Add(s.settings.RefreshGrace))
		return inWindow && bytes.Equal(Digest(c.UserAgent), session.RotatedBy) ||
			key != nil && bytes.Equal(key, session.RotationKey)
	}
	return false
}

// endedRefusal is what the token of a session that has ended is told: both
// holders of one that came back learn why.
func endedRefusal(session Session) error {
	if session.EndReason == EndedByReuse {
		return RefreshTokenReused
	}
	return InvalidToken
}

// endReused ends the session of a token that came back. The refusal is returned
// after the commit: it must not undo the ending.
func (s *Service) endReused(ctx context.Context, c Caller, session Session) error {
	var revoked []BlacklistedToken
	err := s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		ended, err := q.EndSessions(ctx, []uuid.UUID{session.ID}, EndedByReuse, c.Now)
		if err != nil || len(ended) == 0 {
			return err
		}
		if revoked, err = s.revoke(ctx, q, c.Client, ended, EndedByReuse); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventRefreshTokenReused, session.UserID, sessionDetails(session)))
	})
	if err != nil {
		return err
	}
	if len(revoked) == 0 {
		// Somebody else was first, who may have signed out.
		ended, err := s.store.SessionByID(ctx, session.ID)
		if err != nil {
			return err
		}
		return endedRefusal(ended)
	}
	s.blacklist.Add(revoked...)
	s.observer.RefreshReused()
	return RefreshTokenReused
}
