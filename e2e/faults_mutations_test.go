package e2e

import (
	"strings"
	"testing"
	"time"

	"gatehouse/mail/mailtest"
)

// A mutant is a mutation that is ready to be asked: the client, and the input.
type mutant struct {
	client *client
	input  map[string]any
}

// mutants prepare every mutation of the schema for one address of a world, such
// that it writes as much as it can.
func mutants() map[string]func(o owner) mutant {
	return map[string]func(o owner) mutant{
		"register": func(o owner) mutant {
			return o.stranger(map[string]any{"email": o.address, "password": password, "username": o.name})
		},
		"activate": func(o owner) mutant {
			flow, token, _ := o.registered()
			return o.stranger(map[string]any{"token": token, "flow": flow})
		},
		"resendActivation": func(o owner) mutant {
			flow, _, _ := o.registered()
			return o.stranger(map[string]any{"email": o.address, "flow": flow})
		},
		"declineRegistration": func(o owner) mutant {
			_, _, decline := o.registered()
			return o.stranger(map[string]any{"token": decline})
		},
		"login": func(o owner) mutant {
			o.account()
			return o.stranger(map[string]any{"identifier": o.address, "password": password})
		},
		"refresh": func(o owner) mutant {
			_, refresh := o.signedIn()
			return o.stranger(map[string]any{"refreshToken": refresh, "idempotencyKey": "the same each time"})
		},
		"logout": func(o owner) mutant {
			_, refresh := o.signedIn()
			return o.stranger(map[string]any{"refreshToken": refresh})
		},
		"reauthenticate": func(o owner) mutant {
			c, _ := o.signedIn()
			o.wait(time.Minute)
			return mutant{c, map[string]any{"password": password}}
		},
		"revokeSession": func(o owner) mutant {
			c, _ := o.signedIn()
			return mutant{c, map[string]any{"sessionId": o.login().text("login.session.id")}}
		},
		"revokeOtherSessions": func(o owner) mutant {
			c, _ := o.signedIn()
			o.login()
			return mutant{c, nil}
		},
		"requestPasswordReset": func(o owner) mutant {
			o.account()
			return o.stranger(map[string]any{"email": o.address})
		},
		"resetPassword": func(o owner) mutant {
			o.signedIn()
			o.ask("requestPasswordReset", map[string]any{"email": o.address})
			return o.stranger(map[string]any{"token": o.link(o.address, "/reset?"), "newPassword": another})
		},
		"changePassword": func(o owner) mutant {
			o.account()
			o.login()
			c, _ := o.again()
			return mutant{c, map[string]any{"currentPassword": password, "newPassword": another}}
		},
		"updateProfile": func(o owner) mutant {
			c, _ := o.signedIn()
			return mutant{c, map[string]any{"name": "Ada", "phone": "+442079460958"}}
		},
		"changeUsername": func(o owner) mutant {
			c, _ := o.signedIn()
			return mutant{c, map[string]any{"username": o.name}}
		},
		"requestUsernameReset": func(o owner) mutant {
			o.account()
			return o.stranger(map[string]any{"email": o.address})
		},
		"resetUsername": func(o owner) mutant {
			o.account()
			o.ask("requestUsernameReset", map[string]any{"email": o.address})
			return o.stranger(map[string]any{"token": o.link(o.address, "/reset-username?"), "username": o.name})
		},
		"requestEmailChange": func(o owner) mutant {
			c, _ := o.signedIn()
			return mutant{c, map[string]any{"newEmail": "new." + o.address}}
		},
		"confirmEmailChange": func(o owner) mutant {
			o.account()
			o.login()
			return o.stranger(map[string]any{"token": o.asksToMove("new." + o.address)})
		},
		"revertEmailChange": func(o owner) mutant {
			o.account()
			o.ask("confirmEmailChange", map[string]any{"token": o.asksToMove("new." + o.address)})
			return o.stranger(map[string]any{"token": o.link(o.address, "/revert-email?")})
		},
		"exportAccount": func(o owner) mutant {
			c, _ := o.signedIn()
			return mutant{c, nil}
		},
		"deleteAccount": func(o owner) mutant {
			c, _ := o.signedIn()
			o.ask("requestPasswordReset", map[string]any{"email": o.address})
			return mutant{c, nil}
		},
	}
}

// An owner is somebody with an address of their own in a world.
type owner struct {
	t             *testing.T
	w             *world
	name, address string
}

func (o owner) stranger(input map[string]any) mutant { return mutant{o.w.client(), input} }

// ask asks for what the test stands on.
func (o owner) ask(operation string, input map[string]any) answer {
	o.t.Helper()
	a := o.w.client().ask(operation, input)
	if a.code() != "" {
		o.t.Fatalf("%s for %s: %v", operation, o.name, a.errors())
	}
	return a
}

func (o owner) account() {
	o.t.Helper()
	if err := o.w.createUser(o.address, password); err != nil {
		o.t.Fatal(err)
	}
}

func (o owner) login() answer {
	o.t.Helper()
	return o.ask("login", map[string]any{"identifier": o.address, "password": password})
}

// again is a further sign-in.
func (o owner) again() (c *client, refresh string) {
	o.t.Helper()
	a := o.login()
	c = o.w.client()
	c.token = a.text("login.tokens.accessToken")
	return c, a.text("login.tokens.refreshToken")
}

func (o owner) signedIn() (c *client, refresh string) {
	o.t.Helper()
	o.account()
	return o.again()
}

func (o owner) registered() (flow, token, decline string) {
	o.t.Helper()
	flow = o.ask("register", map[string]any{"email": o.address, "password": password, "username": o.name}).text("register.flow")
	letter := o.nextLetter(o.address)
	return flow, tokenOf(o.t, letter.Text), notMeOf(o.t, letter.Text)
}

// asksToMove is the token that confirms the move.
func (o owner) asksToMove(to string) string {
	o.t.Helper()
	c, _ := o.again()
	if a := c.ask("requestEmailChange", map[string]any{"newEmail": to}); a.code() != "" {
		o.t.Fatalf("requestEmailChange for %s: %v", o.name, a.errors())
	}
	return o.link(to, "/confirm-email?")
}

// link is the token of the next letter that leads to the page.
func (o owner) link(to, page string) string {
	o.t.Helper()
	for {
		letter := o.nextLetter(to)
		if strings.Contains(letter.Link(), page) {
			return tokenOf(o.t, letter.Text)
		}
	}
}

// nextLetter tries again, since each connection that was ended before is met once.
func (o owner) nextLetter(to string) (letter mailtest.Letter) {
	o.t.Helper()
	eventually(o.t, "the next letter to "+to, func() (came bool) {
		var err error
		letter, err = o.w.nextLetter(to)
		return err == nil
	})
	return letter
}

func (o owner) wait(d time.Duration) {
	o.t.Helper()
	if err := o.w.pass(d); err != nil {
		o.t.Fatal(err)
	}
}
