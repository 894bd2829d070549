package storetest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// administration is about what operators do and nobody else.
func administration(t *testing.T, s *subject) {
	t.Run("a suspension is lifted once, and of nobody else", func(t *testing.T) {
		u, other := insertUser(t, s), insertUser(t, s)
		later := noon.Add(time.Hour)
		same(t, "of one who works", value(s.One.ReinstateUser(t.Context(), u.ID, later))(t), false)
		for _, user := range []auth.User{u, other} {
			value(s.One.SuspendUser(t.Context(), user.ID, noon))(t)
		}
		same(t, "lifted", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.ReinstateUser(t.Context(), u.ID, later)
		}), 1)
		u.Version, u.UpdatedAt = u.Version+1, later
		same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		same(t, "the other", value(s.Two.UserByID(t.Context(), other.ID))(t).Status, auth.Suspended)
	})

	t.Run("roles are replaced, by none too", func(t *testing.T) {
		u := insertUser(t, s)
		for _, roles := range [][]string{{"admin", "billing"}, {}} {
			must(t, s.One.SetRoles(t.Context(), u.ID, roles, noon.Add(time.Hour)))
			u.Roles, u.UpdatedAt = roles, noon.Add(time.Hour)
			same(t, "user", value(s.Two.UserByID(t.Context(), u.ID))(t), u)
		}
	})

	t.Run("a signing key is sealed anew if nobody did so before", func(t *testing.T) {
		key := newSigningKey(1)
		value(s.One.InsertSigningKey(t.Context(), key))(t)
		same(t, "another seal", value(s.One.ResealSigningKey(t.Context(), key.ID, []byte("other"), []byte("anew")))(t), false)
		same(t, "resealed", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.ResealSigningKey(t.Context(), key.ID, key.Sealed, []byte("anew"))
		}), 1)
		key.Sealed = []byte("anew")
		same(t, "keys", value(s.Two.SigningKeys(t.Context()))(t), []auth.SigningKey{key})
	})

	everySession(t, s)
	sealedLetters(t, s)
	administrationStatements(t, s)
}

func everySession(t *testing.T, s *subject) {
	t.Run("every session is ended, and what lives is summed up before", func(t *testing.T) {
		must(t, s.Exec(t.Context(), "DELETE FROM sessions"))
		sum := func() (int, time.Time) {
			t.Helper()
			living, last, err := s.Two.SumOfSessions(t.Context(), noon)
			must(t, err)
			return living, last
		}
		living, last := sum()
		same(t, "of none", living, 0)
		same(t, "last access token of none", last, time.Time{})

		u := insertUser(t, s)
		insertSession(t, s, u.ID)
		insertSession(t, s, insertUser(t, s).ID)
		ended, expired := newSession(u.ID), newSession(u.ID)
		ended.EndedAt, ended.EndReason, ended.AccessExpiresAt = noon, auth.EndedByLogout, noon.Add(48*time.Hour)
		expired.ExpiresAt, expired.AccessExpiresAt = noon, noon.Add(24*time.Hour)
		for _, session := range []auth.Session{ended, expired} {
			must(t, s.One.InsertSession(t.Context(), session))
		}
		living, last = sum()
		same(t, "living", living, 2)
		same(t, "last access token", last, expired.AccessExpiresAt)
		must(t, s.One.EndEverySession(t.Context(), auth.EndedByOperator, noon.Add(time.Second)))
		living, _ = sum()
		same(t, "living afterwards", living, 0)
		same(t, "ended", s.count(t, "sessions WHERE end_reason = $1", string(auth.EndedByOperator)), 3)
		same(t, "ended before", value(s.One.SessionByID(t.Context(), ended.ID))(t), ended)
	})

	t.Run("a sign-in that has begun does not outlive the ending of all", func(t *testing.T) {
		u := insertUser(t, s)
		must(t, s.Exec(t.Context(), "DELETE FROM sessions"))
		written, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			<-written
			ended <- s.Two.InTx(t.Context(), func(q auth.Queries) error {
				if err := q.LockSessions(t.Context()); err != nil {
					return err
				}
				return q.EndEverySession(t.Context(), auth.EndedByOperator, noon)
			})
		}()
		must(t, s.One.InTx(t.Context(), func(q auth.Queries) error {
			if err := q.InsertSession(t.Context(), newSession(u.ID)); err != nil {
				return err
			}
			close(written)
			select {
			case err := <-ended:
				t.Error("the ending of all has not waited")
				ended <- err
			case <-time.After(300 * time.Millisecond): // it waits
			}
			return nil
		}))
		must(t, <-ended)
		same(t, "living", s.count(t, "sessions WHERE ended_at IS NULL"), 0)
	})

	t.Run("secrets are needed until the last refresh token or digits expire", func(t *testing.T) {
		for _, table := range []string{"sessions", "registrations"} {
			must(t, s.Exec(t.Context(), "DELETE FROM "+table))
		}
		until := func() time.Time { return value(s.Two.SecretsNeededUntil(t.Context(), noon))(t) }
		same(t, "by nothing", until(), time.Time{})
		insertRegistration(t, s, newAddress())
		same(t, "by digits", until(), noon.Add(24*time.Hour))
		u := insertUser(t, s)
		session, ended := newSession(u.ID), newSession(u.ID)
		ended.EndedAt, ended.EndReason, ended.ExpiresAt = noon, auth.EndedByLogout, noon.AddDate(0, 0, 30)
		must(t, s.One.InsertSession(t.Context(), session))
		must(t, s.One.InsertSession(t.Context(), ended))
		same(t, "by a session", until(), session.ExpiresAt)
	})
}

func sealedLetters(t *testing.T, s *subject) {
	t.Run("letters that hold something are listed by their ID, and sealed anew unless they changed", func(t *testing.T) {
		must(t, s.Exec(t.Context(), "DELETE FROM outbox_letters"))
		var letters []auth.OutboxLetter
		for i := range 5 {
			l := newLetter()
			if i > 0 {
				l.Recipient = digest("old")
			}
			must(t, s.One.InsertLetter(t.Context(), l))
			letters = append(letters, l)
		}
		slices.SortFunc(letters, func(a, b auth.OutboxLetter) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		must(t, s.One.MarkLetterSent(t.Context(), letters[2].ID, noon))
		same(t, "count", value(s.Two.CountSealedLetters(t.Context()))(t), 4)
		same(t, "first", value(s.Two.SealedLetters(t.Context(), uuid.Nil, 3))(t), []auth.OutboxLetter{letters[0], letters[1], letters[3]})
		same(t, "next", value(s.Two.SealedLetters(t.Context(), letters[3].ID, 3))(t), letters[4:])

		l := letters[1]
		same(t, "resealed", s.race(t, 20, func(_ int, node Node) (bool, error) {
			return node.ResealLetter(t.Context(), l.ID, l.Sealed, []byte("anew"), digest("new"))
		}), 1)
		l.Sealed, l.Recipient = []byte("anew"), digest("new")
		same(t, "letter", value(s.Two.SealedLetters(t.Context(), letters[0].ID, 1))(t), []auth.OutboxLetter{l})
		same(t, "one that is out", value(s.One.ResealLetter(t.Context(), letters[2].ID, letters[2].Sealed, []byte("anew"), digest("new")))(t), false)
		same(t, "held of one that is out", s.count(t, "outbox_letters WHERE id = $1 AND sealed IS NULL", letters[2].ID), 1)
	})
}

func administrationStatements(t *testing.T, s *subject) {
	unknown := newID()
	first := func(_ any, err error) error { return err }
	for name, call := range map[string]func(context.Context, Node) error{
		"ReinstateUser": func(ctx context.Context, n Node) error { return first(n.ReinstateUser(ctx, unknown, noon)) },
		"SetRoles":      func(ctx context.Context, n Node) error { return n.SetRoles(ctx, unknown, nil, noon) },
		"SumOfSessions": func(ctx context.Context, n Node) error {
			_, _, err := n.SumOfSessions(ctx, noon)
			return err
		},
		"EndEverySession": func(ctx context.Context, n Node) error {
			return n.EndEverySession(ctx, auth.EndedByOperator, noon)
		},
		"CountSealedLetters": func(ctx context.Context, n Node) error { return first(n.CountSealedLetters(ctx)) },
		"SealedLetters":      func(ctx context.Context, n Node) error { return first(n.SealedLetters(ctx, unknown, 1)) },
		"ResealLetter": func(ctx context.Context, n Node) error {
			return first(n.ResealLetter(ctx, unknown, digest("a"), digest("b"), digest("c")))
		},
		"ResealSigningKey": func(ctx context.Context, n Node) error {
			return first(n.ResealSigningKey(ctx, "none", digest("a"), digest("b")))
		},
		"SecretsNeededUntil": func(ctx context.Context, n Node) error { return first(n.SecretsNeededUntil(ctx, noon)) },
	} {
		t.Run(name+" is one statement", func(t *testing.T) {
			sent := s.during(func() { must(t, call(t.Context(), s.One)) })
			if len(sent) != 1 {
				t.Errorf("%d statements:\n%s", len(sent), strings.Join(sent, "\n"))
			}
		})
	}
}
