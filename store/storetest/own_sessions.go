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

// ownSessions is about what somebody who is signed in does to the sessions and
// the password of its own account.
func ownSessions(t *testing.T, s *subject) {
	idsOf := func(sessions []auth.EndedSession) []uuid.UUID {
		var ids []uuid.UUID
		for _, e := range sessions {
			ids = append(ids, e.ID)
		}
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
		return ids
	}
	written := func(userID uuid.UUID, change func(*auth.Session)) auth.Session {
		session := newSession(userID)
		change(&session)
		must(t, s.One.InsertSession(t.Context(), session))
		return session
	}

	t.Run("an account is found by the ID of its user, with its hash if it has one", func(t *testing.T) {
		u := insertUser(t, s)
		same(t, "without password", value(s.One.AccountByID(t.Context(), u.ID))(t), auth.Account{User: u})
		must(t, s.One.SetPassword(t.Context(), u.ID, "hash", noon))
		same(t, "with password", value(s.Two.AccountByID(t.Context(), u.ID))(t), auth.Account{User: u, PasswordHash: "hash"})
		if _, err := s.One.AccountByID(t.Context(), newID()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
	})

	t.Run("the living sessions are those of the user that have neither ended nor expired", func(t *testing.T) {
		u := insertUser(t, s)
		first, second := insertSession(t, s, u.ID), insertSession(t, s, u.ID)
		written(u.ID, func(s *auth.Session) { s.EndedAt, s.EndReason = noon, auth.EndedByLogout })
		written(u.ID, func(s *auth.Session) { s.ExpiresAt = noon })
		written(u.ID, func(s *auth.Session) { s.EndsAt = noon })
		insertSession(t, s, insertUser(t, s).ID)
		living := value(s.Two.LivingSessions(t.Context(), u.ID, noon))(t)
		slices.SortFunc(living, func(a, b auth.Session) int { return slices.Compare(a.ID[:], b.ID[:]) })
		want := []auth.Session{first, second}
		slices.SortFunc(want, func(a, b auth.Session) int { return slices.Compare(a.ID[:], b.ID[:]) })
		same(t, "living", living, want)
	})

	t.Run("a session is ended by its user alone, and once", func(t *testing.T) {
		u, stranger := insertUser(t, s), insertUser(t, s)
		session, other := insertSession(t, s, u.ID), insertSession(t, s, u.ID)
		expired := written(u.ID, func(s *auth.Session) { s.ExpiresAt = noon })
		for name, end := range map[string]struct{ user, session uuid.UUID }{
			"another's": {stranger.ID, session.ID}, "unknown": {u.ID, newID()}, "expired": {u.ID, expired.ID}, "of nobody": {uuid.Nil, session.ID},
		} {
			same(t, name, len(value(s.One.EndOwnSession(t.Context(), end.user, end.session, auth.EndedByRevocation, noon))(t)), 0)
		}
		same(t, "wins", s.race(t, 20, func(_ int, node Node) (bool, error) {
			ended, err := node.EndOwnSession(t.Context(), u.ID, session.ID, auth.EndedByRevocation, noon)
			return len(ended) == 1 && ended[0].ID == session.ID && ended[0].AccessExpiresAt.Equal(session.AccessExpiresAt), err
		}), 1)
		session.EndedAt, session.EndReason = noon, auth.EndedByRevocation
		same(t, "row", value(s.Two.SessionByID(t.Context(), session.ID))(t), session)
		same(t, "the other", value(s.Two.SessionByID(t.Context(), other.ID))(t), other)
	})

	t.Run("all sessions of the user are ended but the one that is kept", func(t *testing.T) {
		u, stranger := insertUser(t, s), insertUser(t, s)
		kept, first, second := insertSession(t, s, u.ID), insertSession(t, s, u.ID), insertSession(t, s, u.ID)
		foreign := insertSession(t, s, stranger.ID)
		ended := value(s.One.EndOtherSessions(t.Context(), u.ID, kept.ID, auth.EndedByPasswordChange, noon))(t)
		want := idsOf([]auth.EndedSession{{ID: first.ID}, {ID: second.ID}})
		same(t, "ended", idsOf(ended), want)
		same(t, "again", len(value(s.One.EndOtherSessions(t.Context(), u.ID, kept.ID, auth.EndedByPasswordChange, noon))(t)), 0)
		same(t, "kept", value(s.One.SessionByID(t.Context(), kept.ID))(t), kept)
		same(t, "foreign", value(s.One.SessionByID(t.Context(), foreign.ID))(t), foreign)
		same(t, "why", value(s.One.SessionByID(t.Context(), first.ID))(t).EndReason, auth.EndedByPasswordChange)
	})

	proof(t, s)
	passwordChange(t, s)
	ownStatements(t, s)
}

func proof(t *testing.T, s *subject) {
	t.Run("a proof is remembered, and the end of the last access token with it", func(t *testing.T) {
		u := insertUser(t, s)
		session := insertSession(t, s, u.ID)
		now := noon.Add(5 * time.Minute)
		got, proved, err := s.One.ProveSession(t.Context(), u.ID, session.ID, now, now.Add(10*time.Minute))
		must(t, err)
		same(t, "proved", proved, true)
		session.AuthenticatedAt, session.AccessExpiresAt = now, now.Add(10*time.Minute)
		same(t, "answer", got, session)
		same(t, "row", value(s.Two.SessionByID(t.Context(), session.ID))(t), session)

		// A token that was given before may live longer than this one would.
		got, _, err = s.One.ProveSession(t.Context(), u.ID, session.ID, now, now.Add(time.Minute))
		must(t, err)
		same(t, "end of the last access token", got.AccessExpiresAt, session.AccessExpiresAt)
	})

	t.Run("no access token of a proof outlives the session", func(t *testing.T) {
		u := insertUser(t, s)
		session := newSession(u.ID)
		session.AccessExpiresAt, session.EndsAt = noon.Add(time.Minute), noon.Add(5*time.Minute)
		must(t, s.One.InsertSession(t.Context(), session))
		got, _, err := s.One.ProveSession(t.Context(), u.ID, session.ID, noon, noon.Add(10*time.Minute))
		must(t, err)
		same(t, "access token", got.AccessExpiresAt, session.EndsAt)
	})

	t.Run("a session that does not live, or is another's, proves nothing", func(t *testing.T) {
		u := insertUser(t, s)
		for name, spoil := range map[string]func(*auth.Session){
			"ended":   func(s *auth.Session) { s.EndedAt, s.EndReason = noon, auth.EndedByLogout },
			"expired": func(s *auth.Session) { s.ExpiresAt = noon },
			"over":    func(s *auth.Session) { s.EndsAt = noon },
			"foreign": func(session *auth.Session) { session.UserID = insertUser(t, s).ID },
		} {
			session := newSession(u.ID)
			spoil(&session)
			must(t, s.One.InsertSession(t.Context(), session))
			_, proved, err := s.One.ProveSession(t.Context(), u.ID, session.ID, noon, noon.Add(time.Hour))
			must(t, err)
			same(t, name, proved, false)
			same(t, name+": row", value(s.One.SessionByID(t.Context(), session.ID))(t), session)
		}
	})
}

func passwordChange(t *testing.T, s *subject) {
	t.Run("a reauthentication begins if nothing has changed, and clears failures below the bound", func(t *testing.T) {
		u := insertUser(t, s)
		for range 3 {
			must(t, s.One.CountFailedSignIn(t.Context(), u.ID))
		}
		began := func(version, maxFailures int) bool {
			t.Helper()
			return value(s.One.BeginReauthentication(t.Context(), u.ID, version, maxFailures))(t)
		}
		failures := func() int { return value(s.One.UserByID(t.Context(), u.ID))(t).FailedSignIns }
		same(t, "with another version", began(2, 100), false)
		same(t, "at the bound", began(1, 3), true)
		same(t, "failures at the bound", failures(), 3)
		same(t, "below it", began(1, 4), true)
		same(t, "failures below it", failures(), 0)
		value(s.One.SuspendUser(t.Context(), u.ID, noon))(t)
		same(t, "suspended", began(2, 100), false)
	})

	t.Run("a change of password happens once a version", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.One.CountFailedSignIn(t.Context(), u.ID))
		later := noon.Add(time.Hour)
		same(t, "wins", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.BeginPasswordChange(t.Context(), u.ID, u.Version, later)
		}), 1)
		u.Version, u.UpdatedAt = u.Version+1, later
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		value(s.One.SuspendUser(t.Context(), u.ID, later))(t)
		same(t, "suspended", value(s.One.BeginPasswordChange(t.Context(), u.ID, u.Version+1, later))(t), false)
	})

	t.Run("no sign-in outlives a change of password that overtook it", func(t *testing.T) {
		for range rounds {
			u := insertUser(t, s)
			kept := insertSession(t, s, u.ID)
			s.race(t, 12, func(i int, node Node) (bool, error) {
				return true, node.InTx(t.Context(), func(q auth.Queries) error {
					if i == 5 {
						if began, err := q.BeginPasswordChange(t.Context(), u.ID, u.Version, noon); err != nil || !began {
							t.Errorf("change: %v %v", began, err)
							return err
						}
						_, err := q.EndOtherSessions(t.Context(), u.ID, kept.ID, auth.EndedByPasswordChange, noon)
						return err
					}
					began, err := q.BeginSignIn(t.Context(), u.ID, u.Version, 100, noon)
					if err != nil || !began {
						return err
					}
					return q.InsertSession(t.Context(), newSession(u.ID))
				})
			})
			living := value(s.One.LivingSessions(t.Context(), u.ID, noon))(t)
			if len(living) != 1 || living[0].ID != kept.ID {
				t.Fatalf("%d sessions live", len(living))
			}
		}
	})
}

func ownStatements(t *testing.T, s *subject) {
	u := insertUser(t, s)
	session := insertSession(t, s, u.ID)
	for name, call := range map[string]func(context.Context, Node) error{
		"AccountByID": func(ctx context.Context, n Node) error { _, err := n.AccountByID(ctx, u.ID); return err },
		"BeginReauthentication": func(ctx context.Context, n Node) error {
			_, err := n.BeginReauthentication(ctx, u.ID, 1, 100)
			return err
		},
		"BeginPasswordChange": func(ctx context.Context, n Node) error {
			_, err := n.BeginPasswordChange(ctx, u.ID, 9, noon)
			return err
		},
		"LivingSessions": func(ctx context.Context, n Node) error { _, err := n.LivingSessions(ctx, u.ID, noon); return err },
		"EndOwnSession": func(ctx context.Context, n Node) error {
			_, err := n.EndOwnSession(ctx, u.ID, newID(), auth.EndedByRevocation, noon)
			return err
		},
		"EndOtherSessions": func(ctx context.Context, n Node) error {
			_, err := n.EndOtherSessions(ctx, u.ID, session.ID, auth.EndedByRevocation, noon)
			return err
		},
		"ProveSession": func(ctx context.Context, n Node) error {
			_, _, err := n.ProveSession(ctx, u.ID, session.ID, noon, noon)
			return err
		},
	} {
		t.Run(name+" is one statement", func(t *testing.T) {
			sent := s.during(func() { must(t, call(t.Context(), s.One)) })
			if len(sent) != 1 {
				t.Errorf("%d statements:\n%s", len(sent), strings.Join(sent, "\n"))
			}
		})
	}
}
