package config

import (
	"fmt"
	"slices"
	"strings"
)

// safeHashingMemory is the least memory that OWASP's password storage cheat
// sheet gives for argon2id; with less, passwords are for tests.
const safeHashingMemory Size = 7 << 20

// disagreements are the faults of settings that are each well formed. One that
// has a fault of its own is not judged again.
func disagreements(c Config, rows []row, given map[string]string, had Faults) Faults {
	var found Faults
	fault := func(name, format string, args ...any) {
		if !had.has(name) && !found.has(name) {
			found = append(found, Fault{prefix + name, fmt.Sprintf(format, args...)})
		}
	}
	if !had.has("DATABASE_URL") && c.SQLitePath() == "" && c.Secret.Reveal() == "" {
		fault("SECRET", "required with PostgreSQL, the same on all nodes: 32 bytes in base64, as `openssl rand -base64 32` writes them")
	}
	if !had.has("MAIL_URL") && !c.showsLetters() && c.MailFrom == "" {
		fault("MAIL_FROM", "required where letters are really sent")
	}
	if !had.has("LISTEN") && given[prefix+"PUBLIC_URL"] == "" && strings.HasSuffix(c.PublicURL, ":0") {
		fault("PUBLIC_URL", "required where LISTEN leaves the port to the system")
	}
	if !had.has("USERNAMES") && !c.Usernames && slices.Contains(c.RegistrationFields, "username") {
		fault("REGISTRATION_FIELDS", "username can't be filled where %sUSERNAMES is off", prefix)
	}
	if !had.has("INTROSPECTION") && !c.Introspection && c.Playground {
		fault("PLAYGROUND", "on wants %sINTROSPECTION on: it draws the schema", prefix)
	}
	if !had.has("COOKIE_TRANSPORT") && !c.CookieTransport && c.AccountPages {
		fault("ACCOUNT_PAGES", "on wants %sCOOKIE_TRANSPORT on: the pages have their tokens in cookies", prefix)
	}
	databases(c, given, had, fault)
	lifetimes(c, had, fault)
	watching(c, had, fault)
	if !had.has("LISTEN") && !had.has("PUBLIC_URL") && !c.Loopback() {
		exposed(c, rows, given, fault)
	}
	return found
}

// lifetimes wants an access token to die before the session that gave it, and a
// session that is used to live as long as one that is not.
func lifetimes(c Config, had Faults, fault func(name, format string, args ...any)) {
	access, idle, whole := "ACCESS_TOKEN_LIFETIME", "SESSION_IDLE_LIFETIME", "SESSION_LIFETIME"
	if !had.has(access) && !had.has(idle) && c.AccessTokenLifetime >= c.SessionIdleLifetime {
		fault(idle, "%s is not longer than %s%s, which is %s", formatDuration(c.SessionIdleLifetime), prefix, access, formatDuration(c.AccessTokenLifetime))
	}
	if !had.has(idle) && !had.has(whole) && c.SessionIdleLifetime > c.SessionLifetime {
		fault(whole, "%s is shorter than %s%s, which is %s", formatDuration(c.SessionLifetime), prefix, idle, formatDuration(c.SessionIdleLifetime))
	}
}

// exposed are the faults of a server that others can reach.
func exposed(c Config, rows []row, given map[string]string, fault func(name, format string, args ...any)) {
	const only = "; elsewhere than on loopback (the host of PUBLIC_URL and every address of LISTEN), "
	if !c.Secure() {
		fault("PUBLIC_URL", "%s has no TLS%shttps is required", c.PublicURL, only)
	}
	for _, r := range rows {
		// Whoever sits in between would read the token of a link, or write the
		// page that it leads to.
		if text := given[prefix+r.name]; r.loopback == plainHTTP && r.name != "PUBLIC_URL" && strings.HasPrefix(text, "http://") {
			fault(r.name, "%s has no TLS%shttps is required", text, only)
		}
	}
	if c.showsLetters() {
		fault("MAIL_URL", "log: and file: show live links%sa real wire is required", only)
	}
	if !c.RateLimits {
		fault("RATE_LIMITS", "off lets passwords be guessed%sthey stay on", only)
	}
	if c.HashingMemory < safeHashingMemory {
		fault("HASHING_MEMORY", "%v is weak%sat least %v is required", c.HashingMemory, only, safeHashingMemory)
	}
}
