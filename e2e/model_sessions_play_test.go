package e2e

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// What is asked about sessions.

func (p *play) login(t *rapid.T) {
	identifier := rapid.SampledFrom(slices.Concat(p.addresses, p.usernames)).Draw(t, "identifier")
	if len(p.m.users) > 0 && rapid.Bool().Draw(t, "somebody") {
		identifier = p.m.users[rapid.IntRange(0, len(p.m.users)-1).Draw(t, "who")].address
	}
	password, agent := p.password(t), p.agent(t)
	if u := p.m.userByIdentifier(identifier); u != nil && u.password != "" && rapid.Bool().Draw(t, "right") {
		password = u.password
	}
	a, want := p.ask("login", "", agent, map[string]any{"identifier": identifier, "password": password}, func() outcome {
		return p.m.login(identifier, password, agent)
	})
	p.settle(t, "login", a, want)
}

func (p *play) refresh(t *rapid.T) {
	token, agent := p.refreshToken(t), p.agent(t)
	input := map[string]any{"refreshToken": token.text}
	key := rapid.SampledFrom([]string{"", "key one", "key two"}).Draw(t, "key")
	if key != "" {
		input["idempotencyKey"] = key
	}
	a, want := p.ask("refresh", "", agent, input, func() outcome { return p.m.refresh(token, agent, key) })
	p.settle(t, "refresh", a, want)
}

func (p *play) logout(t *rapid.T) {
	var session *modelSession
	var bearer string
	var input map[string]any
	if rapid.Bool().Draw(t, "by refresh token") {
		token := p.refreshToken(t)
		session, input = token.session, map[string]any{"refreshToken": token.text}
	} else if token := p.accessToken(t); token.session != nil && p.m.now.Sub(token.issued) < 24*time.Hour {
		// One that is older may be of a key that is forgotten: then it is as good
		// as forged, and ends nothing.
		session, bearer = token.session, token.text
	}
	a, want := p.ask("logout", bearer, "", input, func() outcome { return p.m.logout(session) })
	p.settle(t, "logout", a, want)
}

func (p *play) me(t *rapid.T) {
	token := p.accessToken(t)
	a, want := p.ask("me", token.text, "", nil, func() outcome { return refused(p.m.guarded(token, false)) })
	p.settle(t, "me", a, want)
	if want.code == "" && a.text("me.email") != token.session.user.address {
		t.Fatalf("me is %s, and not %s", a.text("me.email"), token.session.user.address)
	}
}

func (p *play) sessions(t *rapid.T) {
	token := p.accessToken(t)
	a, want := p.ask("sessions", token.text, "", nil, func() outcome { return refused(p.m.guarded(token, false)) })
	p.settle(t, "sessions", a, want)
	if want.code != "" {
		return
	}
	var wanted, shown []string
	for _, s := range p.m.living(token.session.user) {
		wanted = append(wanted, s.id+fmt.Sprint(s == token.session))
	}
	for i := range a.at("me.sessions").([]any) {
		at := fmt.Sprintf("me.sessions.%d.", i)
		shown = append(shown, a.text(at+"id")+a.text(at+"current"))
	}
	slices.Sort(wanted)
	slices.Sort(shown)
	if !slices.Equal(wanted, shown) {
		t.Fatalf("sessions are %v, and not %v", shown, wanted)
	}
}

func (p *play) verify(t *rapid.T) {
	var text string
	var good func() bool
	if rapid.Bool().Draw(t, "a refresh token") {
		token := p.refreshToken(t)
		text, good = token.text, func() bool { return p.m.alive(token) }
	} else {
		token := p.accessToken(t)
		text, good = token.text, func() bool { return p.m.good(token) }
	}
	var active bool
	a, want := p.ask("verifyToken", "", "", map[string]any{"token": text}, func() outcome {
		active = good()
		return outcome{}
	})
	p.settle(t, "verifyToken", a, want)
	if a.text("verifyToken.active") != fmt.Sprint(active) {
		t.Fatalf("a token that is good (%v) is verified as %s", active, a.raw)
	}
}

func (p *play) reauthenticate(t *rapid.T) {
	token, password := p.accessToken(t), p.password(t)
	if s := token.session; s != nil && s.user.password != "" && rapid.Bool().Draw(t, "right") {
		password = s.user.password
	}
	a, want := p.ask("reauthenticate", token.text, "", map[string]any{"password": password}, func() outcome {
		return p.m.reauthenticate(token, password)
	})
	p.settle(t, "reauthenticate", a, want)
}

func (p *play) revoke(t *rapid.T) {
	token := p.accessToken(t)
	var target *modelSession
	id := "01890a5d-ac96-774b-bcce-b302099a8057"
	lives := func(s *modelSession) bool { return s.ended == "" }
	if target = choose(t, "session", p.m.sessions, lives, nil); target != nil {
		id = target.id
	}
	a, want := p.ask("revokeSession", token.text, "", map[string]any{"sessionId": id}, func() outcome {
		return p.m.revoke(token, target)
	})
	p.settle(t, "revokeSession", a, want)
}

func (p *play) revokeOthers(t *rapid.T) {
	token := p.accessToken(t)
	a, want := p.ask("revokeOtherSessions", token.text, "", nil, func() outcome { return p.m.revokeOthers(token) })
	p.settle(t, "revokeOtherSessions", a, want)
}
