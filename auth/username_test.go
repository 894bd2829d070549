package auth_test

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"gatehouse/auth"
)

// named signs a new user in and gives it a username.
func (h *house) named(email, username string) auth.Caller {
	h.t.Helper()
	h.user(email)
	c := h.caller(h.login(email).Tokens.Access)
	_, err := h.ChangeUsername(h.ctx, c, username)
	ok(h.t, err)
	h.letters()
	return c
}

// usernameLink is the token of the link to choose a username of a new user.
func (h *house) usernameLink(email string) string {
	h.t.Helper()
	h.user(email)
	h.letters()
	_, err := h.RequestUsernameReset(h.ctx, h.stranger(), email)
	ok(h.t, err)
	return h.letter().Token
}

// violates fails the test unless the error has exactly that violation.
func violates(t *testing.T, err error, want string) {
	t.Helper()
	refusal, is := errors.AsType[*auth.Refusal](err)
	if !is || len(refusal.Violations) != 1 || refusal.Violations[0].String() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAUsernameHasOneKeyHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]auth.Username{
		"ada":                   {Text: "ada", Key: "ada"},
		"Ada.Lovelace":          {Text: "Ada.Lovelace", Key: "ada.lovelace"},
		"ＡＤＡ":                   {Text: "ADA", Key: "ada"},
		"Zoe\u0308":             {Text: "Zoë", Key: "zoë"},
		"\u212Belle":            {Text: "Åelle", Key: "åelle"},
		"Άννα":                  {Text: "Άννα", Key: "άννα"},
		"田中太郎":                  {Text: "田中太郎", Key: "田中太郎"},
		strings.Repeat("a", 64): {Text: strings.Repeat("a", 64), Key: strings.Repeat("a", 64)},
	} {
		got, fault := auth.ParseUsername(typed)
		if got != want || fault != (auth.Fault{}) {
			t.Errorf("%q is %+v, %+v", typed, got, fault)
		}
		if again, _ := auth.ParseUsername(got.Key); again.Key != got.Key {
			t.Errorf("the key of the key of %q is %q", typed, again.Key)
		}
	}
}

func TestWhatIsNoUsernameIsRefused(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]auth.Fault{
		"":                         {Code: auth.Required},
		"ab":                       {Code: auth.TooShort, Limit: 3},
		"e\u0301e":                 {Code: auth.TooShort, Limit: 3},
		strings.Repeat("a", 65):    {Code: auth.TooLong, Limit: 64},
		strings.Repeat("a", 1<<20): {Code: auth.TooLong, Limit: 64},
		"ada@example.org":          {Code: auth.Malformed},
		"ada＠example.org":          {Code: auth.Malformed}, // becomes an @
		"ada﹫example.org":          {Code: auth.Malformed},
		"ada lovelace":             {Code: auth.Malformed},
		"ada\u00a0lovelace":        {Code: auth.Malformed},
		"ada\u200blovelace":        {Code: auth.Malformed},
		"ada\u00adlovelace":        {Code: auth.Malformed},
		"ada\u202elovelace":        {Code: auth.Malformed},
		"ada\x00":                  {Code: auth.Malformed},
		"ada\r\nBcc:x":             {Code: auth.Malformed},
		"ada\xff":                  {Code: auth.Malformed},
		"ada\ufffd":                {Code: auth.Malformed},
		"ada💥":                     {Code: auth.Malformed},
		"henry\u2163":              {Code: auth.Malformed}, // a Roman numeral four
	} {
		if got, fault := auth.ParseUsername(typed); fault != want || got != (auth.Username{}) {
			t.Errorf("%.20q is %+v, %+v", typed, got, fault)
		}
	}
}

func FuzzAUsernameNeverLooksLikeAnAddress(f *testing.F) {
	for _, seed := range []string{"ada", "ＡＤＡ", "ada＠b", "İstanbul", "ςΣσ", "ß\u0301x", "א1ב"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, fault := auth.ParseUsername(typed)
		if fault != (auth.Fault{}) {
			return
		}
		if strings.ContainsAny(name.Key+name.Text, "@\x00\r\n ") {
			t.Errorf("%q gives %+v", typed, name)
		}
		if again, fault := auth.ParseUsername(name.Text); fault != (auth.Fault{}) || again.Key != name.Key {
			t.Errorf("%q gives %+v, and again %+v, %+v", typed, name, again, fault)
		}
	})
}

func TestWhoComesSecondIsActivatedWithoutTheUsername(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	activate := func(email, username string) auth.User {
		r, err := h.Register(h.ctx, h.from("198.51.100.9"), auth.RegisterInput{
			Email: email, Password: password, ProfileInput: auth.ProfileInput{
				Username: username, Name: "Ada", Phone: "+44 20 7946 0958", AvatarURL: "https://example.org/ada.png",
			},
		})
		ok(t, err)
		token := h.letter().Token
		if email == "first@example.org" {
			// Somebody else wishes for the same before that, and comes too late.
			second, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
				Email: "second@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "ADA"},
			})
			ok(t, err)
			late := h.letter().Token
			defer func() {
				in, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &late, Flow: &second.Flow})
				ok(t, err)
				if in.User.Username != (auth.Username{}) {
					t.Errorf("the second has %+v", in.User.Username)
				}
				stored, err := h.store.UserByID(h.ctx, in.User.ID)
				ok(t, err)
				if stored.Username != (auth.Username{}) {
					t.Errorf("the second is stored with %+v", stored.Username)
				}
			}()
		}
		in, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &r.Flow})
		ok(t, err)
		return in.User
	}
	u := activate("first@example.org", "Ada")
	if u.Username.Text != "Ada" || u.Phone != "+442079460958" || u.AvatarURL != "https://example.org/ada.png" || u.Name != "Ada" {
		t.Errorf("the first is %+v", u)
	}
	stored, err := h.store.UserByID(h.ctx, u.ID)
	ok(t, err)
	if stored.Username != u.Username || stored.Phone != u.Phone || stored.AvatarURL != u.AvatarURL {
		t.Errorf("stored is %+v", stored)
	}
	_, err = h.Register(h.ctx, h.from("198.51.100.10"), auth.RegisterInput{
		Email: "third@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "aDa"},
	})
	violates(t, err, "input.username TAKEN")
}

func TestAUserSignsInByUsernameToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.named("ada@example.org", "Ada.L")
	for _, identifier := range []string{"Ada.L", "ada.l", "ＡＤＡ.L", "ADA@example.org"} {
		in, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: identifier, Password: password})
		ok(t, err)
		if in.User.Username.Text != "Ada.L" {
			t.Errorf("%s: %+v", identifier, in.User)
		}
	}
	for _, identifier := range []string{"ada", "ada.l ", "nobody", "a", "ada.l\u200b"} {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: identifier, Password: password})
		wants(t, err, auth.InvalidCredentials)
	}
}

// TestAUserSignsInByTheLongestUsername: however many bytes its letters take, and
// however the keyboard composes them.
func TestAUserSignsInByTheLongestUsername(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for email, username := range map[string]string{
		"gothic@example.org":     strings.Repeat("\U00010330", 64),
		"vietnamese@example.org": strings.Repeat("\u1ec7", 64),
	} {
		h.named(email, username)
		for _, typed := range []string{username, norm.NFD.String(username)} {
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: typed, Password: password})
			if err != nil {
				t.Errorf("%d bytes of %s: %v", len(typed), username, err)
			}
		}
	}
	for typed, want := range map[string]string{
		strings.Repeat("a", 64*4*3+1):         "input.identifier TOO_LONG 64",
		strings.Repeat("a", 250) + "@exa.org": "input.identifier TOO_LONG 254",
	} {
		_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: typed, Password: password})
		violates(t, err, want)
	}
}

func TestNoSignInTellsWhoseUsernameItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.named("ada@example.org", "ada")
	h.named("eve@example.org", "eve")
	_, err := h.SuspendUser(h.ctx, "eve@example.org")
	ok(t, err)
	var first []string
	for i, identifier := range []string{"ada", "eve", "nobody", "not a name"} {
		statements, hashes := h.counted(func() {
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: identifier, Password: "wrong"})
			wants(t, err, auth.InvalidCredentials)
		})
		for j := range statements {
			statements[j] = kindOf(statements[j])
		}
		if i == 0 {
			first = statements
		}
		if hashes != 1 || strings.Join(statements, "\n") != strings.Join(first, "\n") {
			t.Errorf("%s: %d hashes, %q", identifier, hashes, statements)
		}
	}
}

func TestGuessesAreCountedByTheUsernameHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.named("ada@example.org", "ada")
	for _, identifier := range []string{"ada", "ADA", "ａｄａ", "Ada", "aDa"} {
		_, err := h.Login(h.ctx, h.from(elsewhere), auth.LoginInput{Identifier: identifier, Password: "wrong"})
		wants(t, err, auth.InvalidCredentials)
	}
	_, err := h.Login(h.ctx, h.from(elsewhere), auth.LoginInput{Identifier: "adA", Password: password})
	wants(t, err, auth.RateLimited)
	// The address has a counter of its own, and a reset clears both.
	h.login("ada@example.org")
	_, err = h.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
	ok(t, err)
	_, err = h.ResetPassword(h.ctx, h.stranger(), auth.ResetPasswordInput{Token: h.letter().Token, NewPassword: "nine silent harbours"})
	ok(t, err)
	_, err = h.Login(h.ctx, h.from(elsewhere), auth.LoginInput{Identifier: "ada", Password: "nine silent harbours"})
	ok(t, err)
}

func TestAServerWithoutUsernamesKnowsNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c := h.named("ada@example.org", "ada")
	r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "new@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "new"},
	})
	ok(t, err)
	token := h.letter().Token
	off := auth.New(auth.Options{
		Store: h.store, Secrets: h.secrets, Keys: h.keys, Hasher: h.hasher, Passwords: auth.PasswordPolicy{MinLength: 12},
		Settings: func() auth.Settings { s := defaults(); s.Usernames = false; return s }(),
		Limits:   limits(), Clock: h.clock, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	_, err = off.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada", Password: password})
	wants(t, err, auth.InvalidCredentials)
	_, err = off.ChangeUsername(h.ctx, c, "countess")
	wants(t, err, auth.Disabled)
	_, err = off.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
	wants(t, err, auth.Disabled)
	_, err = off.ResetUsername(h.ctx, h.stranger(), token, "countess")
	wants(t, err, auth.Disabled)
	_, err = off.Register(h.ctx, h.stranger(), auth.RegisterInput{
		Email: "x@example.org", Password: password, ProfileInput: auth.ProfileInput{Username: "xxx"},
	})
	wants(t, err, auth.Disabled)
	// A wish from before is not granted any more.
	in, err := off.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &token, Flow: &r.Flow})
	ok(t, err)
	if in.User.Username != (auth.Username{}) {
		t.Errorf("activated as %+v", in.User.Username)
	}
}
