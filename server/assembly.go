package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/mail"
	"gatehouse/store"
	"gatehouse/watch"
)

// An assembly is everything below HTTP, put together: what the server and the
// commands have in common.
type assembly struct {
	config  config.Config
	deps    Deps
	store   *store.Store
	clock   *clock
	secrets auth.Secrets
	keys    *auth.KeySet
	hasher  *auth.Hasher
	rules   *auth.Service
	watch   *watch.Watch // nil where nobody watches
	// wake tells the dispatcher that a letter was written.
	wake chan struct{}
}

// assemble opens storage, brings it up to date where that is wanted, and builds
// the rules on it. Who watches may be nobody: nil. close ends it.
func assemble(ctx context.Context, cfg config.Config, deps Deps, w *watch.Watch) (_ *assembly, err error) {
	a := &assembly{config: cfg, deps: deps, clock: &clock{local: deps.Clock}, watch: w, wake: make(chan struct{}, 1)}
	if a.secrets, err = openSecrets(cfg, deps); err != nil {
		return nil, err
	}
	if cfg.Migrate {
		if err := Migrate(ctx, cfg, deps); err != nil {
			return nil, err
		}
	}
	a.store, err = store.Open(ctx, cfg.DatabaseURL.Reveal(), storeOptions(cfg, deps, a.storeWatch()))
	if err != nil {
		return nil, err
	}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	return a, nil
}

// storeOptions are how the operator wants PostgreSQL to be treated.
func storeOptions(cfg config.Config, deps Deps, watch store.Watch) store.Options {
	return store.Options{
		MaxConns: cfg.DatabaseMaxConnections, AcquireTimeout: cfg.DatabaseAcquireTimeout,
		StatementTimeout: cfg.DatabaseStatementTimeout, LockTimeout: cfg.DatabaseLockTimeout,
		IdleInTransactionTimeout: cfg.DatabaseIdleInTransactionTimeout, Pooled: cfg.DatabasePooled,
		Observe: deps.Observe, Watch: watch,
	}
}

// openSecrets reads the server's secret; where none was given it is made, and
// kept beside the SQLite file.
func openSecrets(cfg config.Config, deps Deps) (auth.Secrets, error) {
	secret := cfg.Secret
	if path := cfg.SecretPath(); path != "" {
		var err error
		secret, err = config.KeepSecret(path, func() (string, error) { return auth.NewSecret(deps.Random) })
		if err != nil {
			return auth.Secrets{}, err
		}
	}
	return auth.ParseSecrets(secret.Reveal())
}

// upToDate fails where the database lacks tables that this program needs.
func (a *assembly) upToDate(ctx context.Context) error {
	pending, err := a.store.Pending(ctx)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return errors.New("server: the database is not up to date: run gatehouse migrate, or set GATEHOUSE_MIGRATE=on")
	}
	return nil
}

// difference is how far the database's clock is from this machine's.
func (a *assembly) difference(ctx context.Context, local func() time.Time) (time.Duration, error) {
	if a.deps.ClockDifference != nil {
		return a.deps.ClockDifference(ctx, local)
	}
	return a.store.ClockDifference(ctx, local)
}

// build makes the rules.
func (a *assembly) build(ctx context.Context) error {
	cfg, deps := a.config, a.deps
	if err := a.upToDate(ctx); err != nil {
		return err
	}
	if _, err := a.clock.measure(ctx, a.difference); err != nil {
		return err
	}
	var err error
	a.hasher, err = auth.NewHasher(auth.HashParameters{
		MemoryKiB: uint32(cfg.HashingMemory >> 10), Passes: uint32(cfg.HashingPasses), Lanes: uint8(cfg.HashingLanes),
	}, cfg.HashingSlots, deps.Random, deps.Clock)
	if err != nil {
		return fmt.Errorf("server: make hasher: %w", err)
	}
	a.keys = auth.NewKeySet(auth.KeySetOptions{
		Secrets: a.secrets, Issuer: cfg.Issuer, Audience: cfg.Audience, Leeway: cfg.Leeway, Random: deps.Random,
		Algorithm: auth.Algorithm(cfg.SigningAlgorithm),
	})
	a.rules = auth.New(auth.Options{
		Store: a.store, Secrets: a.secrets, Keys: a.keys, Hasher: a.hasher,
		Passwords: auth.PasswordPolicy{MinLength: cfg.PasswordMinLength},
		Settings:  ruleSettings(cfg), Limits: ruleLimits(cfg),
		Clock: a.clock.now, Random: deps.Random, Logger: deps.Logger, Observer: a.authObserver(), Wake: a.wakeDispatcher,
	})
	return nil
}

// wakeDispatcher never blocks: one call that waits to be heard is enough.
func (a *assembly) wakeDispatcher() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *assembly) close() error { return a.store.Close() }

// renderer puts letters into words.
func (a *assembly) renderer() (*mail.Renderer, error) {
	cfg := a.config
	words := mail.Words{Locale: cfg.DefaultLocale}
	if cfg.MailTemplates != "" {
		words.Templates = os.DirFS(cfg.MailTemplates)
	}
	return mail.NewRenderer(mail.Brand{
		Name: cfg.BrandName, LogoURL: cfg.BrandLogoURL, Colour: cfg.BrandColour,
		TermsURL: cfg.BrandTermsURL, PrivacyURL: cfg.BrandPrivacyURL,
	}, mail.Links{
		PublicURL: cfg.PublicURL, Activate: cfg.LinkURLActivate, Decline: cfg.LinkURLDecline,
		Reset: cfg.LinkURLReset, ResetUsername: cfg.LinkURLResetUsername, RequestReset: cfg.LinkURLRequestReset,
		ConfirmEmail: cfg.LinkURLConfirmEmail, RevertEmail: cfg.LinkURLRevertEmail,
	}, words)
}

// wire carries letters away. One that shows them, live links included, is for
// loopback only; config said so already, and this is the place where it counts.
func (a *assembly) wire() (mail.Wire, error) {
	w, err := mail.NewWire(a.config.MailURL.Reveal(), mail.WireOptions{
		From: a.config.MailFrom, Out: a.deps.Out, HTTPClient: a.deps.HTTPClient, RootCAs: a.deps.RootCAs,
	})
	if err == nil && w.Exposes() && !a.config.Loopback() {
		return nil, errors.New("server: MAIL_URL: log: and file: show live links, and are for loopback only")
	}
	return w, err
}

// dispatcher empties the outbox by that wire.
func (a *assembly) dispatcher(wire mail.Wire) (*mail.Dispatcher, error) {
	renderer, err := a.renderer()
	if err != nil {
		return nil, err
	}
	return mail.NewDispatcher(mail.Options{
		Outbox: a.store, Renderer: renderer, Wire: wire,
		Open: func(l auth.OutboxLetter) (auth.Letter, error) { return auth.OpenLetter(a.secrets, l) },
		Now:  a.rules.Now, Random: a.deps.Random, Logger: a.deps.Logger, Watch: a.mailWatch(),
	}), nil
}
