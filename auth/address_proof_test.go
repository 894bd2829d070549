package auth_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse/auth"
)

// squatter registers an address that is not his where no activation is asked
// for, fills in a profile, and stays.
func (h *house) squatter(email string) auth.SignIn {
	h.t.Helper()
	r, err := h.where(withoutActivation).Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: email, Password: password, Locale: "de", DeviceName: "Lair",
		ProfileInput: auth.ProfileInput{Username: "squatter", Name: "Mallory", Phone: "+442079460958", AvatarURL: "https://example.org/m.png"},
	})
	ok(h.t, err)
	h.letter()
	return *r.SignIn
}

// resetLink asks for a reset and takes the token of its letter.
func (h *house) resetLink(email string) string {
	h.t.Helper()
	_, err := h.RequestPasswordReset(h.ctx, h.from("198.51.100.77"), email)
	ok(h.t, err)
	l := h.letter()
	if l.Kind != auth.LetterPasswordReset || l.Name != "" {
		h.t.Fatalf("letter %+v", l)
	}
	return l.Token
}

func (h *house) reset(token, password string) {
	h.t.Helper()
	_, err := h.ResetPassword(h.ctx, h.from("198.51.100.77"), auth.ResetPasswordInput{Token: token, NewPassword: password})
	ok(h.t, err)
}

// loginWith signs in with a password of the test's choice.
func (h *house) loginWith(email, password string) (auth.SignIn, error) {
	return h.Login(h.ctx, h.from("198.51.100.77"), auth.LoginInput{Identifier: email, Password: password})
}

func TestNothingIsLeftOfWhoRegisteredAnAddressOnceItsOwnerResets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.squatter("owner@example.org")
	second := h.login("squatter")
	h.pass(time.Minute)
	refreshed, err := h.refresh(first.Tokens.Refresh)
	ok(t, err)

	answer, err := h.ResetPassword(h.ctx, h.from("198.51.100.77"), auth.ResetPasswordInput{
		// Of the profile that goes: no stranger has a say in the owner's password.
		Token: h.resetLink("owner@example.org"), NewPassword: "squatter Mallory",
	})
	ok(t, err)
	if answer.SessionsEnded != 2 {
		t.Errorf("%d sessions ended", answer.SessionsEnded)
	}
	if l := h.letter(); l.Kind != auth.LetterPasswordChanged || l.Name != "" || l.Locale != "en" {
		t.Errorf("letter %+v", l)
	}
	for _, tokens := range []auth.Tokens{first.Tokens, second.Tokens, refreshed.Tokens} {
		wants(t, h.caller(tokens.Access).Refused, auth.InvalidToken)
		_, err := h.refresh(tokens.Refresh)
		wants(t, err, auth.InvalidToken)
	}
	for _, identifier := range []string{"owner@example.org", "squatter"} {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: identifier, Password: password})
		wants(t, err, auth.InvalidCredentials)
	}
	in, err := h.loginWith("owner@example.org", "squatter Mallory")
	ok(t, err)
	u, err := h.Me(h.ctx, h.caller(in.Tokens.Access))
	ok(t, err)
	if u.ID != first.User.ID || !u.EmailVerified || u.Locale != "en" || u.Username.Text+u.Username.Key+u.Name+u.Phone+u.AvatarURL != "" {
		t.Errorf("left %+v", u)
	}
	sessions, err := h.Sessions(h.ctx, h.caller(in.Tokens.Access), u.ID)
	ok(t, err)
	if len(sessions) != 1 {
		t.Errorf("%d sessions live", len(sessions))
	}
	events, err := h.store.EventsAbout(h.ctx, u.ID)
	ok(t, err)
	told := map[auth.EventType]int{}
	for _, e := range events {
		told[e.Type]++
	}
	if told[auth.EventActivated] != 1 || told[auth.EventSessionEnded] != 2 {
		t.Errorf("events %v", told)
	}
	// The username is free.
	h.named("mallory@example.org", "squatter")
}

func TestAnAddressIsProvedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.squatter("ada@example.org")
	h.reset(h.resetLink("ada@example.org"), another)
	h.letters()
	in, err := h.loginWith("ada@example.org", another)
	ok(t, err)
	c := h.caller(in.Tokens.Access)
	_, err = h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: new("Ada"), Phone: new("+442079460958"), Locale: new("fr")})
	ok(t, err)
	_, err = h.ChangeUsername(h.ctx, c, "countess")
	ok(t, err)
	h.letters()
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	h.reset(h.letter().Token, password)
	u := h.login("countess").User
	if !u.EmailVerified || u.Name != "Ada" || u.Phone == "" || u.Locale != "fr" || u.Username.Text != "countess" {
		t.Errorf("left %+v", u)
	}
	if l := h.letter(); l.Name != "Ada" || l.Locale != "fr" {
		t.Errorf("letter %+v", l)
	}
}

func TestWhoeverSitsInTheAccountCanNotVoidTheOwnersReset(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	squatter := h.squatter("owner@example.org")
	token := h.resetLink("owner@example.org")
	_, err := h.changePassword(squatter, password, another)
	ok(t, err)
	_, err = h.ChangeUsername(h.ctx, h.caller(squatter.Tokens.Access), "lodger")
	ok(t, err)
	_, err = h.RevokeOtherSessions(h.ctx, h.caller(squatter.Tokens.Access))
	ok(t, err)
	h.letters()
	h.reset(token, "ten quiet orchards")
	_, err = h.loginWith("owner@example.org", "ten quiet orchards")
	ok(t, err)
	_, err = h.loginWith("owner@example.org", another)
	wants(t, err, auth.InvalidCredentials)
}

// TestALinkToAUsernameProvesNoAddress: the password would stay, and be that of
// an account which looks proved.
func TestALinkToAUsernameProvesNoAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.squatter("owner@example.org")
	_, err := h.RequestUsernameReset(h.ctx, h.stranger(), "owner@example.org")
	ok(t, err)
	_, err = h.ResetUsername(h.ctx, h.stranger(), h.letter().Token, "owner")
	ok(t, err)
	if l := h.letter(); l.Kind != auth.LetterUsernameChanged || l.Name != "" {
		t.Errorf("letter %+v", l)
	}
	if u := h.login("owner").User; u.EmailVerified || u.Name != "Mallory" {
		t.Errorf("%+v", u)
	}
	h.reset(h.resetLink("owner@example.org"), another)
	in, err := h.loginWith("owner@example.org", another)
	ok(t, err)
	if u := in.User; !u.EmailVerified || u.Name+u.Username.Text != "" {
		t.Errorf("left %+v", u)
	}
}

// TestWhatIsUnderWayAsTheOwnerResetsComesToNothing sends what was let past the
// guard before the reset, and reaches the rules after it.
func TestWhatIsUnderWayAsTheOwnerResetsComesToNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.caller(h.squatter("owner@example.org").Tokens.Access)
	h.reset(h.resetLink("owner@example.org"), another)
	before := rows(t, h)
	_, err := h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: new("Mallory was here")})
	wants(t, err, auth.Unauthenticated)
	_, err = h.ChangeUsername(h.ctx, c, "squatter")
	wants(t, err, auth.Unauthenticated)
	_, err = h.DeleteAccount(h.ctx, c)
	wants(t, err, auth.Unauthenticated)
	if after := rows(t, h); after != before {
		t.Errorf("it left\n%s\nof\n%s", after, before)
	}
	_, err = h.ChangePassword(h.ctx, c, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: "ten quiet orchards"})
	wants(t, err, auth.InvalidCredentials)
}

func TestAProfileThatRacesTheOwnersResetIsGone(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		h := newHouse(t, unlimited)
		squatter := h.squatter("owner@example.org")
		c := h.caller(squatter.Tokens.Access)
		token := h.resetLink("owner@example.org")
		together(16, func(i int) {
			switch {
			case i == 7:
				h.reset(token, another)
			case i%2 == 0:
				_, _ = h.UpdateProfile(h.ctx, c, auth.ProfileChange{Name: new(fmt.Sprint("Mallory ", i))})
			case i%4 == 1:
				_, _ = h.ChangeUsername(h.ctx, c, fmt.Sprint("squatter", i))
			default:
				_, _ = h.loginWith("owner@example.org", password)
			}
		})
		in, err := h.loginWith("owner@example.org", another)
		ok(t, err)
		if u := in.User; !u.EmailVerified || u.Name+u.Username.Text+u.Phone != "" {
			t.Fatalf("round %d: left %+v", round, u)
		}
		if sessions, err := h.store.LivingSessions(h.ctx, in.User.ID, h.Now()); err != nil || len(sessions) != 1 {
			t.Fatalf("round %d: %d sessions live, %v", round, len(sessions), err)
		}
	}
}

// TestWhoeverSitsInTheAccountCanNotBuryItsOwnerInMail holds for an address that
// nobody proved; whoever proved it is told of everything.
func TestWhoeverSitsInTheAccountCanNotBuryItsOwnerInMail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	squatter := h.squatter("owner@example.org")
	change := func(in auth.SignIn) {
		t.Helper()
		for i := range 6 {
			_, err := h.ChangeUsername(h.ctx, h.caller(in.Tokens.Access), fmt.Sprint("lodger", i))
			ok(t, err)
		}
		for i := range 6 {
			words := []string{password, another}
			_, err := h.changePassword(in, words[i%2], words[(i+1)%2])
			ok(t, err)
		}
	}
	change(squatter)
	letters := h.letters()
	if len(letters) != 3 {
		t.Errorf("%d letters in an hour", len(letters))
	}
	for _, l := range letters {
		if l.Name != "" {
			t.Errorf("letter %+v", l)
		}
	}
	// None of them was taken from those that the owner needs.
	h.reset(h.resetLink("owner@example.org"), password)
	h.letters()
	change(h.login("owner@example.org"))
	if n := len(h.letters()); n != 12 {
		t.Errorf("of 12 changes %d were told", n)
	}
}

// TestAConfirmedAddressIsProvedAndNothingOfBeforeIsLeft is the other way to the
// first proof: the account moves to an address whose owner opens the link.
func TestAConfirmedAddressIsProvedAndNothingOfBeforeIsLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	squatter := h.squatter("owner@example.org")
	other := h.login("squatter")
	token := h.askChange(h.caller(squatter.Tokens.Access), "mallory@example.net")
	_, err := h.ConfirmEmailChange(h.ctx, h.stranger(), token)
	ok(t, err)
	if l := h.letter(); l.Kind != auth.LetterEmailChanged || l.To != "owner@example.org" || l.Name != "" {
		t.Errorf("letter %+v", l)
	}
	for _, in := range []auth.SignIn{squatter, other} {
		wants(t, h.caller(in.Tokens.Access).Refused, auth.InvalidToken)
		_, err := h.refresh(in.Tokens.Refresh)
		wants(t, err, auth.InvalidToken)
	}
	if u := h.login("mallory@example.net").User; !u.EmailVerified || u.Name+u.Username.Text+u.Phone+u.AvatarURL != "" || u.Locale != "en" {
		t.Errorf("left %+v", u)
	}
}
