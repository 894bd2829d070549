package config

import "time"

// prefix begins the name of every variable that is ours.
const prefix = "GATEHOUSE_"

// A row is one setting: what it is called, how its text is read, and what it
// means.
//
// Kong, which reads the command line, could read these from tags of a struct as
// well. It does not do here: it stops at the first bad value, shows the value
// in its message, which for a secret is a leak, and looks into the process's
// environment by itself, past the one that was handed in.
type row struct {
	name string // without the prefix
	kind kind
	// preset is the text of the default; derived says in words where the default
	// comes from, if another setting or the machine decides it.
	preset, derived string
	meaning         string
	// loopback says which value is for loopback only, and so stops the start
	// elsewhere.
	loopback string
	secret   bool
}

const day = 24 * time.Hour

// plainHTTP is what an URL without TLS is called among what is for loopback
// only.
const plainHTTP = "http://"

// table lists the settings in the order in which they are shown, bound to the
// fields of c.
func table(c *Config) []row {
	rows := connectionRows(c)
	rows = append(rows, databaseRows(c)...)
	rows = append(rows, tokenRows(c)...)
	rows = append(rows, passwordRows(c)...)
	rows = append(rows, letterRows(c)...)
	rows = append(rows, requestRows(c)...)
	rows = append(rows, watchRows(c)...)
	return append(rows, limitRows(c)...)
}

func connectionRows(c *Config) []row {
	return []row{
		{name: "LISTEN", kind: addresses(&c.Listen), preset: "127.0.0.1:8080",
			meaning: "Addresses to listen on, separated by commas. TLS is the business of a proxy in front."},
		{name: "PUBLIC_URL", kind: base(&c.PublicURL), derived: "http://localhost and the port of LISTEN",
			meaning:  "Where clients reach the server: its origin, and the path below which it lies where a proxy shares the origin out, as in `https://example.com/auth`; the proxy may hand that path on or take it off. Links in letters are built from it, never from a request.",
			loopback: plainHTTP},
		{name: "DATABASE_URL", kind: database(&c.DatabaseURL), preset: "sqlite:gatehouse.db", secret: true,
			meaning: "`sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`; of several servers, `@HOST:PORT,HOST:PORT/NAME?target_session_attrs=read-write`."},
		{name: "SECRET", kind: secrets(&c.Secret), derived: "made, and kept in a file of mode 0600 beside the SQLite file", secret: true,
			meaning: "32 random bytes in base64, from which all keys are derived; required with PostgreSQL, the same on all nodes. Several are separated by commas: the first is used, the others still open what they sealed."},
		{name: "MIGRATE", kind: toggle(&c.Migrate, "on", "off"), preset: "on",
			meaning: "Whether starting brings the database up to date; where not, `gatehouse migrate` does."},
		{name: "LOG_FORMAT", kind: choice(&c.LogFormat, "text", "json"), preset: "text",
			meaning: "The form of log lines."},
		{name: "LOG_LEVEL", kind: level(&c.LogLevel), preset: "info",
			meaning: "The least severity that is logged."},
	}
}

func tokenRows(c *Config) []row {
	return []row{
		{name: "ISSUER", kind: issuer(&c.Issuer), derived: "PUBLIC_URL",
			meaning: "Claim `iss` of access tokens: an URL.", loopback: plainHTTP},
		{name: "AUDIENCE", kind: word(&c.Audience), derived: "PUBLIC_URL",
			meaning: "Claim `aud` of access tokens."},
		{name: "SIGNING_ALGORITHM", kind: choice(&c.SigningAlgorithm, "ES256", "EdDSA"), preset: "ES256",
			meaning: "The algorithm that new signing keys are for; EdDSA is that of Ed25519. Changing it makes a successor of the other kind at the next start, which signs nobody out."},
		{name: "KEY_ROTATION_INTERVAL", kind: duration(&c.KeyRotationInterval, time.Hour, 3650*day), preset: "90d",
			meaning: "The age at which a signing key gets its successor. Nobody is signed out by it."},
		{name: "LEEWAY", kind: duration(&c.Leeway, 0, time.Minute), preset: "5s",
			meaning: "By how much clocks may differ when a token is checked."},
		{name: "ACCESS_TOKEN_LIFETIME", kind: duration(&c.AccessTokenLifetime, time.Second, day), preset: "10m",
			meaning: "How long an access token is good for."},
		{name: "SESSION_IDLE_LIFETIME", kind: duration(&c.SessionIdleLifetime, time.Second, 3650*day), preset: "14d",
			meaning: "How long a session lives unused; longer than an access token."},
		{name: "SESSION_LIFETIME", kind: duration(&c.SessionLifetime, time.Second, 3650*day), preset: "90d",
			meaning: "How long a session lives however much it is used; no shorter than unused."},
		{name: "REFRESH_GRACE", kind: duration(&c.RefreshGrace, 0, time.Minute), preset: "10s",
			meaning: "For how long the client that refreshed may use the refresh token before the newest again, as a second tab does. 0 is strict: any second use ends the session."},
		{name: "REAUTHENTICATION_AGE", kind: duration(&c.ReauthenticationAge, time.Second, day), preset: "10m",
			meaning: "How recent the proof of identity has to be for what asks for a recent one."},
		{name: "SESSIONS_PER_USER", kind: number(&c.SessionsPerUser, 1, 1000), preset: "20",
			meaning: "Sessions a user may have; one more ends the one unused the longest."},
	}
}

func passwordRows(c *Config) []row {
	return []row{
		{name: "REGISTRATION", kind: toggle(&c.RegistrationOpen, "open", "closed"), preset: "open",
			meaning: "Whether anybody may register."},
		{name: "REGISTRATION_FIELDS", kind: someOf(&c.RegistrationFields, "username", "name", "phone", "avatarUrl"),
			meaning: "What must be filled besides address and password, separated by commas: any of `username`, `name`, `phone` and `avatarUrl`. What must be filled can't be emptied later."},
		{name: "USERNAMES", kind: toggle(&c.Usernames, "on", "off"), preset: "on",
			meaning: "Whether users may have a username and sign in by it. Usernames are public: whoever asks for one is told that it is taken."},
		{name: "ACTIVATION", kind: toggle(&c.Activation, "email", "off"), preset: "email",
			meaning: "Whether who registers must show that the address is theirs, by a letter; off makes a user at once, and says of an address that it is taken."},
		{name: "WELCOME_LETTER", kind: toggle(&c.WelcomeLetter, "on", "off"), preset: "off",
			meaning: "Whether who was activated gets a letter of welcome. Where ACTIVATION is off, a letter tells in any case that an account was made."},
		{name: "ACTIVATION_LIFETIME", kind: duration(&c.ActivationLifetime, time.Minute, 7*day), preset: "24h",
			meaning: "How long the link and digits of a registration are good for."},
		{name: "PASSWORD_RESET_LIFETIME", kind: duration(&c.PasswordResetLifetime, time.Minute, day), preset: "1h",
			meaning: "How long a link to choose a new password, or a username, is good for."},
		{name: "EMAIL_CHANGE_LIFETIME", kind: duration(&c.EmailChangeLifetime, time.Minute, day), preset: "1h",
			meaning: "How long a link to confirm a new address is good for."},
		{name: "EMAIL_REVERT_LIFETIME", kind: duration(&c.EmailRevertLifetime, day, 30*day), preset: "168h",
			meaning: "How long the old address can take the account back after a change of address. Nobody else can have the address meanwhile."},
		{name: "PASSWORD_MIN_LENGTH", kind: number(&c.PasswordMinLength, 8, 128), preset: "12",
			meaning: "The least number of code points of a new password."},
		{name: "HASHING_SLOTS", kind: number(&c.HashingSlots, 1, 1024), derived: "the number of cores",
			meaning: "Passwords hashed at the same time; others queue for a moment."},
		{name: "HASHING_MEMORY", kind: size(&c.HashingMemory, 64<<10, 1<<30), preset: "19MiB",
			meaning: "Memory of argon2id for one hash.", loopback: "less than 7MiB"},
		{name: "HASHING_PASSES", kind: number(&c.HashingPasses, 1, 32), preset: "2",
			meaning: "Passes of argon2id. Raising this or the memory rehashes each password as its user signs in."},
		{name: "HASHING_LANES", kind: number(&c.HashingLanes, 1, 8), preset: "1",
			meaning: "Lanes of argon2id."},
	}
}

func letterRows(c *Config) []row {
	return []row{
		{name: "MAIL_URL", kind: mailWire(&c.MailURL), preset: "log:", secret: true,
			meaning:  "Where letters go: `log:`, `file:DIR` (.eml files), `smtp://USER:PASSWORD@HOST:587`, `smtps://USER:PASSWORD@HOST` or `resend://API_KEY@api.resend.com`.",
			loopback: "log: and file:"},
		{name: "MAIL_FROM", kind: mailbox(&c.MailFrom), derived: "no-reply@localhost with log: and file:, else required",
			meaning: "The sender of letters, as in `Gatehouse <no-reply@example.com>`."},
		{name: "MAIL_TEMPLATES", kind: directory(&c.MailTemplates),
			meaning: "A directory whose files override the wording of letters, file by file, or add languages. It is read when the server starts."},
		{name: "DEFAULT_LOCALE", kind: locale(&c.DefaultLocale), preset: "en",
			meaning: "The language, as in `de-AT` (BCP 47), of users who name none, and of letters to those whose language none is written in."},
		{name: "LINK_URL_ACTIVATE", kind: link(&c.LinkURLActivate, true), derived: "PUBLIC_URL/activate?token={token}",
			meaning: "Where the link of a registration leads: a page of your front end, as in `https://app.example.com/activate#token={token}`.", loopback: plainHTTP},
		{name: "LINK_URL_DECLINE", kind: link(&c.LinkURLDecline, true), derived: "PUBLIC_URL/decline?token={token}",
			meaning: "Where \"this was not me\" leads.", loopback: plainHTTP},
		{name: "LINK_URL_RESET", kind: link(&c.LinkURLReset, true), derived: "PUBLIC_URL/reset?token={token}",
			meaning: "Where the link to choose a new password leads.", loopback: plainHTTP},
		{name: "LINK_URL_RESET_USERNAME", kind: link(&c.LinkURLResetUsername, true), derived: "PUBLIC_URL/reset-username?token={token}",
			meaning: "Where the link to choose a username leads.", loopback: plainHTTP},
		{name: "LINK_URL_CONFIRM_EMAIL", kind: link(&c.LinkURLConfirmEmail, true), derived: "PUBLIC_URL/confirm-email?token={token}",
			meaning: "Where the link to confirm a new address leads.", loopback: plainHTTP},
		{name: "LINK_URL_REVERT_EMAIL", kind: link(&c.LinkURLRevertEmail, true), derived: "PUBLIC_URL/revert-email?token={token}",
			meaning: "Where the link to take a former address back leads.", loopback: plainHTTP},
		{name: "LINK_URL_REQUEST_RESET", kind: link(&c.LinkURLRequestReset, false), derived: "PUBLIC_URL/reset",
			meaning: "The page on which a reset can be asked for; it takes no token. `/.well-known/change-password` leads there.", loopback: plainHTTP},
		{name: "BRAND_NAME", kind: name(&c.BrandName), preset: "Gatehouse",
			meaning: "The name of the team or product, in letters and on pages."},
		{name: "BRAND_LOGO_URL", kind: link(&c.BrandLogoURL, false),
			meaning: "A picture, shown in letters and on pages, and told to clients.", loopback: plainHTTP},
		{name: "BRAND_COLOUR", kind: colour(&c.BrandColour), preset: "#1f4e79",
			meaning: "`#` and six hexadecimal digits."},
		{name: "BRAND_TERMS_URL", kind: link(&c.BrandTermsURL, false),
			meaning: "The terms of use.", loopback: plainHTTP},
		{name: "BRAND_PRIVACY_URL", kind: link(&c.BrandPrivacyURL, false),
			meaning: "The privacy notice.", loopback: plainHTTP},
	}
}

func requestRows(c *Config) []row {
	return []row{
		{name: "ALLOWED_ORIGINS", kind: origins(&c.AllowedOrigins),
			meaning: "Origins of front ends other than PUBLIC_URL, separated by commas, as in `https://app.example.com`."},
		{name: "TRUSTED_PROXIES", kind: networks(&c.TrustedProxies),
			meaning: "Addresses or networks, separated by commas, of the proxies whose X-Forwarded-For is believed."},
		{name: "COOKIE_TRANSPORT", kind: toggle(&c.CookieTransport, "on", "off"), preset: "on",
			meaning: "Whether clients may ask to have their tokens in cookies."},
		{name: "ACCOUNT_PAGES", kind: toggle(&c.AccountPages, "on", "off"), derived: "on with COOKIE_TRANSPORT=on, else off",
			meaning: "Whether users find pages at `/account` on which they register, sign in and look after their accounts. They use cookies."},
		{name: "INTROSPECTION", kind: toggle(&c.Introspection, "on", "off"), derived: "on on loopback and with PLAYGROUND=on, else off",
			meaning: "Whether the GraphQL schema can be asked for."},
		{name: "PLAYGROUND", kind: toggle(&c.Playground, "on", "off"), derived: "on on loopback, else off",
			meaning: "Whether the API can be tried at `/playground`, which needs introspection. On loopback, letters to `log:` and `file:` are shown beside it, at `/dev/mailbox`."},
		{name: "DOCUMENT_MAX_BYTES", kind: size(&c.DocumentMaxBytes, 1<<10, 16<<20), preset: "64KiB",
			meaning: "Size of a request."},
		{name: "DOCUMENT_MAX_DEPTH", kind: number(&c.DocumentMaxDepth, 1, 100), preset: "10",
			meaning: "Depth of a GraphQL document; introspection may go to 15, and ask for the parts of types once where it asks for all types."},
		{name: "DOCUMENT_MAX_FIELDS", kind: number(&c.DocumentMaxFields, 1, 10000), preset: "300",
			meaning: "Fields of a GraphQL document, once its fragments are expanded."},
		{name: "DOCUMENT_MAX_ALIASES", kind: number(&c.DocumentMaxAliases, 0, 1000), preset: "10",
			meaning: "Aliases of a GraphQL document; one within introspection counts for more, and for so many within `__schema` that all types are told once."},
		{name: "STREAMS", kind: number(&c.Streams, 1, 1000000), preset: "4096",
			meaning: "Connections that stay open for subscriptions, on each node."},
		{name: "STREAMS_PER_ADDRESS", kind: number(&c.StreamsPerAddress, 1, 1000000), preset: "256",
			meaning: "The same of one client address."},
		{name: "STREAMS_PER_SESSION", kind: number(&c.StreamsPerSession, 1, 1000), preset: "20",
			meaning: "Subscriptions of one session, on each node: a tab of a browser has one."},
		{name: "REQUESTS_IN_FLIGHT", kind: number(&c.Requests, 16, 1000000), preset: "1024",
			meaning: "Requests that a node works on at the same time; beyond, it answers 503. A quarter of them is for callers with a good token alone."},
		{name: "REQUESTS_IN_FLIGHT_PER_ADDRESS", kind: number(&c.RequestsPerAddress, 1, 1000000), preset: "128",
			meaning: "Of these, requests from one client address; beyond, 429. A back end that signs its users in from one address may need more."},
	}
}

func limitRows(c *Config) []row {
	many := func(name string, into *[]Rate, preset, meaning string) row {
		return row{name: "LIMIT_" + name, kind: rates(into), preset: preset, meaning: meaning}
	}
	one := func(name string, into *Rate, preset, meaning string) row {
		return row{name: "LIMIT_" + name, kind: rate(into), preset: preset, meaning: meaning + " Counted by each node for itself."}
	}
	return []row{
		{name: "RATE_LIMITS", kind: toggle(&c.RateLimits, "on", "off"), preset: "on",
			meaning: "Whether attempts are limited at all; off is for load tests.", loopback: "off"},
		{name: "LIMIT_SIGN_IN_FREE", kind: number(&c.LimitSignInFree, 1, 1000), preset: "5",
			meaning: "Wrong passwords of one identifier, or typed in one session, before each makes it wait 1, 2, 4 ... seconds."},
		{name: "LIMIT_SIGN_IN_LONGEST_WAIT", kind: duration(&c.LimitSignInLongestWait, time.Second, day), preset: "15m",
			meaning: "The longest of these waits."},
		{name: "LIMIT_SIGN_IN_FAILURES", kind: number(&c.LimitSignInFailures, 10, 100000), preset: "100",
			meaning: "Wrong passwords in a row after which an account's password is not taken any more until it is reset."},
		many("SIGN_IN_PER_ADDRESS", &c.LimitSignInPerAddress, "20/1m,100/1h",
			"Wrong passwords from one client address. A back end that signs its users in from one address needs more."),
		many("CODE_PER_ACCOUNT", &c.LimitCodePerAccount, "5/15m,20/24h", "Wrong digits of one account."),
		many("CODE_PER_ADDRESS", &c.LimitCodePerAddress, "30/15m", "Wrong digits from one client address."),
		many("MAIL_PER_ACCOUNT", &c.LimitMailPerAccount, "3/1h,10/24h",
			"Letters to one address that anybody may ask for; beyond, none is sent and nobody is told. Also requests of one account to move to another address; beyond, it is told to wait."),
		many("MAIL_PER_ADDRESS", &c.LimitMailPerAddress, "10/1h", "Requests for such letters from one client address."),
		many("REGISTER_PER_ADDRESS", &c.LimitRegisterPerAddress, "10/1h", "Registrations from one client address."),
		many("REGISTER_LETTERS_PER_NETWORK", &c.LimitRegisterLettersPerNetwork, "3/1h",
			"Letters about registrations of one e-mail address from one client network; beyond, none is sent, and without activation nothing is registered."),
		many("REGISTER_LETTERS_PER_ACCOUNT", &c.LimitRegisterLettersPerAccount, "20/24h",
			"Letters about registrations of one e-mail address; beyond, none is sent, and without activation nothing is registered."),
		one("REFRESH_PER_SESSION", &c.LimitRefreshPerSession, "30/1m", "Rotations of one session."),
		one("REFRESH_PER_ADDRESS", &c.LimitRefreshPerAddress, "300/1m", "Refreshes from one client address."),
		one("ANONYMOUS_PER_ADDRESS", &c.LimitAnonymousPerAddress, "300/1m", "Requests of one client address without a good token."),
	}
}
