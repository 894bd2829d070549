package auth_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// under is another process on the same database, with the secrets.
func (h *house) under(secrets auth.Secrets) *house {
	h.t.Helper()
	return newHouse(h.t, func(o *auth.Options) {
		o.Store, o.Clock, o.Secrets, o.Keys = h.store, h.clock, secrets, keysUnder(secrets)
	})
}

// secretOf is what blobs that the secrets seal begin with: the version, and the
// ID of the first secret.
func secretOf(t *testing.T, secrets auth.Secrets) string {
	t.Helper()
	sealed, err := secrets.Seal(rand.Reader, "any", nil, nil)
	ok(t, err)
	return string(sealed[:10])
}

// sealedUnder lists the columns of all tables that hold a blob of the secret.
func sealedUnder(t *testing.T, h *house, secret string) []string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+h.file+"?mode=ro")
	ok(t, err)
	defer db.Close()
	var found []string
	for _, table := range append(tables(t, db), "attempt_counters") {
		rs, err := db.Query("SELECT * FROM " + table)
		ok(t, err)
		columns, err := rs.Columns()
		ok(t, err)
		for rs.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			ok(t, rs.Scan(into...))
			for i, v := range values {
				if blob, is := v.([]byte); is && strings.Contains(string(blob), secret) {
					found = append(found, table+"."+columns[i])
				}
			}
		}
		ok(t, rs.Err())
		ok(t, rs.Close())
	}
	return found
}

func TestAfterRewrappingNothingIsSealedUnderTheOlderSecret(t *testing.T) {
	t.Parallel()
	_, texts := newSecrets(t, 2)
	parse := func(list ...string) auth.Secrets {
		s, err := auth.ParseSecrets(strings.Join(list, ","))
		ok(t, err)
		return s
	}
	older, both, newer := parse(texts[0]), parse(texts[1], texts[0]), parse(texts[1])
	h := newHouse(t, func(o *auth.Options) { o.Secrets, o.Keys = older, keysUnder(older) })
	old := h.under(older)

	// One of everything that holds a secret.
	old.user("ada@example.org")
	in, idle := old.login("ada@example.org"), old.login("ada@example.org")
	registered, err := old.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "grace@example.org", Password: password})
	ok(t, err)
	_, err = old.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	for i := range 250 { // more than one batch
		_, err = old.CreateUser(h.ctx, auth.CreateUserInput{Email: fmt.Sprintf("user%d@example.org", i)})
		ok(t, err)
	}
	if got := sealedUnder(t, h, secretOf(t, older)); len(got) < 253 {
		t.Fatalf("sealed at first: %v", got)
	}

	// The newer one comes first, and is used.
	now := h.under(both)
	var told [][2]int
	done, err := now.RewrapSecrets(h.ctx, func(done, of int) { told = append(told, [2]int{done, of}) })
	ok(t, err)
	if done.SigningKeys != 1 || done.Letters != 252 || len(told) != 3 || told[2] != [2]int{252, 252} {
		t.Errorf("%+v, told %v", done, told)
	}
	if want := h.Now().Add(14 * 24 * time.Hour); !done.KeepUntil.Equal(want) {
		t.Errorf("keep until %v, want %v", done.KeepUntil, want)
	}
	if got := sealedUnder(t, h, secretOf(t, older)); len(got) != 0 {
		t.Errorf("still sealed under the older secret: %v", got)
	}
	again, err := now.RewrapSecrets(h.ctx, nil)
	if err != nil || again.SigningKeys != 0 || again.Letters != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if left := rows(t, h); strings.Count(left, "SECRETS_REWRAPPED") != 1 {
		t.Error("the audit log tells it otherwise than once")
	}

	// A process that still runs with the older one first reads both.
	ok(t, h.under(parse(texts[0], texts[1])).PollKeys(h.ctx))

	// While both are listed nobody notices: refresh tokens, digits and letters.
	refreshed, err := now.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: in.Tokens.Refresh})
	ok(t, err)
	letters, err := h.store.ClaimLetters(h.ctx, h.Now(), time.Hour, 1000)
	ok(t, err)
	var code, link string
	for _, sealed := range letters {
		letter, err := auth.OpenLetter(newer, sealed)
		ok(t, err)
		if letter.Kind == auth.LetterActivation {
			code, link = letter.Code, letter.Token
		}
	}
	shown, err := now.ActivationCode(h.ctx, h.stranger(), link)
	if err != nil || shown != code || code == "" {
		t.Errorf("the page shows %q, the letter %q: %v", shown, code, err)
	}
	_, err = now.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &code, Flow: &registered.Flow})
	ok(t, err)

	// Once the older one is gone: whoever used a session in between is still in.
	alone := h.under(newer)
	if c := alone.caller(refreshed.Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("the access token: %v", c.Refused)
	}
	// And its letters are found by its address.
	held, err := alone.ExportUser(h.ctx, "ada@example.org")
	if err != nil || len(held.Letters) != 1 {
		t.Errorf("%d letters to the user are found: %v", len(held.Letters), err)
	}
	h.mu.Lock()
	h.now = h.now.Add(time.Minute)
	h.mu.Unlock()
	_, err = alone.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: refreshed.Tokens.Refresh})
	ok(t, err)
	_, err = alone.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: idle.Tokens.Refresh})
	wants(t, err, auth.InvalidToken)
}

func TestWhatIsSealedUnderALostSecretIsNamedAndTheRestIsDone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	_, texts := newSecrets(t, 2)
	second, err := auth.ParseSecrets(texts[1])
	ok(t, err)
	both, err := auth.ParseSecrets(texts[0] + "," + texts[1])
	ok(t, err)
	// The key of the first secret goes, its letter stays.
	middle := auth.New(auth.Options{
		Store: h.store, Secrets: second, Keys: keysUnder(second), Hasher: h.hasher,
		Settings: defaults(), Limits: limits(), Clock: h.clock, Random: rand.Reader,
	})
	_, err = middle.DropSigningKey(h.ctx, "1")
	ok(t, err)
	done, err := h.under(both).RewrapSecrets(h.ctx, nil)
	if err == nil || !strings.Contains(err.Error(), "0 signing keys, 1 letters") {
		t.Errorf("%v", err)
	}
	if done.SigningKeys != 1 || done.Letters != 0 {
		t.Errorf("%+v", done)
	}
}

// Else every rewrapping would fail for ever, over a key that nobody needs.
func TestNobodyMissesTheSecretOfARetiredKey(t *testing.T) {
	t.Parallel()
	_, texts := newSecrets(t, 2)
	older, err := auth.ParseSecrets(texts[0])
	ok(t, err)
	both, err := auth.ParseSecrets(texts[1] + "," + texts[0])
	ok(t, err)
	newer, err := auth.ParseSecrets(texts[1])
	ok(t, err)
	h := newHouse(t, func(o *auth.Options) { o.Secrets, o.Keys = older, keysUnder(older) })
	_, err = h.under(both).ReplaceSigningKey(h.ctx)
	ok(t, err)

	if _, err := h.under(newer).RewrapSecrets(h.ctx, nil); err == nil {
		t.Error("the key that signs is missed by nobody")
	}
	h.mu.Lock()
	h.now = h.now.Add(time.Hour)
	h.mu.Unlock()
	alone := h.under(newer)
	if got := states(t, alone); got != "1 RETIRED, 2 SIGNING" {
		t.Error(got)
	}
	if done, err := alone.RewrapSecrets(h.ctx, nil); err != nil || done.SigningKeys != 0 {
		t.Errorf("%+v, %v", done, err)
	}
}
