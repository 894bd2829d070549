package mail

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// tokenPlace is where a link's template takes the token.
const tokenPlace = "{token}"

// tokenProbe stands for a token while a template is checked.
const tokenProbe = "tokenprobe"

// Links says where the links of letters lead. Nothing of a request has a say in
// it: a Host header that reached a letter would send the secrets of its links to
// whoever forged it.
type Links struct {
	// PublicURL is the server's own address, "https://auth.example.com"; the
	// links below are made from it where they are left empty.
	PublicURL string
	// Activate, Decline, Reset, ResetUsername, ConfirmEmail and RevertEmail are
	// templates with {token} in them once:
	// "https://app.example.com/reset#token={token}".
	Activate, Decline, Reset, ResetUsername, ConfirmEmail, RevertEmail string
	// RequestReset is the page on which a reset can be asked for; no token.
	RequestReset string
}

// withDefaults fills what is empty from PublicURL and checks all of it, naming
// each fault by its setting.
func (l Links) withDefaults() (Links, error) {
	base := strings.TrimRight(l.PublicURL, "/")
	faults := []error{checkURL("PUBLIC_URL", base)}
	for _, link := range []struct {
		setting  string
		template *string
		path     string
		token    bool
	}{
		{"LINK_URL_ACTIVATE", &l.Activate, "/activate", true},
		{"LINK_URL_DECLINE", &l.Decline, "/decline", true},
		{"LINK_URL_RESET", &l.Reset, "/reset", true},
		{"LINK_URL_RESET_USERNAME", &l.ResetUsername, "/reset-username", true},
		{"LINK_URL_CONFIRM_EMAIL", &l.ConfirmEmail, "/confirm-email", true},
		{"LINK_URL_REVERT_EMAIL", &l.RevertEmail, "/revert-email", true},
		{"LINK_URL_REQUEST_RESET", &l.RequestReset, "/reset", false},
	} {
		if *link.template == "" {
			*link.template = base + link.path
			if link.token {
				*link.template += "?token=" + tokenPlace
			}
			continue
		}
		faults = append(faults, checkLink(link.setting, *link.template, link.token))
	}
	l.PublicURL = base
	return l, errors.Join(faults...)
}

// checkLink wants a URL as people can follow it, with the token in its path,
// query or fragment: as part of the host it would be told to name servers.
func checkLink(setting, template string, token bool) error {
	if places := strings.Count(template, tokenPlace); token && places != 1 {
		return fmt.Errorf("mail: %s: %s must stand in it once", setting, tokenPlace)
	} else if !token && places != 0 {
		return fmt.Errorf("mail: %s: no %s may stand in it", setting, tokenPlace)
	}
	filled := fill(template, tokenProbe)
	if u, err := url.Parse(filled); err == nil && strings.Contains(u.Host, tokenProbe) {
		return fmt.Errorf("mail: %s: %s may not stand in the host", setting, tokenPlace)
	}
	return checkURL(setting, filled)
}

// checkURL takes absolute http and https URLs without credentials.
func checkURL(setting, s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '<' || r == '>' || r > '~' }) {
		return fmt.Errorf("mail: %s: not an absolute http or https URL", setting)
	}
	return nil
}

// fill puts the token into a template, escaped so that it stays one value.
func fill(template, token string) string {
	return strings.Replace(template, tokenPlace, url.QueryEscape(token), 1)
}
