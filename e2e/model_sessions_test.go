package e2e

import (
	"slices"
	"time"
)

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
