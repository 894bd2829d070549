package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse/config"
)

// port is one that was free a moment ago.
func port(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// here is an environment whose files lie in a folder of the test's own, and the
// address of a server in it.
func here(t *testing.T) (environ []string, url string) {
	t.Helper()
	p := port(t)
	return []string{
		"GATEHOUSE_LISTEN=127.0.0.1:" + p,
		"GATEHOUSE_DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "gatehouse.db"),
		"GATEHOUSE_HASHING_MEMORY=64KiB",
	}, "http://localhost:" + p
}

// command runs one in this process and wants it to succeed.
func command(t *testing.T, environ []string, stdin string, args ...string) (stdout string) {
	t.Helper()
	var out, complaints bytes.Buffer
	code := run(t.Context(), process{
		args: args, environ: environ, stdin: strings.NewReader(stdin),
		stdout: &out, stderr: &complaints, clock: time.Now, random: rand.Reader,
	})
	if code != succeeded {
		t.Fatalf("gatehouse %s exits with %d: %s", strings.Join(args, " "), code, &complaints)
	}
	return out.String()
}

// greeting reads what a server says once it listens.
func greeting(t *testing.T, stdout io.Reader) string {
	t.Helper()
	var said strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "help settings") {
			return said.String()
		}
	}
	t.Fatalf("the server ended without a greeting: %q", said.String())
	return ""
}

const login = `mutation($input: LoginInput!) { login(input: $input) { ... on SignedIn { user { id } tokens { accessToken } } } }`

// signIn signs in over HTTP, and gives the user's ID and the access token.
func signIn(t *testing.T, url, email, password string) (id, token string) {
	t.Helper()
	var answer struct {
		Data struct {
			Login struct {
				User   struct{ ID string }
				Tokens struct{ AccessToken string }
			}
		}
		Errors []any
	}
	ask(t, url, "", login, map[string]any{"input": map[string]string{"identifier": email, "password": password}}, &answer)
	if len(answer.Errors) > 0 {
		t.Fatalf("login is refused: %v", answer.Errors)
	}
	return answer.Data.Login.User.ID, answer.Data.Login.Tokens.AccessToken
}

func ask(t *testing.T, url, token, query string, variables map[string]any, answer any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

func TestTheServerSaysWhereThingsAreAndStopsWhenTold(t *testing.T) {
	t.Parallel()
	environ, url := here(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, said := io.Pipe()
	var complaints bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, process{environ: environ, stdin: strings.NewReader(""), stdout: said, stderr: &complaints, clock: time.Now, random: rand.Reader})
		said.Close()
	}()
	words := greeting(t, stdout)
	for _, want := range []string{
		url + "/graphql", url + "/.well-known/jwks.json", "playground  " + url + "/playground", "mailbox     " + url + "/dev/mailbox", "gatehouse.db", "gatehouse.db.secret", "nothing is sent",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the greeting lacks %q:\n%s", want, words)
		}
	}
	for _, path := range []string{"/readyz", "/.well-known/jwks.json", "/playground", "/dev/mailbox"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", path, response.Status)
		}
	}
	if out := command(t, environ, "", "ready"); out != "ready\n" {
		t.Errorf("gatehouse ready says %q", out)
	}
	stop()
	if code := <-ended; code != succeeded {
		t.Errorf("exits with %d: %s", code, &complaints)
	}
	var refused bytes.Buffer
	if code := run(t.Context(), process{args: []string{"ready"}, environ: environ, stdout: &refused, stderr: &refused, clock: time.Now}); code != failed {
		t.Errorf("of a server that has ended, gatehouse ready exits with %d: %s", code, &refused)
	}
}

func TestAUserMadeAtTheCommandLineSignsInUntilSuspendedThere(t *testing.T) {
	t.Parallel()
	environ, url := here(t)
	const password = " seven bright lanterns " // the blanks are part of it
	made := strings.TrimSpace(command(t, environ, password+"\n", "user", "create", "ada@example.org", "--password-stdin"))

	// A process of its own, as an operator runs it.
	server := exec.CommandContext(t.Context(), "gatehouse")
	server.Env = append(os.Environ(), environ...)
	var complaints bytes.Buffer
	server.Stderr = &complaints
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	greeting(t, stdout)
	id, token := signIn(t, url, "ada@example.org", password)
	if id != made {
		t.Errorf("the user who signs in is %s, made was %s", id, made)
	}

	// The running server hears the command line within 1 s.
	command(t, environ, "", "user", "suspend", "ada@example.org")
	var answer struct{ Errors []any }
	for deadline := time.Now().Add(5 * time.Second); len(answer.Errors) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("a suspended user's access token is still good after 5 s")
		}
		ask(t, url, token, `{ me { id } }`, nil, &answer)
	}

	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("SIGTERM ends the server with %v: %s", err, &complaints)
	}
	if secret := regexp.MustCompile(`seven|lanterns|` + regexp.QuoteMeta(token)); secret.MatchString(complaints.String()) {
		t.Errorf("the log shows a secret:\n%s", &complaints)
	}
}

// A writer that nobody reads.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWhatCannotBePrintedIsAFailure(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"help", "settings"}} {
		var complaints bytes.Buffer
		code := run(t.Context(), process{args: args, stdout: broken{}, stderr: &complaints, clock: time.Now, random: rand.Reader})
		if code != failed || complaints.Len() == 0 {
			t.Errorf("gatehouse %v exits with %d and says %q", args, code, &complaints)
		}
	}
}

func TestALogLineHasTheFormOfItsSetting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		entry, want string
	}{
		{"GATEHOUSE_LOG_FORMAT=json", `"msg":"hello"`},
		{"GATEHOUSE_LOG_FORMAT=text", `msg=hello`},
		{"GATEHOUSE_LOG_LEVEL=error", ``},
	} {
		var log bytes.Buffer
		p := process{environ: []string{c.entry}, stderr: &log}
		_, deps, err := p.settings(0)
		if err != nil {
			t.Fatal(err)
		}
		deps.Logger.Warn("hello")
		if got := log.String(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s logs %q", c.entry, got)
		}
	}
}

func TestAPasswordEndsWithItsLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed, want string
		bad         bool
	}{
		{typed: "alpha two\n", want: "alpha two"},
		{typed: "alpha two\r\n", want: "alpha two"},
		{typed: " alpha two ", want: " alpha two "},
		{typed: "alpha\ntwo\n", bad: true},
		{typed: "alpha\n\n", bad: true},
		{typed: strings.Repeat("x", passwordMaxBytes+1), bad: true},
	} {
		got, err := readPassword(strings.NewReader(c.typed))
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%.20q is read as %q, %v", c.typed, got, err)
		}
		if err != nil && strings.Contains(fmt.Sprint(err), "alpha") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestTheGreetingNamesWhatThereIsToTry(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string][2]bool{
		"GATEHOUSE_PLAYGROUND=off":              {false, false},
		"GATEHOUSE_MAIL_URL=smtp://localhost:1": {true, false},
		"GATEHOUSE_LOG_LEVEL=info":              {true, true},
		"GATEHOUSE_LISTEN=0.0.0.0:8080":         {false, false},
	} {
		environ := []string{"GATEHOUSE_MAIL_FROM=a@example.org", setting}
		if strings.Contains(setting, "LISTEN") {
			environ = append(environ, "GATEHOUSE_PUBLIC_URL=https://auth.example.com", "GATEHOUSE_MAIL_URL=smtp://localhost:1")
		}
		cfg, err := config.Load(environ)
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		if err := greet(&said, cfg, nil); err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{strings.Contains(said.String(), "/playground"), strings.Contains(said.String(), "/dev/mailbox")}; got != want {
			t.Errorf("%s: playground and mailbox %v, want %v:\n%s", setting, got, want, &said)
		}
	}
}
