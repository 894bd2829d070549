package auth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// watching waits for the end of the sign-in's session on a node.
func (h *house) watching(node *auth.Service, in auth.SignIn) *auth.Watch {
	h.t.Helper()
	w, err := node.WatchSession(h.ctx, h.caller(in.Tokens.Access))
	ok(h.t, err)
	h.t.Cleanup(w.Close)
	return w
}

// heardEnd is why the session of the watch ended.
func heardEnd(t *testing.T, w *auth.Watch) auth.SessionEnd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	end, err := w.Wait(ctx)
	if err != nil {
		t.Fatalf("nothing was heard: %v", err)
	}
	return end
}

func TestEveryEndingIsHeardWithItsReasonOnEveryNode(t *testing.T) {
	t.Parallel()
	const email = "ada@example.org"
	for name, c := range map[string]struct {
		reason auth.EndReason
		end    func(h *house, in auth.SignIn)
	}{
		"signing out": {auth.EndedByLogout, func(h *house, in auth.SignIn) {
			_, err := h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
			ok(h.t, err)
		}},
		"revoking it from another device": {auth.EndedByRevocation, func(h *house, in auth.SignIn) {
			_, err := h.RevokeSession(h.ctx, h.signedIn(email), in.Session.ID.String())
			ok(h.t, err)
		}},
		"revoking it as its own": {auth.EndedByLogout, func(h *house, in auth.SignIn) {
			_, err := h.RevokeSession(h.ctx, h.caller(in.Tokens.Access), in.Session.ID.String())
			ok(h.t, err)
		}},
		"revoking all others": {auth.EndedByRevocation, func(h *house, _ auth.SignIn) {
			_, err := h.RevokeOtherSessions(h.ctx, h.signedIn(email))
			ok(h.t, err)
		}},
		"more sign-ins than there may be": {auth.EndedByEviction, func(h *house, _ auth.SignIn) {
			for range 20 {
				h.pass(time.Minute)
				h.login(email)
			}
		}},
		"a refresh token that comes back": {auth.EndedByReuse, func(h *house, in auth.SignIn) {
			h.pass(time.Minute)
			_, err := h.refresh(in.Tokens.Refresh)
			ok(h.t, err)
			h.pass(time.Minute)
			_, err = h.refresh(in.Tokens.Refresh)
			wants(h.t, err, auth.RefreshTokenReused)
		}},
		"a changed password": {auth.EndedByPasswordChange, func(h *house, _ auth.SignIn) {
			_, err := h.changePassword(h.login(email), password, "nine silent harbours")
			ok(h.t, err)
		}},
		"a password chosen by a link": {auth.EndedByPasswordReset, func(h *house, _ auth.SignIn) {
			h.letters()
			h.reset(h.resetLink(email), "nine silent harbours")
		}},
		"another address": {auth.EndedByEmailChange, func(h *house, _ auth.SignIn) {
			h.changed(h.signedIn(email), "ada@example.net")
		}},
		"suspension": {auth.EndedBySuspension, func(h *house, _ auth.SignIn) {
			_, err := h.SuspendUser(h.ctx, email)
			ok(h.t, err)
		}},
		"deletion": {auth.EndedByDeletion, func(h *house, _ auth.SignIn) {
			_, err := h.DeleteAccount(h.ctx, h.signedIn(email))
			ok(h.t, err)
		}},
		"an operator who ends them all": {auth.EndedByOperator, func(h *house, _ auth.SignIn) {
			_, err := h.EndAllSessions(h.ctx)
			ok(h.t, err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, unlimited)
			other := h.where(func(*auth.Settings) {})
			ok(t, other.PollBlacklist(h.ctx))
			h.user(email)
			h.user("grace@example.org")
			in, foreign := h.login(email), h.login("grace@example.org")
			here, there := h.watching(h.Service, in), h.watching(other, in)
			bystander := h.watching(h.Service, foreign)

			c.end(h, in)
			want := auth.SessionEnd{SessionID: in.Session.ID, Reason: c.reason}
			if got := heardEnd(t, here); got != want {
				t.Errorf("here: %v, want %v", got, want)
			}
			if there.Woken() {
				t.Error("another node heard of it before it asked")
			}
			ok(t, other.PollBlacklist(h.ctx))
			if got := heardEnd(t, there); got != want {
				t.Errorf("on another node: %v, want %v", got, want)
			}
			if c.reason != auth.EndedByOperator && bystander.Woken() {
				t.Error("it concerns somebody else's session, too")
			}
		})
	}
}

func TestAWayBackTellsThatTheAddressChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.changed(h.newcomer(adaOld), adaNew)
	in, err := h.loginWith(adaNew, password)
	ok(t, err)
	w := h.watching(h.Service, in)
	ok(t, h.revert(token))
	if got := heardEnd(t, w).Reason; got != auth.EndedByEmailRevert {
		t.Errorf("the reason is %s", got)
	}
}

func TestASessionWhoseTimeIsOverEndsByExpiryAndRefreshingPutsThatOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	w := h.watching(h.Service, in)
	h.pass(13 * 24 * time.Hour)
	_, err := h.refresh(in.Tokens.Refresh)
	ok(t, err)
	ended := make(chan auth.SessionEnd, 1)
	go func() { ended <- heardEnd(t, w) }()
	h.pass(2 * 24 * time.Hour)
	ok(t, h.WakeWatches(h.ctx))
	h.pass(12*24*time.Hour - time.Microsecond)
	ok(t, h.WakeWatches(h.ctx))
	if reason, err := w.Look(h.ctx); reason != "" || err != nil {
		t.Errorf("it ended too soon: %s, %v", reason, err)
	}
	select {
	case end := <-ended:
		t.Fatalf("too soon: %v", end)
	default:
	}
	h.pass(time.Microsecond)
	ok(t, h.WakeWatches(h.ctx))
	if got, want := <-ended, (auth.SessionEnd{SessionID: in.Session.ID, Reason: auth.EndedByExpiry}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestASessionThatWasPrunedExpired(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	w := h.watching(h.Service, h.login("ada@example.org"))
	h.pass(20 * 24 * time.Hour)
	h.prune()
	ok(t, h.WakeWatches(h.ctx))
	if got := heardEnd(t, w).Reason; got != auth.EndedByExpiry {
		t.Errorf("the reason is %s", got)
	}
}

// The access token that a stream was opened with ends long before the session
// does, and its row of the blacklist has nothing to forbid then.
func TestTheEndOfASessionThatWasNotUsedForDaysIsHeardElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.where(func(*auth.Settings) {})
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	w := h.watching(other, in)
	h.pass(3 * 24 * time.Hour)
	ok(t, other.PollBlacklist(h.ctx))
	// That of so long ago has it look. It has done so before anything has ended.
	looking, stop := context.WithTimeout(h.ctx, time.Second)
	defer stop()
	if _, err := w.Wait(looking); err == nil {
		t.Fatal("the session has ended by itself")
	}
	_, err := h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	h.pass(time.Minute) // as late as a node may hear that works
	h.prune()
	ok(t, other.PollBlacklist(h.ctx))
	if got := heardEnd(t, w).Reason; got != auth.EndedByLogout {
		t.Errorf("the reason is %s", got)
	}
}

func TestANodeThatWasCutOffForHoursHearsOfEndingsThatNoRowTellsOfAnyMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.where(func(*auth.Settings) {})
	ok(t, other.PollBlacklist(h.ctx))
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	w := h.watching(other, in)
	_, err := h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	h.pass(3 * time.Hour)
	h.prune()
	ok(t, other.PollBlacklist(h.ctx))
	if got := heardEnd(t, w).Reason; got != auth.EndedByLogout {
		t.Errorf("the reason is %s", got)
	}
}

func TestNobodyWaitsForAnEndingThatHasHappened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.where(func(*auth.Settings) {})
	ok(t, other.PollBlacklist(h.ctx))
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	before := h.caller(in.Tokens.Access)
	_, err := h.WatchSession(h.ctx, h.stranger())
	wants(t, err, auth.Unauthenticated)
	_, err = h.WatchSession(h.ctx, auth.Caller{Client: before.Client, Kind: auth.ByAPIToken, UserID: before.UserID})
	wants(t, err, auth.Unauthenticated)
	_, err = h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	// Judged before it ended, on a node that has not heard of it either.
	for _, node := range []*auth.Service{h.Service, other} {
		_, err = node.WatchSession(h.ctx, before)
		wants(t, err, auth.Unauthenticated)
	}
	expired := h.login("ada@example.org")
	before = h.caller(expired.Tokens.Access)
	h.pass(14 * 24 * time.Hour)
	_, err = h.WatchSession(h.ctx, before)
	wants(t, err, auth.Unauthenticated)
	gone := h.login("ada@example.org")
	before = h.caller(gone.Tokens.Access)
	_, err = h.DeleteUser(h.ctx, "ada@example.org")
	ok(t, err)
	_, err = h.WatchSession(h.ctx, before)
	wants(t, err, auth.Unauthenticated)
}

// Between judging a caller and waiting there is no moment in which an ending is
// lost: it is refused, or heard.
func TestNoEndingIsLostBetweenJudgingACallerAndWaiting(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	other := h.where(func(*auth.Settings) {})
	ok(t, other.PollBlacklist(h.ctx))
	h.user("ada@example.org")
	refused, heard := 0, 0
	for range 300 {
		in := h.login("ada@example.org")
		caller := h.caller(in.Tokens.Access)
		if caller.Kind != auth.BySession {
			t.Fatalf("the caller is refused: %v", caller.Refused)
		}
		var racing sync.WaitGroup
		var here, there *auth.Watch
		var errHere, errThere error
		start := make(chan struct{})
		racing.Go(func() { <-start; here, errHere = h.WatchSession(h.ctx, caller) })
		racing.Go(func() { <-start; there, errThere = other.WatchSession(h.ctx, caller) })
		racing.Go(func() {
			<-start
			if _, err := h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh); err != nil {
				t.Error(err)
			}
			if err := other.PollBlacklist(h.ctx); err != nil {
				t.Error(err)
			}
		})
		close(start)
		racing.Wait()
		for _, result := range []struct {
			watch *auth.Watch
			err   error
		}{{here, errHere}, {there, errThere}} {
			if result.err != nil {
				wants(t, result.err, auth.Unauthenticated)
				refused++
				continue
			}
			if got := heardEnd(t, result.watch).Reason; got != auth.EndedByLogout {
				t.Fatalf("the reason is %s", got)
			}
			result.watch.Close()
			heard++
		}
	}
	t.Logf("%d were refused, %d heard of it", refused, heard)
	if refused == 0 || heard == 0 {
		t.Errorf("no race: %d were refused, %d heard of it", refused, heard)
	}
}

func TestASessionIsWaitedForByABoundedNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.WatchesPerSession = 2 })
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	first := h.watching(h.Service, in)
	h.watching(h.Service, in)
	_, err := h.WatchSession(h.ctx, h.caller(in.Tokens.Access))
	wants(t, err, auth.RateLimited)
	var refusal *auth.Refusal
	if errors.As(err, &refusal) && refusal.RetryAfter <= 0 {
		t.Error("nobody says how long to wait")
	}
	h.watching(h.Service, h.login("ada@example.org")) // of another session
	first.Close()
	h.watching(h.Service, in)
}

// An erring store fails to read sessions while it is told to.
type erringStore struct {
	auth.Store
	failing atomic.Bool
	asked   chan struct{}
}

func (s *erringStore) SessionByID(ctx context.Context, id uuid.UUID) (auth.Session, error) {
	if s.failing.Load() {
		s.asked <- struct{}{}
		return auth.Session{}, errors.New("storage is away")
	}
	return s.Store.SessionByID(ctx, id)
}

func TestAnEndingThatStorageCannotTellOfIsToldOnceItCan(t *testing.T) {
	t.Parallel()
	erring := &erringStore{asked: make(chan struct{}, 100)}
	h := newHouse(t, func(o *auth.Options) {
		erring.Store = o.Store
		o.Store = erring
	})
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	w := h.watching(h.Service, in)
	ended := make(chan auth.SessionEnd, 1)
	go func() { ended <- heardEnd(t, w) }()
	erring.failing.Store(true)
	_, err := h.WatchSession(h.ctx, h.caller(in.Tokens.Access))
	if err == nil || errors.Is(err, auth.Unauthenticated) {
		t.Errorf("storage that is away lets somebody in, or sends them away: %v", err)
	}
	<-erring.asked
	_, err = h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	<-erring.asked // in vain
	erring.failing.Store(false)
	for range 600 {
		ok(t, h.WakeWatches(h.ctx))
		select {
		case end := <-ended:
			if end.Reason != auth.EndedByLogout {
				t.Errorf("the reason is %s", end.Reason)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("nothing was heard")
}

func TestWhoDoesNotListenHoldsUpNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	in := h.login("ada@example.org")
	caller := h.caller(in.Tokens.Access)
	watches := make([]*auth.Watch, 1000)
	for i := range watches {
		w, err := h.WatchSession(h.ctx, caller)
		ok(t, err)
		watches[i] = w
	}
	_, err := h.EndAllSessions(h.ctx)
	ok(t, err)
	_, err = h.Logout(h.ctx, h.stranger(), in.Tokens.Refresh)
	ok(t, err)
	h.poll()
	for _, w := range watches {
		if got := heardEnd(t, w).Reason; got != auth.EndedByOperator {
			t.Fatalf("the reason is %s", got)
		}
		w.Close()
	}
}
