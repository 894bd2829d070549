package storetest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// A Cluster is a PostgreSQL server of its own that is thrown away: on loopback,
// under an unprivileged user, its files in a temporary directory. It dies with
// the process that started it, however that ends.
type Cluster struct {
	binaries string
	dir      string // holds data/, and nothing else
	port     int
	settings []string
	log      io.Writer
	as       *syscall.Credential
	watch    *exec.Cmd
	lifeline io.Closer

	mu       sync.Mutex
	server   *exec.Cmd
	exited   chan struct{}
	made     int
	template string
}

// superuser owns every database of a cluster.
const superuser = "gatehouse"

// StartPostgres makes a cluster below dir, or below the system's directory for
// temporary files where dir is "", and starts it. What the server says goes to
// log, which may be nil. Settings are those of postgresql.conf, as
// "name=value". They stand after the cluster's own, of which fsync=off is one:
// a test dies with its machine, so nothing is lost.
//
// As root, which PostgreSQL refuses, it runs as the user postgres, or nobody
// where there is none; that user must be able to enter dir.
func StartPostgres(dir string, log io.Writer, settings ...string) (*Cluster, error) {
	c, err := newCluster(dir, log, settings)
	if err != nil {
		return nil, err
	}
	if err := c.create(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// newCluster is a cluster that has a directory and nothing in it.
func newCluster(dir string, log io.Writer, settings []string) (*Cluster, error) {
	binaries, err := findPostgres()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err = os.MkdirTemp(dir, "gatehouse-postgres-")
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = io.Discard
	}
	return &Cluster{binaries: binaries, dir: dir, settings: settings, log: log, as: as}, nil
}

func (c *Cluster) create() error {
	if err := c.prepare(); err != nil {
		return err
	}
	initdb := c.command("initdb", "--pgdata="+c.data(), "--username="+superuser, "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("storetest: initdb: %w: %s", err, out)
	}
	return c.startSomewhere()
}

// prepare hands the directory to whom the server runs as, and sees to its end.
func (c *Cluster) prepare() error {
	if c.as != nil {
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return err
		}
	}
	return c.startWatch()
}

// startSomewhere starts the server at a port that nobody else has.
func (c *Cluster) startSomewhere() error {
	for tries := 5; ; tries-- {
		var err error
		if c.port, err = freePort(); err != nil {
			return err
		}
		err = c.Start()
		// Somebody else may have taken the free port before the server did.
		if err == nil || tries == 1 || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
	}
}

// startWatch starts a shell that waits for the end of its standard input,
// which this process holds, then kills the server and removes the directory.
// So neither outlives a test binary that panics, times out, or is killed.
func (c *Cluster) startWatch() error {
	const script = `cat >/dev/null
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -rf "$0"`
	c.watch = exec.Command("/bin/sh", "-c", script, c.dir)
	// A Ctrl-C at the terminal is for the tests, and not for who cleans up
	// after them.
	c.watch.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := c.watch.StdinPipe()
	if err != nil {
		return err
	}
	c.lifeline = stdin
	if err := c.watch.Start(); err != nil {
		return fmt.Errorf("storetest: watch cluster: %w", err)
	}
	return nil
}

// Start starts the server and returns when it takes connections: at the port
// that it had before.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return errors.New("storetest: the cluster runs already")
	}
	args := []string{"-D", c.data()}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(c.port),
		"unix_socket_directories=",
		"fsync=off",
		"full_page_writes=off",
		"max_connections=300",
		"log_min_messages=warning",
	}, c.settings...) {
		args = append(args, "-c", setting)
	}
	server := c.command("postgres", args...)
	said, err := server.StderrPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("storetest: start postgres: %w", err)
	}
	ready, exited := make(chan struct{}), make(chan struct{})
	var words strings.Builder
	go func() {
		defer close(exited)
		isReady := false
		for lines := bufio.NewScanner(said); lines.Scan(); {
			line := lines.Text()
			fmt.Fprintln(c.log, line)
			switch {
			case isReady:
			case strings.Contains(line, "ready to accept connections"),
				strings.Contains(line, "ready to accept read-only connections"):
				isReady = true
				close(ready)
			default:
				words.WriteString(line + "\n")
			}
		}
		_ = server.Wait() // how it ended is in the log
	}()
	select {
	case <-ready:
		c.server, c.exited = server, exited
		return nil
	case <-exited:
		return fmt.Errorf("storetest: start postgres: %s", words.String())
	}
}

// Stop stops the server as an operator would: statements under way fail, and
// every connection is cut. It returns when the server has ended.
func (c *Cluster) Stop() error { return c.end(syscall.SIGINT) }

// Crash stops the server without a checkpoint, so that starting it again
// recovers from the log.
func (c *Cluster) Crash() error { return c.end(syscall.SIGQUIT) }

func (c *Cluster) end(signal os.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return errors.New("storetest: the cluster does not run")
	}
	if err := c.server.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("storetest: stop postgres: %w", err)
	}
	<-c.exited
	c.server = nil
	return nil
}

// Close kills the server and removes its files.
func (c *Cluster) Close() error {
	var errs []error
	c.mu.Lock()
	runs := c.server != nil
	c.mu.Unlock()
	if runs {
		errs = append(errs, c.Crash())
	}
	if c.lifeline != nil {
		errs = append(errs, c.lifeline.Close(), c.watch.Wait())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// Prepare makes the database that later ones are copies of, and calls migrate
// with its URL, once; copying costs a fraction of migrating.
func (c *Cluster) Prepare(migrate func(url string) error) error {
	const name = "prepared"
	url, err := c.createFrom(name, "template0")
	if err != nil {
		return err
	}
	if err := migrate(url); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.template = name
	return nil
}

// CreateDatabase makes a database and tells its URL: a copy of the prepared
// one, or empty where [Cluster.Prepare] was not called. It goes with the
// cluster.
func (c *Cluster) CreateDatabase() (url string, err error) {
	c.mu.Lock()
	template := cmp.Or(c.template, "template0")
	c.mu.Unlock()
	return c.createFrom(c.nextName(), template)
}

// CreateEmptyDatabase makes a database without tables.
func (c *Cluster) CreateEmptyDatabase() (url string, err error) {
	return c.createFrom(c.nextName(), "template0")
}

func (c *Cluster) nextName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	return fmt.Sprintf("test_%d", c.made)
}

func (c *Cluster) createFrom(name, template string) (string, error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return "", fmt.Errorf("storetest: create database: %w", err)
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return "", fmt.Errorf("storetest: create database: %w", err)
	}
	return c.url(name), nil
}

// Dump is what an operator's backup of the database holds, as pg_dump writes it.
func (c *Cluster) Dump(url string) (string, error) {
	out, err := c.command("pg_dump", "--dbname="+url).Output()
	if err != nil {
		return "", fmt.Errorf("storetest: dump database: %w", err)
	}
	return string(out), nil
}

// Restore puts what Dump gave into the database at url, which is empty.
func (c *Cluster) Restore(url, dump string) error {
	restore := c.command("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", "--dbname="+url)
	restore.Stdin = strings.NewReader(dump)
	if out, err := restore.CombinedOutput(); err != nil {
		return fmt.Errorf("storetest: restore database: %w: %s", err, out)
	}
	return nil
}

// Address is where the server listens: "127.0.0.1:port".
func (c *Cluster) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

func (c *Cluster) url(name string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", superuser, c.Address(), name)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }
