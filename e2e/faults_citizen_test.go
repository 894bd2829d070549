package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A citizen is one user, and what they were told. Where an answer was lost they
// do not know what became of it, and ask again as an honest client would before
// doing anything else.
type citizen struct {
	crowd    *crowd
	name     string
	address  string
	password string
	former   string // the password before it
	asked    string // a new password whose acknowledgement was lost; "" where none was
	asker    *seat  // from where that was asked for
	seats    []*seat
	over     []*seat // that ended, since it was looked for last
	made     int     // names drawn so far
	chance   *rand.Rand
}

// A seat is one session.
type seat struct {
	access, refresh string
	key             string // of a refresh whose answer was lost
	leaving         bool   // the answer to a sign-out was lost
}

// mostSeats is how many seats somebody takes before leaving one.
const mostSeats = 5

// ask asks once. Not told means that whatever came says nothing about what was
// done: the wire broke, or the server owned to a fault.
func (p *citizen) ask(operation, token string, input map[string]any) (a answer, told bool) {
	s := p.crowd.s
	c := p.crowd.client(p.chance)
	c.token = token
	a, err := c.try(operation, input)
	switch {
	case err != nil:
		s.tally(&s.unanswered, "cut off")
		// Whoever finds nobody there does not hammer.
		time.Sleep(5 * time.Millisecond)
		return a, false
	case a.code() == "INTERNAL" || a.code() == "OVERLOADED":
		s.tally(&s.unanswered, a.code())
		time.Sleep(5 * time.Millisecond)
		return a, false
	case a.code() == "":
		s.tally(&s.acknowledged, operation)
		p.crowd.acknowledged.Add(1)
	}
	return a, true
}

// insist asks until there is an answer, for a minute.
func (p *citizen) insist(operation, token string, input map[string]any) (a answer, told bool) {
	for began := time.Now(); !told && time.Since(began) < time.Minute; {
		a, told = p.ask(operation, token, input)
	}
	return a, told
}

// wants fails the test unless the code is one of these.
func (p *citizen) wants(what string, a answer, codes ...string) bool {
	return p.crowd.s.holds(slices.Contains(codes, a.code()), "%s of %s answered %q, not %q: %v", what, p.name, a.code(), codes, a.errors())
}

// draw makes a name that nobody had before.
func (p *citizen) draw(kind string) string {
	p.made++
	return fmt.Sprintf("%s %d of %s", kind, p.made, p.name)
}

// act does one thing, whatever chance says.
func (p *citizen) act() {
	if !p.settle() {
		return
	}
	if len(p.seats) == 0 {
		p.login()
		return
	}
	at := p.seats[p.chance.IntN(len(p.seats))]
	switch draw := p.chance.IntN(20); {
	case draw < 4:
		p.register()
	case draw < 8 && len(p.seats) < mostSeats:
		p.login()
	case draw < 15:
		at.key = p.draw("key")
		p.refresh(at)
	case draw < 18:
		at.leaving = true
		p.logout(at)
	default:
		p.asked, p.asker = p.draw("another lantern"), at
		p.change()
	}
}

// settle asks again what was not answered.
func (p *citizen) settle() bool {
	if p.asked != "" && !p.learnPassword() {
		return false
	}
	for _, at := range slices.Clone(p.seats) {
		if at.key != "" && !p.refresh(at) || at.leaving && !p.logout(at) {
			return false
		}
	}
	return true
}

func (p *citizen) register() {
	p.made++
	address := fmt.Sprintf("n%d.%s", p.made, p.address)
	a, told := p.ask("register", "", map[string]any{"email": address, "password": password})
	if told && p.wants("a registration", a, "") {
		p.crowd.registered.add(address, a.text("register.flow"))
	}
}

func (p *citizen) login() {
	a, told := p.ask("login", "", map[string]any{"identifier": p.address, "password": p.password})
	if told && p.wants("a sign-in", a, "") {
		p.seats = append(p.seats, &seat{access: a.text("login.tokens.accessToken"), refresh: a.text("login.tokens.refreshToken")})
	}
}

// refresh rotates with the key of the seat, which makes asking again the same
// question.
func (p *citizen) refresh(at *seat) bool {
	a, told := p.ask("refresh", "", map[string]any{"refreshToken": at.refresh, "idempotencyKey": at.key})
	if !told {
		return false
	}
	at.key = ""
	if p.wants("a refresh", a, "") {
		at.access, at.refresh = a.text("refresh.tokens.accessToken"), a.text("refresh.tokens.refreshToken")
	}
	return true
}

func (p *citizen) logout(at *seat) bool {
	a, told := p.ask("logout", "", map[string]any{"refreshToken": at.refresh})
	if told && p.wants("a sign-out", a, "") {
		p.leave(at)
	}
	return told
}

// leave moves a seat to those that are over.
func (p *citizen) leave(at *seat) {
	p.seats = slices.DeleteFunc(p.seats, func(s *seat) bool { return s == at })
	p.over = append(p.over, at)
}

// change asks for another password, which ends every session but this one.
func (p *citizen) change() {
	a, told := p.ask("changePassword", p.asker.access, map[string]any{"currentPassword": p.password, "newPassword": p.asked})
	if told && p.wants("a change of password", a, "") {
		p.changed()
	}
}

func (p *citizen) changed() {
	p.former, p.password, p.asked = p.password, p.asked, ""
	for _, at := range slices.Clone(p.seats) {
		if at != p.asker {
			p.leave(at)
		}
	}
}

// learnPassword finds out by signing in what became of a change that was not
// answered: all of it happened, or nothing.
func (p *citizen) learnPassword() bool {
	a, told := p.ask("login", "", map[string]any{"identifier": p.address, "password": p.asked})
	if !told || !p.wants("a sign-in with the password that may be", a, "", "INVALID_CREDENTIALS") {
		return false
	}
	if a.code() != "" {
		p.asked = ""
		return true
	}
	p.changed()
	p.seats = append(p.seats, &seat{access: a.text("login.tokens.accessToken"), refresh: a.text("login.tokens.refreshToken")})
	return true
}

// check looks for all that this citizen was told.
func (p *citizen) check() {
	for began := time.Now(); !p.settle(); {
		if time.Since(began) > time.Minute {
			p.crowd.s.holds(false, "%s gets no answers", p.name)
			return
		}
	}
	login := func(with string) answer {
		a, _ := p.insist("login", "", map[string]any{"identifier": p.address, "password": with})
		return a
	}
	if a := login(p.password); p.wants("a sign-in", a, "") {
		p.seats = append(p.seats, &seat{access: a.text("login.tokens.accessToken"), refresh: a.text("login.tokens.refreshToken")})
	}
	if p.former != "" {
		p.wants("a sign-in with the former password", login(p.former), "INVALID_CREDENTIALS")
	}
	for _, at := range p.seats {
		a, _ := p.insist("me", at.access, nil)
		p.wants("the access token of a session", a, "")
		at.key = p.draw("key")
		for began := time.Now(); !p.refresh(at) && time.Since(began) < time.Minute; {
		}
	}
	for _, at := range p.over {
		// The other nodes hear of it within five seconds, however they hear.
		a, _ := p.insist("me", at.access, nil)
		for began := time.Now(); a.code() == "" && time.Since(began) < 10*time.Second; {
			a, _ = p.insist("me", at.access, nil)
		}
		p.wants("the access token of an ended session", a, "UNAUTHENTICATED")
		a, _ = p.insist("refresh", "", map[string]any{"refreshToken": at.refresh, "idempotencyKey": p.draw("key")})
		p.wants("the refresh token of an ended session", a, "INVALID_TOKEN")
	}
	p.over = nil
	for len(p.seats) > mostSeats {
		at := p.seats[0]
		a, _ := p.insist("logout", "", map[string]any{"refreshToken": at.refresh})
		p.wants("a sign-out", a, "")
		p.leave(at)
	}
}
