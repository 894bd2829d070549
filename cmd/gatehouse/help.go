package main

import (
	"errors"

	"github.com/alecthomas/kong"

	"gatehouse/config"
)

// help explains.
type help struct {
	Topic    []string `arg:"" optional:"" help:"A command, or: settings."`
	Markdown bool     `help:"Print the settings as the table of the README."`
}

// Help implements kong.HelpProvider.
func (help) Help() string {
	return examples("gatehouse help user create", "gatehouse help settings")
}

// Run implements the command.
func (h help) Run(p *process) error {
	if len(h.Topic) == 1 && h.Topic[0] == "settings" {
		if h.Markdown {
			return config.WriteMarkdown(p.stdout)
		}
		return config.WriteText(p.stdout)
	}
	line, _, err := newCommandLine(p)
	if err != nil {
		return err
	}
	topic, err := kong.Trace(line, h.Topic)
	if err != nil {
		return err
	}
	if topic.Error != nil {
		return misuse{errors.New("there is no such command to explain; see gatehouse help")}
	}
	return topic.PrintUsage(false)
}
