//go:build !nobrowser

package e2e

import "testing"

// TestThePagesForUsers is the story in browser/account.test.js, with letters that
// the mailbox shows.
func TestThePagesForUsers(t *testing.T) {
	t.Parallel()
	inTheBrowser(t, "account.test.js", "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_RATE_LIMITS=off", "GATEHOUSE_REFRESH_GRACE=10s")
}

// TestTheTabsOfABrowserShareOneSession is the story in browser/account-tabs.test.js,
// where access tokens live so short that tabs have to refresh all the time, and
// what is grave soon wants the password again.
func TestTheTabsOfABrowserShareOneSession(t *testing.T) {
	t.Parallel()
	inTheBrowser(t, "account-tabs.test.js", "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_RATE_LIMITS=off", "GATEHOUSE_REFRESH_GRACE=0",
		"GATEHOUSE_LEEWAY=0s", "GATEHOUSE_ACCESS_TOKEN_LIFETIME=3s", "GATEHOUSE_REAUTHENTICATION_AGE=2s")
}

// TestThePagesForUsersAtTheWorstMoment is the story in browser/account-moments.test.js,
// on a server that registers without letters and has no usernames.
func TestThePagesForUsersAtTheWorstMoment(t *testing.T) {
	t.Parallel()
	inTheBrowser(t, "account-moments.test.js", "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_RATE_LIMITS=off", "GATEHOUSE_REFRESH_GRACE=10s",
		"GATEHOUSE_ACTIVATION=off", "GATEHOUSE_USERNAMES=off", "GATEHOUSE_REAUTHENTICATION_AGE=1s")
}

// TestThePagesForUsersBelowAPath is the story in browser/account-prefix.test.js, on
// a server that shares its host with others, and has those wait who guess.
func TestThePagesForUsersBelowAPath(t *testing.T) {
	t.Parallel()
	inTheBrowser(t, "account-prefix.test.js", "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_PUBLIC_URL="+publicURL+"/team/auth", "GATEHOUSE_LIMIT_SIGN_IN_FREE=1")
}
