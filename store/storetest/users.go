package storetest

import (
	"errors"
	"testing"
	"time"

	"gatehouse/auth"
)

func users(t *testing.T, s *subject) {
	t.Run("a user comes back as it was written", func(t *testing.T) {
		u := newUser()
		u.EmailVerified, u.FailedSignIns, u.Version = true, 3, 7
		u.LastLoginAt = noon.Add(time.Microsecond)
		same(t, "inserted", value(s.One.InsertUser(t.Context(), u))(t), true)
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
	})

	t.Run("an instant that is none comes back as none", func(t *testing.T) {
		u := insertUser(t, s)
		if at := value(s.One.UserByID(t.Context(), u.ID))(t).LastLoginAt; !at.IsZero() {
			t.Errorf("last login at %v before the first", at)
		}
	})

	t.Run("instants come back in UTC, cut to the microsecond", func(t *testing.T) {
		u := newUser()
		u.CreatedAt = noon.Add(999).In(time.FixedZone("", 5*3600))
		value(s.One.InsertUser(t.Context(), u))(t)
		same(t, "created at", value(s.One.UserByID(t.Context(), u.ID))(t).CreatedAt, noon)
	})

	t.Run("a user without roles has none", func(t *testing.T) {
		u := newUser()
		u.Roles = nil
		value(s.One.InsertUser(t.Context(), u))(t)
		if roles := value(s.One.UserByID(t.Context(), u.ID))(t).Roles; len(roles) != 0 {
			t.Errorf("roles %v", roles)
		}
	})

	t.Run("who is not there is not found", func(t *testing.T) {
		if _, err := s.One.UserByID(t.Context(), newID()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by ID: %v", err)
		}
		if _, err := s.One.AccountByEmail(t.Context(), newAddress().Key); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by address: %v", err)
		}
	})

	t.Run("an account is found by the key of its address, with its hash if it has one", func(t *testing.T) {
		u := insertUser(t, s)
		same(t, "without password", value(s.One.AccountByEmail(t.Context(), u.Email.Key))(t), auth.Account{User: u})
		must(t, s.One.SetPassword(t.Context(), u.ID, "first", noon))
		same(t, "with password", value(s.Two.AccountByEmail(t.Context(), u.Email.Key))(t),
			auth.Account{User: u, PasswordHash: "first"})
		must(t, s.One.SetPassword(t.Context(), u.ID, "second", noon))
		same(t, "with another", value(s.One.AccountByEmail(t.Context(), u.Email.Key))(t).PasswordHash, "second")
		same(t, "credentials", s.count(t, "credentials WHERE user_id = $1", u.ID), 1)
	})

	t.Run("of 100 who insert one address at once, one does", func(t *testing.T) {
		for range rounds {
			email := newAddress()
			wins := s.race(t, 100, func(_ int, node Node) (bool, error) {
				u := newUser()
				u.Email = email
				return node.InsertUser(t.Context(), u)
			})
			same(t, "inserted", wins, 1)
			same(t, "rows", s.count(t, "users WHERE email_key = $1", email.Key), 1)
		}
	})

	t.Run("who inserts waits for the transaction that inserts the same address", func(t *testing.T) {
		giveUp := errors.New("give up")
		for _, outcome := range []error{nil, giveUp} {
			email := newAddress()
			second := make(chan bool, 1)
			err := s.One.InTx(t.Context(), func(q auth.Queries) error {
				u := newUser()
				u.Email = email
				if inserted, err := q.InsertUser(t.Context(), u); err != nil || !inserted {
					t.Errorf("first: %v %v", inserted, err)
				}
				go func() {
					u := newUser()
					u.Email = email
					inserted, err := s.Two.InsertUser(t.Context(), u)
					if err != nil {
						t.Errorf("second: %v", err)
					}
					second <- inserted
				}()
				return outcome
			})
			if !errors.Is(err, outcome) {
				t.Errorf("transaction: %v, want %v", err, outcome)
			}
			same(t, "the second inserted", <-second, outcome != nil)
		}
	})

	t.Run("a hash is replaced if it still is the old one, once", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.One.SetPassword(t.Context(), u.ID, "old", noon))
		same(t, "another's", value(s.One.ReplaceHash(t.Context(), u.ID, "other", "new", noon))(t), false)
		same(t, "wins", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.ReplaceHash(t.Context(), u.ID, "old", "new", noon)
		}), 1)
		same(t, "hash", value(s.One.AccountByEmail(t.Context(), u.Email.Key))(t).PasswordHash, "new")
	})

	t.Run("failures are counted one by one, nobody's too", func(t *testing.T) {
		u := insertUser(t, s)
		s.race(t, 50, func(_ int, node Node) (bool, error) {
			return true, node.CountFailedSignIn(t.Context(), u.ID)
		})
		same(t, "failures", value(s.One.UserByID(t.Context(), u.ID))(t).FailedSignIns, 50)
		before := s.count(t, "users WHERE failed_sign_ins > 0")
		must(t, s.One.CountFailedSignIn(t.Context(), [16]byte{}))
		same(t, "users with failures", s.count(t, "users WHERE failed_sign_ins > 0"), before)
	})

	beginSignIn(t, s)

	t.Run("a reset begins for an active user alone", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.One.CountFailedSignIn(t.Context(), u.ID))
		later := noon.Add(time.Hour)
		same(t, "began", value(s.One.BeginPasswordReset(t.Context(), u.ID, later))(t), true)
		u.Version, u.UpdatedAt = 2, later
		same(t, "user", value(s.One.UserByID(t.Context(), u.ID))(t), u)

		same(t, "suspended", value(s.One.SuspendUser(t.Context(), u.ID, later))(t), true)
		same(t, "began for a suspended", value(s.One.BeginPasswordReset(t.Context(), u.ID, later))(t), false)
		same(t, "began for nobody", value(s.One.BeginPasswordReset(t.Context(), newID(), later))(t), false)
		u.Version, u.Status = 3, auth.Suspended
		same(t, "user", value(s.One.UserByID(t.Context(), u.ID))(t), u)
	})

	t.Run("a user is suspended once", func(t *testing.T) {
		u := insertUser(t, s)
		same(t, "wins", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.SuspendUser(t.Context(), u.ID, noon)
		}), 1)
		same(t, "version", value(s.One.UserByID(t.Context(), u.ID))(t).Version, 2)
	})
}

// beginSignIn is about the one write that a sign-in and what overtakes it meet
// on.
func beginSignIn(t *testing.T, s *subject) {
	t.Run("a sign-in begins if nothing has changed since it was read", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.One.CountFailedSignIn(t.Context(), u.ID))
		later := noon.Add(time.Hour)
		began := func(version, maxFailures int) bool {
			t.Helper()
			return value(s.One.BeginSignIn(t.Context(), u.ID, version, maxFailures, later))(t)
		}
		same(t, "with an old version", began(0, 100), false)
		same(t, "with a version to come", began(2, 100), false)
		same(t, "with too many failures", began(1, 1), false)
		same(t, "for nobody", value(s.One.BeginSignIn(t.Context(), newID(), 1, 100, later))(t), false)
		u.FailedSignIns = 1
		same(t, "user after refusals", value(s.One.UserByID(t.Context(), u.ID))(t), u)

		same(t, "with the right one", began(1, 2), true)
		u.FailedSignIns, u.LastLoginAt = 0, later
		same(t, "user", value(s.One.UserByID(t.Context(), u.ID))(t), u)

		value(s.One.SuspendUser(t.Context(), u.ID, later))(t)
		same(t, "suspended", began(2, 100), false)
	})

	t.Run("no sign-in outlives a reset that overtook it", func(t *testing.T) {
		for range rounds {
			u := insertUser(t, s)
			s.race(t, 12, func(i int, node Node) (bool, error) {
				return true, node.InTx(t.Context(), func(q auth.Queries) error {
					if i == 5 {
						if began, err := q.BeginPasswordReset(t.Context(), u.ID, noon); err != nil || !began {
							t.Errorf("reset: %v %v", began, err)
							return err
						}
						_, err := q.EndUserSessions(t.Context(), u.ID, auth.EndedByPasswordReset, noon)
						return err
					}
					began, err := q.BeginSignIn(t.Context(), u.ID, u.Version, 100, noon)
					if err != nil || !began {
						return err
					}
					return q.InsertSession(t.Context(), newSession(u.ID))
				})
			})
			same(t, "living sessions", len(value(s.One.SessionsBeyond(t.Context(), u.ID, 0, noon))(t)), 0)
		}
	})

	t.Run("however many sign in at once, the limit of sessions holds", func(t *testing.T) {
		const keep = 5
		for range rounds {
			u := insertUser(t, s)
			s.race(t, 15, func(_ int, node Node) (bool, error) {
				return true, node.InTx(t.Context(), func(q auth.Queries) error {
					if began, err := q.BeginSignIn(t.Context(), u.ID, u.Version, 100, noon); err != nil || !began {
						t.Errorf("sign-in: %v %v", began, err)
						return err
					}
					if err := q.InsertSession(t.Context(), newSession(u.ID)); err != nil {
						return err
					}
					beyond, err := q.SessionsBeyond(t.Context(), u.ID, keep, noon)
					if err != nil {
						return err
					}
					_, err = q.EndSessions(t.Context(), beyond, auth.EndedByEviction, noon)
					return err
				})
			})
			same(t, "living sessions", s.count(t, "sessions WHERE user_id = $1 AND ended_at IS NULL", u.ID), keep)
			same(t, "sessions", s.count(t, "sessions WHERE user_id = $1", u.ID), 15)
		}
	})
}
