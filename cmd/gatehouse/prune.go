package main

import (
	"context"
	"fmt"
	"log/slog"

	"gatehouse/server"
)

// prune removes what has expired.
type prune struct{}

// Run implements the command.
func (prune) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	removed, err := server.Prune(ctx, cfg, deps, nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%d rows removed\n", removed)
	return err
}
