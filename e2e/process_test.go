package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

// program builds gatehouse once for all tests that run it.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workshop, "gatehouse")
	build := exec.Command("go", "build", "-o", path, "gatehouse/cmd/gatehouse")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// A town is one database and as many real processes over it as a test starts.
type town struct {
	t       testing.TB
	environ []string
	mail    *mailtest.SMTP
	nodes   []*node
}

// newTown prepares the settings that all nodes share; more are NAME=value.
func newTown(t testing.TB, database string, settings ...string) *town {
	t.Helper()
	secret, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tw := &town{t: t, mail: mailtest.NewSMTP(t, mailtest.SMTPOptions{})}
	tw.environ = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"GATEHOUSE_PUBLIC_URL=" + publicURL,
		"GATEHOUSE_LISTEN=127.0.0.1:0",
		"GATEHOUSE_DATABASE_URL=" + database,
		"GATEHOUSE_SECRET=" + secret,
		"GATEHOUSE_MAIL_URL=" + tw.mail.URL(),
		"GATEHOUSE_MAIL_FROM=gatehouse@example.org",
		"GATEHOUSE_TRUSTED_PROXIES=127.0.0.1",
		"GATEHOUSE_HASHING_MEMORY=64KiB",
		"GATEHOUSE_HASHING_PASSES=1",
		"GATEHOUSE_REFRESH_GRACE=1s",
	}, settings...)
	return tw
}

// A node is one running server.
type node struct {
	town    *town
	url     string
	command *exec.Cmd
	log     *syncBuffer
}

// start runs another node and returns when it answers.
func (tw *town) start() *node {
	tw.t.Helper()
	path, err := program()
	if err != nil {
		tw.t.Fatal(err)
	}
	n := &node{town: tw, log: &syncBuffer{}, command: exec.Command(path, "serve")}
	n.command.Env = tw.environ
	n.command.Stderr = n.log
	n.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := n.command.StdoutPipe()
	if err != nil {
		tw.t.Fatal(err)
	}
	if err := n.command.Start(); err != nil {
		tw.t.Fatal(err)
	}
	tw.t.Cleanup(n.kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "Gatehouse listens on "); ok {
			n.url = "http://" + address
			break
		}
	}
	if n.url == "" {
		tw.t.Fatalf("the server did not start: %s", n.log)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	tw.nodes = append(tw.nodes, n)
	return n
}

// run runs a command of the program and gives what it printed.
func (tw *town) run(stdin string, args ...string) string {
	tw.t.Helper()
	path, err := program()
	if err != nil {
		tw.t.Fatal(err)
	}
	command := exec.Command(path, args...)
	command.Env = tw.environ
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		tw.t.Fatalf("gatehouse %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// user makes an active user with the test's password.
func (tw *town) user(address string) {
	tw.t.Helper()
	tw.run(password, "user", "create", address, "--password-stdin")
}

// letter waits for the next letter to an address: longer than the lease of a
// node that was killed while it sent.
func (tw *town) letter(address string) mailtest.Letter {
	tw.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	l, err := tw.mail.NextTo(ctx, address)
	if err != nil {
		tw.t.Fatal(err)
	}
	return l
}

// any is a client of one node after the other.
func (tw *town) any(i int) *client { return tw.nodes[i%len(tw.nodes)].client() }

func (n *node) client() *client { return newClient(n.url) }

// kill ends the node as a power cut would end the process.
func (n *node) kill() {
	_ = n.command.Process.Kill()
	_ = n.command.Wait()
}

// stop ends it as an operator would.
func (n *node) stop() error {
	if err := n.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return n.command.Wait()
}

// towns are the two ways to run: one process on SQLite, two on one PostgreSQL.
func towns(t *testing.T, settings []string, test func(t *testing.T, tw *town)) {
	t.Helper()
	on(t, 2, settings, test)
}

// on runs on one process with SQLite, and on as many as asked over one
// PostgreSQL.
func on(t *testing.T, nodes int, settings []string, test func(t *testing.T, tw *town)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		tw := newTown(t, sqlite(t), settings...)
		tw.start()
		test(t, tw)
	})
	t.Run(fmt.Sprintf("%d nodes on postgres", nodes), func(t *testing.T) {
		t.Parallel()
		tw := newTown(t, postgres(t), settings...)
		for range nodes {
			tw.start()
		}
		test(t, tw)
	})
}

// together runs f n times, released at once.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// eventually asks until it is so, for ten seconds.
func eventually(t testing.TB, what string, so func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("not within ten seconds: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}
