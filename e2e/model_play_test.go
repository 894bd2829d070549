package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gatehouse/mail/mailtest"
)

// TestRandomStoriesGoAsTheModelSays lets chance tell stories, and holds every
// answer and every letter of them to the model. More of them, and longer ones:
//
//	go test ./e2e -run TestRandomStories -rapid.checks=2000 -rapid.steps=100
func TestRandomStoriesGoAsTheModelSays(t *testing.T) {
	t.Parallel()
	asked := &asking{successes: map[string]int{}}
	t.Cleanup(func() {
		t.Logf("%d stories: %v", asked.stories, asked.successes)
		// What chance never brought about is not shown to be right. A stream is no
		// answer that a model could be asked for.
		for _, operation := range rootFields(t) {
			if operation != "settings" && operation != "sessionEnded" && asked.stories >= 200 && asked.successes[operation] == 0 {
				t.Errorf("no story asked %s with success", operation)
			}
		}
	})
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{database: database(t), settings: []string{
				"GATEHOUSE_RATE_LIMITS=off", fmt.Sprintf("GATEHOUSE_SESSIONS_PER_USER=%d", modelSessions),
			}})
			rapid.Check(t, func(t *rapid.T) {
				newPlay(t, w, asked).run(t)
			})
		})
	}
}

// An asking counts over all stories.
type asking struct {
	mu        sync.Mutex
	stories   int
	successes map[string]int
}

func (a *asking) begin() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stories++
	return a.stories
}

func (a *asking) succeeded(operation string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.successes[operation]++
}

// A play is one story: a world, the model of what it should know, and what of it
// has come to light.
type play struct {
	w         *world
	m         *model
	asked     *asking
	addresses []string
	usernames []string
}

// What people choose from.
var (
	playPasswords = []string{"seven bright lanterns", "nine silent harbours", "four green umbrellas"}
	playAgents    = []string{"story/1.0", "story/2.0"}
)

func newPlay(t *rapid.T, w *world, asked *asking) *play {
	story := asked.begin()
	p := &play{w: w, m: &model{now: w.clock()}, asked: asked}
	for i := range 5 {
		// Names that nobody had in the stories before, of which the world still
		// knows.
		p.addresses = append(p.addresses, fmt.Sprintf("p%d.s%d@example.org", i, story))
		p.usernames = append(p.usernames, fmt.Sprintf("name%d_%d", i, story))
	}
	// Most of what can happen happens to accounts.
	p.register(t, p.addresses[0], playPasswords[0], p.usernames[0])
	p.activateByLink(t, p.m.links[0].token, p.m.registrations[0].flow, "")
	if rapid.Bool().Draw(t, "has moved") {
		asker := p.m.sessions[0].accessTokens[0]
		p.moveTo(t, asker, p.addresses[1])
		p.confirm(t, p.m.links[len(p.m.links)-1].token, asker)
	}
	return p
}

func (p *play) run(t *rapid.T) {
	actions := map[string]func(*rapid.T){
		"register": func(t *rapid.T) {
			p.register(t, p.address(t), p.password(t), rapid.SampledFrom(slices.Concat([]string{""}, p.usernames)).Draw(t, "username"))
		},
		"resend": p.resend, "decline": p.decline, "decline again": p.decline,
		"activate by code": p.activateByCode,
		"activate by link": func(t *rapid.T) {
			flow, password := p.flow(t), ""
			if rapid.Bool().Draw(t, "elsewhere") {
				flow, password = "", p.password(t)
			}
			p.activateByLink(t, p.link(t, "activate"), flow, password)
		},
		"login": p.login, "login again": p.login,
		"refresh": p.refresh, "refresh again": p.refresh, "refresh once more": p.refresh,
		"logout": p.logout, "me": p.me, "sessions": p.sessions, "verify": p.verify,
		"reauthenticate": p.reauthenticate, "revoke": p.revoke, "revoke others": p.revokeOthers,
		"ask for a reset": func(t *rapid.T) {
			p.requestReset(t, "requestPasswordReset", "reset", "Choose a new password")
		},
		"reset":           p.resetPassword,
		"change password": p.changePassword,
		"ask for a username": func(t *rapid.T) {
			p.requestReset(t, "requestUsernameReset", "username", "Choose a username")
		},
		"reset username": p.resetUsername, "change username": p.changeUsername,
		"update profile": p.updateProfile, "export": p.export, "delete": p.delete,
		"ask for an address": p.requestEmailChange, "ask for another address": p.requestEmailChange,
		"confirm an address": p.confirmEmailChange, "confirm another": p.confirmEmailChange,
		"take an address back": p.revertEmailChange, "take another back": p.revertEmailChange,
		"an operator creates": p.create, "an operator suspends": p.suspend,
		"time passes": p.pass, "more time passes": p.pass,
	}
	// Twice, since half of a story is over before anything stands that could go
	// wrong.
	t.Repeat(actions)
	t.Repeat(actions)
}

// ask moves the clock on a little, so that nothing happens at one instant that
// happens one after the other, and asks.
func (p *play) ask(operation, token, agent string, input map[string]any, decide func() outcome) (answer, outcome) {
	p.w.mu.Lock()
	p.w.now = p.w.now.Add(time.Millisecond)
	p.m.now = p.w.now
	p.w.mu.Unlock()
	want := decide()
	c := p.w.client()
	c.token, c.userAgent = token, agent
	return c.ask(operation, input), want
}

// settle compares the answer and the letters with what the model says, and
// learns from them.
func (p *play) settle(t *rapid.T, operation string, a answer, want outcome) {
	if a.code() != want.code {
		t.Fatalf("%s answers %q, and not %q: %s", operation, a.code(), want.code, a.raw)
	}
	if want.code == "" {
		p.asked.succeeded(operation)
	}
	if want.code == "" && strings.Contains(string(a.raw), "sessionsEnded") && a.text(operation+".sessionsEnded") != fmt.Sprint(want.ended) {
		t.Fatalf("%s has ended %s sessions, and not %d", operation, a.text(operation+".sessionsEnded"), want.ended)
	}
	if want.session != nil {
		p.learn(t, operation, a, want.session)
	}
	p.readLetters(t, operation, want.letters...)
}

// learn notes what a sign-in, a refresh or a reauthentication gave.
func (p *play) learn(t *rapid.T, operation string, a answer, s *modelSession) {
	if id := a.text(operation + ".session.id"); s.id == "" {
		s.id = id
	} else if id != s.id {
		t.Fatalf("%s gave session %s, and not %s", operation, id, s.id)
	}
	access := a.text(operation + ".tokens.accessToken")
	if operation == "reauthenticate" {
		access = a.text(operation + ".accessToken")
	}
	s.accessTokens = append(s.accessTokens, modelAccessToken{
		text: access, session: s, issued: p.m.now,
		authenticated: s.authenticated.Truncate(time.Second), expires: s.access.Truncate(time.Second),
	})
	if operation == "reauthenticate" {
		return
	}
	refresh := modelRefreshToken{
		text: a.text(operation + ".tokens.refreshToken"), session: s,
		generation: s.generation, expires: s.expires.Truncate(time.Second),
	}
	if last := len(s.refreshTokens); last > 0 && s.refreshTokens[last-1].generation == s.generation {
		if refresh.text != s.refreshTokens[last-1].text {
			t.Fatalf("%s repeated generation %d by another token", operation, s.generation)
		}
		return
	}
	if email := a.text(operation + ".user.email"); email != s.user.address {
		t.Fatalf("%s gave the session of %s to %s", operation, s.user.address, email)
	}
	s.refreshTokens = append(s.refreshTokens, refresh)
}

// readLetters sends what is due and holds it to the letters that are wanted.
func (p *play) readLetters(t *rapid.T, operation string, want ...*modelLetter) {
	if err := p.w.server.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	p.m.pass(p.w.clock())
	arrived, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		letter, err := p.w.mail.Next(arrived)
		if err != nil {
			break
		}
		at := slices.IndexFunc(want, func(l *modelLetter) bool { return l.matches(letter.To[0], letter.Subject) })
		if at < 0 {
			t.Fatalf("%s sent %q to %s, which it should not", operation, letter.Subject, letter.To)
		}
		p.read(t, letter, want[at])
		want = slices.Delete(want, at, at+1)
	}
	for _, missing := range want {
		t.Fatalf("%s did not send %q to %s", operation, missing.subject, missing.to)
	}
}

func (p *play) read(t *rapid.T, letter mailtest.Letter, want *modelLetter) {
	links := append(mainLink.FindAllStringSubmatch(letter.Text, -1), notMeLink.FindAllStringSubmatch(letter.Text, -1)...)
	if len(links) != len(want.links) || (letter.Code() != "") != (want.digits != nil) {
		t.Fatalf("%q has %d links and the code %q", letter.Subject, len(links), letter.Code())
	}
	for i, l := range want.links {
		l.token = links[i][1]
	}
	if want.digits != nil {
		want.digits.code = letter.Code()
	}
}

// nothing stands where the story has none of a kind yet.
const nothing = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// choose draws one of its kind: half of the time the latest that is still good,
// with which a story goes on; else any that there ever was.
func choose[T any](t *rapid.T, what string, all []T, good func(T) bool, none T) T {
	if len(all) == 0 {
		return none
	}
	if rapid.Bool().Draw(t, "a good "+what) {
		for _, one := range slices.Backward(all) {
			if good(one) {
				return one
			}
		}
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, what)]
}

func (p *play) address(t *rapid.T) string {
	return rapid.SampledFrom(p.addresses).Draw(t, "address")
}

func (p *play) password(t *rapid.T) string {
	return rapid.SampledFrom(playPasswords).Draw(t, "password")
}

func (p *play) username(t *rapid.T) string {
	return rapid.SampledFrom(p.usernames).Draw(t, "username")
}

func (p *play) agent(t *rapid.T) string {
	return rapid.SampledFrom(playAgents).Draw(t, "agent")
}

func (p *play) flow(t *rapid.T) string {
	good := func(r *modelRegistration) bool { return !r.void && !r.gone }
	return choose(t, "flow", p.m.registrations, good, &modelRegistration{flow: nothing}).flow
}

// link is one of the purpose, or once in a while of another.
func (p *play) link(t *rapid.T, purpose string) string {
	astray := rapid.IntRange(0, 9).Draw(t, "astray") == 0
	var all []*modelLink
	for _, l := range p.m.links {
		if l.token != "" && (l.purpose == purpose) != astray {
			all = append(all, l)
		}
	}
	good := func(l *modelLink) bool { return !l.dead && p.m.now.Before(l.expires) }
	return choose(t, "link", all, good, &modelLink{token: nothing}).token
}

func (p *play) accessToken(t *rapid.T) modelAccessToken {
	var all []modelAccessToken
	for _, s := range p.m.sessions {
		all = append(all, s.accessTokens...)
	}
	slices.SortStableFunc(all, func(a, b modelAccessToken) int { return a.issued.Compare(b.issued) })
	return choose(t, "access token", all, p.m.good, modelAccessToken{text: nothing})
}

func (p *play) refreshToken(t *rapid.T) modelRefreshToken {
	var all []modelRefreshToken
	for _, s := range p.m.sessions {
		all = append(all, s.refreshTokens...)
	}
	return choose(t, "refresh token", all, p.m.alive, modelRefreshToken{text: nothing})
}
