package main

import (
	"context"
	"log/slog"

	"gatehouse/config"
	"gatehouse/server"
)

// deleteUser deletes an account.
type deleteUser struct {
	whom
	confirmation
}

// Help implements kong.HelpProvider.
func (deleteUser) Help() string {
	return "It is as deleteAccount of the API: tokens are refused at once, a farewell goes out as soon as the server runs, and the last administrator stays.\n\n" +
		examples("gatehouse user delete ada@example.org", "gatehouse user delete 0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b --yes")
}

// Run implements the command.
func (c deleteUser) Run(ctx context.Context, p *process) error {
	return c.change(ctx, p, func(ctx context.Context, cfg config.Config, deps server.Deps, name string) (server.User, error) {
		if !c.Yes {
			// Whom it would hit is asked about, not what was typed.
			found, err := server.ViewUser(ctx, cfg, deps, name)
			if err != nil {
				return server.User{}, err
			}
			name = found.ID.String()
			if err := c.ask(ctx, p, "This deletes the account of "+printable(found.Email.Text)+" and everything of it."); err != nil {
				return server.User{}, err
			}
		}
		return server.DeleteUser(ctx, cfg, deps, name)
	})
}

// resetPassword sends a user a link to choose a password.
type resetPassword struct{ whom }

// Help implements kong.HelpProvider.
func (resetPassword) Help() string {
	return "The letter goes out as soon as the server runs, and its link replaces older ones. Nobody is signed out before it is used.\n\n" +
		examples("gatehouse user reset-password ada@example.org")
}

// Run implements the command.
func (c resetPassword) Run(ctx context.Context, p *process) error {
	return c.change(ctx, p, server.SendPasswordReset)
}

// exportUser prints all that is held about a user.
type exportUser struct{ whom }

// Help implements kong.HelpProvider.
func (exportUser) Help() string {
	return "It is the JSON that exportAccount of the API gives to the user.\n\n" + examples("gatehouse user export ada@example.org > ada.json")
}

// Run implements the command.
func (c exportUser) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	held, err := server.ExportUser(ctx, cfg, deps, c.User)
	if err != nil {
		return err
	}
	return output{JSON: true}.print(p, held, nil)
}
