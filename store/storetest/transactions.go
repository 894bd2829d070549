package storetest

import (
	"context"
	"errors"
	"testing"

	"gatehouse/auth"
)

// tables are all that a mutation may write to.
var tables = []string{
	"users", "credentials", "registrations", "sessions", "blacklisted_tokens",
	"link_tokens", "signing_keys", "outbox_letters", "attempt_counters", "events", "known_networks",
}

// writeEverything leaves a row in every table.
func writeEverything(ctx context.Context, q auth.Queries) (auth.User, error) {
	u := newUser()
	l := newLink(auth.LinkPasswordReset)
	l.UserID = u.ID
	_, err := q.InsertUser(ctx, u)
	_, keyErr := q.InsertSigningKey(ctx, newSigningKey(1))
	_, attemptErr := q.ReserveAttempts(ctx, []auth.Meter{newRate(1)}, noon)
	event := newEvent()
	event.UserID = u.ID
	return u, errors.Join(err, keyErr, attemptErr,
		q.SetPassword(ctx, u.ID, "hash", noon),
		q.InsertRegistration(ctx, newRegistration(u.Email)),
		q.InsertSession(ctx, newSession(u.ID)),
		q.InsertBlacklisted(ctx, newBlacklisted(auth.BlacklistUser, u.ID)),
		q.InsertLinks(ctx, l),
		q.InsertLetter(ctx, newLetter()),
		q.InsertEvents(ctx, event),
		q.NoteNetwork(ctx, u.ID, digest(u.ID.String()), noon),
	)
}

func transactions(t *testing.T, s *subject) {
	rows := func(t *testing.T, want int) {
		t.Helper()
		for _, table := range tables {
			same(t, table, s.count(t, table), want)
		}
	}

	t.Run("what is given up leaves nothing", func(t *testing.T) {
		giveUp := errors.New("give up")
		err := s.One.InTx(t.Context(), func(q auth.Queries) error {
			u, err := writeEverything(t.Context(), q)
			must(t, err)
			same(t, "seen inside", value(q.UserByID(t.Context(), u.ID))(t), u)
			return giveUp
		})
		if !errors.Is(err, giveUp) {
			t.Errorf("error %v is not the one that was returned", err)
		}
		rows(t, 0)
	})

	t.Run("a panic leaves nothing, and does not stop the next", func(t *testing.T) {
		func() {
			defer func() { same(t, "panic", recover(), any("stop")) }()
			_ = s.One.InTx(t.Context(), func(q auth.Queries) error {
				_, err := writeEverything(t.Context(), q)
				must(t, err)
				panic("stop")
			})
		}()
		rows(t, 0)
	})

	t.Run("a request that has gone leaves nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.One.InTx(ctx, func(q auth.Queries) error {
			_, err := writeEverything(ctx, q)
			must(t, err)
			cancel()
			return ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		rows(t, 0)
	})

	t.Run("a failed statement leaves nothing of the statements before", func(t *testing.T) {
		err := s.One.InTx(t.Context(), func(q auth.Queries) error {
			_, err := writeEverything(t.Context(), q)
			must(t, err)
			return q.InsertSession(t.Context(), newSession(newID()))
		})
		if err == nil {
			t.Error("a session of no user was written")
		}
		rows(t, 0)
	})

	t.Run("what is committed is there, for others too", func(t *testing.T) {
		must(t, s.One.InTx(t.Context(), func(q auth.Queries) error {
			_, err := writeEverything(t.Context(), q)
			return err
		}))
		rows(t, 1)
	})

	t.Run("deleting a user leaves the blacklist and the events", func(t *testing.T) {
		must(t, s.Exec(t.Context(), "DELETE FROM users"))
		for _, table := range []string{"users", "credentials", "sessions", "link_tokens", "known_networks"} {
			same(t, table, s.count(t, table), 0)
		}
		for _, table := range []string{"blacklisted_tokens", "events", "registrations", "outbox_letters"} {
			same(t, table, s.count(t, table), 1)
		}
	})
}
