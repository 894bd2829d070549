package main

import (
	"runtime"
	"slices"
	"strings"

	"gatehouse/config"
)

// hoggedAtMost bounds, by the number of cores, for how many slots there are
// processors besides.
const hoggedAtMost = 4

// freeProcessors has Go run as many goroutines at once as before while passwords
// are hashed in every slot. A hash keeps its thread busy for tens of milliseconds;
// were there no more of the runtime's processors than cores, all would have one,
// and whoever is signed in would wait until the runtime takes one away, which is
// every ten milliseconds. So the kernel shares the cores between the threads
// instead, and lets one that has slept go first. GOMAXPROCS in the environment has
// the last word.
func (p *process) freeProcessors(cfg config.Config) {
	if !slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, "GOMAXPROCS=") }) {
		runtime.GOMAXPROCS(processors(runtime.GOMAXPROCS(0), cfg.HashingSlots))
	}
}

// processors is how many the runtime should have on so many cores.
func processors(cores, slots int) int { return cores + min(slots, hoggedAtMost*cores) }
