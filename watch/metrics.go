package watch

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gatehouse/auth"
)

// namespace begins the name of every metric that is ours.
const namespace = "gatehouse"

// ok is the code of what was not refused.
const ok = "OK"

// metrics are those that are counted as things happen. What is asked for when
// somebody reads stands in sources.go.
type metrics struct {
	registry *prometheus.Registry
	logger   *slog.Logger

	requests  *prometheus.CounterVec   // method, route, status
	durations *prometheus.HistogramVec // route
	inFlight  prometheus.Gauge

	fields    map[string]*fieldMetrics // by name; never changed
	codes     *prometheus.CounterVec   // field, code
	refusals  *prometheus.CounterVec   // code
	repeated  prometheus.Counter
	reused    prometheus.Counter
	hashing   prometheus.Observer
	waiting   prometheus.Observer
	letters   *prometheus.CounterVec // kind, outcome
	sending   prometheus.Observer
	pruned    prometheus.Counter
	failures  *prometheus.CounterVec // task
	following *sources
}

// fieldMetrics are those of a root field that is good, found without searching.
type fieldMetrics struct {
	good     prometheus.Counter
	duration prometheus.Observer
}

// Bounds in seconds: from a read of memory to the longest that a request takes.
func requestBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}
}

// letterBuckets are those of conversations with mail servers.
func letterBuckets() []float64 { return []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 25} }

func newMetrics(o Options) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), logger: o.Logger, fields: map[string]*fieldMetrics{}, following: &sources{}}
	m.requests = m.counters("http_requests_total", "Requests answered.", "method", "route", "status")
	m.durations = m.histograms("http_request_duration_seconds", "Time from the headers of a request to the end of its answer.", requestBuckets(), "route")
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "http_requests_in_flight", Help: "Requests that are being answered."})
	m.registry.MustRegister(m.inFlight)
	m.codes = m.counters("graphql_fields_total", "Root fields of GraphQL operations, by the code of the first error in them; OK without.", "field", "code")
	durations := m.histograms("graphql_field_duration_seconds", "Time that a root field took.", requestBuckets(), "field")
	for _, name := range o.Fields {
		m.fields[name] = &fieldMetrics{good: m.codes.WithLabelValues(name, ok), duration: durations.WithLabelValues(name)}
	}
	m.refusals = m.counters("refusals_total", "Errors in answers, by their code, of the API and of pages.", "code")
	for _, code := range auth.Codes() {
		m.refusals.WithLabelValues(string(code))
	}
	m.repeated = m.counters("refresh_repeated_total", "Answers that gave a client the current tokens again: a second tab, an answer that was lost, or a thief on the same device.").WithLabelValues()
	m.reused = m.counters("refresh_reused_total", "Sessions ended because a refresh token came back after its use.").WithLabelValues()
	m.hashing = m.histograms("hash_duration_seconds", "Time that hashing a password took, without the wait.", requestBuckets()).WithLabelValues()
	m.waiting = m.histograms("hash_wait_seconds", "Time that a password waited to be hashed.", requestBuckets()).WithLabelValues()
	m.letters = m.counters("letters_total", "Tries to send a letter, by what became of it: sent, deferred, given_up.", "kind", "outcome")
	m.sending = m.histograms("letter_send_duration_seconds", "Time that a try to send a letter took at the mail server.", letterBuckets()).WithLabelValues()
	m.pruned = m.counters("pruned_rows_total", "Expired rows that were removed.").WithLabelValues()
	m.failures = m.counters("job_failures_total", "Steps of background jobs that failed.", "task") // Prometheus has a label job of its own
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "What runs; always 1."}, []string{"version", "revision", "goversion"})
	build.WithLabelValues(o.Build.Version, o.Build.Revision, o.Build.Go).Set(1)
	m.registry.MustRegister(build, m.following,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m *metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	m.registry.MustRegister(h)
	return h
}

// handler answers scrapes, two at a time: each costs what the process has of
// metrics, and a third reader is none of ours.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: 2,
		ErrorLog: slog.NewLogLogger(m.logger.Handler(), slog.LevelWarn),
	})
}

// field counts a root field. A name that the schema does not have, such as
// __schema, is counted nowhere.
func (m *metrics) field(name string, code auth.Code, took time.Duration) {
	f, known := m.fields[name]
	if !known {
		return
	}
	f.duration.Observe(took.Seconds())
	if code == "" {
		f.good.Inc()
		return
	}
	m.codes.WithLabelValues(name, string(code)).Inc()
}

func (m *metrics) hashed(step auth.HashStep, took time.Duration) {
	if step == auth.HashWait {
		m.waiting.Observe(took.Seconds())
		return
	}
	m.hashing.Observe(took.Seconds())
}
