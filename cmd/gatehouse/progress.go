package main

import (
	"fmt"
	"time"
)

// patience is how long work may take before anybody wants to hear of it, and
// after that between two lines.
const patience = 2 * time.Second

// A progress tells on the stream of complaints how far long work has come, so
// that the answer stays alone on the other.
type progress struct {
	p    *process
	next time.Time
}

func (p *process) progress() *progress { return &progress{p: p, next: p.clock().Add(patience)} }

// tell says where the work is, unless it has said so just now.
func (g *progress) tell(format string, args ...any) {
	now := g.p.clock()
	if now.Before(g.next) {
		return
	}
	g.next = now.Add(patience)
	// Whoever does not read it wants the work done all the same.
	_, _ = fmt.Fprintf(g.p.stderr, format+"\n", args...)
}
