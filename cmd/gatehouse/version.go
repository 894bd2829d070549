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
	of, revision := built()
	if revision != "" {
		revision = " " + revision
	}
	_, err := fmt.Fprintf(p.stdout, "gatehouse %s%s %s %s/%s\n", of, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// built is what the toolchain stamped: the version, and the commit, which may be
// "".
func built() (of, revision string) {
	of = "(devel)"
	about, stamped := debug.ReadBuildInfo()
	if !stamped {
		return of, ""
	}
	if about.Main.Version != "" {
		of = about.Main.Version
	}
	for _, s := range about.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return of, revision
}
