package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// waits fails the test unless the error is RateLimited for that long.
func waits(t *testing.T, err error, want time.Duration) {
	t.Helper()
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) || refusal.Code != auth.RateLimited {
		t.Errorf("got %v, want %s", err, auth.RateLimited)
	} else if refusal.RetryAfter != want {
		t.Errorf("it is to wait %v, not %v", refusal.RetryAfter, want)
	}
}

// walking is a client that takes another address of its household's /64 each time,
// which costs it nothing.
func (h *house) walking(i int) auth.Caller { return h.from(fmt.Sprintf("2001:db8::%x", i+1)) }

// beside is a client of the /64 next to that.
func (h *house) beside() auth.Caller { return h.from("2001:db8:0:1::1") }

// TestRotationsOfASessionAreFew where there is no window that slows them down.
func TestRotationsOfASessionAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t, strict)
	h.user("ada@example.org")
	in, other := h.login("ada@example.org"), h.login("ada@example.org")
	token := in.Tokens.Refresh
	rotate := func() error {
		next, err := h.refresh(token)
		if err == nil {
			token = next.Tokens.Refresh
		}
		return err
	}
	for range 30 {
		ok(t, rotate())
	}
	waits(t, rotate(), 2*time.Second)
	_, err := h.refresh(other.Tokens.Refresh)
	ok(t, err)
	// The refusal did not use the token up.
	h.pass(2 * time.Second)
	ok(t, rotate())
	wants(t, rotate(), auth.RateLimited)
}

// TestRefreshesOfAClientAreFew though nothing rotates: answers that are repeated
// count, and so do tokens that are none.
func TestRefreshesOfAClientAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	token := h.login("ada@example.org").Tokens.Refresh
	refresh := func(c auth.Caller, token string) error {
		_, err := h.Refresh(h.ctx, c, auth.RefreshInput{RefreshToken: token})
		return err
	}
	for i := range 300 {
		if i%2 == 0 {
			ok(t, refresh(h.walking(i), token))
		} else {
			wants(t, refresh(h.walking(i), "nonsense"), auth.InvalidToken)
		}
	}
	waits(t, refresh(h.walking(300), token), 200*time.Millisecond)
	ok(t, refresh(h.beside(), token))
}

// TestGuessesAtDigitsOfOneClientAreFew although each is at another registration.
func TestGuessesAtDigitsOfOneClientAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.register("ada@example.org")
	right := h.letter().Code
	guess := func(c auth.Caller, flow, code string) error {
		_, err := h.Activate(h.ctx, c, auth.ActivateInput{Code: &code, Flow: &flow})
		return err
	}
	for i := range 30 {
		wants(t, guess(h.walking(i), fmt.Sprint("flow ", i), "123456"), auth.InvalidCredentials)
	}
	waits(t, guess(h.walking(30), r.Flow, right), 30*time.Second)
	ok(t, guess(h.beside(), r.Flow, right))
}

// TestGuessesAtDigitsOfOneAddressInADayAreFew although each quarter of an hour
// would allow five more, and each registration has tries of its own.
func TestGuessesAtDigitsOfOneAddressInADayAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tried := 0
	for i := range 5 {
		c := h.from(fmt.Sprintf("198.51.%d.7", i))
		r, err := h.Register(h.ctx, c, auth.RegisterInput{Email: "owner@example.org", Password: password})
		ok(t, err)
		for range 5 {
			code := "not a code"
			_, err = h.Activate(h.ctx, c, auth.ActivateInput{Code: &code, Flow: &r.Flow})
			if errors.Is(err, auth.InvalidCredentials) {
				tried++
			} else {
				wants(t, err, auth.RateLimited)
			}
		}
		h.pass(15 * time.Minute)
	}
	if tried != 20 {
		t.Errorf("%d guesses in an hour and a quarter, not 20", tried)
	}
}

// TestARegistrationHasFiveTriesAtItsDigits however slowly they are guessed, and
// whatever is sent again.
func TestARegistrationHasFiveTriesAtItsDigits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for wrong, want := range map[int]error{4: nil, 5: auth.InvalidCredentials} {
		email := fmt.Sprintf("u%d@example.org", wrong)
		flow := h.register(email).Flow
		h.letter()
		for range wrong {
			code := "not a code"
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &code, Flow: &flow})
			wants(t, err, auth.InvalidCredentials)
			h.pass(time.Hour)
		}
		_, err := h.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: email, Flow: &flow})
		ok(t, err)
		code := h.letter().Code
		_, err = h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &code, Flow: &flow})
		if !errors.Is(err, want) {
			t.Errorf("after %d wrong tries: %v", wrong, err)
		}
	}
}

// TestOneClientAsksForFewLetters to whomever, by whatever brings some.
func TestOneClientAsksForFewLetters(t *testing.T) {
	t.Parallel()
	ask := map[string]func(h *house, c auth.Caller, email string) error{
		"reset": func(h *house, c auth.Caller, email string) error {
			_, err := h.RequestPasswordReset(h.ctx, c, email)
			return err
		},
		"username reset": func(h *house, c auth.Caller, email string) error {
			_, err := h.RequestUsernameReset(h.ctx, c, email)
			return err
		},
		"resend": func(h *house, c auth.Caller, email string) error {
			_, err := h.ResendActivation(h.ctx, c, auth.ResendActivationInput{Email: email})
			return err
		},
		"register": func(h *house, c auth.Caller, email string) error {
			_, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: password})
			return err
		},
	}
	for name, ask := range ask {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			for i := range 10 {
				ok(t, ask(h, h.walking(i), fmt.Sprintf("u%d@example.org", i)))
			}
			_, hashes := h.counted(func() { waits(t, ask(h, h.walking(10), "another@example.org"), 6*time.Minute) })
			if hashes != 0 {
				t.Error("what was refused was hashed")
			}
			ok(t, ask(h, h.beside(), "another@example.org"))
		})
	}
}

// TestLettersToOneAddressInADayAreFew although three an hour would be more.
func TestLettersToOneAddressInADayAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("owner@example.org")
	sent := 0
	for i := range 3 + 12 {
		if i > 2 {
			h.pass(20 * time.Minute)
		}
		_, err := h.RequestPasswordReset(h.ctx, h.from(fmt.Sprintf("198.51.100.%d", i)), "owner@example.org")
		ok(t, err)
		sent += len(h.letters())
	}
	// Ten at once, and one more each 144 minutes.
	if sent != 11 {
		t.Errorf("%d letters in four hours, not 11", sent)
	}
}

// TestLettersOfRegistrationsInADayAreFew from however many networks.
func TestLettersOfRegistrationsInADayAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 25 {
		r, err := h.Register(h.ctx, h.from(fmt.Sprintf("198.51.%d.7", i)), auth.RegisterInput{Email: "owner@example.org", Password: password})
		ok(t, err)
		if r.Flow == "" {
			t.Error("what is beyond the limit is told so")
		}
	}
	if n := len(h.letters()); n != 20 {
		t.Errorf("%d letters, not 20", n)
	}
	h.register("another@example.org")
	h.letter()
}

// TestGuessesOfOneClientInAnHourAreFew although each minute would allow twenty
// more.
func TestGuessesOfOneClientInAnHourAreFew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	guessed := 0
	for minute := range 6 {
		for i := range 20 {
			_, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: fmt.Sprintf("u%d.%d@example.org", minute, i), Password: "wrong"})
			if errors.Is(err, auth.InvalidCredentials) {
				guessed++
			} else {
				wants(t, err, auth.RateLimited)
			}
		}
		h.pass(time.Minute)
	}
	// A hundred at once, and one more each 36 seconds.
	if guessed != 108 {
		t.Errorf("%d guesses in five minutes, not 108", guessed)
	}
}

// An uncounting store can't count attempts.
type uncounting struct{ auth.Store }

var errUncounted = errors.New("no attempts are counted")

func (uncounting) ReserveAttempts(context.Context, []auth.Meter, time.Time) ([]auth.RefusedMeter, error) {
	return nil, errUncounted
}

// A leaver hangs up once its attempt is counted, and the store takes none back.
type leaver struct {
	auth.Store
	hangUp context.CancelFunc
}

func (l leaver) ReserveAttempts(ctx context.Context, meters []auth.Meter, now time.Time) ([]auth.RefusedMeter, error) {
	defer l.hangUp()
	return l.Store.ReserveAttempts(ctx, meters, now)
}

func (leaver) ReleaseAttempts(context.Context, []auth.Meter, []auth.Meter) error {
	return errUncounted
}

func TestAttemptsThatCantBeGivenBackAreLoggedAndDontHideWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	ctx, hangUp := context.WithCancel(h.ctx)
	o := h.options
	o.Store = leaver{o.Store, hangUp}
	_, err := auth.New(o).Login(ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
	if !errors.Is(err, context.Canceled) || errors.Is(err, errUncounted) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(h.log.String(), errUncounted.Error()) {
		t.Errorf("the log: %s", h.log)
	}
}

// TestWhereAttemptsCantBeCountedNoneIsMade: guesses that are let through while the
// counters fail are guesses without end.
func TestWhereAttemptsCantBeCountedNoneIsMade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("ada@example.org")
	signedIn := h.signedIn("ada@example.org")
	r := h.register("new@example.org")
	letter := h.letter()
	o := h.options
	o.Store = uncounting{o.Store}
	s := auth.New(o)
	p := password
	for name, try := range map[string]func() error{
		"login": func() error {
			_, err := s.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "ada@example.org", Password: password})
			return err
		},
		"reauthenticate": func() error {
			_, err := s.Reauthenticate(h.ctx, signedIn, password)
			return err
		},
		"change of password": func() error {
			_, err := s.ChangePassword(h.ctx, signedIn, auth.ChangePasswordInput{CurrentPassword: password, NewPassword: another})
			return err
		},
		"activation by digits": func() error {
			_, err := s.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &letter.Code, Flow: &r.Flow})
			return err
		},
		"activation by password": func() error {
			_, err := s.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token, Password: &p})
			return err
		},
		"activation on the page": func() error {
			_, err := s.ActivateOnly(h.ctx, h.stranger(), letter.Token, password)
			return err
		},
		"register": func() error {
			_, err := s.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "more@example.org", Password: password})
			return err
		},
		"resend": func() error {
			_, err := s.ResendActivation(h.ctx, h.stranger(), auth.ResendActivationInput{Email: "new@example.org"})
			return err
		},
		"reset": func() error {
			_, err := s.RequestPasswordReset(h.ctx, h.stranger(), "ada@example.org")
			return err
		},
		"username reset": func() error {
			_, err := s.RequestUsernameReset(h.ctx, h.stranger(), "ada@example.org")
			return err
		},
		"change of address": func() error {
			_, err := s.RequestEmailChange(h.ctx, signedIn, "elsewhere@example.org")
			return err
		},
	} {
		before := rows(t, h)
		_, hashes := h.counted(func() {
			if err := try(); !errors.Is(err, errUncounted) {
				t.Errorf("%s: got %v", name, err)
			}
		})
		if hashes != 0 {
			t.Errorf("%s: %d hashes", name, hashes)
		}
		if rows(t, h) != before {
			t.Errorf("%s: something was written", name)
		}
	}
}

// TestWrongPasswordsOfOneClientAreFewWhereverTheyAreTyped: each is at another
// account, so that only the client can be counted.
func TestWrongPasswordsOfOneClientAreFewWhereverTheyAreTyped(t *testing.T) {
	t.Parallel()
	const accounts = 21
	sessions := func(h *house) []auth.Caller {
		all := make([]auth.Caller, accounts)
		for i := range all {
			all[i] = h.newcomer(fmt.Sprintf("u%d@example.org", i))
		}
		return all
	}
	letters := func(h *house) []auth.Letter {
		for i := range accounts {
			_, err := h.Register(h.ctx, h.from(fmt.Sprintf("192.0.2.%d", i)), auth.RegisterInput{Email: fmt.Sprintf("u%d@example.org", i), Password: password})
			ok(h.t, err)
		}
		return h.letters()
	}
	wrong := another
	for name, prepare := range map[string]func(h *house) func(i int, c auth.Client) error{
		"login": func(h *house) func(i int, c auth.Client) error {
			return func(i int, c auth.Client) error {
				_, err := h.Login(h.ctx, auth.Caller{Client: c}, auth.LoginInput{Identifier: fmt.Sprintf("u%d@example.org", i), Password: wrong})
				return err
			}
		},
		"login from a known network": func(h *house) func(i int, c auth.Client) error {
			for i := range sessions(h) {
				_, err := h.Login(h.ctx, h.beside(), auth.LoginInput{Identifier: fmt.Sprintf("u%d@example.org", i), Password: password})
				ok(h.t, err)
			}
			return func(i int, c auth.Client) error {
				_, err := h.Login(h.ctx, auth.Caller{Client: c}, auth.LoginInput{Identifier: fmt.Sprintf("u%d@example.org", i), Password: wrong})
				return err
			}
		},
		"reauthenticate": func(h *house) func(i int, c auth.Client) error {
			all := sessions(h)
			return func(i int, c auth.Client) error {
				caller := all[i]
				caller.Client = c
				_, err := h.Reauthenticate(h.ctx, caller, wrong)
				return err
			}
		},
		"change of password": func(h *house) func(i int, c auth.Client) error {
			all := sessions(h)
			return func(i int, c auth.Client) error {
				caller := all[i]
				caller.Client = c
				_, err := h.ChangePassword(h.ctx, caller, auth.ChangePasswordInput{CurrentPassword: wrong, NewPassword: "four green umbrellas"})
				return err
			}
		},
		"activate": func(h *house) func(i int, c auth.Client) error {
			all := letters(h)
			return func(i int, c auth.Client) error {
				_, err := h.Activate(h.ctx, auth.Caller{Client: c}, auth.ActivateInput{Token: &all[i].Token, Password: &wrong})
				return err
			}
		},
		"activate on the page": func(h *house) func(i int, c auth.Client) error {
			all := letters(h)
			return func(i int, c auth.Client) error {
				_, err := h.ActivateOnly(h.ctx, auth.Caller{Client: c}, all[i].Token, wrong)
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			try := prepare(h)
			for i := range accounts - 1 {
				wants(t, try(i, h.walking(i).Client), auth.InvalidCredentials)
			}
			waits(t, try(accounts-1, h.walking(accounts).Client), 3*time.Second)
			wants(t, try(accounts-1, h.beside().Client), auth.InvalidCredentials)
		})
	}
}
