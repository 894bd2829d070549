package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func blacklist(t *testing.T, s *subject) {
	t.Run("what is blacklisted comes back as it was written, oldest first, until it expires", func(t *testing.T) {
		since := noon.Add(time.Hour)
		older := newBlacklisted(auth.BlacklistSession, newID())
		older.CreatedAt, older.ExpiresAt = since.Add(-time.Microsecond), since.Add(time.Hour)
		first, second, expired := newBlacklisted(auth.BlacklistUser, newID()), newBlacklisted(auth.BlacklistAll, uuid.Nil), newBlacklisted(auth.BlacklistSession, newID())
		first.CreatedAt, first.ExpiresAt = since, since.Add(time.Hour)
		second.CreatedAt, second.ExpiresAt, second.IssuedBefore = since.Add(time.Second), since.Add(time.Hour), since.Add(2*time.Second)
		expired.CreatedAt, expired.ExpiresAt = since, since.Add(time.Minute)
		must(t, s.One.InsertBlacklisted(t.Context(), second, expired, first, older))
		same(t, "since", value(s.Two.BlacklistedSince(t.Context(), since, expired.ExpiresAt))(t),
			[]auth.BlacklistedToken{first, second})
		same(t, "of all time", value(s.Two.BlacklistedSince(t.Context(), time.Time{}, expired.ExpiresAt))(t),
			[]auth.BlacklistedToken{older, first, second})
		same(t, "by name", value(s.Two.BlacklistedByID(t.Context(), []uuid.UUID{second.ID, newID(), expired.ID, older.ID}, expired.ExpiresAt))(t),
			[]auth.BlacklistedToken{older, second})
		must(t, s.Exec(t.Context(), "DELETE FROM blacklisted_tokens"))
	})

	t.Run("storage itself says what is blacklisted", func(t *testing.T) {
		session, user := newID(), newID()
		asked := func(session, user uuid.UUID, issuedAt, now time.Time) bool {
			t.Helper()
			return value(s.Two.IsBlacklisted(t.Context(), session, user, issuedAt, now))(t)
		}
		ofSession, ofUser := newBlacklisted(auth.BlacklistSession, session), newBlacklisted(auth.BlacklistUser, user)
		must(t, s.One.InsertBlacklisted(t.Context(), ofSession, ofUser))
		last := ofSession.ExpiresAt.Add(-time.Microsecond)
		same(t, "another's", asked(newID(), newID(), noon, noon), false)
		same(t, "session", asked(session, newID(), noon, last), true)
		same(t, "session, over", asked(session, newID(), noon, ofSession.ExpiresAt), false)
		same(t, "user", asked(newID(), user, noon, last), true)
		same(t, "user, over", asked(newID(), user, noon, ofUser.ExpiresAt), false)
		same(t, "the one's ID as the other's", asked(user, session, noon, noon), false)

		all := newBlacklisted(auth.BlacklistAll, uuid.Nil)
		all.IssuedBefore = noon.Add(time.Second)
		must(t, s.One.InsertBlacklisted(t.Context(), all))
		same(t, "issued before", asked(newID(), newID(), noon, last), true)
		same(t, "issued then", asked(newID(), newID(), all.IssuedBefore, last), false)
		same(t, "nobody's", asked(uuid.Nil, uuid.Nil, all.IssuedBefore, last), false)
	})

	t.Run("each process hears that something was written, by itself or another", func(t *testing.T) {
		for _, writer := range []Node{s.One, s.Two} {
			for _, reader := range []Node{s.One, s.Two} {
				value(reader.BlacklistChanged(t.Context()))(t)
				must(t, writer.InsertBlacklisted(t.Context(), newBlacklisted(auth.BlacklistSession, newID())))
				same(t, "changed", value(reader.BlacklistChanged(t.Context()))(t), true)
			}
		}
	})
}
