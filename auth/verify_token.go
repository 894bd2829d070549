package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// A TokenStatus is what there is to say about a token. All but Active is zero
// unless it is active.
type TokenStatus struct {
	Active    bool
	Kind      CallerKind // Anonymous for a refresh token, which lets nobody in by itself
	Subject   uuid.UUID
	SessionID uuid.UUID
	Roles     []string // those that the token bears: nil for a refresh token
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// VerifyToken says whether a token is good now. One that has ended, has
// expired, is foreign or malformed is inactive, which is no error; that storage
// failed is one, since nobody must take it for either answer.
//
// Of a refresh token it says whether its session lives. Whoever holds a stolen
// one must not learn from it whether or when the user has refreshed: so every
// generation is answered alike, and what is told is the sign-in and the token's
// own end, which can be read in it anyway, cut to five minutes.
func (s *Service) VerifyToken(ctx context.Context, c Caller, token string) (TokenStatus, error) {
	claims, err := s.keys.Verify(c.Now, token)
	switch {
	case errors.Is(err, ExpiredToken):
		return TokenStatus{}, nil
	case err != nil:
		return s.verifyRefreshToken(ctx, c, token)
	}
	forbidden, err := s.forbids(ctx, c.Client, claims)
	if err != nil || forbidden {
		return TokenStatus{}, err
	}
	return TokenStatus{
		Active: true, Kind: BySession, Subject: claims.Subject, SessionID: claims.SessionID,
		Roles: claims.Roles, IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
	}, nil
}

func (s *Service) verifyRefreshToken(ctx context.Context, c Caller, token string) (TokenStatus, error) {
	claims, err := s.secrets.verifyRefresh(c.Now, token, s.settings.Leeway)
	if err != nil {
		return TokenStatus{}, nil //nolint:nilerr // a token that is no good is an answer
	}
	session, err := s.store.SessionByID(ctx, claims.SessionID)
	known, err := found(err)
	// A generation that was never given is signed by us all the same, after a
	// backup was restored: refresh refuses it.
	if err != nil || !known || !session.livesAt(c.Now) || claims.Generation > session.Generation {
		return TokenStatus{}, err
	}
	return TokenStatus{
		Active: true, Subject: session.UserID, SessionID: session.ID,
		IssuedAt: session.CreatedAt.Truncate(disclosed), ExpiresAt: claims.ExpiresAt.Truncate(disclosed),
	}, nil
}

// livesAt holds until the session has ended or expired.
func (s Session) livesAt(now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) && now.Before(s.EndsAt)
}
