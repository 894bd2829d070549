package main

import (
	"context"
	"fmt"
	"log/slog"

	"gatehouse/server"
)

// migrate brings the database up to date.
type migrate struct{}

// Run implements the command.
func (migrate) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelInfo)
	if err != nil {
		return err
	}
	if err := server.Migrate(ctx, cfg, deps); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "the database is up to date")
	return err
}
