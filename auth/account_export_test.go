package auth_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAnExportHoldsAllThatIsHeldAndNoSecret(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.user("ada@example.org")
	h.user("grace@example.org")
	h.login("grace@example.org")
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "grace@example.org")
	ok(t, err)

	past := h.login("ada@example.org")
	h.pass(time.Second)
	now := h.login("ada@example.org")
	_, err = h.Logout(h.ctx, h.stranger(), past.Tokens.Refresh)
	ok(t, err)
	for range 4 { // the last is silenced
		h.pass(time.Second)
		_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
		ok(t, err)
	}
	h.pass(time.Second)           // letters of one instant lie in no order
	h.register("ada@example.org") // whoever does that
	h.register("grace@example.org")
	held, err := h.ExportAccount(h.ctx, h.caller(now.Tokens.Access))
	ok(t, err)

	if held.User.ID != user.ID || held.User.LastLoginAt.IsZero() {
		t.Errorf("user: %+v", held.User)
	}
	if len(held.Credentials) != 1 || held.Credentials[0].CreatedAt.IsZero() {
		t.Errorf("credentials: %+v", held.Credentials)
	}
	if len(held.Sessions) != 2 || held.Sessions[0].EndReason != auth.EndedByLogout || held.Sessions[1].ID != now.Session.ID {
		t.Errorf("sessions: %+v", held.Sessions)
	}
	if len(held.Registrations) != 1 || held.Registrations[0] != (auth.HeldRegistration{CreatedAt: h.Now(), ExpiresAt: h.Now().Add(24 * time.Hour)}) {
		t.Errorf("registrations: %+v", held.Registrations)
	}
	if len(held.Links) != 6 || held.Links[0].VoidedAt.IsZero() || !held.Links[2].VoidedAt.IsZero() {
		t.Errorf("links: %+v", held.Links)
	}
	if len(held.Letters) != 5 || held.Letters[0].Kind != auth.LetterPasswordReset || held.Letters[2].Void || !held.Letters[3].Void {
		t.Errorf("letters: %+v", held.Letters)
	}
	var types []auth.EventType
	for _, e := range held.Events {
		if e.UserID != user.ID {
			t.Errorf("somebody else's event: %+v", e)
		}
		types = append(types, e.Type)
	}
	want := []auth.EventType{
		auth.EventUserCreated, auth.EventLoginSucceeded, auth.EventLoginSucceeded, auth.EventSessionEnded,
		auth.EventPasswordResetAsked, auth.EventPasswordResetAsked, auth.EventPasswordResetAsked, auth.EventPasswordResetAsked,
		auth.EventRegistrationRequested, auth.EventAccountExported,
	}
	if counted(types) != counted(want) {
		t.Errorf("events: %v", types)
	}
	for _, l := range held.Links {
		if l.Digest != nil {
			t.Errorf("a digest: %+v", l)
		}
	}
}

// counted is how often each comes: events of one instant lie in no order.
func counted[T comparable](values []T) string {
	times := map[T]int{}
	for _, v := range values {
		times[v]++
	}
	return fmt.Sprint(times)
}
