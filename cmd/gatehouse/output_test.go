package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func TestOneIsNotMany(t *testing.T) {
	t.Parallel()
	for n, want := range []string{"0 rows", "1 row", "2 rows"} {
		if got := counted(n, "row"); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
}

// A command of cron or systemd has nobody to ask, and must hear of --yes.
func TestTheNullDeviceIsNoTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	if isTerminal(null) {
		t.Errorf("%s is taken for a terminal", os.DevNull)
	}
}

// A device that its user has given a hostile name must not write on an
// operator's terminal.
func TestWhatUsersWroteDoesNotMoveTheCursor(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rows := [][]string{{"\x1b[2J\x1b]0;root\a", "two\nlines\tand a tab", "\u009b31m", "\u202etxt.exe", ""}, {"Café ☕ \u4e2d", "b", "c", "d", "e"}}
	if err := table("ONE TWO THREE FOUR FIVE", rows)(&out); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\a\t\u009b\u202e") || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%q", out.String())
	}
	if !strings.Contains(out.String(), "Café ☕ \u4e2d") {
		t.Errorf("what is harmless is lost: %q", out.String())
	}
}

func TestWhatHasNoWayBackIsAskedAboutWhereSomebodyCanAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed    string
		yes      bool
		terminal bool
		done     bool
	}{
		{typed: "yes\n", terminal: true, done: true},
		{typed: " yes \r\n", terminal: true, done: true},
		{typed: "no\n", terminal: true},
		{typed: "y\n", terminal: true},
		{typed: "\n", terminal: true},
		{typed: "yes", terminal: true}, // the line was hung up
		{typed: "", terminal: true},
		{typed: "yes\n"}, // a pipe
		{yes: true, done: true},
	} {
		var said bytes.Buffer
		p := process{stdin: strings.NewReader(c.typed), terminal: c.terminal, stderr: &said}
		err := confirmation{Yes: c.yes}.ask(t.Context(), &p, "This deletes it.")
		if (err == nil) != c.done || err != nil && !errors.As(err, new(misuse)) {
			t.Errorf("%+v: %v", c, err)
		}
		if asked := strings.HasPrefix(said.String(), "This deletes it."); asked != (c.terminal && !c.yes) {
			t.Errorf("%+v says %q", c, &said)
		}
	}
}

func TestAQuestionEndsWithASignal(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	// Somebody who sits there and types nothing.
	typed, hand := io.Pipe()
	defer hand.Close()
	asked, said := io.Pipe()
	answered := make(chan error, 1)
	go func() {
		answered <- confirmation{}.ask(ctx, &process{stdin: typed, terminal: true, stderr: said}, "This deletes it.")
	}()
	if _, err := asked.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	stop()
	select {
	case err := <-answered:
		if !errors.As(err, new(misuse)) {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("Ctrl-C is not heard")
	}
}

func TestLongWorkTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	var said bytes.Buffer
	p := &process{clock: func() time.Time { return now }, stderr: &said}
	told := p.progress()
	for i := range 100 { // ten seconds
		told.tell("%d of 100", i)
		now = now.Add(100 * time.Millisecond)
	}
	if got := said.String(); got != "20 of 100\n40 of 100\n60 of 100\n80 of 100\n" {
		t.Errorf("%q", got)
	}
}

// The clock leaps at each look, so that all work is long.
func TestPruningAndRewrappingTellHowFarTheyAre(t *testing.T) {
	t.Parallel()
	environ, _ := here(t)
	environ = append(environ, "GATEHOUSE_SECRET=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	command(t, environ, "", "user", "create", "ada@example.org") // a letter waits
	environ[len(environ)-1] = "GATEHOUSE_SECRET=ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=,AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for _, c := range []struct{ args, told, answer string }{
		{"prune", "0 rows removed so far\n", "0 rows removed\n"},
		{"secret rewrap --json", "1 of 1 letters\n", "{\n"},
	} {
		now := time.Now()
		leaping := func() time.Time {
			now = now.Add(patience)
			return now
		}
		var answer, told bytes.Buffer
		code := run(t.Context(), process{
			args: strings.Fields(c.args), environ: environ, stdin: strings.NewReader(""),
			stdout: &answer, stderr: &told, clock: leaping, random: rand.Reader,
		})
		if code != succeeded || !strings.Contains(told.String(), c.told) || !strings.HasPrefix(answer.String(), c.answer) || strings.Contains(answer.String(), c.told) {
			t.Errorf("%s exits with %d, tells %q, answers %q", c.args, code, &told, &answer)
		}
	}
}

// leaves are the commands that do something.
func leaves(node *kong.Node) []*kong.Node {
	if len(node.Children) == 0 {
		return []*kong.Node{node}
	}
	var all []*kong.Node
	for _, child := range node.Children {
		all = append(all, leaves(child)...)
	}
	return all
}

func TestEveryCommandHasExamplesThatThisProgramTakes(t *testing.T) {
	t.Parallel()
	p := &process{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, clock: time.Now, random: rand.Reader}
	line, _, err := newCommandLine(p)
	if err != nil {
		t.Fatal(err)
	}
	commands := leaves(line.Model.Node)
	if len(commands) < 20 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, command := range commands {
		path := command.Path()
		found := 0
		for example := range strings.Lines(command.Detail) {
			example, is := strings.CutPrefix(example, "\t")
			if !is {
				continue
			}
			found++
			args := typed(example)
			if len(args) == 0 && path == "serve" {
				continue // gatehouse alone
			}
			parsed, err := line.Parse(args)
			if err != nil {
				t.Errorf("%s: %s: %v", path, strings.TrimSpace(example), err)
				continue
			}
			if got := parsed.Selected(); got == nil || got.Path() != command.Path() {
				t.Errorf("%s: %s is another command", path, strings.TrimSpace(example))
			}
		}
		if found == 0 {
			t.Errorf("%s has no example", path)
		}
	}
}

// typed are the arguments that a shell would give to the program.
func typed(example string) []string {
	_, example, _ = strings.Cut(example, "gatehouse")
	if at := strings.IndexAny(example, "|<>"); at >= 0 {
		example = example[:at]
	}
	var args []string
	for i, part := range strings.Split(example, "'") {
		if i%2 == 1 {
			args = append(args, part)
		} else {
			args = append(args, strings.Fields(part)...)
		}
	}
	return args
}
