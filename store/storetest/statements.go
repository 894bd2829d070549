package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// A call sends what one method has to send.
type call func(context.Context, Node) error

// everyCall calls each method that sends something, by its name and, after a
// comma, what is special.
func everyCall(t *testing.T, s *subject) map[string]call {
	var (
		u       = insertUser(t, s)
		named   = insertNamed(t, s)
		unknown = newID()
		r       = insertRegistration(t, s, newAddress())
		session = insertSession(t, s, u.ID)
		link    = insertLink(t, s, newLink(auth.LinkActivate))
		wayBack = insertLink(t, s, newWayBack(u, 1))
		meters  = []auth.Meter{newRate(100), newBackoff(5)}

		recipients = [][]byte{digest("ann@example.org"), digest("anns@example.org")}
	)
	return map[string]call{
		"UserByID":       func(ctx context.Context, n Node) error { return first(n.UserByID(ctx, u.ID)) },
		"AccountByEmail": func(ctx context.Context, n Node) error { return first(n.AccountByEmail(ctx, u.Email.Key)) },
		"InsertUser":     func(ctx context.Context, n Node) error { return first(n.InsertUser(ctx, newUser())) },
		"InsertUser, taken": func(ctx context.Context, n Node) error {
			taken := newUser()
			taken.Email = u.Email
			return first(n.InsertUser(ctx, taken))
		},
		"SetPassword":        func(ctx context.Context, n Node) error { return n.SetPassword(ctx, u.ID, "hash", noon) },
		"AccountByID":        func(ctx context.Context, n Node) error { return first(n.AccountByID(ctx, u.ID)) },
		"ReplaceHash":        func(ctx context.Context, n Node) error { return first(n.ReplaceHash(ctx, u.ID, "hash", "new", noon)) },
		"BeginSignIn":        func(ctx context.Context, n Node) error { return first(n.BeginSignIn(ctx, u.ID, 1, 100, noon)) },
		"CountFailedSignIn":  func(ctx context.Context, n Node) error { return n.CountFailedSignIn(ctx, u.ID) },
		"BeginPasswordReset": func(ctx context.Context, n Node) error { return first(n.BeginPasswordReset(ctx, u.ID, noon)) },
		"SuspendUser":        func(ctx context.Context, n Node) error { return first(n.SuspendUser(ctx, unknown, noon)) },

		"BeginReauthentication": func(ctx context.Context, n Node) error {
			return first(n.BeginReauthentication(ctx, u.ID, 1, 100))
		},
		"BeginPasswordChange": func(ctx context.Context, n Node) error { return first(n.BeginPasswordChange(ctx, unknown, 1, noon)) },

		"AccountByUsername": func(ctx context.Context, n Node) error { return first(n.AccountByUsername(ctx, named.Username.Key)) },
		"UsernameTaken":     func(ctx context.Context, n Node) error { return first(n.UsernameTaken(ctx, named.Username.Key)) },
		"SetUsername":       func(ctx context.Context, n Node) error { return first(n.SetUsername(ctx, u.ID, newUsername(), noon)) },
		"SetUsername, taken": func(ctx context.Context, n Node) error {
			return first(n.SetUsername(ctx, u.ID, named.Username, noon))
		},
		"UpdateProfile": func(ctx context.Context, n Node) error {
			return first(n.UpdateProfile(ctx, u.ID, auth.ProfileChange{Name: &u.Name}, noon))
		},

		"ProveAddress": func(ctx context.Context, n Node) error { return first(n.ProveAddress(ctx, unknown, "en", noon)) },
		"ReservationOf": func(ctx context.Context, n Node) error {
			return first(n.ReservationOf(ctx, wayBack.EmailKey, noon))
		},
		"WaysBack": func(ctx context.Context, n Node) error { return first(n.WaysBack(ctx, u.ID, noon)) },
		"ChangeEmail": func(ctx context.Context, n Node) error {
			return first(n.ChangeEmail(ctx, unknown, 1, newAddress(), noon))
		},
		"VoidLaterWaysBack": func(ctx context.Context, n Node) error { return n.VoidLaterWaysBack(ctx, u.ID, 1, noon) },
		"DeletePassword":    func(ctx context.Context, n Node) error { return n.DeletePassword(ctx, unknown) },

		"NetworkKnownUntil": func(ctx context.Context, n Node) error {
			return first(n.NetworkKnownUntil(ctx, [][]byte{digest("network")}, noon))
		},
		"NoteNetwork":      func(ctx context.Context, n Node) error { return n.NoteNetwork(ctx, u.ID, digest("network"), noon) },
		"ForgetNetworks":   func(ctx context.Context, n Node) error { return n.ForgetNetworks(ctx, unknown) },
		"NetworksOf":       func(ctx context.Context, n Node) error { return first(n.NetworksOf(ctx, u.ID)) },
		"BeginKnownSignIn": func(ctx context.Context, n Node) error { return first(n.BeginKnownSignIn(ctx, u.ID, 1, 100, noon)) },

		"InsertRegistration": func(ctx context.Context, n Node) error {
			return n.InsertRegistration(ctx, newRegistration(newAddress()))
		},
		"DeleteOldRegistrations": func(ctx context.Context, n Node) error {
			return n.DeleteOldRegistrations(ctx, r.Email.Key, r.Network, 5)
		},
		"RegistrationByFlow":   func(ctx context.Context, n Node) error { return first(n.RegistrationByFlow(ctx, r.FlowDigest)) },
		"RegistrationByID":     func(ctx context.Context, n Node) error { return first(n.RegistrationByID(ctx, r.ID)) },
		"NewestRegistration":   func(ctx context.Context, n Node) error { return first(n.NewestRegistration(ctx, r.Email.Key, noon)) },
		"CountCodeTry":         func(ctx context.Context, n Node) error { return first(n.CountCodeTry(ctx, r.ID, 5)) },
		"ReplaceCode":          func(ctx context.Context, n Node) error { return n.ReplaceCode(ctx, r.ID, r.CodeDigest) },
		"CompleteRegistration": func(ctx context.Context, n Node) error { return first(n.CompleteRegistration(ctx, unknown, noon)) },
		"VoidRegistrations":    func(ctx context.Context, n Node) error { return n.VoidRegistrations(ctx, u.Email.Key) },

		"InsertSession":  func(ctx context.Context, n Node) error { return n.InsertSession(ctx, newSession(u.ID)) },
		"SessionByID":    func(ctx context.Context, n Node) error { return first(n.SessionByID(ctx, session.ID)) },
		"SessionsBeyond": func(ctx context.Context, n Node) error { return first(n.SessionsBeyond(ctx, u.ID, 1, noon)) },
		"RotateSession": func(ctx context.Context, n Node) error {
			_, _, err := n.RotateSession(ctx, rotationOf(session))
			return err
		},
		"EndSessions": func(ctx context.Context, n Node) error {
			return first(n.EndSessions(ctx, []uuid.UUID{unknown, newID()}, auth.EndedByLogout, noon))
		},
		"EndUserSessions": func(ctx context.Context, n Node) error {
			return first(n.EndUserSessions(ctx, unknown, auth.EndedByLogout, noon))
		},
		"LivingSessions": func(ctx context.Context, n Node) error { return first(n.LivingSessions(ctx, u.ID, noon)) },
		"EndOwnSession": func(ctx context.Context, n Node) error {
			return first(n.EndOwnSession(ctx, u.ID, unknown, auth.EndedByLogout, noon))
		},
		"EndOtherSessions": func(ctx context.Context, n Node) error {
			return first(n.EndOtherSessions(ctx, unknown, session.ID, auth.EndedByLogout, noon))
		},
		"ProveSession": func(ctx context.Context, n Node) error {
			_, _, err := n.ProveSession(ctx, u.ID, session.ID, noon, noon)
			return err
		},

		"LockUserAndHolders": func(ctx context.Context, n Node) error {
			return first(n.LockUserAndHolders(ctx, u.ID, auth.RoleAdmin))
		},
		"DeleteUser":           func(ctx context.Context, n Node) error { return n.DeleteUser(ctx, unknown) },
		"DeleteRegistrations":  func(ctx context.Context, n Node) error { return n.DeleteRegistrations(ctx, []string{newAddress().Key}) },
		"DeleteLinks":          func(ctx context.Context, n Node) error { return n.DeleteLinks(ctx, []string{newAddress().Key}) },
		"DeleteLetters":        func(ctx context.Context, n Node) error { return n.DeleteLetters(ctx, recipients) },
		"DeleteLettersOfLinks": func(ctx context.Context, n Node) error { return n.DeleteLettersOfLinks(ctx, u.ID) },
		"ForgetOrigins":        func(ctx context.Context, n Node) error { return n.ForgetOrigins(ctx, u.ID) },
		"CredentialsOf":        func(ctx context.Context, n Node) error { return first(n.CredentialsOf(ctx, u.ID)) },
		"SessionsOf":           func(ctx context.Context, n Node) error { return first(n.SessionsOf(ctx, u.ID)) },
		"RegistrationsOf":      func(ctx context.Context, n Node) error { return first(n.RegistrationsOf(ctx, []string{u.Email.Key})) },
		"LinksOf":              func(ctx context.Context, n Node) error { return first(n.LinksOf(ctx, u.ID, []string{u.Email.Key})) },
		"LettersTo":            func(ctx context.Context, n Node) error { return first(n.LettersTo(ctx, recipients)) },
		"EventsAbout":          func(ctx context.Context, n Node) error { return first(n.EventsAbout(ctx, u.ID)) },

		"InsertBlacklisted": func(ctx context.Context, n Node) error {
			return n.InsertBlacklisted(ctx, newBlacklisted(auth.BlacklistSession, unknown), newBlacklisted(auth.BlacklistUser, unknown))
		},
		"IsBlacklisted": func(ctx context.Context, n Node) error {
			return first(n.IsBlacklisted(ctx, unknown, unknown, noon, noon))
		},
		"BlacklistedByID": func(ctx context.Context, n Node) error {
			return first(n.BlacklistedByID(ctx, []uuid.UUID{unknown, newID()}, noon))
		},
		"BlacklistedSince": func(ctx context.Context, n Node) error { return first(n.BlacklistedSince(ctx, noon, noon)) },

		"SigningKeys":       func(ctx context.Context, n Node) error { return first(n.SigningKeys(ctx)) },
		"InsertSigningKey":  func(ctx context.Context, n Node) error { return first(n.InsertSigningKey(ctx, newSigningKey(1))) },
		"RetireSigningKeys": func(ctx context.Context, n Node) error { return n.RetireSigningKeys(ctx, 1, noon) },
		"DropSigningKey":    func(ctx context.Context, n Node) error { return first(n.DropSigningKey(ctx, "none", noon)) },

		"InsertLinks": func(ctx context.Context, n Node) error {
			return n.InsertLinks(ctx, newLink(auth.LinkActivate), newLink(auth.LinkDecline))
		},
		"LinkByDigest": func(ctx context.Context, n Node) error { return first(n.LinkByDigest(ctx, link.Digest)) },
		"UseLink":      func(ctx context.Context, n Node) error { return first(n.UseLink(ctx, link.Digest, link.Purpose, noon)) },
		"VoidLinks":    func(ctx context.Context, n Node) error { return n.VoidLinks(ctx, auth.LinkFilter{}, noon) },
		"VoidLinks, of a user": func(ctx context.Context, n Node) error {
			return n.VoidLinks(ctx, auth.LinkFilter{UserID: unknown, Purposes: auth.LinkPurposes()}, noon)
		},
		"VoidLinks, of an address": func(ctx context.Context, n Node) error {
			return n.VoidLinks(ctx, auth.LinkFilter{EmailKey: newAddress().Key}, noon)
		},
		"VoidLinks, of a registration": func(ctx context.Context, n Node) error {
			return n.VoidLinks(ctx, auth.LinkFilter{RegistrationID: r.ID}, noon)
		},

		"ReserveAttempts": func(ctx context.Context, n Node) error { return first(n.ReserveAttempts(ctx, meters, noon)) },
		"ReleaseAttempts": func(ctx context.Context, n Node) error { return n.ReleaseAttempts(ctx, meters[:1], meters[1:]) },

		"InsertLetter":   func(ctx context.Context, n Node) error { return n.InsertLetter(ctx, newLetter()) },
		"ClaimLetters":   func(ctx context.Context, n Node) error { return first(n.ClaimLetters(ctx, noon, time.Second, 5)) },
		"MarkLetterSent": func(ctx context.Context, n Node) error { return n.MarkLetterSent(ctx, unknown, noon) },
		"RetryLetter":    func(ctx context.Context, n Node) error { return n.RetryLetter(ctx, unknown, 1, noon, "451") },
		"BuryLetter":     func(ctx context.Context, n Node) error { return n.BuryLetter(ctx, unknown, 1, noon, "550") },
		"SealedLetters":  func(ctx context.Context, n Node) error { return first(n.SealedLetters(ctx, unknown, 5)) },
		"ResealLetter": func(ctx context.Context, n Node) error {
			return first(n.ResealLetter(ctx, unknown, []byte("old"), []byte("new"), digest("new")))
		},
		"ResealSigningKey": func(ctx context.Context, n Node) error {
			return first(n.ResealSigningKey(ctx, "none", []byte("old"), []byte("new")))
		},
		"ReinstateUser": func(ctx context.Context, n Node) error { return first(n.ReinstateUser(ctx, unknown, noon)) },
		"SetRoles":      func(ctx context.Context, n Node) error { return n.SetRoles(ctx, unknown, []string{"editor"}, noon) },
		"InsertEvents":  func(ctx context.Context, n Node) error { return n.InsertEvents(ctx, newEvent(), newEvent()) },
	}
}

// first drops what a call answers.
func first(_ any, err error) error { return err }

// statements counts what is sent, BEGIN and COMMIT aside.
func statements(t *testing.T, s *subject) {
	u, named, r := insertUser(t, s), insertNamed(t, s), insertRegistration(t, s, newAddress())
	for name, call := range everyCall(t, s) {
		t.Run(name+" is one statement", func(t *testing.T) {
			sent := s.during(func() { must(t, call(t.Context(), s.One)) })
			// Telling the other nodes writes nothing, and comes after what it is about.
			if n := len(sent); n > 1 && strings.HasPrefix(sent[n-1], "SELECT pg_notify(") {
				sent = sent[:n-1]
			}
			if len(sent) != 1 {
				t.Errorf("%d statements:\n%s", len(sent), strings.Join(sent, "\n"))
			}
		})
	}

	none := map[string]call{
		"InsertLinks":       func(ctx context.Context, n Node) error { return n.InsertLinks(ctx) },
		"InsertEvents":      func(ctx context.Context, n Node) error { return n.InsertEvents(ctx) },
		"InsertBlacklisted": func(ctx context.Context, n Node) error { return n.InsertBlacklisted(ctx) },
		"EndSessions": func(ctx context.Context, n Node) error {
			return first(n.EndSessions(ctx, nil, auth.EndedByEviction, noon))
		},
		"ReserveAttempts": func(ctx context.Context, n Node) error { return first(n.ReserveAttempts(ctx, nil, noon)) },
		"ReleaseAttempts": func(ctx context.Context, n Node) error { return n.ReleaseAttempts(ctx, nil, nil) },
	}
	for name, call := range none {
		t.Run(name+" of nothing is no statement", func(t *testing.T) {
			same(t, "statements", len(s.during(func() { must(t, call(t.Context(), s.One)) })), 0)
		})
	}

	t.Run("what is there and what is not is asked for in the same words", func(t *testing.T) {
		ask := func(calls ...func()) {
			t.Helper()
			want := s.during(calls[0])
			for _, c := range calls[1:] {
				same(t, "statements", s.during(c), want)
			}
		}
		account := func(key string) func() {
			return func() { _, _ = s.One.AccountByEmail(t.Context(), key) }
		}
		ask(account(u.Email.Key), account(newAddress().Key), account(r.Email.Key))
		username := func(key string) func() {
			return func() { _, _ = s.One.AccountByUsername(t.Context(), key) }
		}
		ask(username(named.Username.Key), username(newUsername().Key), username(u.Email.Key))
		failure := func(id uuid.UUID) func() { return func() { must(t, s.One.CountFailedSignIn(t.Context(), id)) } }
		ask(failure(u.ID), failure(uuid.Nil))
		try := func(id uuid.UUID) func() { return func() { value(s.One.CountCodeTry(t.Context(), id, 5))(t) } }
		ask(try(r.ID), try(uuid.Nil))
		code := func(id uuid.UUID) func() {
			return func() { must(t, s.One.ReplaceCode(t.Context(), id, digest("new"))) }
		}
		ask(code(r.ID), code(uuid.Nil))
	})
}
