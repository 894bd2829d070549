package watch

import (
	"context"
	stdsql "database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"gatehouse/auth"
)

// A standing clock.
type standing struct{ at time.Time }

func (s *standing) now() time.Time { return s.at }

func counting(t *testing.T) (*Watch, *standing) {
	t.Helper()
	clock := &standing{at: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	w, err := New(t.Context(), Options{
		Clock: clock.now, Logger: slog.New(slog.DiscardHandler), Metrics: true,
		Fields: []string{"login", "me"}, Build: Build{"v1", "abc", "go1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Follow(Sources{
		Now: clock.now, HashSlots: 2, HashQueue: func() int { return 7 }, HashesShed: func() int64 { return 3 },
		Pools:           func(each func(string, stdsql.DBStats)) { each("all", stdsql.DBStats{InUse: 4, WaitCount: 5}) },
		FeedHeardAt:     func() time.Time { return clock.at.Add(-2 * time.Second) },
		KeyMadeAt:       func() (time.Time, bool) { return clock.at.Add(-time.Hour), true },
		ClockDifference: func() time.Duration { return -time.Second },
		Streams:         func() int { return 8 },
	})
	w.Outbox(Sample{Waiting: 9, Dead: 1, Oldest: clock.at.Add(-time.Minute)})
	w.Sessions(1_000_000)
	return w, clock
}

// scraped is what Prometheus reads.
func scraped(t *testing.T, w *Watch) string {
	t.Helper()
	answer := httptest.NewRecorder()
	w.Metrics().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %v %s", answer.Code, err, body)
	}
	return string(body)
}

// happen has everything happen once.
func happen(ctx context.Context, w *Watch, clock *standing) {
	_, end := w.Field(ctx, "login")
	clock.at = clock.at.Add(30 * time.Millisecond)
	end(auth.InvalidCredentials)
	_, end = w.Field(ctx, "me")
	end("")
	_, end = w.Field(ctx, "__schema")
	end("")
	w.Refused(auth.InvalidCredentials)
	w.RefreshRepeated()
	w.RefreshReused()
	w.Hash(ctx, auth.HashWait)(nil)
	w.Hash(ctx, auth.HashWork)(errors.New("never"))
	_, became := w.Letter(ctx, auth.LetterActivation)
	became("sent")
	_, sent := w.Wire(ctx)
	sent(nil)
	w.Pruned(12)
	w.Job("prune", errors.New("storage is away"))
	_, seen := w.Request(httptest.NewRequest("INVENTED", "/activate?token=secret", nil), Entry{})
	seen.End("/activate", http.StatusOK, false)
}

func TestWhatHappensIsCounted(t *testing.T) {
	t.Parallel()
	w, clock := counting(t)
	happen(t.Context(), w, clock)
	text := scraped(t, w)
	for _, want := range []string{
		`gatehouse_build_info{goversion="go1",revision="abc",version="v1"} 1`,
		`gatehouse_graphql_fields_total{code="INVALID_CREDENTIALS",field="login"} 1`,
		`gatehouse_graphql_fields_total{code="OK",field="login"} 0`,
		`gatehouse_graphql_fields_total{code="OK",field="me"} 1`,
		`gatehouse_graphql_field_duration_seconds_bucket{field="login",le="0.05"} 1`,
		`gatehouse_graphql_field_duration_seconds_bucket{field="login",le="0.025"} 0`,
		`gatehouse_refusals_total{code="INVALID_CREDENTIALS"} 1`,
		`gatehouse_refusals_total{code="RATE_LIMITED"} 0`,
		`gatehouse_refresh_repeated_total 1`, `gatehouse_refresh_reused_total 1`,
		`gatehouse_hash_slots 2`, `gatehouse_hash_queue_depth 7`, `gatehouse_hashes_shed_total 3`,
		`gatehouse_hash_wait_seconds_count 1`, `gatehouse_hash_duration_seconds_count 1`,
		`gatehouse_pool_connections_in_use{pool="all"} 4`, `gatehouse_pool_waits_total{pool="all"} 5`,
		`gatehouse_outbox_letters_waiting 9`, `gatehouse_outbox_letters_dead 1`, `gatehouse_outbox_oldest_age_seconds 60.03`,
		`gatehouse_streams_open 8`, `gatehouse_feed_lag_seconds 2`, `gatehouse_signing_key_age_seconds 3600`, `gatehouse_clock_difference_seconds -1`,
		`gatehouse_sessions_living 1e+06`, `gatehouse_pruned_rows_total 12`, `gatehouse_job_failures_total{task="prune"} 1`,
		`gatehouse_letters_total{kind="activation",outcome="sent"} 1`, `gatehouse_letter_send_duration_seconds_count 1`,
		`gatehouse_http_requests_total{method="other",route="/activate",status="200"} 1`, `gatehouse_http_requests_in_flight 0`,
		`go_goroutines `, `process_open_fds `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(text, "__schema") || strings.Contains(text, "INVENTED") || strings.Contains(text, "secret") {
		t.Errorf("a label is a client's own:\n%s", text)
	}
	if problems, err := testutil.GatherAndLint(w.metrics.registry); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

func TestWhoNeverHeardOfEndedSessionsLagsWithoutEnd(t *testing.T) {
	t.Parallel()
	if l := lag(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}); l < 1e300 {
		t.Errorf("%v", l)
	}
}

// exported are the names of the metrics of the house, each without the suffixes
// that belong to its parts.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	w, clock := counting(t)
	happen(t.Context(), w, clock)
	names := map[string]bool{}
	families, err := w.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		names[f.GetName()] = true
	}
	return names
}

var (
	metricName = regexp.MustCompile(`\b(?:gatehouse|go|process)_[a-z0-9_]+\b`)
	parts      = regexp.MustCompile(`_(?:bucket|count|sum)$`)
)

func TestEveryMetricIsDocumentedAndEveryOneThatIsNamedExists(t *testing.T) {
	t.Parallel()
	names := exported(t)
	read := func(path string) string {
		text, err := os.ReadFile("../" + path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	documented := read("docs/metrics.md")
	for name := range names {
		if strings.HasPrefix(name, namespace) && !strings.Contains(documented, "`"+name) {
			t.Errorf("docs/metrics.md does not explain %s", name)
		}
	}
	for _, path := range []string{"docs/metrics.md", "deploy/grafana/gatehouse.json", "deploy/prometheus/gatehouse.rules.yml", "deploy/prometheus/gatehouse.rules.test.yml"} {
		found := 0
		for _, name := range metricName.FindAllString(read(path), -1) {
			found++
			if !names[name] && !names[parts.ReplaceAllString(name, "")] {
				t.Errorf("%s names %s, which there is not", path, name)
			}
		}
		if found < 10 {
			t.Errorf("%s: %d names were found", path, found)
		}
	}
}
