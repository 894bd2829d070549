package e2e

import "slices"

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
