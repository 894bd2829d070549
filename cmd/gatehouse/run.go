package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/alecthomas/kong"

	"gatehouse/config"
	"gatehouse/server"
)

// The exit codes.
const (
	succeeded = 0
	failed    = 1
	misused   = 2 // the command line or the settings are wrong
)

// commands is the command line, as kong reads it.
type commands struct {
	Serve   serve   `cmd:"" help:"Run the server; so does gatehouse alone."`
	Migrate migrate `cmd:"" help:"Bring the database up to date."`
	Backup  backup  `cmd:"" help:"Copy the SQLite database into a new file, while servers run on it."`
	Prune   prune   `cmd:"" help:"Remove what has expired. A running server does so by itself."`
	Doctor  doctor  `cmd:"" help:"Look at all that a server needs, and say what mends it."`
	User    user    `cmd:"" help:"Users, by an operator's hand."`
	Mail    letters `cmd:"" help:"Letters."`

	Sessions   sessions   `cmd:"" help:"Sessions of all users."`
	Keys       keys       `cmd:"" help:"The keys that sign access tokens."`
	Secret     secret     `cmd:"" help:"The server's secret."`
	Ready      ready      `cmd:"" help:"Whether the server that runs with these settings takes requests, for health checks."`
	Completion completion `cmd:"" help:"Have a shell complete these commands."`
	Version    version    `cmd:"" help:"Print the version."`
	Help       help       `cmd:"" help:"Explain a command, or the settings."`
}

// run runs one command and gives the code to exit with.
func run(ctx context.Context, p process) int {
	line, shown, err := newCommandLine(&p)
	if err != nil {
		return report(p, err, failed)
	}
	if p.completing() {
		if err := complete(p, line); err != nil {
			return report(p, err, failed)
		}
		return succeeded
	}
	// Serving is not kong's default command: kong would explain that one where it
	// is asked to explain them all.
	if len(p.args) == 0 {
		p.args = []string{"serve"}
	}
	command, err := line.Parse(p.args)
	if *shown { // --help has been answered, whatever the rest of the line says
		return succeeded
	}
	if err != nil {
		return report(p, fmt.Errorf("%w; see gatehouse help", err), misused)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run()
	if faults := (config.Faults)(nil); errors.As(err, &faults) {
		return report(p, fmt.Errorf("the settings are wrong; see gatehouse help settings\n%w", faults), misused)
	}
	if errors.As(err, new(misuse)) {
		return report(p, err, misused)
	}
	if err != nil {
		return report(p, err, failed)
	}
	return succeeded
}

// A misuse is an error of the command line that kong does not see.
type misuse struct{ error }

// newCommandLine makes kong's parser; shown tells whether it printed help.
func newCommandLine(p *process) (line *kong.Kong, shown *bool, err error) {
	shown = new(bool)
	line, err = kong.New(&commands{},
		kong.Name("gatehouse"),
		kong.Description("A self-hosted GraphQL authentication server. Its settings are environment variables: see gatehouse help settings."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { *shown = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Bind(p),
	)
	return line, shown, err
}

// report says in a few lines what went wrong, and gives the code.
func report(p process, err error, code int) int {
	text := strings.ReplaceAll(err.Error(), "\n", "\n  ")
	_, _ = fmt.Fprintf(p.stderr, "gatehouse: %s\n", text) // whom nobody reads, the code tells
	return code
}

// settings loads the settings and makes what the server needs of the process.
// Nothing less severe than least is logged, whatever the settings say.
func (p *process) settings(least slog.Level) (config.Config, server.Deps, error) {
	cfg, err := config.Load(p.environ)
	if err != nil {
		return config.Config{}, server.Deps{}, err
	}
	options := &slog.HandlerOptions{Level: max(least, cfg.LogLevel)}
	var handler slog.Handler = slog.NewTextHandler(p.stderr, options)
	if cfg.LogFormat == "json" {
		handler = slog.NewJSONHandler(p.stderr, options)
	}
	deps := server.Deps{Clock: p.clock, Random: p.random, Logger: slog.New(handler), Out: p.stderr}
	deps.Version, deps.Revision = built()
	return cfg, deps, nil
}
