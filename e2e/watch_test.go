package e2e

import (
	"io"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/watch/watchtest"
)

// TestNeitherMetricsNorTracesHoldASecretOrAnAddress tells the whole story again,
// watched, and reads all that leaves.
func TestNeitherMetricsNorTracesHoldASecretOrAnAddress(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, collector := database(t), watchtest.NewCollector(t)
			w := newWorld(t, worldOptions{database: at, settings: []string{
				"GATEHOUSE_TRACES_URL=" + collector.URL(), "GATEHOUSE_TRACES_HEADERS=x-key=to%20the%20collector",
				"GATEHOUSE_TRACES_PARENT=proxies", "GATEHOUSE_METRICS_LISTEN=127.0.0.1:0",
			}})
			s := newSpy(t, w, at)
			s.knows("secret of the server", w.secret)
			tellAll(t, w, s)
			if err := w.server.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			answer := httptest.NewRecorder()
			w.server.Metrics().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
			metrics, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			places := map[string]string{"a trace": collector.Everything(), "a metric": string(metrics), "the log": w.log.String()}
			hidden := maps.Clone(s.secrets)
			for what, value := range map[string]string{
				"address": "ada@example.org", "new address": "ada@example.net", "other address": "bob@example.org",
				"username": "countess", "device": "Telefon", "client's address": clientAddress, "header for the collector": "to the collector",
			} {
				hidden[what] = value
			}
			for what, secret := range hidden {
				for i, part := range parts(secret) {
					for where, text := range places {
						if where == "the log" && s.secrets[what] == "" {
							continue // which tells where a request came from
						}
						if how := find(text, part); how != "" {
							t.Errorf("%s holds the %s, part %d: %s", where, what, i, how)
						}
					}
				}
			}

			// There was something to be seen.
			for _, name := range []string{"POST /graphql", "GET /activate", "GraphQL mutation", "field login", "transaction", "INSERT", "password hash", "letter activation", "send"} {
				if len(collector.Named(name)) == 0 {
					t.Errorf("there is no span %s", name)
				}
			}
			for _, span := range collector.Named("UPDATE") {
				if text := watchtest.Attribute(span, "db.query.text"); !strings.ContainsAny(text, "$?") {
					t.Errorf("a statement without placeholders: %s", text)
				}
			}
			for _, want := range []string{`field="changePassword"`, `code="REFRESH_TOKEN_REUSED"`, "gatehouse_refresh_repeated_total 1", `kind="account_deleted"`, `route="/reset"`} {
				if !strings.Contains(places["a metric"], want) {
					t.Errorf("there is no %s", want)
				}
			}
		})
	}
}
