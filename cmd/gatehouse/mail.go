package main

import (
	"context"
	"fmt"
	"log/slog"

	"gatehouse/server"
)

type letters struct {
	Test testLetter `cmd:"" help:"Send a letter now, and say what the mail server answers."`
}

// testLetter sends a letter past the outbox.
type testLetter struct {
	Address string `arg:"" help:"Where to send it."`
}

// Help implements kong.HelpProvider.
func (testLetter) Help() string { return examples("gatehouse mail test ada@example.org") }

// Run implements the command.
func (c testLetter) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	if err := server.SendTestLetter(ctx, cfg, deps, c.Address); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "the letter was taken:", destination(cfg))
	return err
}
