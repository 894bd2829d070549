package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"

	"gatehouse/config"
	"gatehouse/server"
)

// serve runs the server until the process is told to stop.
type serve struct{}

// Help implements kong.HelpProvider.
func (serve) Help() string {
	return examples("gatehouse", "GATEHOUSE_LISTEN=127.0.0.1:9000 gatehouse serve")
}

// Run implements the command.
func (serve) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelDebug)
	if err != nil {
		return err
	}
	deps.Ready = func(addresses []net.Addr) {
		if err := greet(p.stdout, cfg, addresses); err != nil {
			deps.Logger.Warn("nobody reads where things are", "error", err)
		}
		// What starting took and running does not need goes back.
		debug.FreeOSMemory()
	}
	p.boundMemory(ctx, cfg)
	deps.Hashing = processorsFor(p, cfg)
	s, err := server.New(ctx, cfg, deps)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// greet says where things are.
func greet(w io.Writer, cfg config.Config, addresses []net.Addr) error {
	bound := make([]string, len(addresses))
	for i, address := range addresses {
		bound[i] = address.String()
	}
	database := "PostgreSQL"
	if path := cfg.SQLitePath(); path != "" {
		database = "SQLite, in " + path
	}
	if path := cfg.SecretPath(); path != "" {
		database += "; the server's secret is kept in " + path
	}
	trial := ""
	if cfg.Playground {
		trial = "  playground  " + cfg.PublicURL + "/playground\n"
	}
	if cfg.Mailbox() {
		trial += "  mailbox     " + cfg.PublicURL + "/dev/mailbox\n"
	}
	if len(cfg.MetricsListen) > 0 {
		trial += "  metrics     at /metrics on " + strings.Join(cfg.MetricsListen, ", ") + "\n"
	}
	_, err := fmt.Fprintf(w, `Gatehouse listens on %s
  start here  %s
%s  GraphQL     %s/graphql
  keys        %s/.well-known/jwks.json
  database    %s
  letters     %s
  settings    gatehouse help settings
`, strings.Join(bound, ", "), cfg.PublicURL, trial, cfg.PublicURL, cfg.PublicURL, database, destination(cfg))
	return err
}

// destination says where letters go, and nothing of the password there.
func destination(cfg config.Config) string {
	scheme, rest, _ := strings.Cut(cfg.MailURL.Reveal(), ":")
	switch scheme {
	case "log":
		return "to this terminal: nothing is sent"
	case "file":
		return "to files in " + rest + ": nothing is sent"
	case "resend":
		return "by Resend, from " + cfg.MailFrom
	default:
		return "by SMTP, from " + cfg.MailFrom
	}
}
