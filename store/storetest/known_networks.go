package storetest

import (
	"testing"
	"time"

	"gatehouse/auth"
)

func knownNetworks(t *testing.T, s *subject) {
	later := noon.Add(time.Hour)

	t.Run("a network is known until its time is over, and longer where it is noted again", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		key, foreign := digest(u.ID.String()), digest(other.ID.String())
		until := func(now time.Time, keys ...[]byte) time.Time {
			t.Helper()
			return value(s.Two.NetworkKnownUntil(t.Context(), keys, now))(t)
		}
		same(t, "unknown", until(noon, key), time.Time{})
		must(t, s.One.NoteNetwork(t.Context(), u.ID, key, later))
		must(t, s.One.NoteNetwork(t.Context(), other.ID, foreign, later))
		same(t, "known", until(noon, digest("older secret"), key), later)
		same(t, "over", until(later, key), time.Time{})
		must(t, s.One.NoteNetwork(t.Context(), u.ID, key, later.Add(time.Hour)))
		same(t, "known longer", until(later, key), later.Add(time.Hour))
		same(t, "held", value(s.Two.NetworksOf(t.Context(), u.ID))(t), []time.Time{later.Add(time.Hour)})
		must(t, s.One.ForgetNetworks(t.Context(), u.ID))
		same(t, "forgotten", until(noon, key), time.Time{})
		same(t, "another's", until(noon, foreign), later)
		must(t, s.One.DeleteUser(t.Context(), other.ID))
		same(t, "gone with its user", until(noon, foreign), time.Time{})
	})

	t.Run("many who note one network at once make one row", func(t *testing.T) {
		u := insertUser(t, s)
		s.race(t, 20, func(_ int, node Node) (bool, error) {
			return true, node.NoteNetwork(t.Context(), u.ID, digest(u.ID.String()), later)
		})
		same(t, "rows", s.count(t, "known_networks WHERE user_id = $1", u.ID), 1)
	})

	t.Run("a sign-in from a known network begins whatever the failures, and clears few", func(t *testing.T) {
		u := insertUser(t, s)
		began := func(version, maxFailures int) bool {
			t.Helper()
			return value(s.One.BeginKnownSignIn(t.Context(), u.ID, version, maxFailures, later))(t)
		}
		for range 2 {
			must(t, s.One.CountFailedSignIn(t.Context(), u.ID))
		}
		same(t, "with another version", began(2, 100), false)
		same(t, "with too many failures", began(1, 2), true)
		u.FailedSignIns, u.LastLoginAt = 2, later
		same(t, "user", value(s.One.UserByID(t.Context(), u.ID))(t), u)
		same(t, "with fewer", began(1, 3), true)
		u.FailedSignIns = 0
		same(t, "user", value(s.One.UserByID(t.Context(), u.ID))(t), u)
		value(s.One.SuspendUser(t.Context(), u.ID, later))(t)
		same(t, "suspended", began(2, 100), false)
	})

	t.Run("no sign-in from a known network outlives a reset that overtook it", func(t *testing.T) {
		for range rounds {
			u := insertUser(t, s)
			s.race(t, 12, func(i int, node Node) (bool, error) {
				return true, node.InTx(t.Context(), func(q auth.Queries) error {
					if i == 5 {
						if began, err := q.BeginPasswordReset(t.Context(), u.ID, noon); err != nil || !began {
							t.Errorf("reset: %v %v", began, err)
							return err
						}
						if err := q.ForgetNetworks(t.Context(), u.ID); err != nil {
							return err
						}
						_, err := q.EndUserSessions(t.Context(), u.ID, auth.EndedByPasswordReset, noon)
						return err
					}
					began, err := q.BeginKnownSignIn(t.Context(), u.ID, u.Version, 100, noon)
					if err != nil || !began {
						return err
					}
					if err := q.NoteNetwork(t.Context(), u.ID, digest(u.ID.String()), later); err != nil {
						return err
					}
					return q.InsertSession(t.Context(), newSession(u.ID))
				})
			})
			same(t, "living sessions", len(value(s.One.SessionsBeyond(t.Context(), u.ID, 0, noon))(t)), 0)
			same(t, "known networks", s.count(t, "known_networks WHERE user_id = $1", u.ID), 0)
		}
	})
}
