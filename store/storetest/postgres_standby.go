package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// StartStandby makes a standby of a running cluster, in a directory of its own
// below dir as [StartPostgres] has it: a copy that follows every change and
// refuses writes until [Cluster.Promote]. From here on the cluster acknowledges
// no commit that the standby does not hold, so that a promotion loses none; while
// the standby is down, commits wait for it.
func (c *Cluster) StartStandby(dir string, log io.Writer) (*Cluster, error) {
	s, err := newCluster(dir, log, c.settings)
	if err != nil {
		return nil, err
	}
	if err := s.follow(c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// follow copies the cluster's files and starts on them.
func (c *Cluster) follow(primary *Cluster) error {
	if err := c.prepare(); err != nil {
		return err
	}
	copied := c.command("pg_basebackup", "--dbname="+primary.url("postgres"), "--pgdata="+c.data(),
		"--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync")
	if out, err := copied.CombinedOutput(); err != nil {
		return fmt.Errorf("storetest: copy cluster: %w: %s", err, out)
	}
	if err := c.startSomewhere(); err != nil {
		return err
	}
	return primary.waitForStandby()
}

// waitForStandby has commits wait for the standby, and returns when they do.
func (c *Cluster) waitForStandby() error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("storetest: wait for standby: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("storetest: wait for standby: %w", err)
		}
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.After(time.Minute); ; {
		following := false
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')").Scan(&following)
		if err != nil || following {
			return err
		}
		select {
		case <-again.C:
		case <-deadline:
			return errors.New("storetest: the standby does not follow")
		}
	}
}

// Promote makes a standby take writes, and returns when it does. Whoever it
// followed should be down by then, or there are two that do.
func (c *Cluster) Promote() error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("storetest: promote standby: %w", err)
	}
	promoted := false
	err = conn.QueryRow(ctx, "SELECT pg_promote(true, 60)").Scan(&promoted)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("storetest: promote standby: %w", err)
	}
	if !promoted {
		return errors.New("storetest: the standby was not promoted within a minute")
	}
	return nil
}

// WithStandby is the URL of a database of the cluster that names its standby as
// well, and wants whichever of the two takes writes.
func (c *Cluster) WithStandby(url string, standby *Cluster) string {
	return strings.Replace(url, c.Address(), c.Address()+","+standby.Address(), 1) + "&target_session_attrs=read-write"
}
