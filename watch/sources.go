package watch

import (
	stdsql "database/sql"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sources are asked when somebody reads the metrics. Each answers out of this
// process's memory: how often they are asked is the reader's to choose, and must
// cost the database nothing. All must be set.
type Sources struct {
	Now             func() time.Time // by the database's clock
	HashSlots       int
	HashQueue       func() int
	HashesShed      func() int64
	Pools           func(each func(name string, stats stdsql.DBStats))
	FeedHeardAt     func() time.Time // zero: never
	KeyMadeAt       func() (time.Time, bool)
	ClockDifference func() time.Duration
	Streams         func() int
}

// A Sample is what a statement told at some instant.
type Sample struct {
	Waiting, Dead int       // letters
	Oldest        time.Time // since when the oldest waits; zero where none does
}

// sources is the collector of all of that.
type sources struct {
	from     atomic.Pointer[Sources]
	outbox   atomic.Pointer[Sample]
	sessions atomic.Pointer[int]
}

// Follow says where to ask.
func (w *Watch) Follow(s Sources) {
	if w != nil && w.metrics != nil {
		w.metrics.following.from.Store(&s)
	}
}

// Outbox notes how many letters wait.
func (w *Watch) Outbox(s Sample) { w.metrics.following.outbox.Store(&s) }

// Sessions notes how many sessions live.
func (w *Watch) Sessions(living int) { w.metrics.following.sessions.Store(&living) }

// Pruned counts rows that were removed.
func (w *Watch) Pruned(rows int) {
	if w != nil && w.metrics != nil {
		w.metrics.pruned.Add(float64(rows))
	}
}

// Job tells whether a step of a background job worked.
func (w *Watch) Job(name string, err error) {
	if w == nil || w.metrics == nil {
		return
	}
	failures := w.metrics.failures.WithLabelValues(name)
	if err != nil {
		failures.Inc()
	}
}

func about(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// A reading is one metric without labels, and how to have it; false where there
// is none.
type reading struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(s *sources, from *Sources) (float64, bool)
}

func readings() []reading {
	outbox := func(of func(Sample, *Sources) float64) func(*sources, *Sources) (float64, bool) {
		return func(s *sources, from *Sources) (float64, bool) {
			sample := s.outbox.Load()
			if sample == nil {
				return 0, false
			}
			return of(*sample, from), true
		}
	}
	return []reading{
		{about("hash_slots", "Passwords that may be hashed at the same time."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) { return float64(from.HashSlots), true }},
		{about("hash_queue_depth", "Passwords that wait to be hashed."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) { return float64(from.HashQueue()), true }},
		{about("hashes_shed_total", "Passwords that were not hashed for want of a slot."), prometheus.CounterValue,
			func(_ *sources, from *Sources) (float64, bool) { return float64(from.HashesShed()), true }},
		{about("streams_open", "Connections that stay open for subscriptions."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) { return float64(from.Streams()), true }},
		{about("feed_lag_seconds", "Time since this process last heard which sessions ended elsewhere; after 5 it asks the database on each request."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) { return lag(from.Now(), from.FeedHeardAt()), true }},
		{about("signing_key_age_seconds", "Age of the key that signs access tokens."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) {
				made, signs := from.KeyMadeAt()
				return from.Now().Sub(made).Seconds(), signs
			}},
		{about("clock_difference_seconds", "How far the database's clock is ahead of this machine's."), prometheus.GaugeValue,
			func(_ *sources, from *Sources) (float64, bool) { return from.ClockDifference().Seconds(), true }},
		{about("outbox_letters_waiting", "Letters that wait to be sent, of all nodes."), prometheus.GaugeValue,
			outbox(func(o Sample, _ *Sources) float64 { return float64(o.Waiting) })},
		{about("outbox_oldest_age_seconds", "For how long the oldest of them waits; 0 where there is none."), prometheus.GaugeValue,
			outbox(func(o Sample, from *Sources) float64 {
				if o.Oldest.IsZero() {
					return 0
				}
				return max(0, from.Now().Sub(o.Oldest).Seconds())
			})},
		{about("outbox_letters_dead", "Letters that were given up in the last thirty days, of all nodes."), prometheus.GaugeValue,
			outbox(func(o Sample, _ *Sources) float64 { return float64(o.Dead) })},
		{about("sessions_living", "Sessions that live, of all nodes, as counted some minutes ago."), prometheus.GaugeValue,
			func(s *sources, _ *Sources) (float64, bool) {
				living := s.sessions.Load()
				if living == nil {
					return 0, false
				}
				return float64(*living), true
			}},
	}
}

// lag of who never heard anything is infinite: no alert may take it for good.
func lag(now, heard time.Time) float64 {
	if heard.IsZero() {
		return math.Inf(1)
	}
	return max(0, now.Sub(heard).Seconds())
}

// A poolReading is a metric of each pool of connections.
type poolReading struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(stdsql.DBStats) float64
}

func poolReadings() []poolReading {
	of := func(name, help string, kind prometheus.ValueType, value func(stdsql.DBStats) float64) poolReading {
		return poolReading{about(name, help, "pool"), kind, value}
	}
	return []poolReading{
		of("pool_connections_max", "Connections to the database that there may be.", prometheus.GaugeValue, func(s stdsql.DBStats) float64 { return float64(s.MaxOpenConnections) }),
		of("pool_connections_open", "Connections to the database.", prometheus.GaugeValue, func(s stdsql.DBStats) float64 { return float64(s.OpenConnections) }),
		of("pool_connections_in_use", "Those that are at work.", prometheus.GaugeValue, func(s stdsql.DBStats) float64 { return float64(s.InUse) }),
		of("pool_waits_total", "How often somebody waited for a connection.", prometheus.CounterValue, func(s stdsql.DBStats) float64 { return float64(s.WaitCount) }),
		of("pool_wait_seconds_total", "For how long in all.", prometheus.CounterValue, func(s stdsql.DBStats) float64 { return s.WaitDuration.Seconds() }),
	}
}

// Describe implements prometheus.Collector.
func (s *sources) Describe(to chan<- *prometheus.Desc) {
	for _, r := range readings() {
		to <- r.desc
	}
	for _, r := range poolReadings() {
		to <- r.desc
	}
}

// Collect implements prometheus.Collector.
func (s *sources) Collect(to chan<- prometheus.Metric) {
	from := s.from.Load()
	if from == nil {
		return
	}
	for _, r := range readings() {
		if value, there := r.value(s, from); there {
			to <- prometheus.MustNewConstMetric(r.desc, r.kind, value)
		}
	}
	from.Pools(func(name string, stats stdsql.DBStats) {
		for _, r := range poolReadings() {
			to <- prometheus.MustNewConstMetric(r.desc, r.kind, r.value(stats), name)
		}
	})
}
