package main

import (
	"context"
	"log/slog"

	"gatehouse/server"
)

// dropKey drops a compromised key.
type dropKey struct {
	Key string `arg:"" help:"Its number or ID, as gatehouse keys list shows them."`
	confirmation
	output
}

// Help implements kong.HelpProvider.
func (dropKey) Help() string {
	return "A key that signs has a successor at once. Running servers hear of it within a second; services that keep a copy of the published keys take the dropped one for as long as they keep that, five minutes by its headers.\n\n" +
		examples("gatehouse keys drop 3", "gatehouse keys drop 3 --yes --json")
}

// Run implements the command.
func (c dropKey) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	if err := c.ask(ctx, p, "This drops key "+c.Key+", and refuses all that it signed."); err != nil {
		return err
	}
	dropped, err := server.DropKey(ctx, cfg, deps, c.Key)
	if err != nil {
		return err
	}
	return c.print(p, presentKey(dropped), sentence("key %d is dropped since %s", dropped.Sequence, minute(dropped.DroppedAt)))
}
