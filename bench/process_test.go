package bench

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process is one running server, Gatehouse or what it is compared with.
type process struct {
	pid   int
	url   string
	began time.Duration // from its start until it listened
	end   func()
}

// start runs a server until the benchmark ends, or end is called, and returns
// when it says where it listens. GOMAXPROCS and the collector's settings are
// handed on.
func start(b *testing.B, environ []string, path string, args ...string) *process {
	b.Helper()
	command := exec.Command(path, args...)
	command.Env = append([]string{"PATH=" + os.Getenv("PATH")}, environ...)
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS"} {
		if value, set := os.LookupEnv(name); set {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	p := &process{pid: command.Process.Pid}
	ended := false
	p.end = func() {
		if !ended {
			ended = true
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}
	b.Cleanup(p.end)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), " listens on "); ok {
			p.began = time.Since(began)
			p.url = "http://" + address
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return p
		}
	}
	b.Fatalf("%s did not start", path)
	return nil
}

// serving are the settings of a server on loopback over a database.
func serving(b *testing.B, database string, more ...string) []string {
	return append([]string{
		"GATEHOUSE_PUBLIC_URL=http://localhost:8080",
		"GATEHOUSE_LISTEN=127.0.0.1:0",
		"GATEHOUSE_TRUSTED_PROXIES=127.0.0.1",
		"GATEHOUSE_DATABASE_URL=" + database,
		"GATEHOUSE_SECRET=" + newSecret(b),
	}, more...)
}

// startGatehouse runs the program.
func startGatehouse(b *testing.B, environ []string) *process {
	b.Helper()
	path, _ := build(b)
	return start(b, environ, path, "serve")
}

// startRole runs this test binary as something else, collecting garbage as
// Gatehouse does.
func startRole(b *testing.B, role string, environ ...string) *process {
	b.Helper()
	path, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	return start(b, append([]string{roleVariable + "=" + role, "GOGC=400"}, environ...), path)
}

// cpu is the processor time that the process has used.
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	// The clock of another process, as clock_getcpuclockid(3) makes its number: /proc
	// counts in hundredths of a second alone, which is much of a turn.
	const ofProcess = 2
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^p.pid<<3|ofProcess), &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Nano())
}
