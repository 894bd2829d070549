package server

import (
	"context"

	"gatehouse/auth"
	"gatehouse/config"
)

// SigningKey is a signing key, and what it is good for.
type SigningKey = auth.HeldKey

// Keys lists the signing keys, the oldest first.
func Keys(ctx context.Context, cfg config.Config, deps Deps) ([]SigningKey, error) {
	return asked(ctx, cfg, deps, func(a *assembly) ([]SigningKey, error) { return a.rules.Keys(ctx) })
}

// RotateKey adds the successor of the key that signs, which signs nobody out;
// running servers hear of it.
func RotateKey(ctx context.Context, cfg config.Config, deps Deps) (SigningKey, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (SigningKey, error) { return a.rules.ReplaceSigningKey(ctx) })
}

// DropKey drops the key of a number or ID, and with it the access tokens that it
// signed; running servers hear of it.
func DropKey(ctx context.Context, cfg config.Config, deps Deps, name string) (SigningKey, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (SigningKey, error) { return a.rules.DropSigningKey(ctx, name) })
}

// NewSecret makes a secret for GATEHOUSE_SECRET.
func NewSecret(deps Deps) (string, error) { return auth.NewSecret(deps.Random) }

// Rewrap says what was sealed anew under the first secret.
type Rewrap = auth.Rewrap

// RewrapSecrets seals under the first secret what is sealed under another.
// Meanwhile progress is told what is done of how much; it may be nil. What was
// done is answered with an error too.
func RewrapSecrets(ctx context.Context, cfg config.Config, deps Deps, progress func(done, of int)) (Rewrap, error) {
	return asked(ctx, cfg, deps, func(a *assembly) (Rewrap, error) { return a.rules.RewrapSecrets(ctx, progress) })
}
