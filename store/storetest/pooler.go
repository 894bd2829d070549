package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A Pooler is a pgbouncer before a cluster that is thrown away: it lends a
// connection of the server's for one transaction, and then to somebody else. It
// dies with the process that started it.
type Pooler struct {
	cluster *Cluster
	address string
	process *exec.Cmd
	exited  chan struct{}
}

// StartPooler starts one. What it says goes to log, which may be nil.
func (c *Cluster) StartPooler(log io.Writer) (*Pooler, error) {
	program, err := findPooler()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = io.Discard
	}
	p := &Pooler{cluster: c, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), exited: make(chan struct{})}
	settings, err := p.write(port)
	if err != nil {
		return nil, err
	}
	p.process = c.command(filepath.Base(program), settings)
	p.process.Path = program
	p.process.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := p.start(log); err != nil {
		return nil, err
	}
	return p, nil
}

// write writes the settings beside the cluster's files, and tells where.
func (p *Pooler) write(port int) (path string, err error) {
	users := filepath.Join(p.cluster.dir, fmt.Sprintf("pooler-%d.users", port))
	if err := os.WriteFile(users, []byte(`"`+superuser+`" ""`+"\n"), 0o644); err != nil {
		return "", err
	}
	path = filepath.Join(p.cluster.dir, fmt.Sprintf("pooler-%d.ini", port))
	return path, os.WriteFile(path, fmt.Appendf(nil, `[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 8
max_client_conn = 500
`, p.cluster.port, port, users), 0o644)
}

// start returns when the pooler takes connections.
func (p *Pooler) start(log io.Writer) error {
	said, err := p.process.StderrPipe()
	if err != nil {
		return err
	}
	if err := p.process.Start(); err != nil {
		return fmt.Errorf("storetest: start pgbouncer: %w", err)
	}
	ready := make(chan struct{})
	var words strings.Builder
	go func() {
		defer close(p.exited)
		up := false
		for lines := bufio.NewScanner(said); lines.Scan(); {
			line := lines.Text()
			fmt.Fprintln(log, line)
			if up {
				continue
			}
			words.WriteString(line + "\n")
			if up = strings.Contains(line, "process up"); up {
				close(ready)
			}
		}
		_ = p.process.Wait() // how it ended is in the log
	}()
	select {
	case <-ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("storetest: start pgbouncer: %s", words.String())
	}
}

// URL leads to a database of the cluster by way of the pooler.
func (p *Pooler) URL(direct string) string {
	return strings.Replace(direct, p.cluster.Address(), p.address, 1)
}

// Close ends the pooler, and cuts whoever is connected.
func (p *Pooler) Close() error {
	if err := p.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("storetest: stop pgbouncer: %w", err)
	}
	<-p.exited
	return nil
}

// findPooler is the program: on the PATH, or where Debian puts it, which is not
// on everybody's.
func findPooler() (string, error) {
	if found, err := exec.LookPath("pgbouncer"); err == nil {
		return filepath.Abs(found)
	}
	const debian = "/usr/sbin"
	if executable(debian, "pgbouncer") {
		return filepath.Join(debian, "pgbouncer"), nil
	}
	return "", errors.New("storetest: pgbouncer is missing: apt-get install pgbouncer")
}
