package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func TestARoleIsAskedOfTheUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.admin("root@example.org")
	ada, root := h.newcomer("ada@example.org"), h.signedIn("root@example.org")
	by := []auth.CallerKind{auth.BySession}
	for name, c := range map[string]struct {
		caller auth.Caller
		roles  []string
		want   error
	}{
		"no role where none is asked for":   {ada, nil, nil},
		"no role where one is asked for":    {ada, []string{auth.RoleAdmin}, auth.Forbidden},
		"the role":                          {root, []string{auth.RoleAdmin}, nil},
		"one of the roles":                  {root, []string{"owner", auth.RoleAdmin}, nil},
		"none of the roles":                 {root, []string{"owner", "auditor"}, auth.Forbidden},
		"a stranger, whatever is asked":     {h.stranger(), []string{auth.RoleAdmin}, auth.Unauthenticated},
		"a stranger where no role is asked": {h.stranger(), nil, auth.Unauthenticated},
	} {
		if err := h.Authorize(h.ctx, c.caller, auth.Guard{Roles: c.roles, By: by}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestASuspendedUserIsNobodyAtOnce is about a request that was let in just before
// the suspension.
func TestASuspendedUserIsNobodyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.admin("root@example.org")
	c := h.signedIn("root@example.org")
	_, err := h.Me(h.ctx, c)
	ok(t, err)
	_, err = h.SuspendUser(h.ctx, "root@example.org")
	ok(t, err)
	_, err = h.Me(h.ctx, c)
	wants(t, err, auth.Unauthenticated)
	wants(t, h.Authorize(h.ctx, c, auth.Guard{Roles: []string{auth.RoleAdmin}, By: []auth.CallerKind{auth.BySession}}), auth.Unauthenticated)
}

// TestWhoHasHeardNothingForFiveSecondsAsksTheDatabase is about a process whose
// polls have stopped while another one signed somebody out.
func TestWhoHasHeardNothingForFiveSecondsAsksTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in, other := h.login("ada@example.org"), h.login("ada@example.org")
	ok(t, h.store.InTx(h.ctx, func(q auth.Queries) error {
		return q.InsertBlacklisted(h.ctx, auth.BlacklistedToken{
			ID: uuid.New(), Kind: auth.BlacklistSession, SubjectID: in.Session.ID,
			CreatedAt: h.Now(), ExpiresAt: h.Now().Add(time.Hour),
		})
	}))
	for _, c := range []struct {
		after time.Duration
		token string
		want  error
	}{
		{5 * time.Second, in.Tokens.Access, nil}, // as long as it may take to be heard
		{5*time.Second + time.Microsecond, in.Tokens.Access, auth.InvalidToken},
		{5*time.Second + time.Microsecond, other.Tokens.Access, nil},
	} {
		client := h.stranger().Client
		client.Now = client.Now.Add(c.after)
		if got := h.Authenticate(h.ctx, client, c.token); !errors.Is(got.Refused, c.want) || (got.Kind == auth.BySession) != (c.want == nil) {
			t.Errorf("after %v: %q, %v", c.after, got.Kind, got.Refused)
		}
	}
}

// TestATokenThatCouldNotBeJudgedIsNoBadToken is about storage that fails, or has
// no connection to spare, while a token is judged: whoever was told to sign in
// anew would.
func TestATokenThatCouldNotBeJudgedIsNoBadToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	busy := &auth.Refusal{Code: auth.Overloaded, RetryAfter: time.Second}
	for _, why := range []error{errors.New("storage is away"), fmt.Errorf("store: wait: %w", busy)} {
		caller := h.stranger()
		caller.Refused = why
		if err := h.Authorize(h.ctx, caller, auth.Guard{By: []auth.CallerKind{auth.BySession}}); !errors.Is(err, why) {
			t.Errorf("%v becomes %v", why, err)
		}
	}
}
