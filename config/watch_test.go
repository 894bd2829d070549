package config_test

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestNothingIsWatchedUnlessItIsAskedFor(t *testing.T) {
	t.Parallel()
	c := load(t)
	if len(c.MetricsListen) != 0 || c.TracesURL != "" || c.TraceHeaders() != nil || c.TracesParent || c.TracesSample != 1 || c.TracesService != "gatehouse" {
		t.Errorf("%+v", c)
	}
}

func TestTracesGoToACollectorByItsAddressAlone(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"http://localhost:4318":            "http://localhost:4318/v1/traces",
		"https://collector.example.com/":   "https://collector.example.com/v1/traces",
		"https://otel.example.com/otlp/in": "https://otel.example.com/otlp/in",
	} {
		if got := load(t, "TRACES_URL="+given).TracesURL; got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
	c := load(t, "TRACES_URL=https://otel.example.com", "TRACES_HEADERS=Authorization=Bearer%20a%2Cb=, x-team=7", "TRACES_SAMPLE=0.25",
		"TRACES_PARENT=proxies", "TRUSTED_PROXIES=10.0.0.0/8", "METRICS_LISTEN=127.0.0.1:9090,[::1]:9090")
	if want := map[string]string{"authorization": "Bearer a,b=", "x-team": "7"}; !maps.Equal(c.TraceHeaders(), want) {
		t.Errorf("%v", c.TraceHeaders())
	}
	if c.TracesSample != 0.25 || !c.TracesParent || strings.Join(c.MetricsListen, " ") != "127.0.0.1:9090 [::1]:9090" {
		t.Errorf("%+v", c)
	}
}

func TestFaultsOfWatchingAreNamed(t *testing.T) {
	t.Parallel()
	for entries, want := range map[string]string{
		"TRACES_URL=localhost:4318":                                  "TRACES_URL",
		"TRACES_URL=grpc://localhost:4317":                           "TRACES_URL",
		"TRACES_URL=https://user:hunter2@otel.example.com":           "TRACES_URL",
		"TRACES_SAMPLE=1.5":                                          "TRACES_SAMPLE",
		"TRACES_SAMPLE=NaN":                                          "TRACES_SAMPLE",
		"TRACES_SAMPLE=half":                                         "TRACES_SAMPLE",
		"TRACES_PARENT=proxies":                                      "TRACES_PARENT",
		"TRACES_PARENT=all":                                          "TRACES_PARENT",
		"TRACES_HEADERS=a=hunter2":                                   "TRACES_HEADERS",
		"TRACES_URL=https://otel.example.com TRACES_HEADERS=hunter2": "TRACES_HEADERS",
		"TRACES_URL=https://otel.example.com TRACES_HEADERS=a=hunter2%0d%0ab":          "TRACES_HEADERS",
		"TRACES_URL=http://otel.example.com:4318 TRACES_HEADERS=authorization=hunter2": "TRACES_HEADERS",
		"METRICS_LISTEN=9090": "METRICS_LISTEN",
		"DRAIN_DELAY=10m":     "DRAIN_DELAY",
	} {
		found := faults(t, strings.Fields(entries)...)
		if len(found) != 1 || found[want] == "" || strings.Contains(found[want], "hunter2") {
			t.Errorf("%s: %v", entries, found)
		}
	}
	// A collector on this machine gets them in the clear: nobody sits in between.
	load(t, "TRACES_URL=http://127.0.0.1:4318/otlp/in", "TRACES_HEADERS=authorization=hunter2")
}

func TestAServerForOthersLeavesItsBalancerTimeToTakeItOut(t *testing.T) {
	t.Parallel()
	if d := load(t).DrainDelay; d != 0 {
		t.Errorf("on loopback %v", d)
	}
	if d := load(t, production...).DrainDelay; d != 5*time.Second {
		t.Errorf("elsewhere %v", d)
	}
	if d := load(t, with(production, "DRAIN_DELAY=0")...).DrainDelay; d != 0 {
		t.Errorf("as set %v", d)
	}
}
