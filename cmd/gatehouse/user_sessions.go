package main

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"gatehouse/server"
)

// userSessions lists where a user is signed in.
type userSessions struct {
	whom
	output
}

// Help implements kong.HelpProvider.
func (userSessions) Help() string {
	return "When a session was used is told to five minutes, as the user sees it.\n\n" +
		examples("gatehouse user sessions ada@example.org", "gatehouse user sessions ada@example.org --json")
}

// Run implements the command.
func (c userSessions) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	all, err := server.UserSessions(ctx, cfg, deps, c.User)
	if err != nil {
		return err
	}
	answers, rows := make([]sessionAnswer, len(all)), make([][]string, len(all))
	for i, s := range all {
		answers[i] = presentSession(s)
		rows[i] = []string{s.ID.String(), minute(s.CreatedAt), minute(s.LastUsedAt()), minute(s.ShownExpiry()), strings.Join(s.Methods, " "), s.IPAddress, s.DeviceName, s.UserAgent}
	}
	return c.print(p, answers, func(w io.Writer) error {
		if len(rows) == 0 {
			return sentence("the user is signed in nowhere")(w)
		}
		return table("ID SIGNED-IN LAST-USED EXPIRES METHODS ADDRESS DEVICE CLIENT", rows)(w)
	})
}

// A sessionAnswer is a session for scripts, with the members of Session in the
// API.
type sessionAnswer struct {
	ID         string   `json:"id"`
	DeviceName *string  `json:"deviceName"`
	UserAgent  *string  `json:"userAgent"`
	IPAddress  *string  `json:"ipAddress"`
	Methods    []string `json:"methods"`
	CreatedAt  *string  `json:"createdAt"`
	LastUsedAt *string  `json:"lastUsedAt"`
	ExpiresAt  *string  `json:"expiresAt"`
}

func presentSession(s server.Session) sessionAnswer {
	return sessionAnswer{
		ID: s.ID.String(), DeviceName: optional(s.DeviceName), UserAgent: optional(s.UserAgent), IPAddress: optional(s.IPAddress),
		Methods: append([]string{}, s.Methods...), CreatedAt: instant(s.CreatedAt),
		LastUsedAt: instant(s.LastUsedAt()), ExpiresAt: instant(s.ShownExpiry()),
	}
}
