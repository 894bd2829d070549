package main

import (
	"context"
	"errors"
	"log/slog"

	"gatehouse/server"
)

type sessions struct {
	End endSessions `cmd:"" help:"Sign everybody out: end every session, and refuse every access token that was given until now."`
}

// endSessions signs everybody out.
type endSessions struct {
	All bool `help:"Every session of every user; must be said."`
	confirmation
	output
}

// Help implements kong.HelpProvider.
func (endSessions) Help() string {
	return "Running servers hear of it within a second. Sign-ins wait until it is done; the access token of one that comes in the very next second may be refused, and its refresh token gives another.\n\n" +
		examples("gatehouse sessions end --all", "gatehouse sessions end --all --yes --json")
}

// Run implements the command.
func (c endSessions) Run(ctx context.Context, p *process) error {
	if !c.All {
		return misuse{errors.New("whose sessions? There is only --all; see gatehouse help sessions end")}
	}
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	if err := c.ask(ctx, p, "This signs everybody out."); err != nil {
		return err
	}
	ended, err := server.EndAllSessions(ctx, cfg, deps)
	if err != nil {
		return err
	}
	return c.print(p, map[string]int{"ended": ended}, sentence("%s ended", counted(ended, "session")))
}
