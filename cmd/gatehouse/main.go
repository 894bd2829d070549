// Command gatehouse is the authentication server and what its operator does
// beside it: migrate, prune, look after users, sessions, keys and secrets, try
// the mail.
//
// This package knows arguments, signals and exit codes, and is the only one to
// touch what belongs to the process: its clock, its randomness, its environment
// and its streams. All of that is handed on in a process, so that tests run
// whole commands without starting any.
package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A process is what a command gets from the system.
type process struct {
	args           []string // without the program's name
	environ        []string
	stdin          io.Reader
	terminal       bool // somebody sits at stdin, and can be asked
	stdout, stderr io.Writer
	clock          func() time.Time
	random         io.Reader
}

// isTerminal takes what hands out characters for a terminal, but not /dev/null:
// that is what a command of cron or systemd reads, and nobody answers there.
func isTerminal(f *os.File) bool {
	about, err := f.Stat()
	if err != nil || about.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(about, null)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to finish, a second one is obeyed at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, process{
		args: os.Args[1:], environ: os.Environ(),
		stdin: os.Stdin, terminal: isTerminal(os.Stdin), stdout: os.Stdout, stderr: os.Stderr,
		clock: time.Now, random: rand.Reader,
	}))
}
