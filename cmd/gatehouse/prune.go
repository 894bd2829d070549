package main

import (
	"context"
	"log/slog"

	"gatehouse/server"
)

// prune removes what has expired.
type prune struct{ output }

// Help implements kong.HelpProvider.
func (prune) Help() string { return examples("gatehouse prune", "gatehouse prune --json") }

// Run implements the command.
func (c prune) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	told := p.progress()
	removed, err := server.Prune(ctx, cfg, deps, func(removed int) { told.tell("%s removed so far", counted(removed, "row")) })
	if err != nil {
		return err
	}
	return c.print(p, map[string]int{"removed": removed}, sentence("%s removed", counted(removed, "row")))
}
