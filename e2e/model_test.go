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
	modelTries       = 5
	modelAttempts    = 5
	modelLinksRemain = 24 * time.Hour
)

type modelUser struct {
	address, password, username, name string
	suspended                         bool
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
	letter  *modelLetter
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

func (m *model) killOfUser(u *modelUser) { m.kill(func(l *modelLink) bool { return l.user == u }) }

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
	owner := m.user(address)
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
		return outcome{letter: &modelLetter{to: address, subject: "Activate your account", links: m.ofRegistration(r), digits: r}}, r
	case owner.suspended:
		return outcome{}, r
	default:
		return outcome{letter: &modelLetter{to: address, subject: "You already have an account"}}, r
	}
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
	return outcome{letter: letter}
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
	u := &modelUser{address: r.address, password: r.password, username: r.username}
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

// begin begins a session; beyond the limit the one that was used longest ago
// ends.
func (m *model) begin(u *modelUser, agent string) *modelSession {
	living := m.living(u)
	slices.SortFunc(living, func(a, b *modelSession) int { return b.rotated.Compare(a.rotated) })
	for _, s := range living[min(len(living), modelSessions-1):] {
		s.ended = "EVICTED"
	}
	s := &modelSession{
		user: u, generation: 1, rotated: m.now, authenticated: m.now, agent: agent,
		access: m.now.Add(modelAccess), expires: m.now.Add(modelIdle), ends: m.now.Add(modelLongest),
	}
	m.sessions = append(m.sessions, s)
	return s
}

func (m *model) living(u *modelUser) []*modelSession {
	var all []*modelSession
	for _, s := range m.sessions {
		if s.user == u && s.ended == "" && m.now.Before(s.expires) {
			all = append(all, s)
		}
	}
	return all
}

// end ends what lives of the user's sessions but keep, and says how many did.
func (m *model) end(u *modelUser, keep *modelSession, why string) int {
	n := 0
	for _, s := range m.sessions {
		if s.user == u && s != keep && s.ended == "" {
			if m.now.Before(s.expires) {
				n++
			}
			s.ended = why
		}
	}
	return n
}

func (m *model) login(identifier, password, agent string) outcome {
	u := m.userByIdentifier(identifier)
	switch {
	case u == nil || u.password == "" || u.password != password:
		return refused("INVALID_CREDENTIALS")
	case u.suspended:
		return refused("ACCOUNT_SUSPENDED")
	}
	return outcome{session: m.begin(u, agent)}
}

func (m *model) refresh(token modelRefreshToken, agent, key string) outcome {
	s := token.session
	switch {
	case s == nil:
		return refused("INVALID_TOKEN")
	case !m.now.Add(-modelLeeway).Before(token.expires):
		return refused("EXPIRED_TOKEN")
	case s.ended == "REUSED":
		return refused("REFRESH_TOKEN_REUSED")
	case s.ended != "":
		return refused("INVALID_TOKEN")
	case !m.now.Before(s.expires):
		return refused("EXPIRED_TOKEN")
	case token.generation == s.generation && !m.now.Before(s.rotated.Add(modelGrace)):
		s.generation++
		s.rotated, s.agent, s.key = m.now, agent, key
		s.access = earliest(m.now.Add(modelAccess), s.ends)
		s.expires = earliest(m.now.Add(modelIdle), s.ends)
		return outcome{session: s}
	case token.generation == s.generation,
		token.generation == s.generation-1 && agent == s.agent && m.now.Before(s.rotated.Add(modelGrace)),
		token.generation == s.generation-1 && key != "" && key == s.key:
		return outcome{session: s}
	}
	s.ended = "REUSED"
	return refused("REFRESH_TOKEN_REUSED")
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// logout ends the session of whatever token came.
func (m *model) logout(s *modelSession) outcome {
	if s == nil || s.ended != "" {
		return outcome{}
	}
	s.ended = "LOGOUT"
	if !m.now.Before(s.expires) {
		return outcome{}
	}
	return outcome{ended: 1}
}

// good says whether an access token lets its bearer in.
func (m *model) good(token modelAccessToken) bool {
	return token.session != nil && token.session.ended == "" && m.now.Add(-modelLeeway).Before(token.expires)
}

// alive says whether a refresh token's session lives.
func (m *model) alive(token modelRefreshToken) bool {
	s := token.session
	return s != nil && s.ended == "" && m.now.Before(s.expires) && m.now.Add(-modelLeeway).Before(token.expires)
}

// guarded is what a guarded field refuses the caller with; "" lets it in.
func (m *model) guarded(token modelAccessToken, recent bool) string {
	switch {
	case !m.good(token):
		return "UNAUTHENTICATED"
	case recent && m.now.Sub(token.authenticated) > modelRecent:
		return "REAUTHENTICATION_REQUIRED"
	}
	return ""
}

func (m *model) reauthenticate(token modelAccessToken, password string) outcome {
	if code := m.guarded(token, false); code != "" {
		return refused(code)
	}
	s := token.session
	if s.user.password != password {
		return refused("INVALID_CREDENTIALS")
	}
	s.authenticated = m.now
	if access := earliest(m.now.Add(modelAccess), s.ends); s.access.Before(access) {
		s.access = access
	}
	return outcome{session: s}
}

func (m *model) revoke(token modelAccessToken, target *modelSession) outcome {
	if code := m.guarded(token, false); code != "" {
		return refused(code)
	}
	if target == nil || target.user != token.session.user || target.ended != "" || !m.now.Before(target.expires) {
		return refused("NOT_FOUND")
	}
	target.ended = "REVOKED"
	return outcome{}
}

func (m *model) revokeOthers(token modelAccessToken) outcome {
	if code := m.guarded(token, false); code != "" {
		return refused(code)
	}
	return outcome{ended: m.end(token.session.user, token.session, "REVOKED")}
}

// requestReset is for passwords and usernames alike.
func (m *model) requestReset(address, purpose, subject string) outcome {
	u := m.user(address)
	switch {
	case u != nil && u.suspended:
		return outcome{}
	case u != nil:
		m.kill(func(l *modelLink) bool { return l.user == u && l.purpose == purpose })
		l := m.newLink(purpose, address, m.now.Add(modelReset))
		l.user = u
		return outcome{letter: &modelLetter{to: address, subject: subject, links: []*modelLink{l}}}
	case m.newest(address) != nil:
		return outcome{letter: &modelLetter{to: address, subject: "Your account at Gatehouse is not active yet"}}
	}
	return outcome{}
}

func (m *model) resetPassword(token, password string) outcome {
	l, code := m.link(token, "reset")
	if l == nil {
		return refused(code)
	}
	l.user.password = password
	m.killOfUser(l.user)
	return outcome{ended: m.end(l.user, nil, "RESET"), letter: passwordChanged(l.user)}
}

func (m *model) changePassword(token modelAccessToken, current, password string) outcome {
	if code := m.guarded(token, false); code != "" {
		return refused(code)
	}
	u := token.session.user
	switch {
	case u.password != current:
		return refused("INVALID_CREDENTIALS")
	case password == current:
		return refused("INVALID_INPUT")
	}
	u.password = password
	m.killOfUser(u)
	return outcome{ended: m.end(u, token.session, "CHANGED"), letter: passwordChanged(u)}
}

func passwordChanged(u *modelUser) *modelLetter {
	return &modelLetter{to: u.address, subject: "Your password for Gatehouse was changed"}
}

func (m *model) changeUsername(token modelAccessToken, username string) outcome {
	if code := m.guarded(token, true); code != "" {
		return refused(code)
	}
	u := token.session.user
	if m.named(username) != nil {
		return refused("INVALID_INPUT") // of oneself, too
	}
	u.username = username
	return outcome{letter: usernameChanged(u)}
}

func (m *model) resetUsername(token, username string) outcome {
	l, code := m.link(token, "username")
	if l == nil {
		return refused(code)
	}
	if other := m.named(username); other != nil && other != l.user {
		return refused("INVALID_INPUT")
	}
	l.user.username = username
	l.dead = true
	return outcome{letter: usernameChanged(l.user)}
}

func usernameChanged(u *modelUser) *modelLetter {
	return &modelLetter{to: u.address, subject: "Your username for Gatehouse was changed"}
}

func (m *model) deleteAccount(token modelAccessToken) outcome {
	if code := m.guarded(token, true); code != "" {
		return refused(code)
	}
	u := token.session.user
	for _, s := range m.sessions {
		if s.user == u {
			s.ended = "DELETED" // whatever ended it before: nobody knows any more
		}
	}
	m.users = slices.DeleteFunc(m.users, func(other *modelUser) bool { return other == u })
	for _, r := range m.registrations {
		if r.address == u.address {
			r.gone = true
		}
	}
	m.kill(func(l *modelLink) bool { return l.address == u.address })
	return outcome{letter: &modelLetter{to: u.address, subject: "Your account at Gatehouse is deleted"}}
}

// create makes an account as an operator does, without a password; false where
// there is one.
func (m *model) create(address string) (outcome, bool) {
	if m.user(address) != nil {
		return outcome{}, false
	}
	u := &modelUser{address: address}
	m.users = append(m.users, u)
	m.voidAttempts(address)
	return m.requestReset(address, "reset", "Choose a new password"), true
}

// suspend shuts an account; false where there is none.
func (m *model) suspend(address string) bool {
	u := m.user(address)
	if u == nil {
		return false
	}
	u.suspended = true
	m.killOfUser(u)
	m.end(u, nil, "SUSPENDED")
	return true
}

// matches says whether it is the letter that came.
func (l *modelLetter) matches(to, subject string) bool {
	return strings.EqualFold(l.to, to) && strings.HasPrefix(subject, l.subject)
}
