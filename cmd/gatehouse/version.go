package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version prints what was built, as the toolchain stamped it.
type version struct{}

// Help implements kong.HelpProvider.
func (version) Help() string { return examples("gatehouse version") }

// Run implements the command.
func (version) Run(p *process) error {
	built, revision := "(devel)", ""
	if about, ok := debug.ReadBuildInfo(); ok {
		if about.Main.Version != "" {
			built = about.Main.Version
		}
		for _, s := range about.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value
			}
		}
	}
	_, err := fmt.Fprintf(p.stdout, "gatehouse %s%s %s %s/%s\n", built, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
