package storetest

import (
	"errors"
	"testing"
	"time"

	"gatehouse/auth"
)

// insertNamed writes a user with a whole profile and answers it.
func insertNamed(t *testing.T, s *subject) auth.User {
	t.Helper()
	u := newUser()
	u.Username, u.Phone, u.AvatarURL = newUsername(), "+442079460958", "https://example.org/ann.png"
	same(t, "inserted", value(s.One.InsertUser(t.Context(), u))(t), true)
	return u
}

func profiles(t *testing.T, s *subject) {
	t.Run("a profile comes back as it was written, and is found by the key of its username", func(t *testing.T) {
		u := insertNamed(t, s)
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		must(t, s.One.SetPassword(t.Context(), u.ID, "hash", noon))
		same(t, "account", value(s.Two.AccountByUsername(t.Context(), u.Username.Key))(t), auth.Account{User: u, PasswordHash: "hash"})
		same(t, "taken", value(s.Two.UsernameTaken(t.Context(), u.Username.Key))(t), true)
		same(t, "a free one", value(s.Two.UsernameTaken(t.Context(), newUsername().Key))(t), false)
		if _, err := s.One.AccountByUsername(t.Context(), u.Username.Text); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by what is no key: %v", err)
		}
	})

	t.Run("users without a username are no obstacle to each other", func(t *testing.T) {
		insertUser(t, s)
		insertUser(t, s)
	})

	t.Run("of 50 who insert one username at once, one does", func(t *testing.T) {
		for range rounds {
			name := newUsername()
			same(t, "inserted", s.race(t, 50, func(_ int, node Node) (bool, error) {
				u := newUser()
				u.Username = name
				return node.InsertUser(t.Context(), u)
			}), 1)
			same(t, "rows", s.count(t, "users WHERE username_key = $1", name.Key), 1)
		}
	})

	t.Run("a username is set for an active user, and another's is not", func(t *testing.T) {
		first, second := insertNamed(t, s), insertUser(t, s)
		later := noon.Add(time.Hour)
		same(t, "another's", value(s.One.SetUsername(t.Context(), second.ID, first.Username, later))(t), false)
		same(t, "user", value(s.Two.UserByID(t.Context(), second.ID))(t), second)
		second.Username, second.UpdatedAt = newUsername(), later
		same(t, "a free one", value(s.One.SetUsername(t.Context(), second.ID, second.Username, later))(t), true)
		same(t, "user", value(s.Two.UserByID(t.Context(), second.ID))(t), second)
		other := auth.Username{Text: first.Username.Key, Key: first.Username.Key}
		same(t, "one's own in other letters", value(s.One.SetUsername(t.Context(), first.ID, other, later))(t), true)

		value(s.One.SuspendUser(t.Context(), second.ID, later))(t)
		for _, id := range [][16]byte{second.ID, newID()} {
			if _, err := s.One.SetUsername(t.Context(), id, newUsername(), later); !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("of nobody: %v", err)
			}
		}
	})

	t.Run("of all who set or insert one username at once, one gets it, and the others leave nothing", func(t *testing.T) {
		givenUp := errors.New("given up")
		for range rounds {
			name := newUsername()
			users := make([]auth.User, 16)
			for i := range users {
				users[i] = insertUser(t, s)
			}
			same(t, "got it", s.race(t, 2*len(users), func(i int, node Node) (bool, error) {
				err := node.InTx(t.Context(), func(q auth.Queries) error {
					var won bool
					var err error
					if i < len(users) {
						won, err = q.SetUsername(t.Context(), users[i].ID, name, noon)
					} else {
						u := newUser()
						u.Username = name
						won, err = q.InsertUser(t.Context(), u)
					}
					if err == nil && !won {
						return givenUp
					}
					return err
				})
				if errors.Is(err, givenUp) {
					return false, nil
				}
				return err == nil, err
			}), 1)
			same(t, "rows", s.count(t, "users WHERE username_key = $1", name.Key), 1)
		}
	})

	t.Run("a profile changes where it is asked to", func(t *testing.T) {
		u := insertNamed(t, s)
		name, phone, empty, locale, later := "Beth", "+14155552671", "", "de", noon.Add(time.Hour)
		update := func(change auth.ProfileChange) {
			t.Helper()
			same(t, "updated", value(s.One.UpdateProfile(t.Context(), u.ID, change, later))(t), true)
			u.UpdatedAt = later
			same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		}
		update(auth.ProfileChange{})
		u.Name, u.AvatarURL = name, ""
		update(auth.ProfileChange{Name: &name, AvatarURL: &empty})
		u.Name, u.Phone, u.AvatarURL, u.Locale = "", phone, "https://example.org/beth.png", locale
		update(auth.ProfileChange{Name: &empty, Phone: &phone, AvatarURL: &u.AvatarURL, Locale: &locale})
		u.Phone = ""
		update(auth.ProfileChange{Phone: &empty})

		value(s.One.SuspendUser(t.Context(), u.ID, later))(t)
		same(t, "suspended", value(s.One.UpdateProfile(t.Context(), u.ID, auth.ProfileChange{Name: &name}, later))(t), false)
		same(t, "nobody", value(s.One.UpdateProfile(t.Context(), newID(), auth.ProfileChange{Name: &name}, later))(t), false)
	})
}
