package main

import (
	"runtime/debug"
	"slices"
	"strings"

	"gatehouse/config"
)

const (
	// collectAt is the growth of the heap, in per cent, at which garbage is
	// collected: what answering requests needs is small, so collecting it half as
	// often as Go does by itself is cheap.
	collectAt = 200
	// memoryBesideHashing is what everything but hashing may come to, in bytes,
	// before garbage is collected sooner.
	memoryBesideHashing = 112 << 20
	// arraysPerSlot are the array that a hash fills, and the one before it that
	// waits to be collected.
	arraysPerSlot = 2
)

// boundMemory sets how garbage is collected, for the whole process. Each hash
// leaves some megabytes behind, so that a storm of sign-ins would make the heap
// several times what is in use. The bound is soft: what is in use always fits.
// GOGC and GOMEMLIMIT in the environment have the last word.
func (p *process) boundMemory(cfg config.Config) {
	set := func(name string) bool {
		return slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	}
	if !set("GOGC") {
		debug.SetGCPercent(collectAt)
	}
	if !set("GOMEMLIMIT") {
		debug.SetMemoryLimit(memoryBesideHashing + arraysPerSlot*int64(cfg.HashingSlots)*int64(cfg.HashingMemory))
	}
}
