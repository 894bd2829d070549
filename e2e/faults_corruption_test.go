package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A corruption is a column of one user that holds something else.
type corruption struct {
	table, column string
	whose         string // which of its rows, $1 being the user's ID or, of registrations, the address
	values        []any
}

// corruptions are all columns that are sealed, hashed or JSON. Of JSON,
// PostgreSQL refuses what is none.
func corruptions(sqlite bool) []corruption {
	lists := []any{`{"a": 1}`, `[1, 2]`, `"one"`, `null`}
	objects := []any{`[]`, `7`, `"one"`}
	if sqlite {
		lists, objects = append(lists, `[`, ``, "\xff\xfe"), append(objects, `{`, ``, "\xff\xfe")
	}
	digests := []any{[]byte{}, []byte("short"), []byte(strings.Repeat("\xff", 32))}
	hashes := []any{
		"", "garbage", "$argon2id$v=19$m=64,t=1,p=1$", "$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHRzYWx0$dGFndGFndGFndGFn",
		"$argon2id$v=19$m=64,t=1,p=0$c2FsdHNhbHRzYWx0$dGFndGFndGFndGFn", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$dGFndGFndGFndGFn",
		strings.Repeat("$", 10_000),
	}
	const own, theirs = "user_id = $1", "email_key = $1"
	return []corruption{
		{"users", "roles", "id = $1", lists},
		{"sessions", "methods", own, lists},
		{"sessions", "rotated_by", own, digests},
		{"sessions", "rotation_key", own, digests},
		{"events", "details", own, objects},
		{"credentials", "password_hash", own, hashes},
		{"link_tokens", "digest", own, digests},
		{"registrations", "password_hash", theirs, hashes},
		{"registrations", "code_digest", theirs, digests},
		{"registrations", "flow_digest", theirs, digests},
	}
}

func corruptOnSQLite(t *testing.T, s *scenario)   { corrupt(t, s, sqlite(t)) }
func corruptOnPostgres(t *testing.T, s *scenario) { corrupt(t, s, postgres(t)) }

// corrupt spoils what is kept of one user, one column after the other. That user
// is refused or told of a fault of the server; nobody else notices, no panic and
// no secret comes into the log; and where the value is put back, so is the user.
func corrupt(t *testing.T, s *scenario, database string) {
	w := newWorld(t, worldOptions{database: database, settings: crowdSettings()})
	db := besides(t, database)
	other := newVictim(owner{t: t, w: w, name: "other", address: "other@example.org"})
	for i, c := range corruptions(onSQLite(db)) {
		for j, value := range c.values {
			name := fmt.Sprintf("victim%dx%d", i, j)
			v := newVictim(owner{t: t, w: w, name: name, address: name + "@example.org"})
			s.tried++
			s.tally(&s.kinds, c.table+"."+c.column)
			restore := v.spoil(db, c, value)
			v.live(s, c.table+"."+c.column)
			other.mustLive(s)
			restore()
			v.mustLive(s)
		}
	}
	spoilLetters(s, w, db, other)
	spoilKeys(s, w, db, other)
	log := w.log.String()
	s.holds(!strings.Contains(log, "panic"), "a panic: %s", log)
	for _, secret := range w.heldSecrets {
		s.holds(find(log, secret) == "", "the log holds a secret")
	}
}

// A victim has everything that can be spoilt: a session that was refreshed, a
// registration of their address, a link, events.
type victim struct {
	owner
	id      string
	client  *client
	refresh string
	flow    string
}

func newVictim(o owner) *victim {
	o.t.Helper()
	v := &victim{owner: o}
	v.flow = o.ask("register", map[string]any{"email": o.address, "password": password}).text("register.flow")
	v.client, v.refresh = o.signedIn()
	v.keep(v.client.token, v.refresh)
	v.id = v.client.ask("me", nil).text("me.id")
	a := o.ask("refresh", map[string]any{"refreshToken": v.refresh, "idempotencyKey": "first"})
	v.took(a)
	o.ask("requestPasswordReset", map[string]any{"email": o.address})
	return v
}

// keep notes what must not stand in the log. Lists of roles and methods are no
// secrets.
func (v *victim) keep(values ...string) {
	for _, value := range values {
		if len(value) > 30 {
			v.w.heldSecrets = append(v.w.heldSecrets, value)
		}
	}
}

func (v *victim) took(a answer) {
	v.client.token, v.refresh = a.text("refresh.tokens.accessToken"), a.text("refresh.tokens.refreshToken")
	v.keep(v.client.token, v.refresh)
}

// spoil puts the value into the column of the first such row.
func (v *victim) spoil(db *sql.DB, c corruption, value any) (restore func()) {
	v.t.Helper()
	key := v.id
	if strings.HasPrefix(c.whose, "email_key") {
		key = v.address
	}
	var id, was any
	if err := db.QueryRow(fmt.Sprintf("SELECT id, %s FROM %s WHERE %s ORDER BY id LIMIT 1", c.column, c.table, c.whose), key).Scan(&id, &was); err != nil {
		v.t.Fatalf("%s.%s of %s: %v", c.table, c.column, v.name, err)
	}
	v.keep(text(was))
	write := func(value any) {
		v.t.Helper()
		result, err := db.Exec(fmt.Sprintf("UPDATE %s SET %s = $1 WHERE id = $2", c.table, c.column), value, id)
		if err != nil {
			v.t.Fatalf("%s.%s of %s: %v", c.table, c.column, v.name, err)
		}
		if n, err := result.RowsAffected(); n != 1 || err != nil {
			v.t.Fatalf("%s.%s of %s: %d rows, %v", c.table, c.column, v.name, n, err)
		}
	}
	write(value)
	return func() { write(was) }
}

// live tries all that a user does.
func (v *victim) live(s *scenario, spoilt string) {
	v.t.Helper()
	stranger := v.w.client()
	for _, try := range []struct {
		client    *client
		operation string
		input     map[string]any
	}{
		{v.client, "me", nil},
		{v.client, "sessions", nil},
		{v.client, "exportAccount", nil},
		{v.client, "updateProfile", map[string]any{"name": v.name}},
		{v.client, "reauthenticate", map[string]any{"password": password}},
		{stranger, "verifyToken", map[string]any{"token": v.refresh}},
		{stranger, "login", map[string]any{"identifier": v.address, "password": password}},
		{stranger, "login", map[string]any{"identifier": v.address, "password": "wrong lanterns here"}},
		{stranger, "requestPasswordReset", map[string]any{"email": v.address}},
		{stranger, "register", map[string]any{"email": v.address, "password": password}},
		{stranger, "resendActivation", map[string]any{"email": v.address, "flow": v.flow}},
		{stranger, "activate", map[string]any{"code": "123456", "flow": v.flow}},
	} {
		a := try.client.ask(try.operation, try.input)
		if a.code() == "" {
			s.tally(&s.acknowledged, try.operation)
		} else {
			s.tally(&s.unanswered, a.code()+" to "+try.operation)
		}
		v.keep(a.text("login.tokens.accessToken"), a.text("login.tokens.refreshToken"), a.text("register.flow"))
		s.holds(slices.Contains([]string{"", "INTERNAL", "INVALID_CREDENTIALS", "UNAUTHENTICATED", "INVALID_TOKEN"}, a.code()),
			"%s with a spoilt %s answered %v", try.operation, spoilt, a.errors())
		s.holds(a.code() != "" || !strings.Contains(fmt.Sprint(try.input), "wrong lanterns"), "a wrong password got in with a spoilt %s", spoilt)
	}
}

// mustLive is what somebody who is not disturbed does.
func (v *victim) mustLive(s *scenario) {
	v.t.Helper()
	try := func(c *client, operation string, input map[string]any) answer {
		a := c.ask(operation, input)
		s.holds(a.code() == "", "%s of %s, of whom nothing is spoilt, answered %v", operation, v.name, a.errors())
		v.keep(a.text("login.tokens.accessToken"), a.text("login.tokens.refreshToken"))
		return a
	}
	try(v.client, "me", nil)
	try(v.client, "sessions", nil)
	try(v.client, "exportAccount", nil)
	try(v.w.client(), "login", map[string]any{"identifier": v.address, "password": password})
	v.took(try(v.w.client(), "refresh", map[string]any{"refreshToken": v.refresh}))
	s.holds(v.w.server.Step(context.Background()) == nil, "the jobs of the server fail")
}

// spoilLetters spoils sealed letters on their way: they stay, and those of others
// go.
func spoilLetters(s *scenario, w *world, db *sql.DB, other *victim) {
	s.t.Helper()
	for i, value := range []any{[]byte{}, []byte("garbage"), []byte(strings.Repeat("\x01", 400)), nil} {
		name := fmt.Sprintf("letter%d", i)
		v := owner{t: other.t, w: w, name: name, address: name + "@example.org"}
		other.mustLive(s) // which sends all that waits
		v.ask("register", map[string]any{"email": v.address, "password": password})
		s.tried++
		s.tally(&s.kinds, "outbox_letters.sealed")
		if _, err := db.Exec("UPDATE outbox_letters SET sealed = $1 WHERE sent_at IS NULL AND dead_at IS NULL AND NOT void AND attempts = 0", value); err != nil {
			s.t.Fatal(err)
		}
		other.ask("requestPasswordReset", map[string]any{"email": other.address})
		before := len(w.mail.All())
		other.mustLive(s)
		s.holds(len(w.mail.All()) == before+1, "%d letters came", len(w.mail.All())-before)
	}
	s.holds(strings.Contains(w.log.String(), "the letter cannot be unsealed"), "the log does not say that a letter cannot be read")
}

// spoilKeys spoils the sealed half of the key that signs. Nodes that run go on
// with the one that they have; a new one refuses to start, and says why.
func spoilKeys(s *scenario, w *world, db *sql.DB, other *victim) {
	s.t.Helper()
	var was []byte
	if err := db.QueryRow("SELECT sealed FROM signing_keys").Scan(&was); err != nil {
		s.t.Fatal(err)
	}
	spoilt := slices.Clone(was)
	spoilt[len(spoilt)/2] ^= 1
	for _, value := range [][]byte{spoilt, {}, []byte("garbage")} {
		s.tried++
		s.tally(&s.kinds, "signing_keys.sealed")
		if _, err := db.Exec("UPDATE signing_keys SET sealed = $1", value); err != nil {
			s.t.Fatal(err)
		}
		s.holds(w.server.Step(context.Background()) != nil, "a key that does not open goes unnoticed")
		a := other.client.ask("me", nil)
		s.holds(a.code() == "", "me with the key in memory: %v", a.errors())
		a = other.login()
		s.holds(a.text("login.tokens.accessToken") != "", "a sign-in with the key in memory: %v", a.errors())
		if _, err := db.Exec("UPDATE signing_keys SET sealed = $1", was); err != nil {
			s.t.Fatal(err)
		}
		other.mustLive(s)
	}
}
