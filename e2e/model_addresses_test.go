package e2e

import "slices"

func (m *model) requestEmailChange(token modelAccessToken, address string) outcome {
	if code := m.guarded(token, true); code != "" {
		return refused(code)
	}
	u := token.session.user
	if u.address == address {
		return refused("INVALID_INPUT")
	}
	u.addresses = append(u.addresses, address)
	m.kill(func(l *modelLink) bool { return l.user == u && l.purpose == "change" })
	l := m.newLink("change", address, m.now.Add(modelChange))
	l.user, l.session, l.version = u, token.session, u.version
	notice := &modelLetter{to: u.address, subject: "Your account at Gatehouse is to get another address"}
	if holder, wayBack := m.holder(address); holder != nil {
		return tells(toHolder(holder, wayBack), notice)
	}
	return tells(&modelLetter{to: address, subject: "Confirm your new address", links: []*modelLink{l}}, notice)
}

// confirmEmailChange is asked with an access token or without one.
func (m *model) confirmEmailChange(token string, bearer modelAccessToken) outcome {
	l, code := m.link(token, "change")
	if l == nil {
		return refused(code)
	}
	u, keep := l.user, l.session
	if m.good(bearer) && bearer.session.user == u {
		keep = bearer.session
	}
	holder, _ := m.holder(l.address)
	if u.suspended || u.version != l.version || holder != nil || !slices.Contains(m.living(u), keep) {
		return refused("INVALID_TOKEN")
	}
	old := u.address
	u.address = l.address
	u.version++
	m.killOfUser(u)
	m.end(u, keep, "ADDRESS_CHANGED")
	m.voidAttempts(l.address)
	back := m.newLink("revert", old, m.now.Add(modelWayBack))
	back.user, back.version = u, u.version
	return tells(&modelLetter{to: old, subject: "The address of your account", links: []*modelLink{back}})
}

func (m *model) revertEmailChange(token string) outcome {
	l, code := m.link(token, "revert")
	if l == nil {
		return refused(code)
	}
	u := l.user
	if u.suspended {
		return refused("INVALID_TOKEN")
	}
	left := u.address
	u.address, u.password = l.address, ""
	u.version += 2
	l.dead = true
	m.kill(func(other *modelLink) bool {
		return other.user == u && other.purpose == "revert" && other.version > l.version
	})
	m.killOfUser(u)
	m.end(u, nil, "REVERTED")
	o := m.requestReset(u.address, "reset", "Choose a new password")
	return outcome{letters: append(o.letters, &modelLetter{to: left, subject: "This address no longer belongs"})}
}
