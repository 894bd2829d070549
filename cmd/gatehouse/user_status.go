package main

import (
	"context"
	"fmt"
	"log/slog"

	"gatehouse/config"
	"gatehouse/server"
)

// suspendUser suspends a user.
type suspendUser struct{ whom }

// Help implements kong.HelpProvider.
func (suspendUser) Help() string { return examples("gatehouse user suspend ada@example.org") }

// Run implements the command.
func (c suspendUser) Run(ctx context.Context, p *process) error {
	return c.change(ctx, p, server.SuspendUser)
}

// reinstateUser lifts a suspension.
type reinstateUser struct{ whom }

// Help implements kong.HelpProvider.
func (reinstateUser) Help() string {
	return "The user signs in anew: sessions that the suspension ended, and links of letters, stay void.\n\n" +
		examples("gatehouse user reinstate ada@example.org")
}

// Run implements the command.
func (c reinstateUser) Run(ctx context.Context, p *process) error {
	return c.change(ctx, p, server.ReinstateUser)
}

// change does to the user what one command is for, and prints the ID.
func (c whom) change(ctx context.Context, p *process, do func(context.Context, config.Config, server.Deps, string) (server.User, error)) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	changed, err := do(ctx, cfg, deps, c.User)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, changed.ID)
	return err
}
