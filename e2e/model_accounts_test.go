package e2e

import "slices"

// requestReset is for passwords and usernames alike.
func (m *model) requestReset(address, purpose, subject string) outcome {
	u, wayBack := m.holder(address)
	switch {
	case wayBack != nil:
		return tells(toHolder(u, wayBack))
	case u != nil && u.suspended:
		return outcome{}
	case u != nil:
		m.kill(func(l *modelLink) bool { return l.user == u && l.purpose == purpose })
		l := m.newLink(purpose, address, m.now.Add(modelReset))
		l.user = u
		return tells(&modelLetter{to: address, subject: subject, links: []*modelLink{l}})
	case m.newest(address) != nil:
		return tells(&modelLetter{to: address, subject: "Your account at Gatehouse is not active yet"})
	}
	return outcome{}
}

func (m *model) resetPassword(token, password string) outcome {
	l, code := m.link(token, "reset")
	if l == nil {
		return refused(code)
	}
	l.user.password = password
	l.user.version++
	m.killOfUser(l.user)
	return outcome{ended: m.end(l.user, nil, "RESET"), letters: passwordChanged(l.user)}
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
	u.version++
	m.killOfUser(u)
	return outcome{ended: m.end(u, token.session, "CHANGED"), letters: passwordChanged(u)}
}

func passwordChanged(u *modelUser) []*modelLetter {
	return []*modelLetter{{to: u.address, subject: "Your password for Gatehouse was changed"}}
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
	return tells(usernameChanged(u))
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
	return tells(usernameChanged(l.user))
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
	// What it may take back was its own, and is free now.
	addresses := []string{u.address}
	for _, l := range m.links {
		if l.user == u && m.wayBack(l.address) == l && !slices.Contains(addresses, l.address) {
			addresses = append(addresses, l.address)
		}
	}
	o := outcome{}
	for _, address := range addresses {
		o.letters = append(o.letters, &modelLetter{to: address, subject: "Your account at Gatehouse is deleted"})
	}
	for _, r := range m.registrations {
		if slices.Contains(addresses, r.address) {
			r.gone = true
		}
	}
	m.kill(func(l *modelLink) bool { return l.user == u || l.user == nil && slices.Contains(addresses, l.address) })
	return o
}

// create makes an account as an operator does, without a password; false where
// there is one.
func (m *model) create(address string) (outcome, bool) {
	if holder, _ := m.holder(address); holder != nil {
		return outcome{}, false
	}
	u := &modelUser{address: address, addresses: []string{address}}
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
	u.version++
	m.killOfUser(u)
	m.end(u, nil, "SUSPENDED")
	return true
}
