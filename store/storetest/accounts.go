package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// newAdministrator is an active user of the role that the last holder keeps.
func newAdministrator() auth.User {
	u := newUser()
	u.Roles = []string{"editor", auth.RoleAdmin}
	return u
}

func accounts(t *testing.T, s *subject) {
	t.Run("locked are the user and all who are active in the role, by ID", func(t *testing.T) {
		defer empty(t, s)
		suspended, alike, plain := newAdministrator(), newUser(), newUser()
		suspended.Status, alike.Roles = auth.Suspended, []string{"admin2", "Admin", "an admin"}
		first, second := newAdministrator(), newAdministrator()
		for _, u := range []auth.User{suspended, alike, second, plain, first} {
			value(s.One.InsertUser(t.Context(), u))(t)
		}
		lock := func(id uuid.UUID) []auth.User {
			return value(s.Two.LockUserAndHolders(t.Context(), id, auth.RoleAdmin))(t)
		}
		same(t, "for a user", lock(plain.ID), sortedByID(plain, first, second))
		same(t, "for one in the role", lock(first.ID), sortedByID(first, second))
		same(t, "for one who is suspended", lock(suspended.ID), sortedByID(suspended, first, second))
		same(t, "for nobody", lock(newID()), sortedByID(first, second))
	})

	t.Run("of administrators who go together, one stays", func(t *testing.T) {
		defer empty(t, s)
		for range rounds {
			empty(t, s)
			var admins []auth.User
			for range 8 {
				u := newAdministrator()
				value(s.One.InsertUser(t.Context(), u))(t)
				admins = append(admins, u)
			}
			wins := s.race(t, len(admins), func(i int, node Node) (won bool, err error) {
				err = node.InTx(t.Context(), func(q auth.Queries) error {
					won = false
					locked, err := q.LockUserAndHolders(t.Context(), admins[i].ID, auth.RoleAdmin)
					if err != nil || len(locked) == 1 {
						return err
					}
					won = true
					return q.DeleteUser(t.Context(), admins[i].ID)
				})
				return won, err
			})
			same(t, "went", wins, len(admins)-1)
			same(t, "users", s.count(t, "users"), 1)
		}
	})

	t.Run("with a user goes what belongs to it, and nothing of anybody else", func(t *testing.T) {
		gone, other := insertUser(t, s), insertUser(t, s)
		for _, u := range []auth.User{gone, other} {
			must(t, s.One.SetPassword(t.Context(), u.ID, "hash", noon))
			insertSession(t, s, u.ID)
			link := newLink(auth.LinkPasswordReset)
			link.UserID = u.ID
			insertLink(t, s, link)
		}
		must(t, s.One.DeleteUser(t.Context(), gone.ID))
		for _, table := range []string{"credentials", "sessions", "link_tokens"} {
			same(t, table+" of the user", s.count(t, table+" WHERE user_id = $1", gone.ID), 0)
			same(t, table+" of another", s.count(t, table+" WHERE user_id = $1", other.ID), 1)
		}
		same(t, "users", s.count(t, "users WHERE id = $1", gone.ID), 0)
		must(t, s.One.DeleteUser(t.Context(), gone.ID))
	})

	t.Run("a link to a user who is gone is not inserted", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.One.DeleteUser(t.Context(), u.ID))
		link := newLink(auth.LinkPasswordReset)
		link.UserID = u.ID
		if err := s.One.InsertLinks(t.Context(), newLink(auth.LinkDecline), link); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("inserted: %v", err)
		}
	})

	t.Run("with an address go its registrations and links, bound or not", func(t *testing.T) {
		gone, other := newAddress(), newAddress()
		for _, email := range []auth.Address{gone, other} {
			r := newRegistration(email)
			r.Void = true
			must(t, s.One.InsertRegistration(t.Context(), r))
			bound, free := newLink(auth.LinkActivate), newLink(auth.LinkPasswordReset)
			bound.EmailKey, free.EmailKey, bound.RegistrationID = email.Key, email.Key, r.ID
			must(t, s.One.InsertLinks(t.Context(), bound, free))
		}
		asked := newLink(auth.LinkEmailChange)
		asked.UserID, asked.Email, asked.EmailKey = insertUser(t, s).ID, gone.Text, gone.Key
		must(t, s.One.InsertLinks(t.Context(), asked))
		must(t, s.One.DeleteRegistrations(t.Context(), []string{gone.Key, "left"}))
		must(t, s.One.DeleteLinks(t.Context(), []string{gone.Key, "left"}))
		same(t, "registrations", s.count(t, "registrations WHERE email_key = $1", gone.Key), 0)
		same(t, "links", s.count(t, "link_tokens WHERE email_key = $1 AND user_id IS NULL", gone.Key), 0)
		same(t, "what another asked for", value(s.Two.LinkByDigest(t.Context(), asked.Digest))(t), asked)
		same(t, "registrations of another", s.count(t, "registrations WHERE email_key = $1", other.Key), 1)
		same(t, "links of another", s.count(t, "link_tokens WHERE email_key = $1", other.Key), 2)
	})

	t.Run("letters are found and dropped by their recipient", func(t *testing.T) {
		old, young, other := newLetter(), newLetter(), newLetter()
		old.Recipient, young.Recipient, other.Recipient = digest("old"), digest("young"), digest("other")
		young.CreatedAt, young.Void, young.ExpiresAt = noon.Add(time.Minute), true, time.Time{}
		for _, l := range []auth.OutboxLetter{young, old, other, newLetter()} {
			must(t, s.One.InsertLetter(t.Context(), l))
		}
		must(t, s.One.MarkLetterSent(t.Context(), old.ID, noon.Add(time.Second)))
		both := [][]byte{digest("young"), digest("old")}
		same(t, "letters", value(s.Two.LettersTo(t.Context(), both))(t), []auth.HeldLetter{
			{Kind: old.Kind, CreatedAt: noon, ExpiresAt: old.ExpiresAt, SentAt: noon.Add(time.Second)},
			{Kind: young.Kind, Void: true, CreatedAt: young.CreatedAt},
		})
		must(t, s.One.DeleteLetters(t.Context(), both))
		same(t, "left", len(value(s.Two.LettersTo(t.Context(), both))(t)), 0)
		same(t, "of another", len(value(s.Two.LettersTo(t.Context(), [][]byte{other.Recipient}))(t)), 1)
		same(t, "in all", s.count(t, "outbox_letters"), 2)
	})

	t.Run("letters of a user's links are dropped, and nobody else's", func(t *testing.T) {
		before := s.count(t, "outbox_letters")
		gone, other := insertUser(t, s), insertUser(t, s)
		for _, u := range []auth.User{gone, other} {
			link := newLink(auth.LinkEmailChange)
			link.UserID = u.ID
			insertLink(t, s, link)
			letter := newLetter()
			letter.ID = link.ID
			must(t, s.One.InsertLetter(t.Context(), letter))
		}
		must(t, s.One.DeleteLettersOfLinks(t.Context(), gone.ID))
		same(t, "left", s.count(t, "outbox_letters"), before+1)
		same(t, "of another", s.count(t, "outbox_letters WHERE id IN (SELECT id FROM link_tokens WHERE user_id = $1)", other.ID), 1)
		must(t, s.One.DeleteLettersOfLinks(t.Context(), other.ID))
	})

	t.Run("events forget where their user was, and nothing else", func(t *testing.T) {
		about, other, nobody := newEvent(), newEvent(), newEvent()
		later := newEvent()
		later.UserID, later.At, later.Details = about.UserID, noon.Add(time.Second), nil
		nobody.UserID = uuid.Nil
		must(t, s.One.InsertEvents(t.Context(), later, about, other, nobody))
		same(t, "before", value(s.Two.EventsAbout(t.Context(), about.UserID))(t), []auth.Event{about, later})
		must(t, s.One.ForgetOrigins(t.Context(), about.UserID))
		for _, e := range []*auth.Event{&about, &later} {
			e.IPAddress, e.UserAgent = "", ""
		}
		same(t, "after", value(s.Two.EventsAbout(t.Context(), about.UserID))(t), []auth.Event{about, later})
		same(t, "of another", value(s.Two.EventsAbout(t.Context(), other.UserID))(t), []auth.Event{other})
	})

	t.Run("what is held about an account is listed whole, oldest first", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		same(t, "without a password", len(value(s.One.CredentialsOf(t.Context(), u.ID))(t)), 0)
		must(t, s.One.SetPassword(t.Context(), u.ID, "first", noon))
		must(t, s.One.SetPassword(t.Context(), u.ID, "second", noon.Add(time.Hour)))
		same(t, "credentials", value(s.Two.CredentialsOf(t.Context(), u.ID))(t),
			[]auth.HeldCredential{{CreatedAt: noon, UpdatedAt: noon.Add(time.Hour)}})

		lives, ended := newSession(u.ID), newSession(u.ID)
		ended.CreatedAt, ended.EndedAt, ended.EndReason = noon.Add(-time.Hour), noon, auth.EndedByLogout
		for _, session := range []auth.Session{lives, ended, newSession(other.ID)} {
			must(t, s.One.InsertSession(t.Context(), session))
		}
		same(t, "sessions", value(s.Two.SessionsOf(t.Context(), u.ID))(t), []auth.Session{ended, lives})

		young, old, elsewhere := newRegistration(u.Email), newRegistration(auth.Address{Text: "left", Key: "left"}), newRegistration(newAddress())
		young.Void, young.CreatedAt, young.ExpiresAt = true, noon.Add(time.Second), noon.Add(time.Hour)
		for _, r := range []auth.Registration{young, old, elsewhere} {
			must(t, s.One.InsertRegistration(t.Context(), r))
		}
		same(t, "registrations", value(s.Two.RegistrationsOf(t.Context(), []string{u.Email.Key, "left"}))(t), []auth.HeldRegistration{
			{CreatedAt: old.CreatedAt, ExpiresAt: old.ExpiresAt}, {CreatedAt: young.CreatedAt, ExpiresAt: young.ExpiresAt},
		})

		bound, addressed, both := newLink(auth.LinkPasswordReset), newLink(auth.LinkDecline), newLink(auth.LinkPasswordReset)
		bound.UserID, both.UserID = u.ID, u.ID
		addressed.EmailKey, both.EmailKey = u.Email.Key, u.Email.Key
		bound.UsedAt, addressed.VoidedAt = noon.Add(time.Second), noon.Add(time.Minute)
		addressed.CreatedAt, both.CreatedAt = noon.Add(time.Second), noon.Add(time.Minute)
		anothers := newLink(auth.LinkEmailChange)
		anothers.EmailKey, anothers.UserID = u.Email.Key, other.ID
		must(t, s.One.InsertLinks(t.Context(), both, addressed, bound, newLink(auth.LinkActivate), anothers))
		want := []auth.Link{bound, addressed, both}
		for i := range want {
			want[i].Digest = nil
		}
		same(t, "links", value(s.Two.LinksOf(t.Context(), u.ID, []string{u.Email.Key, "left"}))(t), want)
	})

	accountStatements(t, s)
}

func accountStatements(t *testing.T, s *subject) {
	id, keys, recipients := newID(), []string{"ann", "left"}, [][]byte{digest("one"), digest("two")}
	first := func(_ any, err error) error { return err }
	for name, call := range map[string]func(context.Context) error{
		"LockUserAndHolders":   func(ctx context.Context) error { return first(s.One.LockUserAndHolders(ctx, id, auth.RoleAdmin)) },
		"DeleteUser":           func(ctx context.Context) error { return s.One.DeleteUser(ctx, id) },
		"DeleteRegistrations":  func(ctx context.Context) error { return s.One.DeleteRegistrations(ctx, keys) },
		"DeleteLinks":          func(ctx context.Context) error { return s.One.DeleteLinks(ctx, keys) },
		"DeleteLetters":        func(ctx context.Context) error { return s.One.DeleteLetters(ctx, recipients) },
		"DeleteLettersOfLinks": func(ctx context.Context) error { return s.One.DeleteLettersOfLinks(ctx, id) },
		"ForgetOrigins":        func(ctx context.Context) error { return s.One.ForgetOrigins(ctx, id) },
		"CredentialsOf":        func(ctx context.Context) error { return first(s.One.CredentialsOf(ctx, id)) },
		"SessionsOf":           func(ctx context.Context) error { return first(s.One.SessionsOf(ctx, id)) },
		"RegistrationsOf":      func(ctx context.Context) error { return first(s.One.RegistrationsOf(ctx, keys)) },
		"LinksOf":              func(ctx context.Context) error { return first(s.One.LinksOf(ctx, id, keys)) },
		"LettersTo":            func(ctx context.Context) error { return first(s.One.LettersTo(ctx, recipients)) },
		"EventsAbout":          func(ctx context.Context) error { return first(s.One.EventsAbout(ctx, id)) },
	} {
		t.Run(name+" is one statement", func(t *testing.T) {
			sent := s.during(func() { must(t, call(t.Context())) })
			if len(sent) != 1 {
				t.Errorf("%d statements:\n%s", len(sent), strings.Join(sent, "\n"))
			}
		})
	}
}

// empty takes away all users.
func empty(t *testing.T, s *subject) {
	t.Helper()
	must(t, s.Exec(t.Context(), "DELETE FROM users"))
}

func sortedByID(users ...auth.User) []auth.User {
	slices.SortFunc(users, func(a, b auth.User) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return users
}
