package server

import (
	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/graph"
	"gatehouse/graph/model"
)

// ruleSettings are the figures of the rules as the operator chose them.
func ruleSettings(cfg config.Config) auth.Settings {
	return auth.Settings{
		RegistrationOpen:      cfg.RegistrationOpen,
		SessionsPerUser:       cfg.SessionsPerUser,
		WatchesPerSession:     cfg.StreamsPerSession,
		AccessTokenLifetime:   cfg.AccessTokenLifetime,
		SessionIdleLifetime:   cfg.SessionIdleLifetime,
		SessionLifetime:       cfg.SessionLifetime,
		RefreshGrace:          cfg.RefreshGrace,
		ReauthenticationAge:   cfg.ReauthenticationAge,
		ActivationLifetime:    cfg.ActivationLifetime,
		PasswordResetLifetime: cfg.PasswordResetLifetime,
		EmailChangeLifetime:   cfg.EmailChangeLifetime,
		EmailRevertLifetime:   cfg.EmailRevertLifetime,
		KeyRotationInterval:   cfg.KeyRotationInterval,
		Leeway:                cfg.Leeway,
		DefaultLocale:         cfg.DefaultLocale,
		WithoutActivation:     !cfg.Activation,
		WelcomeLetter:         cfg.WelcomeLetter,
		Usernames:             cfg.Usernames,
		RequiredProfileFields: profileFields(cfg.RegistrationFields),
	}
}

func profileFields(from []string) []auth.ProfileField {
	to := make([]auth.ProfileField, len(from))
	for i, f := range from {
		to[i] = auth.ProfileField(f)
	}
	return to
}

// ruleLimits are the limits on attempts; where they are off, none.
func ruleLimits(cfg config.Config) auth.Limits {
	if !cfg.RateLimits {
		return auth.Limits{Off: true}
	}
	return auth.Limits{
		SignIn:                    auth.Backoff{Free: cfg.LimitSignInFree, Longest: cfg.LimitSignInLongestWait},
		SignInFailures:            cfg.LimitSignInFailures,
		SignInPerAddress:          rates(cfg.LimitSignInPerAddress),
		CodePerAccount:            rates(cfg.LimitCodePerAccount),
		CodePerAddress:            rates(cfg.LimitCodePerAddress),
		MailPerAccount:            rates(cfg.LimitMailPerAccount),
		MailPerAddress:            rates(cfg.LimitMailPerAddress),
		RegisterPerAddress:        rates(cfg.LimitRegisterPerAddress),
		RegisterLettersPerNetwork: rates(cfg.LimitRegisterLettersPerNetwork),
		RegisterLettersPerAccount: rates(cfg.LimitRegisterLettersPerAccount),
		RefreshPerSession:         auth.Rate(cfg.LimitRefreshPerSession),
		RefreshPerAddress:         auth.Rate(cfg.LimitRefreshPerAddress),
	}
}

func rates(from []config.Rate) []auth.Rate {
	to := make([]auth.Rate, len(from))
	for i, r := range from {
		to[i] = auth.Rate(r)
	}
	return to
}

// shownSettings are what any client may know.
func shownSettings(cfg config.Config) model.Settings {
	return model.Settings{
		Brand: &model.Brand{
			Name: cfg.BrandName, Colour: cfg.BrandColour, LogoURL: optional(cfg.BrandLogoURL),
			TermsURL: optional(cfg.BrandTermsURL), PrivacyURL: optional(cfg.BrandPrivacyURL),
		},
		RegistrationOpen:      cfg.RegistrationOpen,
		ActivationRequired:    cfg.Activation,
		RequiredProfileFields: append([]string{}, cfg.RegistrationFields...),
		Usernames:             cfg.Usernames,
		PasswordMinLength:     cfg.PasswordMinLength,
		PasswordMaxLength:     auth.PasswordMaxLength,
		CookieTransport:       cfg.CookieTransport,
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// documentLimits are those of one GraphQL document.
func documentLimits(cfg config.Config) graph.Limits {
	limits := graph.DefaultLimits()
	limits.BodyBytes = int64(cfg.DocumentMaxBytes)
	limits.Depth = cfg.DocumentMaxDepth
	limits.IntrospectionDepth = max(limits.IntrospectionDepth, cfg.DocumentMaxDepth)
	limits.Fields = cfg.DocumentMaxFields
	limits.Aliases = cfg.DocumentMaxAliases
	return limits
}

// streamOptions are the bounds of connections that stay open.
func streamOptions(cfg config.Config, t Timeouts) graph.StreamOptions {
	return graph.StreamOptions{
		Most: cfg.Streams, PerAddress: cfg.StreamsPerAddress,
		Handle: t.Handle, Init: t.StreamInit, Unused: t.StreamUnused, Ping: t.StreamPing, Send: t.StreamSend,
	}
}
