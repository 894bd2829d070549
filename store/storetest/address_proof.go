package storetest

import (
	"testing"
	"time"

	"gatehouse/auth"
)

func addressProof(t *testing.T, s *subject) {
	t.Run("an address is proved once, and the profile of before is gone", func(t *testing.T) {
		u := insertNamed(t, s)
		later := noon.Add(time.Hour)
		same(t, "wins", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.ProveAddress(t.Context(), u.ID, "fr", later)
		}), 1)
		name := u.Username
		u.EmailVerified, u.Username, u.Name, u.Phone, u.AvatarURL, u.Locale, u.UpdatedAt = true, auth.Username{}, "", "", "", "fr", later
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		same(t, "the username is taken", value(s.Two.UsernameTaken(t.Context(), name.Key))(t), false)
	})

	t.Run("a proved address keeps its profile, and a suspended user all of it", func(t *testing.T) {
		proved := newUser()
		proved.EmailVerified, proved.Username, proved.Phone = true, newUsername(), "+442079460958"
		value(s.One.InsertUser(t.Context(), proved))(t)
		suspended := insertNamed(t, s)
		value(s.One.SuspendUser(t.Context(), suspended.ID, noon))(t)
		suspended = value(s.One.UserByID(t.Context(), suspended.ID))(t)
		for _, before := range []auth.User{proved, suspended} {
			same(t, "proved", value(s.One.ProveAddress(t.Context(), before.ID, "fr", noon.Add(time.Hour)))(t), false)
			same(t, "user", value(s.Two.UserByID(t.Context(), before.ID))(t), before)
		}
		same(t, "nobody's", value(s.One.ProveAddress(t.Context(), newID(), "fr", noon))(t), false)
	})
}
