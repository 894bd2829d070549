package auth

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// newLink makes a link for an address. Where bound is false it is void from the
// start: it is written so that the work is the same, and good for nothing.
func (s *Service) newLink(c Client, purpose LinkPurpose, token, emailKey string, expires time.Time, bound bool) Link {
	l := Link{
		ID: s.newID(c.Now), Digest: Digest(token), Purpose: purpose, EmailKey: emailKey,
		CreatedAt: c.Now, ExpiresAt: expires,
	}
	if !bound {
		l.VoidedAt = c.Now
	}
	return l
}

// endingLinksOf are the links of the user that a new password or address ends:
// all but the ways back, by which the owner undoes what a thief has done since.
func endingLinksOf(userID uuid.UUID) LinkFilter {
	return LinkFilter{UserID: userID, Purposes: slices.DeleteFunc(LinkPurposes(), func(p LinkPurpose) bool {
		return p == LinkEmailRevert
	})}
}

// replaceLinks inserts the link and voids the older ones of the filter. The new one
// comes first: by its foreign key it waits for the user's row, which whoever moves
// the account holds while it voids the links. The other way round each would wait
// for the other until the database gave one of them up.
func replaceLinks(ctx context.Context, q Queries, older LinkFilter, link Link) error {
	if err := q.InsertLinks(ctx, link); err != nil {
		return err
	}
	older.But = link.ID
	return q.VoidLinks(ctx, older, link.CreatedAt)
}

// findLink looks up the link of a token, for one purpose only: InvalidToken
// where it is malformed, unknown, used, void or meant for something else,
// ExpiredToken where its time is over. It changes nothing; using the link is
// one conditional UPDATE later on.
func (s *Service) findLink(ctx context.Context, c Client, token string, purpose LinkPurpose) (Link, error) {
	if !parseLinkSecret(token) {
		return Link{}, InvalidToken
	}
	link, err := s.store.LinkByDigest(ctx, Digest(token))
	if errors.Is(err, ErrNotFound) {
		return Link{}, InvalidToken
	}
	if err != nil {
		return Link{}, err
	}
	switch {
	case link.Purpose != purpose || !link.UsedAt.IsZero() || !link.VoidedAt.IsZero():
		return Link{}, InvalidToken
	case !c.Now.Before(link.ExpiresAt):
		return Link{}, ExpiredToken
	}
	return link, nil
}

// userOf is the user of a link, as long as the letter that held it would reach
// the user still.
func (s *Service) userOf(ctx context.Context, link Link) (User, error) {
	user, err := s.store.UserByID(ctx, link.UserID)
	if errors.Is(err, ErrNotFound) || err == nil && (user.Status != Active || user.Email.Key != link.EmailKey) {
		return User{}, InvalidToken
	}
	return user, err
}

// found drops ErrNotFound: the zero value stands for nobody, on whom the same
// statements are run as on anybody.
func found(err error) (bool, error) {
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// parsePassword checks a password that is being chosen and its repetition,
// which is compared as it was typed.
func (s *Service) parsePassword(faults *violations, field, password string, repeated *string, own ...string) string {
	normal, fault := s.passwords.Check(password, own...)
	faults.add(field, fault)
	if repeated != nil && *repeated != password {
		faults.add(field+"Confirmation", Fault{Code: Mismatch})
	}
	return normal
}

// sameFlow compares a flow's secret with the digest that is stored.
func sameFlow(flow *string, digest []byte) bool {
	return flow != nil && bytes.Equal(Digest(*flow), digest)
}
