package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func sessions(t *testing.T, s *subject) {
	t.Run("a session comes back as it was written", func(t *testing.T) {
		u := insertUser(t, s)
		plain := insertSession(t, s, u.ID)
		same(t, "plain", value(s.Two.SessionByID(t.Context(), plain.ID))(t), plain)

		full := newSession(u.ID)
		full.RotationKey = digest("key")
		full.EndedAt, full.EndReason = noon.Add(time.Second), auth.EndedByReuse
		must(t, s.One.InsertSession(t.Context(), full))
		same(t, "full", value(s.Two.SessionByID(t.Context(), full.ID))(t), full)

		if _, err := s.One.SessionByID(t.Context(), newID()); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
	})

	t.Run("nobody has a session", func(t *testing.T) {
		if err := s.One.InsertSession(t.Context(), newSession(newID())); err == nil {
			t.Error("a session of no user was written")
		}
	})

	rotation(t, s)
	ending(t, s)
}

// rotationOf asks for the session's next generation, a minute after its last.
func rotationOf(session auth.Session) auth.Rotation {
	now := session.RotatedAt.Add(time.Minute)
	return auth.Rotation{
		SessionID:       session.ID,
		Generation:      session.Generation,
		Now:             now,
		Grace:           10 * time.Second,
		UserAgentDigest: digest("another browser"),
		KeyDigest:       digest("key"),
		AccessExpiresAt: now.Add(10 * time.Minute),
		ExpiresAt:       now.AddDate(0, 0, 14),
	}
}

func rotation(t *testing.T, s *subject) {
	u := insertUser(t, s)

	t.Run("a rotation remembers who rotated and answers the row as it is now", func(t *testing.T) {
		session := insertSession(t, s, u.ID)
		r := rotationOf(session)
		got, rotated, err := s.One.RotateSession(t.Context(), r)
		must(t, err)
		same(t, "rotated", rotated, true)

		session.Generation, session.RotatedAt = 2, r.Now
		session.RotatedBy, session.RotationKey = r.UserAgentDigest, r.KeyDigest
		session.AccessExpiresAt, session.ExpiresAt = r.AccessExpiresAt, r.ExpiresAt
		same(t, "answer", got, session)
		same(t, "row", value(s.Two.SessionByID(t.Context(), session.ID))(t), session)

		r = rotationOf(session)
		r.KeyDigest = nil
		got, rotated, err = s.Two.RotateSession(t.Context(), r)
		must(t, err)
		if !rotated || got.RotationKey != nil {
			t.Errorf("rotated %v, and an earlier key is remembered: %x", rotated, got.RotationKey)
		}
	})

	t.Run("no rotation outlives the session's end", func(t *testing.T) {
		session := newSession(u.ID)
		session.EndsAt = noon.Add(5 * time.Minute)
		session.ExpiresAt = session.EndsAt
		must(t, s.One.InsertSession(t.Context(), session))
		got, _, err := s.One.RotateSession(t.Context(), rotationOf(session))
		must(t, err)
		same(t, "access token", got.AccessExpiresAt, session.EndsAt)
		same(t, "refresh token", got.ExpiresAt, session.EndsAt)
	})

	t.Run("a rotation that may not be changes nothing", func(t *testing.T) {
		refused := map[string]func(*auth.Session, *auth.Rotation){
			"an earlier generation":  func(_ *auth.Session, r *auth.Rotation) { r.Generation-- },
			"a generation to come":   func(_ *auth.Session, r *auth.Rotation) { r.Generation++ },
			"another session":        func(_ *auth.Session, r *auth.Rotation) { r.SessionID = newID() },
			"inside the grace":       func(_ *auth.Session, r *auth.Rotation) { r.Grace = time.Minute + time.Microsecond },
			"an ended session":       func(s *auth.Session, _ *auth.Rotation) { s.EndedAt, s.EndReason = noon, auth.EndedByLogout },
			"an expired session":     func(s *auth.Session, r *auth.Rotation) { s.ExpiresAt = r.Now },
			"past the session's end": func(s *auth.Session, r *auth.Rotation) { s.EndsAt = r.Now },
		}
		for name, spoil := range refused {
			session := newSession(u.ID)
			r := rotationOf(session)
			spoil(&session, &r)
			must(t, s.One.InsertSession(t.Context(), session))
			got, rotated, err := s.One.RotateSession(t.Context(), r)
			must(t, err)
			same(t, name, rotated, false)
			same(t, name+": answer", got, auth.Session{})
			same(t, name+": row", value(s.One.SessionByID(t.Context(), session.ID))(t), session)
		}
	})

	t.Run("a rotation may be when the grace is just over, or is none", func(t *testing.T) {
		session := insertSession(t, s, u.ID)
		r := rotationOf(session)
		r.Grace = time.Minute
		got, rotated, err := s.One.RotateSession(t.Context(), r)
		must(t, err)
		same(t, "just over", rotated, true)
		r = rotationOf(got)
		r.Now, r.Grace = got.RotatedAt, 0
		_, rotated, err = s.One.RotateSession(t.Context(), r)
		must(t, err)
		same(t, "none", rotated, true)
	})

	t.Run("of 50 who rotate one generation at once, one does", func(t *testing.T) {
		for _, grace := range []time.Duration{0, 10 * time.Second} {
			session := insertSession(t, s, u.ID)
			for range rounds {
				r := rotationOf(session)
				r.Grace = grace
				wins := s.race(t, 50, func(_ int, node Node) (bool, error) {
					_, rotated, err := node.RotateSession(t.Context(), r)
					return rotated, err
				})
				same(t, "rotated", wins, 1)
				generation := session.Generation
				session = value(s.One.SessionByID(t.Context(), session.ID))(t)
				same(t, "generation", session.Generation, generation+1)
			}
		}
	})
}

func ending(t *testing.T, s *subject) {
	t.Run("the sessions beyond the limit are those unused the longest, of the living", func(t *testing.T) {
		u := insertUser(t, s)
		var ids []uuid.UUID
		for i := range 5 {
			session := newSession(u.ID)
			session.RotatedAt = noon.Add(time.Duration(10*i%7) * time.Minute) // 0 3 6 2 5
			must(t, s.One.InsertSession(t.Context(), session))
			ids = append(ids, session.ID)
		}
		ended := newSession(u.ID)
		ended.EndedAt, ended.EndReason = noon, auth.EndedByLogout
		must(t, s.One.InsertSession(t.Context(), ended))
		expired := newSession(u.ID)
		expired.ExpiresAt = noon
		must(t, s.One.InsertSession(t.Context(), expired))
		insertSession(t, s, insertUser(t, s).ID)

		same(t, "beyond 2", value(s.One.SessionsBeyond(t.Context(), u.ID, 2, noon))(t),
			[]uuid.UUID{ids[1], ids[3], ids[0]})
		same(t, "beyond 0", len(value(s.One.SessionsBeyond(t.Context(), u.ID, 0, noon))(t)), 5)
		same(t, "beyond 5", len(value(s.One.SessionsBeyond(t.Context(), u.ID, 5, noon))(t)), 0)
	})

	t.Run("sessions are ended once, and say why", func(t *testing.T) {
		u := insertUser(t, s)
		first, second, kept := insertSession(t, s, u.ID), insertSession(t, s, u.ID), insertSession(t, s, u.ID)
		later := noon.Add(time.Minute)
		ended := value(s.One.EndSessions(t.Context(),
			[]uuid.UUID{first.ID, second.ID, newID()}, auth.EndedByEviction, later))(t)
		byID := func(a, b auth.EndedSession) int { return slices.Compare(a.ID[:], b.ID[:]) }
		slices.SortFunc(ended, byID)
		want := []auth.EndedSession{
			{ID: first.ID, UserID: u.ID, AccessExpiresAt: first.AccessExpiresAt, ExpiresAt: first.ExpiresAt},
			{ID: second.ID, UserID: u.ID, AccessExpiresAt: second.AccessExpiresAt, ExpiresAt: second.ExpiresAt},
		}
		slices.SortFunc(want, byID)
		same(t, "ended", ended, want)
		first.EndedAt, first.EndReason = later, auth.EndedByEviction
		same(t, "row", value(s.Two.SessionByID(t.Context(), first.ID))(t), first)

		all := value(s.Two.EndUserSessions(t.Context(), u.ID, auth.EndedByLogout, later.Add(time.Hour)))(t)
		same(t, "ended of the user", all,
			[]auth.EndedSession{{ID: kept.ID, UserID: u.ID, AccessExpiresAt: kept.AccessExpiresAt, ExpiresAt: kept.ExpiresAt}})
		same(t, "first reason", value(s.One.SessionByID(t.Context(), first.ID))(t), first)
		same(t, "again", len(value(s.One.EndUserSessions(t.Context(), u.ID, auth.EndedByLogout, later))(t)), 0)
	})

	t.Run("of 20 who end a session at once, one does", func(t *testing.T) {
		u := insertUser(t, s)
		for range rounds {
			session := insertSession(t, s, u.ID)
			same(t, "wins", s.race(t, 20, func(i int, node Node) (bool, error) {
				if i%4 == 0 {
					ended, err := node.EndUserSessions(t.Context(), u.ID, auth.EndedByPasswordReset, noon)
					return len(ended) > 0, err
				}
				ended, err := node.EndSessions(t.Context(), []uuid.UUID{session.ID}, auth.EndedByLogout, noon)
				return len(ended) > 0, err
			}), 1)
		}
	})

	t.Run("who ends a session hears of the last access token, however it was rotated meanwhile", func(t *testing.T) {
		u := insertUser(t, s)
		for range rounds {
			session := insertSession(t, s, u.ID)
			heard := make(chan time.Time, 1)
			s.race(t, 6, func(i int, node Node) (bool, error) {
				if i != 3 {
					_, _, err := node.RotateSession(t.Context(), rotationOf(session))
					return false, err
				}
				ended, err := node.EndSessions(t.Context(), []uuid.UUID{session.ID}, auth.EndedByLogout, noon)
				for _, e := range ended {
					heard <- e.AccessExpiresAt
				}
				return false, err
			})
			same(t, "until", <-heard, value(s.One.SessionByID(t.Context(), session.ID))(t).AccessExpiresAt)
		}
	})
}
