package main

import (
	"context"
	"log/slog"
	"strconv"
	"strings"

	"gatehouse/server"
)

// whom names a user.
type whom struct {
	User string `arg:"" help:"The user's e-mail address, username or ID."`
}

// showUser shows an account.
type showUser struct {
	whom
	output
}

// Help implements kong.HelpProvider.
func (showUser) Help() string {
	return examples("gatehouse user show ada@example.org", "gatehouse user show ada --json")
}

// Run implements the command.
func (c showUser) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	u, err := server.ViewUser(ctx, cfg, deps, c.User)
	if err != nil {
		return err
	}
	return c.print(p, presentAccount(u), table("FIELD VALUE", [][]string{
		{"id", u.ID.String()},
		{"email", u.Email.Text},
		{"verified", yesNo(u.EmailVerified)},
		{"username", u.Username.Text},
		{"name", u.Name},
		{"phone", u.Phone},
		{"picture", u.AvatarURL},
		{"locale", u.Locale},
		{"status", string(u.Status)},
		{"roles", strings.Join(u.Roles, ", ")},
		{"password", yesNo(u.HasPassword)},
		{"wrong passwords in a row", failures(u)},
		{"sessions", strconv.Itoa(u.Sessions)},
		{"last sign-in", minute(u.LastLoginAt)},
		{"created", minute(u.CreatedAt)},
		{"changed", minute(u.UpdatedAt)},
	}))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func failures(u server.AccountView) string {
	n := strconv.Itoa(u.FailedSignIns)
	if u.LockedOut {
		return n + ": the password is not taken until it is reset"
	}
	return n
}

// An accountAnswer is an account for scripts.
type accountAnswer struct {
	ID            string   `json:"id"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"emailVerified"`
	Username      *string  `json:"username"`
	Name          string   `json:"name"`
	Phone         *string  `json:"phone"`
	AvatarURL     *string  `json:"avatarUrl"`
	Locale        string   `json:"locale"`
	Status        string   `json:"status"`
	Roles         []string `json:"roles"`
	HasPassword   bool     `json:"hasPassword"`
	FailedSignIns int      `json:"failedSignIns"`
	LockedOut     bool     `json:"lockedOut"`
	Sessions      int      `json:"sessions"`
	LastLoginAt   *string  `json:"lastLoginAt"`
	CreatedAt     *string  `json:"createdAt"`
	UpdatedAt     *string  `json:"updatedAt"`
}

func presentAccount(u server.AccountView) accountAnswer {
	return accountAnswer{
		ID: u.ID.String(), Email: u.Email.Text, EmailVerified: u.EmailVerified, Username: optional(u.Username.Text),
		Name: u.Name, Phone: optional(u.Phone), AvatarURL: optional(u.AvatarURL), Locale: u.Locale,
		Status: string(u.Status), Roles: append([]string{}, u.Roles...), HasPassword: u.HasPassword,
		FailedSignIns: u.FailedSignIns, LockedOut: u.LockedOut, Sessions: u.Sessions,
		LastLoginAt: instant(u.LastLoginAt), CreatedAt: instant(u.CreatedAt), UpdatedAt: instant(u.UpdatedAt),
	}
}
