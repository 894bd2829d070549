package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse/auth"
)

func TestAStrangerWhoRegistersAnAddressGainsNothingFromItsOwnersClick(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.register("owner@example.org")
	letter := h.letter()

	// The owner clicks; the page posts the link's token, and knows neither the
	// stranger's flow nor the stranger's password.
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token})
	wants(t, err, auth.InvalidInput)
	own := "a password of the owner's"
	_, err = h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token, Password: &own})
	wants(t, err, auth.InvalidCredentials)
	_, err = h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: "owner@example.org", Password: password})
	wants(t, err, auth.InvalidCredentials)
}

func TestOneOfManyAttemptsAtAnAddressBecomesAUser(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		h := newHouse(t, unlimited)
		var flows sync.Map
		together(20, func(i int) {
			email := "Twice@example.org"
			if i%2 == 0 {
				email = "tWICE@EXAMPLE.org"
			}
			c := h.from(fmt.Sprintf("198.51.%d.7", i))
			r, err := h.Register(h.ctx, c, auth.RegisterInput{Email: email, Password: password})
			if err != nil {
				t.Error(err)
			}
			flows.Store(i, r.Flow)
		})
		letters := h.letters()
		if len(letters) != 20 {
			t.Fatalf("%d letters", len(letters))
		}
		var users atomic.Int32
		together(len(letters), func(i int) {
			p := password
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letters[i].Token, Password: &p})
			if err == nil {
				users.Add(1)
			} else {
				wants(t, err, auth.InvalidToken)
			}
		})
		if users.Load() != 1 {
			t.Fatalf("round %d: %d users", round, users.Load())
		}
	}
}

func TestAVoidFlowCountsTriesLikeAGoodOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("taken@example.org")
	answers := func(email string) string {
		flow := h.register(email).Flow
		var said []string
		for range 7 {
			code := "not a code"
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &code, Flow: &flow})
			said = append(said, err.Error())
		}
		return strings.Join(said, " ")
	}
	if taken, free := answers("taken@example.org"), answers("free@example.org"); taken != free {
		t.Errorf("an address with an account answers\n%s\nand one without\n%s", taken, free)
	}
}

func TestRegisteringAgainBuysNoMoreGuessesAtTheDigits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	code, tried := "not a code", 0
	for i := range 3 {
		r, err := h.Register(h.ctx, h.from(fmt.Sprintf("198.51.%d.7", i)), auth.RegisterInput{Email: "owner@example.org", Password: password})
		ok(t, err)
		for j := range 5 {
			_, err := h.Activate(h.ctx, h.from(fmt.Sprintf("198.51.%d.%d", i, 100+j)), auth.ActivateInput{Code: &code, Flow: &r.Flow})
			if err == auth.InvalidCredentials {
				tried++
			}
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses were compared", tried)
	}
}

func TestNobodyPushesOutAnothersAttempt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	first := h.register("owner@example.org")
	letter := h.letter()
	for range 10 {
		_, err := h.Register(h.ctx, h.from("198.51.100.1"), auth.RegisterInput{Email: "owner@example.org", Password: "nine silent harbours"})
		ok(t, err)
	}
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letter.Token, Flow: &first.Flow})
	ok(t, err)
	// The others' links are overtaken.
	for _, l := range h.letters() {
		p := "nine silent harbours"
		_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &l.Token, Password: &p})
		wants(t, err, auth.InvalidToken)
	}
}

func TestOfOneNetworkTheNewestFiveAttemptsAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	var letters []auth.Letter
	for range 6 {
		h.pass(time.Second)
		h.register("owner@example.org")
		letters = append(letters, h.letter())
	}
	p := "not what was chosen"
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letters[0].Token, Password: &p})
	wants(t, err, auth.InvalidToken)
	_, err = h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Token: &letters[1].Token, Password: &p})
	wants(t, err, auth.InvalidCredentials)
}

func TestBeyondTheLimitsLettersAreVoidAndAnswersTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 5 {
		if r := h.register("owner@example.org"); r.Flow == "" || r.Email != "owner@example.org" {
			t.Errorf("answer %+v", r)
		}
	}
	if n := len(h.letters()); n != 3 {
		t.Errorf("%d letters in an hour, not 3", n)
	}
}

func TestARegistrationThatWasNeverHashedBuysNoLetter(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Limits.RegisterPerAddress = nil })
	for range 3 {
		h.register("owner@example.org")
	}
	if n := len(h.letters()); n != 3 {
		t.Fatalf("%d letters in an hour, not 3", n)
	}
	for range 5 {
		// Gone before the hash: the attempt is given back, to the limits that
		// counted it and to no other.
		ctx, leave := context.WithCancel(h.ctx)
		h.watch(func(statement string) {
			if strings.Contains(statement, "users") {
				leave()
			}
		})
		_, err := h.Register(ctx, h.stranger(), auth.RegisterInput{Email: "owner@example.org", Password: password})
		h.watch(nil)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("it was not cut off: %v", err)
		}
		h.register("owner@example.org")
	}
	if n := len(h.letters()); n != 0 {
		t.Errorf("%d letters beyond the limit", n)
	}
}

func TestAFlowThatWasPushedOutTellsNothingOfAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("taken@example.org")
	said := map[string]string{}
	for _, email := range []string{"taken@example.org", "free@example.org"} {
		var flows []string
		for range 7 {
			flows = append(flows, h.register(email).Flow)
			h.pass(25 * time.Minute) // within every limit
		}
		// The tries of an address are counted over all its flows: whether an old
		// one is still known can be seen once they are used up.
		for range 6 {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: new("guess!"), Flow: &flows[6]})
			said[email] += err.Error() + " "
		}
		for _, flow := range flows {
			_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: new("guess!"), Flow: &flow})
			said[email] += err.Error() + " "
		}
	}
	if said["taken@example.org"] != said["free@example.org"] {
		t.Errorf("%v", said)
	}
}

func TestClosedRegistrationIsDisabled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *auth.Options) { o.Settings.RegistrationOpen = false })
	_, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: "a@example.org", Password: password})
	wants(t, err, auth.Disabled)
}

// together runs f n times, released at once.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			f(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func TestABurstOfRequestsTakesNoMoreOfTheDaysLettersThanItSent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("owner@example.org")
	for range 10 {
		_, err := h.RequestPasswordReset(h.ctx, h.from("198.51.100.1"), "owner@example.org")
		ok(t, err)
	}
	if n := len(h.letters()); n != 3 {
		t.Fatalf("%d letters in a burst, not 3", n)
	}
	h.pass(20 * time.Minute)
	_, err := h.RequestPasswordReset(h.ctx, h.stranger(), "owner@example.org")
	ok(t, err)
	h.letter()
}

func TestDigitsMayBeTypedAsTheLetterShowsThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	flow := h.register("ada@example.org").Flow
	digits := h.letter().Code
	shown := digits[:3] + " " + digits[3:]
	_, err := h.Activate(h.ctx, h.stranger(), auth.ActivateInput{Code: &shown, Flow: &flow})
	ok(t, err)
}
