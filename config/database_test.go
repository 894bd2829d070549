package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const ownAddress = "postgres://gatehouse:hunter5@db.internal/gatehouse"

func TestTheDirectURLIsTheOtherOneWhereItIsNotGiven(t *testing.T) {
	t.Parallel()
	if c := load(t, production...); c.DatabaseDirectURL.Reveal() != c.DatabaseURL.Reveal() || c.DatabasePooled {
		t.Errorf("%q, pooled %v", c.DatabaseDirectURL.Reveal(), c.DatabasePooled)
	}
	c := load(t, with(production, "DATABASE_DIRECT_URL="+ownAddress, "DATABASE_POOLER=transaction")...)
	if c.DatabaseDirectURL.Reveal() != ownAddress || !c.DatabasePooled {
		t.Errorf("%q, pooled %v", c.DatabaseDirectURL.Reveal(), c.DatabasePooled)
	}
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte(ownAddress+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c = load(t, with(production, "DATABASE_DIRECT_URL_FILE="+path, "DATABASE_POOLER=transaction")...)
	if c.DatabaseDirectURL.Reveal() != ownAddress {
		t.Errorf("from its file: %q", c.DatabaseDirectURL.Reveal())
	}
}

func TestThePoolIsAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	c := load(t, "DATABASE_MAX_CONNECTIONS=5", "DATABASE_ACQUIRE_TIMEOUT=100ms", "DATABASE_STATEMENT_TIMEOUT=1m", "DATABASE_LOCK_TIMEOUT=2s", "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT=3s")
	if c.DatabaseMaxConnections != 5 || c.DatabaseAcquireTimeout != 100*time.Millisecond || c.DatabaseStatementTimeout != time.Minute ||
		c.DatabaseLockTimeout != 2*time.Second || c.DatabaseIdleInTransactionTimeout != 3*time.Second {
		t.Errorf("%+v", c)
	}
}

func TestAPoolerWantsAWayPastIt(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string][]string{
		"a pooler and no other way": with(production, "DATABASE_POOLER=transaction"),
		"another way to a file":     {"DATABASE_DIRECT_URL=" + ownAddress},
		"a file as the other way":   with(production, "DATABASE_DIRECT_URL=sqlite:gatehouse.db"),
		"no database at all":        with(production, "DATABASE_DIRECT_URL=mysql://db/gatehouse"),
	} {
		if found := faults(t, entries...); len(found) != 1 || found["DATABASE_DIRECT_URL"] == "" {
			t.Errorf("%s: faults %q", name, found)
		}
	}
}

func TestAURLMayNameSeveralServers(t *testing.T) {
	t.Parallel()
	const several = "postgres://gatehouse:hunter2@one:5432,two:5432/gatehouse?target_session_attrs=read-write"
	if got := load(t, with(production, "DATABASE_URL="+several)...).DatabaseURL.Reveal(); got != several {
		t.Errorf("%q", got)
	}
}
