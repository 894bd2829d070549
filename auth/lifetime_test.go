package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"gatehouse/auth"
)

const (
	day = 24 * time.Hour
	// instant is the least that both databases and the clock tell apart.
	instant = time.Microsecond
	leeway  = 5 * time.Second
)

func TestAnAccessTokenEndsOnTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	token := h.login("ada@example.org").Tokens.Access
	h.pass(10*time.Minute + leeway - instant)
	if c := h.caller(token); c.Kind != auth.BySession {
		t.Errorf("ended early: %v", c.Refused)
	}
	h.pass(instant)
	c := h.caller(token)
	wants(t, c.Refused, auth.ExpiredToken)
	// It still says whose session is to be ended.
	ended, err := h.Logout(h.ctx, c, "")
	ok(t, err)
	if ended != 1 {
		t.Errorf("%d sessions ended", ended)
	}
}

// TestAnAccessTokenNeverOutlivesWhatIsSaidOfIt begins between two seconds: a
// token tells whole ones.
func TestAnAccessTokenNeverOutlivesWhatIsSaidOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	h.pass(999_999 * instant)
	tokens := h.login("ada@example.org").Tokens
	h.pass(tokens.AccessExpiresAt.Add(leeway).Sub(h.Now()))
	wants(t, h.caller(tokens.Access).Refused, auth.ExpiredToken)
}

func TestASessionThatIsNotUsedEndsOnTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	used, unused := h.login("ada@example.org"), h.login("ada@example.org")
	h.pass(14*day - instant)
	_, err := h.refresh(used.Tokens.Refresh)
	ok(t, err)
	// Leeway is for clocks that are apart; the row is judged by the database's.
	for _, later := range []time.Duration{instant, leeway - instant, instant, time.Hour} {
		h.pass(later)
		_, err = h.refresh(unused.Tokens.Refresh)
		wants(t, err, auth.ExpiredToken)
	}
}

func TestASessionThatRanOutIsNotCountedAsEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	old := h.login("ada@example.org")
	h.login("ada@example.org")
	h.pass(14 * day)
	h.login("ada@example.org")
	ended, err := h.Logout(h.ctx, h.stranger(), old.Tokens.Refresh)
	ok(t, err)
	if ended != 0 {
		t.Errorf("signing out of it ended %d", ended)
	}
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	reset, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: "nine silent harbours"})
	ok(t, err)
	if reset.SessionsEnded != 1 {
		t.Errorf("a reset ended %d", reset.SessionsEnded)
	}
}

func TestASessionThatIsUsedEndsOnTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	start := h.Now()
	signIn := h.login("ada@example.org")
	refreshAt := func(at time.Duration) error {
		t.Helper()
		h.pass(start.Add(at).Sub(h.Now()))
		next, err := h.refresh(signIn.Tokens.Refresh)
		if err == nil {
			signIn = next
		}
		return err
	}
	for d := 10 * day; d < 90*day; d += 10 * day {
		ok(t, refreshAt(d))
	}
	ok(t, refreshAt(90*day-time.Second))
	ends := start.Add(90 * day)
	if at := signIn.Tokens.RefreshExpiresAt; !at.Equal(ends) {
		t.Errorf("its last refresh token ends at %v", at)
	}
	if at := signIn.Tokens.AccessExpiresAt; !at.Equal(ends) {
		t.Errorf("its last access token ends at %v", at)
	}
	h.pass(time.Second - instant)
	_, err := h.refresh(signIn.Tokens.Refresh) // again, in the grace window
	ok(t, err)
	wants(t, refreshAt(90*day), auth.ExpiredToken)
	h.pass(leeway - instant)
	if c := h.caller(signIn.Tokens.Access); c.Kind != auth.BySession {
		t.Errorf("its access token ended early: %v", c.Refused)
	}
	h.pass(instant)
	wants(t, h.caller(signIn.Tokens.Access).Refused, auth.ExpiredToken)
	wants(t, refreshAt(90*day+leeway), auth.ExpiredToken)
}

func TestAnAccessTokenNeverOutlivesItsSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.SessionLifetime = 5 * time.Minute })
	h.user("ada@example.org")
	token := h.login("ada@example.org").Tokens.Access
	h.pass(5*time.Minute + leeway - instant)
	if c := h.caller(token); c.Kind != auth.BySession {
		t.Errorf("ended early: %v", c.Refused)
	}
	h.pass(instant)
	wants(t, h.caller(token).Refused, auth.ExpiredToken)
}

func TestARegistrationEndsOnTime(t *testing.T) {
	t.Parallel()
	ways := map[string]struct {
		late auth.Code
		try  func(h *house, flow string, first, resent auth.Letter) error
	}{
		"link and flow": {auth.ExpiredToken, func(h *house, flow string, _, resent auth.Letter) error {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &resent.Token, Flow: &flow})
			return err
		}},
		"link and password": {auth.ExpiredToken, func(h *house, _ string, first, _ auth.Letter) error {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &first.Token, Password: new(password)})
			return err
		}},
		"digits": {auth.InvalidCredentials, func(h *house, flow string, first, _ auth.Letter) error {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &first.Code, Flow: &flow})
			return err
		}},
		"not me": {auth.ExpiredToken, func(h *house, _ string, _, resent auth.Letter) error {
			_, err := h.DeclineRegistration(h.ctx, h.stranger(), resent.NotMeToken)
			return err
		}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, late := range []bool{false, true} {
				h := newHouse(t)
				flow := h.register("new@example.org").Flow
				first := h.letter()
				h.pass(23 * time.Hour)
				// Sending it again gives no more time.
				_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "new@example.org"})
				ok(t, err)
				resent := h.letter()
				h.pass(time.Hour - instant)
				h.prune()
				if !late {
					ok(t, way.try(h, flow, first, resent))
					continue
				}
				h.pass(instant)
				wants(t, way.try(h, flow, first, resent), way.late)
				// The row goes, and the answer stays.
				h.prune()
				wants(t, way.try(h, flow, first, resent), way.late)
			}
		})
	}
}

func TestAResetEndsOnTime(t *testing.T) {
	t.Parallel()
	asked := map[string]func(h *house) auth.Letter{
		"asked for": func(h *house) auth.Letter {
			h.user("ada@example.org")
			_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
			ok(h.t, err)
			return h.letter()
		},
		"of a new user": func(h *house) auth.Letter {
			_, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: "ada@example.org"})
			ok(h.t, err)
			return h.letter()
		},
	}
	for name, ask := range asked {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, late := range []bool{false, true} {
				h := newHouse(t)
				letter := ask(h)
				h.pass(time.Hour - instant)
				if late {
					h.pass(instant)
				}
				h.prune()
				_, err := h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: letter.Token, NewPassword: "nine silent harbours"})
				if late {
					wants(t, err, auth.ExpiredToken)
				} else {
					ok(t, err)
				}
			}
		})
	}
}

// TestRotatingKeysSignsNobodyOut lives through 200 days, minute by minute where
// a key takes over from another.
func TestRotatingKeysSignsNobodyOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited, func(o *auth.Options) { o.Settings.SessionLifetime = 400 * day })
	h.user("ada@example.org")
	start := h.Now()
	signIn := h.login("ada@example.org")
	given := []auth.Tokens{signIn.Tokens}
	published := map[string]bool{}
	for h.Now().Before(start.Add(200 * day)) {
		step := 12 * time.Hour
		// A successor is made every 90 days, and signs 10 minutes later.
		if since := h.Now().Sub(start) % (90 * day); since > 89*day || since < 2*time.Hour {
			if step = time.Minute; since > 89*day && since < 90*day-2*time.Hour {
				step = time.Hour
			}
		}
		h.pass(step)
		h.prune()

		living := given[:0]
		for _, tokens := range given {
			if !h.Now().Before(tokens.AccessExpiresAt.Add(leeway)) {
				continue
			}
			if c := h.caller(tokens.Access); c.Kind != auth.BySession {
				t.Fatalf("after %v an access token ended early: %v", h.Now().Sub(start), c.Refused)
			}
			living = append(living, tokens)
		}
		var err error
		if signIn, err = h.refresh(signIn.Tokens.Refresh); err != nil {
			t.Fatalf("after %v: %v", h.Now().Sub(start), err)
		}
		given = append(living, signIn.Tokens)
		for _, id := range h.published() {
			published[id] = true
		}
	}
	if len(published) != 3 {
		t.Errorf("%d keys in 200 days, not 3", len(published))
	}
	if n := len(h.published()); n != 1 {
		t.Errorf("%d keys are published 20 days after the last rotation", n)
	}
}

// published are the IDs of the keys that verifiers see.
func (h *house) published() []string {
	h.t.Helper()
	var set struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	ok(h.t, json.Unmarshal(h.keys.JWKS(h.Now()), &set))
	ids := make([]string, len(set.Keys))
	for i, k := range set.Keys {
		ids[i] = k.ID
	}
	return ids
}

// prune takes away what storage thinks is needed no more.
func (h *house) prune() {
	h.t.Helper()
	_, err := h.store.Prune(h.ctx, h.Now(), 1000, nil)
	ok(h.t, err)
}
