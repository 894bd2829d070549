package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func registrations(t *testing.T, s *subject) {
	t.Run("a registration comes back as it was written, a void one too", func(t *testing.T) {
		for _, void := range []bool{false, true} {
			r := newRegistration(newAddress())
			r.Void, r.Tries = void, 2
			must(t, s.One.InsertRegistration(t.Context(), r))
			same(t, "by ID", value(s.Two.RegistrationByID(t.Context(), r.ID))(t), r)
			same(t, "by flow", value(s.Two.RegistrationByFlow(t.Context(), r.FlowDigest))(t), r)
		}
		if _, err := s.One.RegistrationByID(t.Context(), newID()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown ID: %v", err)
		}
		if _, err := s.One.RegistrationByFlow(t.Context(), digest("nothing")); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown flow: %v", err)
		}
	})

	t.Run("the newest registration is neither void nor expired", func(t *testing.T) {
		email := newAddress()
		if _, err := s.One.NewestRegistration(t.Context(), email.Key, noon); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("of none: %v", err)
		}
		older, newest, void, expired := newRegistration(email), newRegistration(email), newRegistration(email), newRegistration(email)
		older.CreatedAt = noon.Add(-time.Minute)
		void.CreatedAt, void.Void = noon.Add(time.Minute), true
		expired.CreatedAt, expired.ExpiresAt = noon.Add(time.Minute), noon
		for _, r := range []auth.Registration{newest, expired, older, void} {
			must(t, s.One.InsertRegistration(t.Context(), r))
		}
		insertRegistration(t, s, newAddress())
		same(t, "newest", value(s.One.NewestRegistration(t.Context(), email.Key, noon))(t).ID, newest.ID)
	})

	t.Run("of one instant the last ID is the newest", func(t *testing.T) {
		email := newAddress()
		first, last := newRegistration(email), newRegistration(email)
		must(t, s.One.InsertRegistration(t.Context(), last))
		must(t, s.One.InsertRegistration(t.Context(), first))
		same(t, "newest", value(s.One.NewestRegistration(t.Context(), email.Key, noon))(t).ID, last.ID)
	})

	t.Run("the newest of an address and network are kept, and all of other networks", func(t *testing.T) {
		email := newAddress()
		var newest []uuid.UUID
		for i := range 7 {
			r := newRegistration(email)
			r.CreatedAt = noon.Add(time.Duration(i/2) * time.Minute)
			must(t, s.One.InsertRegistration(t.Context(), r))
			newest = append(newest, r.ID)
		}
		elsewhere := newRegistration(email)
		elsewhere.Network, elsewhere.CreatedAt = "198.51.100.0/24", noon.Add(-time.Hour)
		must(t, s.One.InsertRegistration(t.Context(), elsewhere))
		another := insertRegistration(t, s, newAddress())

		must(t, s.One.DeleteOldRegistrations(t.Context(), email.Key, elsewhere.Network, 5))
		must(t, s.One.DeleteOldRegistrations(t.Context(), email.Key, "192.0.2.0/24", 5))
		same(t, "of the address", s.count(t, "registrations WHERE email_key = $1", email.Key), 6)
		for _, id := range append(newest[2:], elsewhere.ID, another.ID) {
			value(s.One.RegistrationByID(t.Context(), id))(t)
		}
	})

	t.Run("the links of a deleted registration stay, bound to nothing", func(t *testing.T) {
		r := insertRegistration(t, s, newAddress())
		l := newLink(auth.LinkActivate)
		l.RegistrationID = r.ID
		insertLink(t, s, l)
		must(t, s.One.DeleteOldRegistrations(t.Context(), r.Email.Key, r.Network, 0))
		l.RegistrationID = uuid.Nil
		same(t, "link", value(s.One.LinkByDigest(t.Context(), l.Digest))(t), l)
	})

	t.Run("of 50 tries at once exactly those pass that are left, void or not", func(t *testing.T) {
		for i := range rounds {
			r := newRegistration(newAddress())
			r.Void, r.Tries = i%2 == 0, 1
			must(t, s.One.InsertRegistration(t.Context(), r))
			same(t, "passed", s.race(t, 50, func(_ int, node Node) (bool, error) {
				return node.CountCodeTry(t.Context(), r.ID, 5)
			}), 4)
			same(t, "tries", value(s.One.RegistrationByID(t.Context(), r.ID))(t).Tries, 5)
		}
	})

	t.Run("new digits give no tries back", func(t *testing.T) {
		r := insertRegistration(t, s, newAddress())
		other := insertRegistration(t, s, r.Email)
		value(s.One.CountCodeTry(t.Context(), r.ID, 5))(t)
		must(t, s.One.ReplaceCode(t.Context(), r.ID, digest("new")))
		must(t, s.One.ReplaceCode(t.Context(), uuid.Nil, digest("nobody's")))
		r.CodeDigest, r.Tries = digest("new"), 1
		same(t, "registration", value(s.One.RegistrationByID(t.Context(), r.ID))(t), r)
		same(t, "another", value(s.One.RegistrationByID(t.Context(), other.ID))(t), other)
		same(t, "nobody's try", value(s.One.CountCodeTry(t.Context(), uuid.Nil, 5))(t), false)
	})

	t.Run("of 50 who complete a registration at once, one does", func(t *testing.T) {
		for range rounds {
			r := insertRegistration(t, s, newAddress())
			same(t, "completed", s.race(t, 50, func(_ int, node Node) (bool, error) {
				return node.CompleteRegistration(t.Context(), r.ID, noon)
			}), 1)
			r.Void, r.PasswordHash = true, ""
			same(t, "registration", value(s.One.RegistrationByID(t.Context(), r.ID))(t), r)
		}
	})

	t.Run("a void or expired registration is not completed", func(t *testing.T) {
		r := newRegistration(newAddress())
		r.Void = true
		must(t, s.One.InsertRegistration(t.Context(), r))
		same(t, "void", value(s.One.CompleteRegistration(t.Context(), r.ID, noon))(t), false)
		r = insertRegistration(t, s, newAddress())
		same(t, "expired", value(s.One.CompleteRegistration(t.Context(), r.ID, r.ExpiresAt))(t), false)
		same(t, "unknown", value(s.One.CompleteRegistration(t.Context(), newID(), noon))(t), false)
		same(t, "row", value(s.One.RegistrationByID(t.Context(), r.ID))(t), r)
	})

	t.Run("voiding leaves the rows of the address, and no password", func(t *testing.T) {
		email := newAddress()
		first, second := insertRegistration(t, s, email), insertRegistration(t, s, email)
		another := insertRegistration(t, s, newAddress())
		must(t, s.One.VoidRegistrations(t.Context(), email.Key))
		for _, r := range []auth.Registration{first, second} {
			r.Void, r.PasswordHash = true, ""
			same(t, "voided", value(s.One.RegistrationByID(t.Context(), r.ID))(t), r)
		}
		same(t, "another", value(s.One.RegistrationByID(t.Context(), another.ID))(t), another)
	})

	t.Run("of all registrations of an address that are activated at once, one makes the user", func(t *testing.T) {
		for range rounds {
			email := newAddress()
			var runs atomic.Int32
			all := make([]auth.Registration, 8)
			for i := range all {
				all[i] = insertRegistration(t, s, email)
			}
			same(t, "activated", s.race(t, len(all), func(i int, node Node) (bool, error) {
				// The user first: it is what all of them wait for. Each holding its own
				// registration, they would wait for each other.
				overtaken := errors.New("overtaken")
				err := node.InTx(t.Context(), func(q auth.Queries) error {
					runs.Add(1)
					u := newUser()
					u.Email = email
					inserted, err := q.InsertUser(t.Context(), u)
					if err != nil || !inserted {
						return errors.Join(err, overtaken)
					}
					completed, err := q.CompleteRegistration(t.Context(), all[i].ID, noon)
					if err != nil || !completed {
						return errors.Join(err, overtaken)
					}
					return q.VoidRegistrations(t.Context(), email.Key)
				})
				if errors.Is(err, overtaken) {
					return false, nil
				}
				return err == nil, err
			}), 1)
			same(t, "runs", runs.Load(), int32(len(all)))
			same(t, "users", s.count(t, "users WHERE email_key = $1", email.Key), 1)
			same(t, "left", s.count(t, "registrations WHERE email_key = $1 AND password_hash <> ''", email.Key), 0)
		}
	})
}
