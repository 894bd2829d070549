package auth_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"gatehouse/auth"
)

// openHouse is a house that asks for no activation.
func openHouse(t *testing.T, change ...func(*auth.Options)) *house {
	t.Helper()
	return newHouse(t, append(change, func(o *auth.Options) { withoutActivation(&o.Settings) })...)
}

func TestWithoutActivationRegisteringSignsIn(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "Ada@example.org", Password: password, Locale: "de", DeviceName: "Analytical Engine",
		ProfileInput: auth.ProfileInput{Username: "Countess", Name: "Ada Lovelace", Phone: "+44 20 7946 0958", AvatarURL: "https://example.org/ada.png"},
	})
	ok(t, err)
	if r.Flow != "" || r.Email != "Ada@example.org" || r.SignIn == nil {
		t.Fatalf("answer %+v", r)
	}
	if s := r.SignIn.Session; s.DeviceName != "Analytical Engine" || !slices.Equal(s.Methods, []string{"pwd"}) {
		t.Errorf("session %+v", s)
	}
	u, err := h.Me(h.ctx, h.caller(r.SignIn.Tokens.Access))
	ok(t, err)
	want := auth.User{
		ID: r.SignIn.User.ID, Email: auth.Address{Text: "Ada@example.org", Key: "ada@example.org"},
		Username: auth.Username{Text: "Countess", Key: "countess"}, Name: "Ada Lovelace", Phone: "+442079460958",
		AvatarURL: "https://example.org/ada.png", Locale: "de", Status: auth.Active,
		LastLoginAt: h.Now(), CreatedAt: h.Now(), UpdatedAt: h.Now(),
	}
	want.Roles, u.Roles = nil, nil
	if fmt.Sprintf("%+v", u) != fmt.Sprintf("%+v", want) {
		t.Errorf("made\n%+v\nof\n%+v", u, want)
	}
	_, err = h.refresh(r.SignIn.Tokens.Refresh)
	ok(t, err)
	h.login("countess")

	// The owner of the address is told, in words of the server's alone.
	l := h.letter()
	if l.Kind != auth.LetterAccountCreated || l.To != "Ada@example.org" || l.Name != "" || l.Locale != "de" ||
		l.Token+l.NotMeToken+l.Code != "" || l.IPAddress != "203.0.113.7" || !l.At.Equal(h.Now()) {
		t.Errorf("letter %+v", l)
	}
}

func TestWithoutActivationAnAddressThatHasAnAccountIsTaken(t *testing.T) {
	t.Parallel()
	for kind, email := range addresses(newHouse(t)) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			addresses(h)
			off := h.where(withoutActivation)
			h.letters()
			var err error
			_, hashes := h.counted(func() {
				_, err = off.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: email, Password: another})
			})
			if kind == "unknown" || kind == "registered" {
				ok(t, err)
				return
			}
			if got := violations(t, err); !slices.Equal(got, []string{"email TAKEN"}) {
				t.Errorf("refused with %v", got)
			}
			if letters := h.letters(); len(letters) > 0 || hashes > 0 {
				t.Errorf("%d hashes, letters %+v", hashes, letters)
			}
		})
	}
}

func TestNobodyAsksUncountedWhichAddressesAreTaken(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	h.user("ada@example.org")
	for range 20 {
		// Whatever else is wrong is said first, and says nothing of the address.
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "ada@example.org", Password: "short"})
		if got := violations(t, err); !slices.Equal(got, []string{"password TOO_SHORT"}) {
			t.Fatalf("refused with %v", got)
		}
	}
	for i := range 10 {
		h.user(fmt.Sprintf("u%d@example.org", i))
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: fmt.Sprintf("u%d@example.org", i), Password: password})
		wants(t, err, auth.InvalidInput)
	}
	for _, email := range []string{"ada@example.org", "free@example.org"} {
		_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: email, Password: password})
		wants(t, err, auth.RateLimited)
	}
}

func TestWithoutActivationAllOtherRulesOfRegisteringHold(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(o *auth.Options) { o.Settings.RequiredProfileFields = []auth.ProfileField{auth.ProfileName} })
	h.named("ada@example.org", "ada")
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "ada@example.org", Password: "short", PasswordConfirmation: new("other"), Locale: "!!",
		ProfileInput: auth.ProfileInput{Username: "ADA"}, DeviceName: string(make([]byte, 65)),
	})
	got := violations(t, err)
	slices.Sort(got)
	want := []string{
		"deviceName MALFORMED", "locale MALFORMED", "name REQUIRED", "password TOO_SHORT",
		"passwordConfirmation MISMATCH", "username TAKEN",
	}
	if !slices.Equal(got, want) {
		t.Errorf("refused with %q", got)
	}
	in := auth.RegisterInput{Email: "beth@example.org", Password: password, ProfileInput: auth.ProfileInput{Name: "Beth", Username: "beth"}}
	_, err = h.where(func(s *auth.Settings) { s.Usernames = false }).Register(h.ctx, h.stranger(), in)
	wants(t, err, auth.Disabled)
	_, err = h.where(func(s *auth.Settings) { s.RegistrationOpen = false }).Register(h.ctx, h.stranger(), in)
	wants(t, err, auth.Disabled)
}

// TestOfAHundredWhoRegisterAnAddressAtOnceOneIsLetIn also holds that the others
// leave no trace.
func TestOfAHundredWhoRegisterAnAddressAtOnceOneIsLetIn(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		h := openHouse(t, unlimited)
		var in atomic.Int32
		var winner atomic.Pointer[auth.SignIn]
		together(100, func(i int) {
			email := "Twice@example.org"
			if i%2 == 0 {
				email = "tWICE@EXAMPLE.org"
			}
			r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
				Email: email, Password: fmt.Sprint("seven bright lanterns ", i), ProfileInput: auth.ProfileInput{Username: fmt.Sprint("twice", i)},
			})
			if err == nil {
				in.Add(1)
				winner.Store(r.SignIn)
			} else if got := violations(t, err); !slices.Equal(got, []string{"email TAKEN"}) {
				t.Errorf("refused with %v", got)
			}
		})
		if in.Load() != 1 {
			t.Fatalf("round %d: %d were let in", round, in.Load())
		}
		h.letter()
		u, err := h.Me(h.ctx, h.caller(winner.Load().Tokens.Access))
		ok(t, err)
		if u.Username != winner.Load().User.Username {
			t.Errorf("%+v has the username of a loser", u)
		}
		sessions, err := h.store.LivingSessions(h.ctx, u.ID, h.Now())
		ok(t, err)
		if len(sessions) != 1 {
			t.Errorf("%d sessions", len(sessions))
		}
	}
}

func TestOfManyWhoRegisterOneUsernameAtOnceOneGetsIt(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		h := openHouse(t, unlimited)
		var in atomic.Int32
		together(20, func(i int) {
			_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
				Email: fmt.Sprintf("u%d@example.org", i), Password: password, ProfileInput: auth.ProfileInput{Username: "Countess"},
			})
			if err == nil {
				in.Add(1)
			} else if got := violations(t, err); !slices.Equal(got, []string{"username TAKEN"}) {
				t.Errorf("refused with %v", got)
			}
		})
		// Unlike who activates, who is second is there to choose another.
		if letters := h.letters(); in.Load() != 1 || len(letters) != 1 {
			t.Fatalf("round %d: %d got it, %d letters", round, in.Load(), len(letters))
		}
	}
}

// TestWhoWaitsForALetterGetsInThoughActivationIsSwitchedOff is about
// registrations from before.
func TestWhoWaitsForALetterGetsInThoughActivationIsSwitchedOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	off := h.where(withoutActivation)
	flow := h.register("ada@example.org").Flow
	h.letter()
	_, err := off.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "ada@example.org", Flow: &flow})
	ok(t, err)
	code := h.letter().Code
	in, err := off.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &code, Flow: &flow})
	ok(t, err)
	if !in.User.EmailVerified {
		t.Error("the digits of a letter prove nothing")
	}
	h.register("beth@example.org")
	beth := h.letter()
	_, err = off.ActivateOnly(h.ctx, h.stranger(), beth.Token, password)
	ok(t, err)
	h.register("carol@example.org")
	carol := h.letter()
	_, err = off.DeclineRegistration(h.ctx, h.stranger(), carol.NotMeToken)
	ok(t, err)
	_, err = off.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &carol.Token, Password: new(password)})
	wants(t, err, auth.InvalidToken)
}

func TestAnAddressThatIsRegisteredAtOnceEndsTheAttemptsThatWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	off := h.where(withoutActivation)
	flow := h.register("ada@example.org").Flow
	waiting := h.letter()
	_, err := off.Register(h.ctx, h.from("198.51.100.7"), auth.RegisterInput{Email: "ada@example.org", Password: another})
	ok(t, err)
	h.letter()
	for _, server := range []*auth.Service{h.Service, off} {
		_, err = server.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &waiting.Token, Flow: &flow})
		wants(t, err, auth.InvalidToken)
		_, err = server.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &waiting.Code, Flow: &flow})
		wants(t, err, auth.InvalidCredentials)
		to, err := server.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "ada@example.org", Flow: &flow})
		if err != nil || to != "ada@example.org" || len(h.letters()) > 0 {
			t.Errorf("%q, %v, or a letter", to, err)
		}
	}
}

func TestWhoWasLetInAtOnceStaysSoWhereActivationIsAskedForAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	squatter := h.squatter("ada@example.org")
	_, err := h.refresh(squatter.Tokens.Refresh)
	ok(t, err)
	h.login("ada@example.org")
	// The address counts as an account: whoever registers it learns nothing, and
	// its owner of both.
	r := h.register("ada@example.org")
	if r.Flow == "" || r.SignIn != nil {
		t.Errorf("answer %+v", r)
	}
	if l := h.letter(); l.Kind != auth.LetterRegistrationAttempt || l.Name != "" {
		t.Errorf("letter %+v", l)
	}
}

// TestNoAccountIsMadeWhoseOwnerIsNotTold registers, deletes and registers again:
// its owner is not buried in letters, but no account stands without one either.
func TestNoAccountIsMadeWhoseOwnerIsNotTold(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(o *auth.Options) { o.Limits.RegisterPerAddress = nil })
	made, created, farewells := 0, 0, 0
	for range 20 {
		r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "owner@example.org", Password: password})
		if err != nil {
			wants(t, err, auth.RateLimited)
			continue
		}
		made++
		// Before the deletion, which drops what waits.
		if l := h.letter(); l.Kind == auth.LetterAccountCreated {
			created++
		}
		_, err = h.DeleteAccount(h.ctx, h.caller(r.SignIn.Tokens.Access))
		ok(t, err)
		if l := h.letter(); l.Kind == auth.LetterAccountDeleted {
			farewells++
		}
	}
	if made != 3 || created != 3 || farewells != 3 {
		t.Errorf("%d accounts made, %d letters of it, and %d farewells", made, created, farewells)
	}
}

func TestFarewellsToWhoNeverCameAreLimited(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(o *auth.Options) {
		o.Limits.RegisterPerAddress, o.Limits.RegisterLettersPerNetwork, o.Limits.RegisterLettersPerAccount = nil, nil, nil
	})
	farewells := 0
	for range 20 {
		r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "owner@example.org", Password: password})
		ok(t, err)
		h.letter()
		_, err = h.DeleteAccount(h.ctx, h.caller(r.SignIn.Tokens.Access))
		ok(t, err)
		farewells += len(h.letters())
	}
	if farewells != 3 {
		t.Errorf("%d farewells", farewells)
	}
}

func TestWhoIsActivatedIsWelcomedWhereTheTeamWantsThat(t *testing.T) {
	t.Parallel()
	for _, wanted := range []bool{false, true} {
		h := newHouse(t, func(o *auth.Options) { o.Settings.WelcomeLetter = wanted })
		woken := 0
		h.options.Wake = func() { woken++ }
		s := auth.New(h.options)
		flow := h.register("ada@example.org").Flow
		token := h.letter().Token
		_, err := s.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &flow})
		ok(t, err)
		_, err = h.Register(h.ctx, h.stranger(), auth.RegisterInput{
			Email: "beth@example.org", Password: password, Locale: "de", ProfileInput: auth.ProfileInput{Name: "Beth"},
		})
		ok(t, err)
		var beth string
		var welcomed []string
		for _, l := range h.letters() {
			if l.Kind == auth.LetterActivation {
				beth = l.Token
			} else {
				welcomed = append(welcomed, fmt.Sprint(l.Kind, " ", l.To, " ", l.Name, l.Token))
			}
		}
		_, err = s.ActivateOnly(h.ctx, h.stranger(), beth, password)
		ok(t, err)
		for _, l := range h.letters() {
			welcomed = append(welcomed, fmt.Sprint(l.Kind, " ", l.To, " ", l.Name, l.Token, " ", l.Locale))
		}
		want := []string{"welcome ada@example.org ", "welcome beth@example.org Beth de"}
		if !wanted {
			want = nil
		}
		if !slices.Equal(welcomed, want) || woken != 2 {
			t.Errorf("welcomed %q, woken %d times", welcomed, woken)
		}
		// Who has shown nothing is told that an account was made, and no more.
		_, err = h.where(withoutActivation).Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "carol@example.org", Password: password})
		ok(t, err)
		if l := h.letter(); l.Kind != auth.LetterAccountCreated {
			t.Errorf("letter %+v", l)
		}
	}
}
