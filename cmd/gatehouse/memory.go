package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"gatehouse/config"
)

const (
	// collectAt is the growth of the heap, in per cent, at which garbage is
	// collected: what answering requests needs is small, so collecting it a quarter
	// as often as Go does by itself is cheap.
	collectAt = 400
	// roomFor is how large, in per cent of what is in use, the heap may get where
	// that is much, as with many idle connections.
	roomFor = 300
	// leastBesideHashing is what everything but the arrays of hashes may come to,
	// in bytes, however little of it is in use.
	leastBesideHashing = 48 << 20
	// followEvery is how often the bound is put where it belongs.
	followEvery = time.Second
)

// boundMemory sets how garbage is collected, for the whole process, until ctx
// ends. The arrays of hashes are used again and are no garbage, but being in use
// they would let four times their size of other garbage gather beside them. GOGC and
// GOMEMLIMIT in the environment have the last word.
func (p *process) boundMemory(ctx context.Context, cfg config.Config) {
	set := func(name string) bool {
		return slices.ContainsFunc(p.environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	}
	if !set("GOGC") {
		debug.SetGCPercent(collectAt)
	}
	if !set("GOMEMLIMIT") {
		arrays := int64(cfg.HashingSlots) * int64(cfg.HashingMemory)
		debug.SetMemoryLimit(memoryLimit(0, arrays))
		go followMemory(ctx, arrays)
	}
}

// memoryLimit is how much memory the process may have before garbage is
// collected sooner than it would be, where so much of the heap was in use when
// garbage was collected last. Arrays is what hashes may hold of that. What else
// is in use has room to grow: a bound that stood still would be passed by many
// idle connections, and have garbage collected all the time.
func memoryLimit(inUse, arrays int64) int64 {
	beside := max(0, inUse-arrays)
	return arrays + max(leastBesideHashing, beside*roomFor/100)
}

// followMemory keeps the bound above what is in use.
func followMemory(ctx context.Context, arrays int64) {
	inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	last := int64(0)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(inUse)
		// Setting it stops the world for a moment.
		if limit := memoryLimit(int64(inUse[0].Value.Uint64()), arrays); limit != last {
			debug.SetMemoryLimit(limit)
			last = limit
		}
	}
}
