package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"gatehouse/config"
	"gatehouse/server"
)

// doctor looks at all that a server needs.
type doctor struct{ output }

// Help implements kong.HelpProvider.
func (doctor) Help() string {
	return "It looks at the settings, the database and the secret that opens it, keys and letters, the public URL, proxies and cookies, the mail server, and the templates of letters: one line each, with what mends it. " +
		"It signs in at the mail server without sending a letter, and changes nothing. The exit code is 1 where something fails, and 0 with warnings.\n\n" +
		examples("gatehouse doctor", "gatehouse doctor --json | jq '.checks[] | select(.verdict != \"ok\")'")
}

// errUnwell is the exit code: all has been said.
var errUnwell = errors.New("something fails, see above")

// Run implements the command.
func (c doctor) Run(ctx context.Context, p *process) error {
	findings, err := p.examine(ctx)
	if err != nil {
		return err
	}
	answer := doctorAnswer{Healthy: true, Checks: make([]checkAnswer, len(findings))}
	for i, f := range findings {
		answer.Checks[i] = checkAnswer{Name: f.Name, Verdict: string(f.Verdict), Text: f.Text, Mend: optional(f.Mend)}
		answer.Healthy = answer.Healthy && f.Verdict != server.Failing
	}
	if err := c.print(p, answer, answer.words); err != nil {
		return err
	}
	if !answer.Healthy {
		return errUnwell
	}
	return nil
}

// examine has settings that are wrong as findings too: who is asked what is the
// matter says that first.
func (p *process) examine(ctx context.Context) ([]server.Finding, error) {
	cfg, deps, err := p.settings(slog.LevelWarn)
	var faults config.Faults
	if !errors.As(err, &faults) {
		if err != nil {
			return nil, err
		}
		return server.Examine(ctx, cfg, deps), nil
	}
	findings := make([]server.Finding, len(faults))
	for i, f := range faults {
		findings[i] = server.Finding{Name: "settings", Verdict: server.Failing, Text: f.Error(), Mend: "see gatehouse help settings; nothing else can be looked at before"}
	}
	return findings, nil
}

type doctorAnswer struct {
	Healthy bool          `json:"healthy"` // nothing fails
	Checks  []checkAnswer `json:"checks"`
}

type checkAnswer struct {
	Name    string  `json:"name"`
	Verdict string  `json:"verdict"`
	Text    string  `json:"text"`
	Mend    *string `json:"mend"`
}

// words are a line for each check.
func (a doctorAnswer) words(w io.Writer) error {
	for _, c := range a.Checks {
		line := fmt.Sprintf("%-8s %-11s %s", c.Verdict, c.Name, printable(strings.ReplaceAll(c.Text, "\n", "; ")))
		if c.Mend != nil {
			line += " - " + *c.Mend
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
