package e2e

import (
	"testing"
	"time"
)

func killOnSQLite(t *testing.T, s *scenario) {
	tw := newTown(t, sqlite(t), crowdSettings()...)
	tw.start()
	killProcesses(s, tw)
}

func killOnPostgres(t *testing.T, s *scenario) {
	tw := newTown(t, postgres(t), crowdSettings()...)
	tw.start()
	tw.start()
	killProcesses(s, tw)
}

// killProcesses kills a node amid writes, as a power cut would end the process.
// Where there are others they go on, and take over its people.
func killProcesses(s *scenario, tw *town) {
	s.t.Helper()
	c := newCrowd(s, tw, 6)
	for range s.times {
		rest := c.work()
		c.until(1 + s.chance.IntN(30))
		<-s.moment(10 * time.Millisecond)
		at := s.chance.IntN(len(tw.nodes))
		tw.nodes[at].kill()
		s.tried++
		tw.nodes = append(tw.nodes[:at:at], tw.nodes[at+1:]...)
		if len(tw.nodes) > 0 {
			c.reach(tw.urls()...)
			c.until(5)
		}
		rest()
		tw.start()
		c.reach(tw.urls()...)
		c.check()
	}
	c.activate()
}
