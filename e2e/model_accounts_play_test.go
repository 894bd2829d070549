package e2e

import (
	"context"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"gatehouse/auth"
)

// What is asked about accounts.

func (p *play) register(t *rapid.T, address, password, username string) {
	input := map[string]any{"email": address, "password": password}
	if username != "" {
		input["username"] = username
	}
	var r *modelRegistration
	a, want := p.ask("register", "", "", input, func() (o outcome) {
		o, r = p.m.register(address, password, username)
		return o
	})
	if r != nil {
		r.flow = a.text("register.flow")
	}
	p.settle(t, "register", a, want)
}

func (p *play) resend(t *rapid.T) {
	address, flow := p.address(t), ""
	input := map[string]any{"email": address}
	if rapid.Bool().Draw(t, "with flow") {
		flow = p.flow(t)
		input["flow"] = flow
	}
	a, want := p.ask("resendActivation", "", "", input, func() outcome { return p.m.resend(address, flow) })
	p.settle(t, "resendActivation", a, want)
}

func (p *play) decline(t *rapid.T) {
	token := p.link(t, "decline")
	a, want := p.ask("declineRegistration", "", "", map[string]any{"token": token}, func() outcome { return p.m.decline(token) })
	p.settle(t, "declineRegistration", a, want)
}

func (p *play) activateByCode(t *rapid.T) {
	flow, code, agent := p.flow(t), "guess!", p.agent(t)
	if r := p.m.byFlow(flow); r != nil && r.code != "" && rapid.IntRange(0, 3).Draw(t, "guess") > 0 {
		code = r.code
	}
	a, want := p.ask("activate", "", agent, map[string]any{"flow": flow, "code": code}, func() outcome {
		return p.m.activateByCode(flow, code, agent)
	})
	p.settle(t, "activate", a, want)
}

func (p *play) activateByLink(t *rapid.T, token, flow, password string) {
	input := map[string]any{"token": token}
	if flow != "" {
		input["flow"] = flow
	} else {
		input["password"] = password
	}
	a, want := p.ask("activate", "", playAgents[0], input, func() outcome {
		return p.m.activateByLink(token, flow, password, playAgents[0])
	})
	p.settle(t, "activate", a, want)
}

func (p *play) requestReset(t *rapid.T, operation, purpose, subject string) {
	address := p.address(t)
	a, want := p.ask(operation, "", "", map[string]any{"email": address}, func() outcome {
		return p.m.requestReset(address, purpose, subject)
	})
	p.settle(t, operation, a, want)
}

func (p *play) resetPassword(t *rapid.T) {
	token, password := p.link(t, "reset"), p.password(t)
	a, want := p.ask("resetPassword", "", "", map[string]any{"token": token, "newPassword": password}, func() outcome {
		return p.m.resetPassword(token, password)
	})
	p.settle(t, "resetPassword", a, want)
}

func (p *play) changePassword(t *rapid.T) {
	token, current, password := p.accessToken(t), p.password(t), p.password(t)
	if s := token.session; s != nil && s.user.password != "" && rapid.Bool().Draw(t, "right") {
		current = s.user.password
	}
	a, want := p.ask("changePassword", token.text, "", map[string]any{"currentPassword": current, "newPassword": password}, func() outcome {
		return p.m.changePassword(token, current, password)
	})
	p.settle(t, "changePassword", a, want)
}

func (p *play) changeUsername(t *rapid.T) {
	token, username := p.accessToken(t), p.username(t)
	a, want := p.ask("changeUsername", token.text, "", map[string]any{"username": username}, func() outcome {
		return p.m.changeUsername(token, username)
	})
	p.settle(t, "changeUsername", a, want)
}

func (p *play) resetUsername(t *rapid.T) {
	token, username := p.link(t, "username"), p.username(t)
	a, want := p.ask("resetUsername", "", "", map[string]any{"token": token, "username": username}, func() outcome {
		return p.m.resetUsername(token, username)
	})
	p.settle(t, "resetUsername", a, want)
}

func (p *play) updateProfile(t *rapid.T) {
	token := p.accessToken(t)
	name := rapid.SampledFrom([]string{"", "Ada", "Bob"}).Draw(t, "name")
	a, want := p.ask("updateProfile", token.text, "", map[string]any{"name": name}, func() outcome {
		return refused(p.m.guarded(token, false))
	})
	p.settle(t, "updateProfile", a, want)
	if want.code != "" {
		return
	}
	user := token.session.user
	user.name = name
	if got := a.text("updateProfile.user.name") + "/" + a.text("updateProfile.user.username"); got != user.name+"/"+user.username {
		t.Fatalf("the profile is %s, and not %s/%s", got, user.name, user.username)
	}
}

func (p *play) export(t *rapid.T) {
	token := p.accessToken(t)
	a, want := p.ask("exportAccount", token.text, "", nil, func() outcome { return refused(p.m.guarded(token, true)) })
	p.settle(t, "exportAccount", a, want)
	if want.code != "" {
		return
	}
	user := token.session.user
	if a.text("exportAccount.account.user.email") != user.address || a.text("exportAccount.account.user.name") != user.name {
		t.Fatalf("exported is %s", a.raw)
	}
	for _, other := range p.addresses {
		if !slices.Contains(user.addresses, other) && strings.Contains(string(a.raw), other) {
			t.Fatalf("the account of %s is exported with %s in it", user.address, other)
		}
	}
}

func (p *play) delete(t *rapid.T) {
	token := p.accessToken(t)
	a, want := p.ask("deleteAccount", token.text, "", nil, func() outcome { return p.m.deleteAccount(token) })
	p.settle(t, "deleteAccount", a, want)
}

func (p *play) requestEmailChange(t *rapid.T) {
	token, address := p.accessToken(t), p.address(t)
	if rapid.Bool().Draw(t, "a free one") {
		for _, address = range p.addresses {
			if holder, _ := p.m.holder(address); holder == nil {
				break
			}
		}
	}
	p.moveTo(t, token, address)
}

func (p *play) moveTo(t *rapid.T, token modelAccessToken, address string) {
	a, want := p.ask("requestEmailChange", token.text, "", map[string]any{"newEmail": address}, func() outcome {
		return p.m.requestEmailChange(token, address)
	})
	p.settle(t, "requestEmailChange", a, want)
}

func (p *play) confirmEmailChange(t *rapid.T) {
	link, bearer := p.link(t, "change"), modelAccessToken{}
	if rapid.Bool().Draw(t, "signed in") {
		bearer = p.accessToken(t)
	}
	p.confirm(t, link, bearer)
}

func (p *play) confirm(t *rapid.T, link string, bearer modelAccessToken) {
	a, want := p.ask("confirmEmailChange", bearer.text, "", map[string]any{"token": link}, func() outcome {
		return p.m.confirmEmailChange(link, bearer)
	})
	p.settle(t, "confirmEmailChange", a, want)
}

func (p *play) revertEmailChange(t *rapid.T) {
	link := p.link(t, "revert")
	a, want := p.ask("revertEmailChange", "", "", map[string]any{"token": link}, func() outcome {
		return p.m.revertEmailChange(link)
	})
	p.settle(t, "revertEmailChange", a, want)
}

// What an operator does at the command line.

func (p *play) create(t *rapid.T) {
	address := p.address(t)
	if rapid.IntRange(0, 3).Draw(t, "not today") > 0 {
		return
	}
	want, free := p.m.create(address)
	_, err := p.w.server.Auth().CreateUser(context.Background(), auth.CreateUserInput{Email: address})
	if (err == nil) != free {
		t.Fatalf("creating %s: %v, where it is free: %v", address, err, free)
	}
	p.readLetters(t, "user create", want.letters...)
}

func (p *play) suspend(t *rapid.T) {
	address := p.address(t)
	if rapid.IntRange(0, 2).Draw(t, "not today") > 0 {
		return
	}
	known := p.m.suspend(address)
	if err := p.w.suspendUser(address); (err == nil) != known {
		t.Fatalf("suspending %s: %v, where it is known: %v", address, err, known)
	}
	p.readLetters(t, "user suspend")
}

func (p *play) pass(t *rapid.T) {
	d := rapid.SampledFrom([]time.Duration{
		time.Second, 3 * time.Second, 9 * time.Second, 11 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
		11 * time.Minute, 50 * time.Minute, time.Hour, 25 * time.Hour, 13 * 24 * time.Hour, 14 * 24 * time.Hour, 40 * 24 * time.Hour,
	}).Draw(t, "time")
	if err := p.w.pass(d); err != nil {
		t.Fatal(err)
	}
	p.readLetters(t, "time")
}
