package auth_test

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

// keysUnder is an empty key set under the secrets.
func keysUnder(secrets auth.Secrets) *auth.KeySet {
	return auth.NewKeySet(auth.KeySetOptions{
		Secrets: secrets, Issuer: "https://gatehouse.test", Audience: "https://gatehouse.test",
		Leeway: 5 * time.Second, Random: rand.Reader,
	})
}

// newSecrets makes count secrets, the first for making.
func newSecrets(t *testing.T, count int) (all auth.Secrets, texts []string) {
	t.Helper()
	for range count {
		text, err := auth.NewSecret(rand.Reader)
		ok(t, err)
		texts = append(texts, text)
	}
	all, err := auth.ParseSecrets(strings.Join(texts, ","))
	ok(t, err)
	return all, texts
}

// states are those of the keys, by their number.
func states(t *testing.T, h *house) string {
	t.Helper()
	keys, err := h.Keys(h.ctx)
	ok(t, err)
	var all []string
	for _, k := range keys {
		all = append(all, strconv.Itoa(k.Sequence)+" "+string(k.State))
	}
	return strings.Join(all, ", ")
}

func TestAKeyThatIsRotatedByHandSignsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	if got := states(t, h); got != "1 SIGNING" {
		t.Fatal(got)
	}
	before := h.login("ada@example.org")
	key, err := h.ReplaceSigningKey(h.ctx)
	ok(t, err)
	if key.State != auth.KeyWaiting || !key.SignsFrom.Equal(h.Now().Add(auth.PublishAhead)) {
		t.Errorf("the successor: %v", key)
	}
	if got := states(t, h); got != "1 SIGNING, 2 WAITING" {
		t.Error(got)
	}
	// Rotating again would publish a key that never signs.
	_, err = h.ReplaceSigningKey(h.ctx)
	wants(t, err, auth.Conflict)
	if c := h.caller(before.Tokens.Access); c.Kind != auth.BySession {
		t.Error(c.Refused)
	}
	h.pass(auth.PublishAhead)
	if got := states(t, h); got != "1 VERIFYING, 2 SIGNING" {
		t.Error(got)
	}
	h.pass(time.Hour)
	if got := states(t, h); got != "1 RETIRED, 2 SIGNING" {
		t.Error(got)
	}
	if left := rows(t, h); strings.Count(left, "SIGNING_KEY_ROTATED") != 2 {
		t.Errorf("the audit log:\n%s", left)
	}
}

// A thief who has the key signs what he likes; dropping it ends that, on every
// process, and signs nobody out.
// A clock that was ahead when the key was made, and has been put right since.
func TestAKeyThatSeemsToComeFromTheFutureCanBeRotated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.pass(-time.Hour)
	key, err := h.ReplaceSigningKey(h.ctx)
	if err != nil || key.Sequence != 2 || key.ID == "" {
		t.Errorf("the successor: %+v, %v", key, err)
	}
	again := newHouse(t, func(o *auth.Options) { o.Store, o.Clock, o.Keys = h.store, h.clock, keysUnder(h.secrets) })
	ok(t, again.PollKeys(h.ctx))
	again.login("ada@example.org")
}

func TestDroppingAKeyEndsItsTokensEverywhereAndNoSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	stolen := h.login("ada@example.org")
	// Another process that has the same keys, and has just seen the token.
	elsewhere := newHouse(t, func(o *auth.Options) {
		o.Store, o.Secrets, o.Clock = h.store, h.secrets, h.clock
		o.Keys = keysUnder(h.secrets)
	})
	ok(t, elsewhere.PollKeys(h.ctx))
	ok(t, elsewhere.PollBlacklist(h.ctx))
	client := h.stranger().Client
	if c := elsewhere.Authenticate(h.ctx, client, stolen.Tokens.Access); c.Kind != auth.BySession {
		t.Fatal(c.Refused)
	}

	dropped, err := h.DropSigningKey(h.ctx, "1")
	if err != nil || dropped.State != auth.KeyDropped {
		t.Fatalf("%v, %v", dropped, err)
	}
	wants(t, h.caller(stolen.Tokens.Access).Refused, auth.InvalidToken)
	ok(t, elsewhere.PollKeys(h.ctx))
	wants(t, elsewhere.Authenticate(h.ctx, client, stolen.Tokens.Access).Refused, auth.InvalidToken)

	// The successor signs at once, and the session goes on.
	if got := states(t, h); got != "1 DROPPED, 2 SIGNING" {
		t.Error(got)
	}
	refreshed, err := h.refresh(stolen.Tokens.Refresh)
	ok(t, err)
	if c := elsewhere.Authenticate(h.ctx, client, refreshed.Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("a token of the successor: %v", c.Refused)
	}
	// Once more, by its ID, is as it was.
	again, err := h.DropSigningKey(h.ctx, dropped.ID)
	if err != nil || !again.DroppedAt.Equal(dropped.DroppedAt) {
		t.Errorf("%v, %v", again, err)
	}
	if got := states(t, h); got != "1 DROPPED, 2 SIGNING" {
		t.Error(got)
	}
	for _, name := range []string{"3", "0", "", "nonsense"} {
		_, err = h.DropSigningKey(h.ctx, name)
		if !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if left := rows(t, h); strings.Count(left, "SIGNING_KEY_DROPPED") != 1 {
		t.Errorf("the audit log:\n%s", left)
	}
}

// A process that hears nothing must not let in by what it knew.
func TestADeafProcessAsksStorageAboutKeysToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	stolen := h.login("ada@example.org")
	deaf := newHouse(t, func(o *auth.Options) {
		o.Store, o.Secrets, o.Clock = h.store, h.secrets, h.clock
		o.Keys = keysUnder(h.secrets)
	})
	ok(t, deaf.PollKeys(h.ctx))
	ok(t, deaf.PollBlacklist(h.ctx))
	_, err := h.DropSigningKey(h.ctx, "1")
	ok(t, err)
	h.mu.Lock()
	h.now = h.now.Add(6 * time.Second)
	h.mu.Unlock()
	wants(t, deaf.Authenticate(h.ctx, h.stranger().Client, stolen.Tokens.Access).Refused, auth.InvalidToken)
}

func TestDroppingAnOlderKeyLeavesTheSignerAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.ReplaceSigningKey(h.ctx)
	ok(t, err)
	h.pass(auth.PublishAhead)
	// By a process that has loaded nothing yet.
	fresh := newHouse(t, func(o *auth.Options) {
		o.Store, o.Secrets, o.Clock = h.store, h.secrets, h.clock
		o.Keys = keysUnder(h.secrets)
	})
	_, err = fresh.DropSigningKey(h.ctx, "1")
	ok(t, err)
	if got := states(t, h); got != "1 DROPPED, 2 SIGNING" {
		t.Error(got)
	}
	// The one that waits is dropped: its successor signs at once.
	_, err = h.ReplaceSigningKey(h.ctx)
	ok(t, err)
	_, err = h.DropSigningKey(h.ctx, "3")
	ok(t, err)
	if got := states(t, h); got != "1 DROPPED, 2 VERIFYING, 3 DROPPED, 4 SIGNING" {
		t.Error(got)
	}
}

func TestOfManyWhoDropAKeyTogetherOneMakesItsSuccessor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for round := range 20 {
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := h.DropSigningKey(h.ctx, strconv.Itoa(round+1)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		keys, err := h.Keys(h.ctx)
		ok(t, err)
		if len(keys) != round+2 || keys[round+1].State != auth.KeySigning {
			t.Fatalf("round %d: %s", round, states(t, h))
		}
	}
	if left := rows(t, h); strings.Count(left, "SIGNING_KEY_DROPPED") != 20 {
		t.Error("a drop is noted otherwise than once")
	}
}

func TestAKeyWhoseSecretIsLostCanBeDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secrets, _ := newSecrets(t, 1)
	// The same database with another secret, as after a restored backup.
	lost := auth.New(auth.Options{
		Store: h.store, Secrets: secrets, Keys: keysUnder(secrets), Hasher: h.hasher,
		Settings: defaults(), Limits: limits(), Clock: h.clock, Random: rand.Reader,
	})
	if _, err := lost.Keys(h.ctx); err == nil {
		t.Fatal("a key opens without its secret")
	}
	key, err := lost.DropSigningKey(h.ctx, "1")
	if err != nil || key.State != auth.KeyDropped {
		t.Fatalf("%v, %v", key, err)
	}
	if keys, err := lost.Keys(h.ctx); err != nil || len(keys) != 2 || keys[1].State != auth.KeySigning {
		t.Errorf("%v, %v", keys, err)
	}
}
