package main

import (
	"context"
	"log/slog"
	"strconv"

	"gatehouse/server"
)

type keys struct {
	List   listKeys  `cmd:"" help:"List the keys that sign access tokens."`
	Rotate rotateKey `cmd:"" help:"Make a new key now. It is published at once and signs in ten minutes, and nobody is signed out. The server does so by itself."`
	Drop   dropKey   `cmd:"" help:"Drop a compromised key, and with it all access tokens that it signed. Clients get new ones with their refresh tokens."`
}

// listKeys lists the signing keys.
type listKeys struct{ output }

// Help implements kong.HelpProvider.
func (listKeys) Help() string { return examples("gatehouse keys list", "gatehouse keys list --json") }

// Run implements the command.
func (c listKeys) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	all, err := server.Keys(ctx, cfg, deps)
	if err != nil {
		return err
	}
	answers, rows := make([]keyAnswer, len(all)), make([][]string, len(all))
	for i, k := range all {
		answers[i] = presentKey(k)
		rows[i] = []string{strconv.Itoa(k.Sequence), string(k.State), k.Algorithm, minute(k.CreatedAt), minute(k.SignsFrom), minute(k.RetiresAt), minute(k.DroppedAt), k.ID}
	}
	return c.print(p, answers, table("NUMBER STATE ALGORITHM CREATED SIGNS-FROM RETIRES DROPPED ID", rows))
}

// rotateKey makes the successor of the newest key.
type rotateKey struct{ output }

// Help implements kong.HelpProvider.
func (rotateKey) Help() string {
	return "It fails where a key that was made before still waits to sign.\n\n" + examples("gatehouse keys rotate")
}

// Run implements the command.
func (c rotateKey) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	made, err := server.RotateKey(ctx, cfg, deps)
	if err != nil {
		return err
	}
	return c.print(p, presentKey(made), sentence("key %d signs from %s", made.Sequence, minute(made.SignsFrom)))
}

// A keyAnswer is a key for scripts.
type keyAnswer struct {
	Number    int     `json:"number"`
	ID        string  `json:"id"`
	Algorithm string  `json:"algorithm"`
	State     string  `json:"state"`
	CreatedAt *string `json:"createdAt"`
	SignsFrom *string `json:"signsFrom"`
	RetiresAt *string `json:"retiresAt"`
	DroppedAt *string `json:"droppedAt"`
}

func presentKey(k server.SigningKey) keyAnswer {
	return keyAnswer{
		Number: k.Sequence, ID: k.ID, Algorithm: k.Algorithm, State: string(k.State),
		CreatedAt: instant(k.CreatedAt), SignsFrom: instant(k.SignsFrom),
		RetiresAt: instant(k.RetiresAt), DroppedAt: instant(k.DroppedAt),
	}
}
