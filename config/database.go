package config

import (
	"errors"
	"strings"
	"time"
)

// databaseRows are the settings about PostgreSQL, which SQLite has no use for.
func databaseRows(c *Config) []row {
	return []row{
		{name: "DATABASE_DIRECT_URL", kind: directDatabase(&c.DatabaseDirectURL), derived: "DATABASE_URL", secret: true,
			meaning: "The same database past any pooler, for what needs a session of its own: migrations, and hearing at once what other nodes did."},
		{name: "DATABASE_POOLER", kind: toggle(&c.DatabasePooled, "transaction", "none"), preset: "none",
			meaning: "What stands before PostgreSQL at DATABASE_URL: `transaction` is pgbouncer, or its like, that lends connections for one transaction each."},
		{name: "DATABASE_MAX_CONNECTIONS", kind: number(&c.DatabaseMaxConnections, 1, 1000), preset: "16",
			meaning: "Connections to PostgreSQL that a node keeps at most, besides one on which it listens."},
		{name: "DATABASE_ACQUIRE_TIMEOUT", kind: duration(&c.DatabaseAcquireTimeout, 100*time.Millisecond, time.Minute), preset: "3s",
			meaning: "How long a request waits for one of them before it is refused with `OVERLOADED`."},
		{name: "DATABASE_STATEMENT_TIMEOUT", kind: duration(&c.DatabaseStatementTimeout, 100*time.Millisecond, 10*time.Minute), preset: "15s",
			meaning: "How long PostgreSQL lets one statement take; migrations have no bound. Here and in the next two, what the URL itself says counts before, and behind a pooler they hold in transactions alone: for the rest set the role's."},
		{name: "DATABASE_LOCK_TIMEOUT", kind: duration(&c.DatabaseLockTimeout, 100*time.Millisecond, 10*time.Minute), preset: "10s",
			meaning: "How long a statement waits for another transaction."},
		{name: "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", kind: duration(&c.DatabaseIdleInTransactionTimeout, time.Second, 10*time.Minute), preset: "30s",
			meaning: "When PostgreSQL ends a transaction whose node says nothing, since others wait for it."},
	}
}

// directDatabase takes what database takes, but SQLite's, which is its file.
func directDatabase(into *Secret) kind {
	kindOfAll := database(into)
	return kind{label: kindOfAll.label, set: func(text string) error {
		if strings.HasPrefix(text, sqlitePrefix) {
			*into = NewSecret(text)
			return errors.New("want postgres://USER:PASSWORD@HOST:PORT/NAME: SQLite has no other way to it")
		}
		return kindOfAll.set(text)
	}}
}

// databases are the faults of settings about PostgreSQL that are each well
// formed.
func databases(c Config, given map[string]string, had Faults, fault func(name, format string, args ...any)) {
	if had.has("DATABASE_URL") || had.has("DATABASE_DIRECT_URL") {
		return
	}
	direct := given[prefix+"DATABASE_DIRECT_URL"] != "" || given[prefix+"DATABASE_DIRECT_URL"+fileSuffix] != ""
	if direct && c.SQLitePath() != "" {
		fault("DATABASE_DIRECT_URL", "%sDATABASE_URL is SQLite's, or was not given", prefix)
	}
	// Notifications would never come by the pooler, and nobody would be told.
	if c.DatabasePooled && !direct && c.SQLitePath() == "" {
		fault("DATABASE_DIRECT_URL", "required where %sDATABASE_POOLER is transaction: PostgreSQL's own address", prefix)
	}
}
