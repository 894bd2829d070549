package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"gatehouse/server"
)

type user struct {
	Create        createUser    `cmd:"" help:"Make a user whose address you vouch for. Without a password, a letter with a link to choose one goes out as soon as the server runs."`
	Show          showUser      `cmd:"" help:"Show an account."`
	Sessions      userSessions  `cmd:"" help:"List where a user is signed in."`
	Promote       promoteUser   `cmd:"" help:"Give a user roles."`
	Demote        demoteUser    `cmd:"" help:"Take roles from a user."`
	Suspend       suspendUser   `cmd:"" help:"Keep a user from every way in, and end all sessions at once."`
	Reinstate     reinstateUser `cmd:"" help:"Lift a suspension."`
	ResetPassword resetPassword `cmd:"" help:"Send a user a link to choose a new password."`
	Export        exportUser    `cmd:"" help:"Print all that is held about a user, as JSON."`
	Delete        deleteUser    `cmd:"" help:"Delete an account for good."`
}

// createUser makes a user.
type createUser struct {
	Email         string   `arg:"" help:"The user's e-mail address."`
	Username      string   `help:"A name to sign in with beside the address."`
	Name          string   `help:"How letters address the user."`
	Locale        string   `help:"The user's language, as in pt-BR (BCP 47)."`
	Role          []string `sep:"none" help:"A role, as in admin; may be given several times."`
	PasswordStdin bool     `help:"Read the password from standard input: arguments can be seen by every user of the machine."`
}

// Help implements kong.HelpProvider.
func (createUser) Help() string {
	return examples(
		"gatehouse user create ada@example.org --name 'Ada Lovelace' --role admin",
		"gatehouse user create ada@example.org --password-stdin < password.txt",
	)
}

// Run implements the command.
func (c createUser) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelWarn)
	if err != nil {
		return err
	}
	in := server.NewUser{Email: c.Email, Username: c.Username, Name: c.Name, Locale: c.Locale, Roles: c.Role}
	if c.PasswordStdin {
		password, err := readPassword(p.stdin)
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		in.Password = &password
	}
	made, err := server.CreateUser(ctx, cfg, deps, in)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, made.ID)
	return err
}

// passwordMaxBytes is more than any password may have.
const passwordMaxBytes = 4096

// readPassword reads all of the stream. Only the line break at its end, which
// echo adds, is no part of the password.
func readPassword(stdin io.Reader) (string, error) {
	read, err := io.ReadAll(io.LimitReader(stdin, passwordMaxBytes+1))
	if err != nil {
		return "", err
	}
	if len(read) > passwordMaxBytes {
		return "", errors.New("there is no end to it")
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(read), "\n"), "\r")
	if strings.ContainsAny(password, "\r\n") {
		return "", errors.New("more than one line")
	}
	return password, nil
}
