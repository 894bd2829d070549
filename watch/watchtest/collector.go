// Package watchtest has a collector of traces to test against.
package watchtest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	collected "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// A Collector takes spans by OTLP over HTTP, on loopback, and keeps them.
type Collector struct {
	server *httptest.Server

	mu      sync.Mutex
	refuses int // the status with which it takes nothing; 0: it takes all
	headers []http.Header
	bodies  [][]byte // of the requests, decompressed
	spans   []*traces.Span
	tells   string // all of them, in JSON
}

// NewCollector starts one, and stops it when the test ends.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.take(w, r); err != nil {
			t.Errorf("the collector can't read what comes: %v", err)
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(c.server.Close)
	return c
}

// URL is where it takes spans.
func (c *Collector) URL() string { return c.server.URL + "/v1/traces" }

// Refuse has it take nothing, with this status, or with 0 everything again.
func (c *Collector) Refuse(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuses = status
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuses != 0 {
		w.WriteHeader(c.refuses)
		return nil
	}
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return err
		}
		from = unpacked
	}
	body, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	var came collected.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &came); err != nil {
		return err
	}
	c.headers = append(c.headers, r.Header.Clone())
	c.bodies = append(c.bodies, body)
	c.tells += protojson.Format(&came)
	for _, resource := range came.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	answer, err := proto.Marshal(&collected.ExportTraceServiceResponse{})
	if err != nil {
		return err
	}
	_, err = w.Write(answer)
	return err
}

// Spans are those that came, in order.
func (c *Collector) Spans() []*traces.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Headers are those of every request that was taken.
func (c *Collector) Headers() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Everything is all that came, as bytes on the wire and in JSON.
func (c *Collector) Everything() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(slices.Concat(c.bodies...)) + c.tells
}

// Named are the spans of a name.
func (c *Collector) Named(name string) []*traces.Span {
	return slices.DeleteFunc(c.Spans(), func(s *traces.Span) bool { return s.Name != name })
}

// Attribute is one of a span, "" where it has none of that name.
func Attribute(s *traces.Span, name string) string {
	for _, a := range s.Attributes {
		if a.Key != name {
			continue
		}
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			return v.StringValue
		case *common.AnyValue_IntValue:
			return strconv.FormatInt(v.IntValue, 10)
		}
	}
	return ""
}
