package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"gatehouse/server"
)

// migrate brings the database up to date.
type migrate struct {
	Plan bool `help:"Print the steps that are missing, as SQL, and do nothing."`
	output
}

// Help implements kong.HelpProvider.
func (migrate) Help() string {
	return examples("gatehouse migrate", "gatehouse migrate --plan", "gatehouse migrate --plan --json | jq -r '.steps[].name'")
}

// Run implements the command.
func (c migrate) Run(ctx context.Context, p *process) error {
	cfg, deps, err := p.settings(slog.LevelInfo)
	if err != nil {
		return err
	}
	var steps []server.Step
	if c.Plan || c.JSON {
		if steps, err = server.PlanMigration(ctx, cfg); err != nil {
			return err
		}
	}
	if !c.Plan {
		if err := server.Migrate(ctx, cfg, deps); err != nil {
			return err
		}
	}
	return c.print(p, presentSteps(steps, !c.Plan), func(w io.Writer) error {
		if !c.Plan || len(steps) == 0 {
			return sentence("the database is up to date")(w)
		}
		for _, s := range steps {
			if _, err := fmt.Fprintf(w, "-- %s\n%s\n", s.Name, s.SQL); err != nil {
				return err
			}
		}
		return nil
	})
}

type migrationAnswer struct {
	Done  bool         `json:"done"` // false: only planned
	Steps []stepAnswer `json:"steps"`
}

type stepAnswer struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

func presentSteps(steps []server.Step, done bool) migrationAnswer {
	answer := migrationAnswer{Done: done, Steps: make([]stepAnswer, len(steps))}
	for i, s := range steps {
		answer.Steps[i] = stepAnswer(s)
	}
	return answer
}
