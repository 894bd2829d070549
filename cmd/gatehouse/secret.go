package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"gatehouse/server"
)

type secret struct {
	New    newSecret    `cmd:"" help:"Print a new secret for GATEHOUSE_SECRET."`
	Rewrap rewrapSecret `cmd:"" help:"Seal under the first secret of GATEHOUSE_SECRET what the others have sealed: signing keys, and letters that wait."`
}

// newSecret prints a secret. It is the only command that prints one.
type newSecret struct{}

// Help implements kong.HelpProvider.
func (newSecret) Help() string {
	return "It is kept nowhere.\n\n" + examples("gatehouse secret new > secret.txt")
}

// Run implements the command.
func (newSecret) Run(p *process) error {
	made, err := server.NewSecret(server.Deps{Random: p.random})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, made)
	return err
}

// rewrapSecret seals anew what older secrets have sealed.
type rewrapSecret struct{ output }

// Help implements kong.HelpProvider.
func (rewrapSecret) Help() string {
	return "To change the secret: add a new one as the last of GATEHOUSE_SECRET on all servers; then move it to the front on all; then run this. " +
		"What can't be sealed anew runs out: refresh tokens that are not used, and the digits of registrations. Take the old secret away after the day that this command says. " +
		"Counters of attempts begin anew with a new first secret.\n\n" +
		examples("gatehouse secret rewrap", "gatehouse secret rewrap --json")
}

// Run implements the command.
func (c rewrapSecret) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	told := p.progress()
	done, err := server.RewrapSecrets(ctx, cfg, deps, func(done, of int) { told.tell("%d of %d letters", done, of) })
	if err != nil {
		return err
	}
	answer := struct {
		SigningKeys int     `json:"signingKeys"`
		Letters     int     `json:"letters"`
		Others      int     `json:"otherSecrets"`
		KeepUntil   *string `json:"keepUntil"`
	}{done.SigningKeys, done.Letters, done.Others, nil}
	if done.Others > 0 {
		answer.KeepUntil = instant(done.KeepUntil)
	}
	return c.print(p, answer, func(w io.Writer) error {
		if err := sentence("sealed anew: %s, %s", counted(done.SigningKeys, "signing key"), counted(done.Letters, "letter"))(w); err != nil {
			return err
		}
		switch {
		case done.Others == 0:
			return nil
		case done.KeepUntil.IsZero():
			return sentence("the secrets after the first can be taken away")(w)
		default:
			return sentence("keep the secrets after the first until %s, or sign out who has not come back by then", minute(done.KeepUntil))(w)
		}
	})
}
