package config

import (
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// tracesPath is where a collector takes spans by OTLP over HTTP, by its
// specification.
const tracesPath = "/v1/traces"

// watchRows are the settings by which a running server is watched and taken out
// of service.
//
// The variables of the OpenTelemetry SDKs (OTEL_...) are not among them: a
// program that reads a few of those is expected to obey all, and each of them
// that can't be read is ignored without a word, where a bad one of ours stops
// the start.
func watchRows(c *Config) []row {
	return []row{
		{name: "METRICS_LISTEN", kind: addresses(&c.MetricsListen),
			meaning: "Addresses, separated by commas, on which `/metrics` answers Prometheus, and nothing else does. None: no metrics."},
		{name: "TRACES_URL", kind: collector(&c.TracesURL),
			meaning: "Where traces go, by OTLP over HTTP, as in `http://localhost:4318`; without a path, `/v1/traces` is added. None: no traces."},
		{name: "TRACES_HEADERS", kind: traceHeaders(&c.TracesHeaders), secret: true,
			meaning: "Headers that go with them, as in `authorization=Bearer%20...`, separated by commas, special characters percent-encoded."},
		{name: "TRACES_SAMPLE", kind: fraction(&c.TracesSample), preset: "1",
			meaning: "The part of requests and letters that is traced."},
		{name: "TRACES_SERVICE", kind: word(&c.TracesService), preset: "gatehouse",
			meaning: "What the server is called in traces (`service.name`)."},
		{name: "TRACES_PARENT", kind: toggle(&c.TracesParent, "proxies", "off"), preset: "off",
			meaning: "Whether a `traceparent` that comes from TRUSTED_PROXIES is gone on with. Proxies must make it, or take away what strangers send, who could have each of their requests traced otherwise."},
		{name: "DRAIN_DELAY", kind: duration(&c.DrainDelay, 0, 5*time.Minute), derived: "0 on loopback, else 5s",
			meaning: "For how long a server that is told to stop still serves, while `/readyz` says that it is not ready, so that whatever balances takes it out first."},
	}
}

// collector takes where spans are sent to.
func collector(into *string) kind {
	return kind{label: "URL", set: func(text string) error {
		u, ok := parseURL(text)
		if !ok || !webScheme(text) || strings.ContainsAny(text, "?#") {
			return errors.New("want an URL as in http://localhost:4318, without user, query or fragment")
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = tracesPath
		}
		*into = u.String()
		return nil
	}}
}

// urlHost is the host of an URL that collector took.
func urlHost(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// traceHeaders takes headers, which most likely hold a key.
func traceHeaders(into *Secret) kind {
	return kind{label: "headers", set: func(text string) error {
		*into = NewSecret(text)
		_, err := parseHeaders(text)
		return err
	}}
}

// parseHeaders reads name=value,name=value. Its error shows nothing of them.
func parseHeaders(text string) (map[string]string, error) {
	wrong := errors.New("want headers as in name=value, separated by commas, special characters percent-encoded")
	all := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, escaped, found := strings.Cut(strings.TrimSpace(part), "=")
		value, err := url.PathUnescape(escaped)
		if !found || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, wrong
		}
		all[strings.ToLower(name)] = value
	}
	return all, nil
}

// TraceHeaders are the headers that go with spans; none where none were given.
func (c Config) TraceHeaders() map[string]string {
	if c.TracesHeaders.Reveal() == "" {
		return nil
	}
	all, err := parseHeaders(c.TracesHeaders.Reveal())
	if err != nil {
		panic(err) // Load took them
	}
	return all
}

// fraction takes a part of a whole.
func fraction(into *float64) kind {
	return kind{label: "number, 0 to 1", set: func(text string) error {
		part, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(part) || part < 0 || part > 1 {
			return errors.New("want a number from 0 to 1, as in 0.1")
		}
		*into = part
		return nil
	}}
}

// watching are the faults of settings about traces that are each well formed.
func watching(c Config, had Faults, fault func(name, format string, args ...any)) {
	if had.has("TRACES_URL") || had.has("TRACES_HEADERS") {
		return
	}
	switch headers := c.TracesHeaders.Reveal() != ""; {
	case headers && c.TracesURL == "":
		fault("TRACES_HEADERS", "for what goes to %sTRACES_URL, which is not given", prefix)
	case headers && strings.HasPrefix(c.TracesURL, "http://") && !loopbackHost(urlHost(c.TracesURL)):
		fault("TRACES_HEADERS", "%sTRACES_URL has no TLS: whoever sits in between could read them", prefix)
	}
	if c.TracesParent && len(c.TrustedProxies) == 0 && !had.has("TRUSTED_PROXIES") {
		fault("TRACES_PARENT", "proxies wants %sTRUSTED_PROXIES", prefix)
	}
}
