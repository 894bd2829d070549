package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// newWayBack is an open way back of the user to an address that nobody has.
func newWayBack(u auth.User, version int) auth.Link {
	l := newLink(auth.LinkEmailRevert)
	l.UserID, l.Email, l.UserVersion = u.ID, "Left "+l.EmailKey, version
	return l
}

func emailChanges(t *testing.T, s *subject) {
	later := noon.Add(time.Minute)

	t.Run("an address is reserved while the way back to it is open", func(t *testing.T) {
		u := insertUser(t, s)
		way := insertLink(t, s, newWayBack(u, 2))
		longer := newWayBack(u, 3)
		longer.EmailKey, longer.ExpiresAt = way.EmailKey, way.ExpiresAt.Add(time.Hour)
		want := auth.Reservation{User: u, Email: auth.Address{Text: way.Email, Key: way.EmailKey}, ExpiresAt: way.ExpiresAt}
		same(t, "reservation", value(s.Two.ReservationOf(t.Context(), way.EmailKey, later))(t), want)
		insertLink(t, s, longer)
		want.Email.Text, want.ExpiresAt = longer.Email, longer.ExpiresAt
		same(t, "the longer one", value(s.Two.ReservationOf(t.Context(), way.EmailKey, later))(t), want)
		same(t, "ways back", value(s.Two.WaysBack(t.Context(), u.ID, later))(t), []auth.Link{longer, way})

		used, voided, other := newWayBack(u, 4), newWayBack(u, 5), newLink(auth.LinkEmailChange)
		used.UsedAt, voided.VoidedAt, other.UserID, other.Email = noon, noon, u.ID, "other"
		must(t, s.One.InsertLinks(t.Context(), used, voided, other))
		for name, key := range map[string]string{
			"used": used.EmailKey, "void": voided.EmailKey, "another purpose": other.EmailKey, "unknown": newAddress().Key,
			"the user's own": u.Email.Key,
		} {
			if _, err := s.One.ReservationOf(t.Context(), key, later); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.One.ReservationOf(t.Context(), way.EmailKey, longer.ExpiresAt); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("expired: %v", err)
		}
		same(t, "open ways", value(s.One.WaysBack(t.Context(), u.ID, way.ExpiresAt))(t), []auth.Link{longer})
	})

	t.Run("an address is changed at the version that was read, and is nobody else's", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		email := newAddress()
		same(t, "another version", value(s.One.ChangeEmail(t.Context(), u.ID, u.Version+1, email, later))(t), false)
		same(t, "another's", value(s.One.ChangeEmail(t.Context(), u.ID, u.Version, other.Email, later))(t), false)
		same(t, "untouched", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		same(t, "changed", value(s.One.ChangeEmail(t.Context(), u.ID, u.Version, email, later))(t), true)
		u.Email, u.Version, u.UpdatedAt = email, u.Version+1, later
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		value(s.One.SuspendUser(t.Context(), u.ID, later))(t)
		same(t, "suspended", value(s.One.ChangeEmail(t.Context(), u.ID, u.Version+1, newAddress(), later))(t), false)
	})

	t.Run("of all who want one address at once one gets it", func(t *testing.T) {
		for range rounds {
			email := newAddress()
			users := make([]auth.User, 16)
			for i := range users {
				users[i] = insertUser(t, s)
			}
			same(t, "got it", s.race(t, len(users), func(i int, node Node) (bool, error) {
				return node.ChangeEmail(t.Context(), users[i].ID, users[i].Version, email, later)
			}), 1)
		}
	})

	t.Run("whoever waits for an address finds it reserved when it is left", func(t *testing.T) {
		givenUp := errors.New("given up")
		for range rounds {
			u, next := insertUser(t, s), insertUser(t, s)
			way := newWayBack(u, u.Version+1)
			way.EmailKey = u.Email.Key
			got := s.race(t, 2, func(i int, node Node) (bool, error) {
				won := false
				err := node.InTx(t.Context(), func(q auth.Queries) (err error) {
					if i == 0 {
						if _, err = q.ChangeEmail(t.Context(), u.ID, u.Version, newAddress(), later); err == nil {
							err = q.InsertLinks(t.Context(), way)
						}
						return err
					}
					if won, err = q.ChangeEmail(t.Context(), next.ID, next.Version, u.Email, later); err == nil && won {
						_, err = q.ReservationOf(t.Context(), u.Email.Key, later)
						if won = errors.Is(err, auth.ErrNotFound); won {
							return nil
						}
					}
					return errors.Join(err, givenUp) // as the rules do, which roll back
				})
				if errors.Is(err, givenUp) {
					err = nil
				}
				return won, err
			})
			same(t, "got it", got, 0)
		}
	})

	t.Run("the ways back of later changes are voided, and no others", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		first, second, third, foreign := newWayBack(u, 2), newWayBack(u, 5), newWayBack(u, 7), newWayBack(other, 9)
		change, used := newLink(auth.LinkEmailChange), newWayBack(u, 8)
		change.UserID, change.Email, change.UserVersion, used.UsedAt = u.ID, "x", 9, noon
		change.SessionID = newID()
		must(t, s.One.InsertLinks(t.Context(), first, second, third, foreign, change, used))
		must(t, s.One.VoidLaterWaysBack(t.Context(), u.ID, 2, later))
		second.VoidedAt, third.VoidedAt = later, later
		for name, l := range map[string]auth.Link{
			"first": first, "second": second, "third": third, "another's": foreign, "a change": change, "used": used,
		} {
			same(t, name, value(s.Two.LinkByDigest(t.Context(), l.Digest))(t), l)
		}
	})

	t.Run("a password is deleted, and the account stays", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		for _, id := range []uuid.UUID{u.ID, other.ID} {
			must(t, s.One.SetPassword(t.Context(), id, "hash", noon))
		}
		must(t, s.One.DeletePassword(t.Context(), u.ID))
		must(t, s.One.DeletePassword(t.Context(), newID()))
		same(t, "account", value(s.Two.AccountByEmail(t.Context(), u.Email.Key))(t), auth.Account{User: u})
		same(t, "another's", value(s.Two.AccountByEmail(t.Context(), other.Email.Key))(t).PasswordHash, "hash")
	})
}
