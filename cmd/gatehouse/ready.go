package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"gatehouse/server"
)

// readyWithin is how long a server may take to answer: longer than it gives its
// database.
const readyWithin = 5 * time.Second

// ready asks the running server.
type ready struct{}

// Help implements kong.HelpProvider.
func (ready) Help() string {
	return "It asks /readyz at the first address of GATEHOUSE_LISTEN. The exit code is 0 where requests may be sent there.\n\n" +
		examples("gatehouse ready", "gatehouse ready || echo take it out of the balancer")
}

// Run implements the command.
func (ready) Run(ctx context.Context, p *process) error {
	cfg, _, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	failed, err := server.Ready(ctx, cfg)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return errors.New("not ready: " + strings.Join(failed, ", "))
	}
	return output{}.print(p, nil, sentence("ready"))
}
