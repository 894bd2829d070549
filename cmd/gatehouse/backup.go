package main

import (
	"context"
	"log/slog"

	"gatehouse/server"
)

// backup copies the database.
type backup struct {
	File string `arg:"" help:"The file to make. One that is there already is left alone, and the command fails."`
}

// Help implements kong.HelpProvider.
func (backup) Help() string {
	return "The copy is the database as it was at one instant, on disk when the command ends, and good to be opened as it is. It opens under the server's secret alone: keep that too, elsewhere. After putting a copy back, sign everybody out: what was ended since would live again. PostgreSQL has tools of its own for this, pg_dump and pg_basebackup.\n\n" +
		examples("gatehouse backup /backup/gatehouse-2027-03-04.db")
}

// Run implements the command.
func (c backup) Run(ctx context.Context, p *process) error {
	cfg, _, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	if err := server.Backup(ctx, cfg, c.File); err != nil {
		return err
	}
	return output{}.print(p, nil, sentence("the database is in %s", c.File))
}
