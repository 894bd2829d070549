package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

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

// roles are those that a command gives or takes.
type roles struct {
	Role []string `sep:"none" default:"admin" help:"A role; may be given several times. ${default} where none is given."`
}

// onRoles is what promoting and demoting say of sessions.
const onRoles = "Sessions go on. Gatehouse goes by the new roles from the next request on; access tokens, by which other services go, show them with the next refresh, ten minutes later at most."

// promoteUser gives roles.
type promoteUser struct {
	whom
	roles
}

// Help implements kong.HelpProvider.
func (promoteUser) Help() string {
	return onRoles + "\n\n" + examples("gatehouse user promote ada@example.org", "gatehouse user promote ada@example.org --role support --role billing")
}

// Run implements the command.
func (c promoteUser) Run(ctx context.Context, p *process) error {
	return c.setRoles(ctx, p, c.whom, server.PromoteUser)
}

// demoteUser takes roles.
type demoteUser struct {
	whom
	roles
}

// Help implements kong.HelpProvider.
func (demoteUser) Help() string {
	return onRoles + " The last administrator stays one.\n\n" + examples("gatehouse user demote ada@example.org", "gatehouse user demote ada@example.org --role billing")
}

// Run implements the command.
func (c demoteUser) Run(ctx context.Context, p *process) error {
	return c.setRoles(ctx, p, c.whom, server.DemoteUser)
}

func (r roles) setRoles(ctx context.Context, p *process, who whom, do func(context.Context, config.Config, server.Deps, string, []string) (server.User, error)) error {
	return who.change(ctx, p, func(ctx context.Context, cfg config.Config, deps server.Deps, name string) (server.User, error) {
		changed, err := do(ctx, cfg, deps, name, r.Role)
		if err != nil {
			return changed, err
		}
		has := strings.Join(changed.Roles, ", ")
		if has == "" {
			has = "none"
		}
		// Beside the answer, which scripts read.
		_, err = fmt.Fprintf(p.stderr, "roles: %s; access tokens show them with the next refresh\n", has)
		return changed, err
	})
}
