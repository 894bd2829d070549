package e2e

import (
	"slices"
	"strings"
	"time"
)

// A model is what the server should know, kept the simplest way: lists that are
// walked through. It is written from the contract and decides on its own what
// each operation has to answer; what it cannot know (tokens, flows, digits) it
// takes from the answers and the letters.
type model struct {
	now           time.Time
	users         []*modelUser
	registrations []*modelRegistration
	links         []*modelLink
	sessions      []*modelSession
}

// The figures of the settings that the model is played with.
const (
	modelSessions    = 3
	modelGrace       = 10 * time.Second
	modelLeeway      = 5 * time.Second
	modelAccess      = 10 * time.Minute
	modelRecent      = 10 * time.Minute
	modelIdle        = 14 * 24 * time.Hour
	modelLongest     = 90 * 24 * time.Hour
	modelActivation  = 24 * time.Hour
	modelReset       = time.Hour
	modelChange      = time.Hour
	modelWayBack     = 7 * 24 * time.Hour
	modelTries       = 5
	modelAttempts    = 5
	modelLinksRemain = 24 * time.Hour
)

type modelUser struct {
	address, password, username, name string
	suspended                         bool
	version                           int      // raised by all that changes who may get in
	addresses                         []string // had, and asked for
}

type modelRegistration struct {
	address, password, username, flow, code string
	tries                                   int
	void, gone                              bool
	expires                                 time.Time
}

type modelLink struct {
	token, purpose, address string
	user                    *modelUser
	registration            *modelRegistration
	session                 *modelSession // that asked
	version                 int           // of the user
	expires                 time.Time
	dead                    bool // used, void, or forgotten
}

type modelSession struct {
	user                   *modelUser
	id                     string
	generation             int
	rotated, authenticated time.Time
	agent, key             string // of the last rotation
	access, expires, ends  time.Time
	ended                  string // why; "" while it lives
	accessTokens           []modelAccessToken
	refreshTokens          []modelRefreshToken
}

type modelAccessToken struct {
	text                           string
	session                        *modelSession
	issued, authenticated, expires time.Time
}

type modelRefreshToken struct {
	text       string
	session    *modelSession
	generation int
	expires    time.Time
}

// An outcome is what an operation has to come to.
type outcome struct {
	code    string
	letters []*modelLetter
	session *modelSession // whose tokens the answer has
	ended   int           // sessions
}

func refused(code string) outcome { return outcome{code: code} }

// A modelLetter is one that has to arrive, and what is learnt from it.
type modelLetter struct {
	to, subject string
	links       []*modelLink // in the order in which the letter has them
	digits      *modelRegistration
}

func (m *model) user(address string) *modelUser {
	for _, u := range m.users {
		if u.address == address {
			return u
		}
	}
	return nil
}

func (m *model) userByIdentifier(identifier string) *modelUser {
	for _, u := range m.users {
		if u.address == identifier || u.username != "" && u.username == identifier {
			return u
		}
	}
	return nil
}

func (m *model) named(username string) *modelUser {
	if username == "" {
		return nil
	}
	for _, u := range m.users {
		if u.username == username {
			return u
		}
	}
	return nil
}

// newest is the last registration of the address that can be activated.
func (m *model) newest(address string) *modelRegistration {
	for _, r := range slices.Backward(m.registrations) {
		if r.address == address && !r.void && !r.gone && m.now.Before(r.expires) {
			return r
		}
	}
	return nil
}

func (m *model) byFlow(flow string) *modelRegistration {
	for _, r := range m.registrations {
		if r.flow == flow && !r.gone {
			return r
		}
	}
	return nil
}

// pass lets time go by, and what has expired be forgotten.
func (m *model) pass(now time.Time) {
	m.now = now
	for _, r := range m.registrations {
		if !now.Before(r.expires) {
			r.gone = true
		}
	}
	for _, l := range m.links {
		if !now.Before(l.expires.Add(modelLinksRemain)) {
			l.dead = true
		}
	}
}

// link finds the one of a token: what it is refused with comes second.
func (m *model) link(token, purpose string) (*modelLink, string) {
	for _, l := range m.links {
		if l.token != token {
			continue
		}
		switch {
		case l.purpose != purpose || l.dead:
			return nil, "INVALID_TOKEN"
		case !m.now.Before(l.expires):
			return nil, "EXPIRED_TOKEN"
		}
		return l, ""
	}
	return nil, "INVALID_TOKEN"
}

// kill makes links worthless.
func (m *model) kill(which func(*modelLink) bool) {
	for _, l := range m.links {
		if which(l) {
			l.dead = true
		}
	}
}

// killOfUser kills all links of the user but the ways back.
func (m *model) killOfUser(u *modelUser) {
	m.kill(func(l *modelLink) bool { return l.user == u && l.purpose != "revert" })
}

func (m *model) newLink(purpose, address string, expires time.Time) *modelLink {
	l := &modelLink{purpose: purpose, address: address, expires: expires}
	m.links = append(m.links, l)
	return l
}

// ofRegistration are the two links of an activation letter.
func (m *model) ofRegistration(r *modelRegistration) []*modelLink {
	links := []*modelLink{m.newLink("activate", r.address, r.expires), m.newLink("decline", r.address, r.expires)}
	for _, l := range links {
		l.registration = r
	}
	return links
}

// voidAttempts ends every registration of the address.
func (m *model) voidAttempts(address string) {
	for _, r := range m.registrations {
		if r.address == address {
			r.void = true
		}
	}
	m.kill(func(l *modelLink) bool { return l.address == address && l.registration != nil })
}

func (m *model) register(address, password, username string) (outcome, *modelRegistration) {
	if m.named(username) != nil {
		return refused("INVALID_INPUT"), nil
	}
	owner, wayBack := m.holder(address)
	kept := 0
	for _, r := range slices.Backward(m.registrations) {
		if r.address == address && !r.gone {
			if kept++; kept >= modelAttempts {
				r.gone = true
			}
		}
	}
	r := &modelRegistration{
		address: address, password: password, username: username,
		void: owner != nil, expires: m.now.Add(modelActivation),
	}
	m.registrations = append(m.registrations, r)
	switch {
	case owner == nil:
		return tells(&modelLetter{to: address, subject: "Activate your account", links: m.ofRegistration(r), digits: r}), r
	default:
		return tells(toHolder(owner, wayBack)), r
	}
}

// holder is whose the address is: who has it, or may take it back.
func (m *model) holder(address string) (u *modelUser, wayBack *modelLink) {
	if u := m.user(address); u != nil {
		return u, nil
	}
	if wayBack = m.wayBack(address); wayBack != nil {
		return wayBack.user, wayBack
	}
	return nil, nil
}

// wayBack is the open way back to the address.
func (m *model) wayBack(address string) *modelLink {
	for _, l := range m.links {
		if l.purpose == "revert" && l.address == address && !l.dead && m.now.Before(l.expires) {
			return l
		}
	}
	return nil
}

// toHolder tells the holder of an address that somebody wanted it; nil where
// there is nobody to tell.
func toHolder(u *modelUser, wayBack *modelLink) *modelLetter {
	switch {
	case u.suspended:
		return nil
	case wayBack != nil:
		return &modelLetter{to: wayBack.address, subject: "This address is reserved"}
	}
	return &modelLetter{to: u.address, subject: "You already have an account"}
}

// tells is an outcome with letters; nil is none.
func tells(letters ...*modelLetter) outcome {
	return outcome{letters: slices.DeleteFunc(letters, func(l *modelLetter) bool { return l == nil })}
}

func (m *model) resend(address, flow string) outcome {
	r := m.newest(address)
	if flow != "" {
		r = m.byFlow(flow)
	}
	if r == nil || r.void || r.address != address || !m.now.Before(r.expires) {
		return outcome{}
	}
	letter := &modelLetter{to: address, subject: "Activate your account"}
	if flow != "" {
		m.kill(func(l *modelLink) bool { return l.registration == r })
		letter.digits = r
	}
	letter.links = m.ofRegistration(r)
	return tells(letter)
}

func (m *model) activateByCode(flow, code, agent string) outcome {
	r := m.byFlow(flow)
	if r == nil {
		return refused("INVALID_CREDENTIALS")
	}
	left := r.tries < modelTries
	r.tries++
	if !left || code != r.code || r.void || !m.now.Before(r.expires) {
		return refused("INVALID_CREDENTIALS")
	}
	return m.activate(r, agent)
}

func (m *model) activateByLink(token, flow, password, agent string) outcome {
	l, code := m.link(token, "activate")
	if l == nil {
		return refused(code)
	}
	r := l.registration
	if r.gone || r.void {
		return refused("INVALID_TOKEN")
	}
	if flow != r.flow && password != r.password {
		return refused("INVALID_CREDENTIALS")
	}
	return m.activate(r, agent)
}

func (m *model) activate(r *modelRegistration, agent string) outcome {
	u := &modelUser{address: r.address, password: r.password, username: r.username, addresses: []string{r.address}}
	if m.named(u.username) != nil {
		u.username = ""
	}
	m.users = append(m.users, u)
	m.voidAttempts(r.address)
	return outcome{session: m.begin(u, agent)}
}

func (m *model) decline(token string) outcome {
	l, code := m.link(token, "decline")
	if l == nil {
		return refused(code)
	}
	if l.registration.gone {
		return refused("INVALID_TOKEN")
	}
	m.voidAttempts(l.address)
	return outcome{}
}

// matches says whether it is the letter that came.
func (l *modelLetter) matches(to, subject string) bool {
	return strings.EqualFold(l.to, to) && strings.HasPrefix(subject, l.subject)
}
