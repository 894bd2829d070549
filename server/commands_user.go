package server

import (
	"context"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/graph"
)

// AccountView is what an operator sees of an account.
type AccountView = auth.AccountView

// Session is one sign-in of a user, as commands show it.
type Session = auth.Session

// ViewUser shows the account that an e-mail address, a username or an ID names;
// so do all commands about users take names.
func ViewUser(ctx context.Context, cfg config.Config, deps Deps, name string) (AccountView, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (AccountView, error) { return a.rules.ViewAccount(ctx, name) })
}

// UserSessions lists where the user is signed in, the latest used first.
func UserSessions(ctx context.Context, cfg config.Config, deps Deps, name string) ([]Session, error) {
	return asked(ctx, cfg, deps, func(a *assembly) ([]Session, error) { return a.rules.UserSessions(ctx, name) })
}

// SuspendUser suspends the account and ends its sessions; running servers hear
// of it.
func SuspendUser(ctx context.Context, cfg config.Config, deps Deps, name string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.SuspendUser(ctx, name) })
}

// ReinstateUser lifts a suspension.
func ReinstateUser(ctx context.Context, cfg config.Config, deps Deps, name string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.ReinstateUser(ctx, name) })
}

// PromoteUser gives the user roles.
func PromoteUser(ctx context.Context, cfg config.Config, deps Deps, name string, roles []string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.PromoteUser(ctx, name, roles...) })
}

// DemoteUser takes roles from the user.
func DemoteUser(ctx context.Context, cfg config.Config, deps Deps, name string, roles []string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.DemoteUser(ctx, name, roles...) })
}

// DeleteUser deletes the account for good; running servers hear of it, and the
// farewell is left to them.
func DeleteUser(ctx context.Context, cfg config.Config, deps Deps, name string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.DeleteUser(ctx, name) })
}

// SendPasswordReset leaves a letter with a link to choose a new password to the
// running server.
func SendPasswordReset(ctx context.Context, cfg config.Config, deps Deps, name string) (User, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (User, error) { return a.rules.SendPasswordReset(ctx, name) })
}

// ExportUser gives all that is held about the user, as exportAccount does.
func ExportUser(ctx context.Context, cfg config.Config, deps Deps, name string) (map[string]any, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (map[string]any, error) {
		held, err := a.rules.ExportUser(ctx, name)
		if err != nil {
			return nil, err
		}
		return graph.PresentExport(held), nil
	})
}

// EndAllSessions signs everybody out, and says how many sessions lived; running
// servers hear of it.
func EndAllSessions(ctx context.Context, cfg config.Config, deps Deps) (int, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (int, error) { return a.rules.EndAllSessions(ctx) })
}

// asked is [with] for commands that answer something.
func asked[Answer any](ctx context.Context, cfg config.Config, deps Deps, command func(*assembly) (Answer, error)) (answer Answer, err error) {
	err = with(ctx, cfg, deps, func(a *assembly) (err error) {
		answer, err = command(a)
		return err
	})
	return answer, err
}
