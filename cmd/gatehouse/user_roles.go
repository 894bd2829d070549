package main

import (
	"context"
	"fmt"
	"strings"

	"gatehouse/config"
	"gatehouse/server"
)

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
	return onRoles + " It is refused where nobody has shown that the address is theirs.\n\n" + examples("gatehouse user promote ada@example.org", "gatehouse user promote ada@example.org --role support --role billing")
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
