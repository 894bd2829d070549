package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	posener "github.com/posener/complete"
)

// completion prints what makes a shell complete these commands: from then on it
// asks this program, with the line so far in its environment.
type completion struct{ kongcompletion.Completion }

// Help implements kong.HelpProvider.
func (completion) Help() string {
	return "Without --code it prints the line that belongs into the shell's start-up file. It knows bash, zsh and fish.\n\n" +
		examples("gatehouse completion bash", "gatehouse completion --code zsh")
}

// completing says whether a shell asks how a line could go on.
func (p process) completing() bool {
	return slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, "COMP_LINE=") })
}

// complete answers such a shell.
func complete(p process, line *kong.Kong) error {
	model, err := kongcompletion.Command(line)
	if err != nil {
		return err
	}
	// Help explains what can be typed otherwise, and the settings.
	explained := topics(model)
	explained.Sub["settings"] = posener.Command{}
	explained.Flags = model.Sub["help"].Flags
	model.Sub["help"] = explained
	answer := posener.New(line.Model.Name, model)
	answer.Out = p.stdout
	answer.Complete()
	return nil
}

// topics are the names of a command's own commands, without their flags.
func topics(of posener.Command) posener.Command {
	named := posener.Command{Sub: posener.Commands{}}
	for name, command := range of.Sub {
		named.Sub[name] = topics(command)
	}
	return named
}
