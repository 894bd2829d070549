package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
)

func strict(o *auth.Options) { o.Settings.RefreshGrace = 0 }

func TestManyRefreshesAtOnceAreOneRotation(t *testing.T) {
	t.Parallel()
	for range 20 {
		h := newHouse(t)
		h.user("ada@example.org")
		first := h.login("ada@example.org")
		h.pass(time.Minute)
		var mu sync.Mutex
		given := map[string]int{}
		together(50, func(int) {
			s, err := h.refresh(first.Tokens.Refresh)
			if err != nil {
				t.Error(err)
				return
			}
			if c := h.caller(s.Tokens.Access); c.Kind != auth.BySession {
				t.Errorf("an access token that is no good: %v", c.Refused)
			}
			mu.Lock()
			given[s.Tokens.Refresh]++
			mu.Unlock()
		})
		if len(given) != 1 {
			t.Fatalf("%d refresh tokens were given", len(given))
		}
	}
}

func TestATokenThatComesBackEndsItsSessionAndNoOther(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*auth.Options){"with a grace window": func(*auth.Options) {}, "strict": strict} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, change)
			h.user("ada@example.org")
			other := h.login("ada@example.org")
			first := h.login("ada@example.org")
			h.pass(time.Minute)
			second, err := h.refresh(first.Tokens.Refresh)
			ok(t, err)
			h.pass(time.Minute)
			_, err = h.refresh(first.Tokens.Refresh)
			wants(t, err, auth.RefreshTokenReused)
			// Both holders are told, and all access tokens of it are dead.
			for _, token := range []string{first.Tokens.Refresh, second.Tokens.Refresh} {
				_, err = h.refresh(token)
				wants(t, err, auth.RefreshTokenReused)
			}
			for _, token := range []string{first.Tokens.Access, second.Tokens.Access} {
				wants(t, h.Authorize(h.ctx, h.caller(token), auth.Guard{By: []auth.CallerKind{auth.BySession}}), auth.Unauthenticated)
			}
			_, err = h.refresh(other.Tokens.Refresh)
			ok(t, err)
		})
	}
}

// TestAThiefWhoUsesUpTheRotationsIsNoticedAllTheSame: where the limit came first,
// the owner's token was told to wait, and the session of the thief went on for as
// long as he kept refreshing (RFC 9700 section 4.14.2).
func TestAThiefWhoUsesUpTheRotationsIsNoticedAllTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, strict)
	h.user("ada@example.org")
	owners := h.login("ada@example.org").Tokens.Refresh
	thiefs := owners
	var err error
	for err == nil {
		var next auth.SignIn
		if next, err = h.refresh(thiefs); err == nil {
			thiefs = next.Tokens.Refresh
		}
	}
	wants(t, err, auth.RateLimited)
	_, err = h.refresh(owners)
	wants(t, err, auth.RefreshTokenReused)
	_, err = h.refresh(thiefs)
	wants(t, err, auth.RefreshTokenReused)
}

func TestStrictRefreshingHasNoWindow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, strict)
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	second, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)
	if second.Tokens.Refresh == first.Tokens.Refresh {
		t.Error("it did not rotate")
	}
	_, err = h.refresh(first.Tokens.Refresh)
	wants(t, err, auth.RefreshTokenReused)
}

func TestTheIdempotencyKeyOfTheRotationGetsALostAnswerAgain(t *testing.T) {
	t.Parallel()
	key, another := "0123456789abcdef", "another"
	for name, c := range map[string]struct {
		key  *string
		want error
	}{"the same key": {&key, nil}, "another key": {&another, auth.RefreshTokenReused}, "no key": {nil, auth.RefreshTokenReused}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, strict)
			h.user("ada@example.org")
			first := h.login("ada@example.org")
			ask := func(key *string) (auth.SignIn, error) {
				return h.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: first.Tokens.Refresh, IdempotencyKey: key})
			}
			second, err := ask(&key)
			ok(t, err)
			h.pass(24 * time.Hour)
			again, err := ask(c.key)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v", err)
			}
			if c.want == nil && again.Tokens.Refresh != second.Tokens.Refresh {
				t.Error("another refresh token came")
			}
			if c.want == nil && !again.Tokens.AccessExpiresAt.Equal(second.Tokens.AccessExpiresAt) {
				t.Error("asking again made an access token live longer")
			}
		})
	}
}

func TestOnceTheNewTokenWasUsedTheOldOneIsReuseWithTheRightKeyToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, strict)
	h.user("ada@example.org")
	key := "0123456789abcdef"
	first := h.login("ada@example.org")
	second, err := h.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: first.Tokens.Refresh, IdempotencyKey: &key})
	ok(t, err)
	_, err = h.refresh(second.Tokens.Refresh)
	ok(t, err)
	_, err = h.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: first.Tokens.Refresh, IdempotencyKey: &key})
	wants(t, err, auth.RefreshTokenReused)
}

// An overtaken store lets somebody else in just before a transaction.
type overtaken struct {
	auth.Store
	by func()
}

func (o *overtaken) InTx(ctx context.Context, fn func(auth.Queries) error) error {
	if by := o.by; by != nil {
		o.by = nil
		by()
	}
	return o.Store.InTx(ctx, fn)
}

func TestATokenThatComesBackWhileItsUserSignsOutIsNoReuse(t *testing.T) {
	t.Parallel()
	var over *overtaken
	h := newHouse(t, func(o *auth.Options) {
		over = &overtaken{Store: o.Store}
		o.Store = over
	})
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	h.pass(time.Minute)
	second, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)
	h.pass(time.Minute)
	over.by = func() {
		_, err := h.Logout(h.ctx, h.stranger(), second.Tokens.Refresh)
		ok(t, err)
	}
	_, err = h.refresh(first.Tokens.Refresh)
	wants(t, err, auth.InvalidToken)
}

func TestAnotherUserAgentInTheWindowIsAThief(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	h.pass(time.Minute)
	_, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)
	thief := h.stranger()
	thief.UserAgent = "thief/1.0"
	_, err = h.Refresh(h.ctx, thief, auth.RefreshInput{RefreshToken: first.Tokens.Refresh})
	wants(t, err, auth.RefreshTokenReused)
}

func TestAGenerationThatWasNeverGivenIsRefusedAndLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	h.pass(time.Minute)
	// As after a restored backup, or by whoever knows the secret.
	_, err := h.refresh(h.secrets.SignRefresh(auth.RefreshClaims{
		SessionID: first.Session.ID, Generation: 7, ExpiresAt: first.Session.ExpiresAt,
	}))
	wants(t, err, auth.InvalidToken)
	if !strings.Contains(h.log.String(), "never given") {
		t.Error("nothing in the log")
	}
	if c := h.caller(first.Tokens.Access); c.Kind != auth.BySession {
		t.Error("the session was ended")
	}
}

func TestAFailingDatabaseIsNeverReuse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	first := h.login("ada@example.org")
	access := h.caller(first.Tokens.Access)
	h.pass(time.Minute)
	ok(t, h.store.Close())
	_, err := h.refresh(first.Tokens.Refresh)
	internal(t, err)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	internal(t, err)
	_, err = h.Logout(h.ctx, access, "")
	internal(t, err)
	// Nothing was heard for more than five seconds, and storage is silent.
	stale := h.Authenticate(h.ctx, auth.Client{Now: h.Now().Add(6 * time.Second)}, first.Tokens.Access)
	internal(t, h.Authorize(h.ctx, stale, auth.Guard{By: []auth.CallerKind{auth.BySession}}))
}

// internal wants an error that is no refusal: it leaves as INTERNAL.
func internal(t *testing.T, err error) {
	t.Helper()
	var code auth.Code
	if err == nil || errors.As(err, &code) {
		t.Errorf("got %v", err)
	}
}
