//go:build !nobrowser

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
)

// A toldClient is what subscriptions/subscribe.js prints of one client and one
// subscription.
type toldClient struct {
	Answers []struct {
		Data struct {
			SessionEnded struct{ SessionID, Reason string }
		}
		Errors []answerError
	}
	Errors    []answerError
	Completed bool
}

// refused is the code of the one error, in whichever of their ways the client
// gives it.
func (c toldClient) refused() string {
	all := c.Errors
	for _, a := range c.Answers {
		all = append(all, a.Errors...)
	}
	if len(all) != 1 {
		return ""
	}
	return all[0].Extensions.Code
}

// TestTheClientsOfBothProtocolsHearOfTheEnd has graphql-ws and graphql-sse
// subscribe to a running server.
func TestTheClientsOfBothProtocolsHearOfTheEnd(t *testing.T) {
	t.Parallel()
	tw := newTown(t, sqlite(t))
	n := tw.start()
	tw.user("ada@example.org")
	args := []string{"subscribe.js", n.url + "/graphql"}
	var sessions []string
	for range 2 {
		a := n.client().ask("login", map[string]any{"identifier": "ada@example.org", "password": password})
		args = append(args, a.text("login.tokens.accessToken"), a.text("login.tokens.refreshToken"))
		sessions = append(sessions, a.text("login.session.id"))
	}
	if _, err := os.Stat("subscriptions/node_modules"); err != nil {
		t.Fatal("the clients are not there: scripts/npm e2e/subscriptions installs them")
	}
	subscribe := exec.Command("node", args...)
	subscribe.Dir = "subscriptions"
	said, err := subscribe.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			said = exit.Stderr
		}
		t.Fatalf("%v\n%s", err, said)
	}
	var report map[string]struct{ Told, Late, Bad, Mutation toldClient }
	if err := json.Unmarshal(said, &report); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for i, name := range []string{"graphql-ws", "graphql-sse"} {
		r := report[name]
		if len(r.Told.Answers) != 1 || !r.Told.Completed || r.Told.refused() != "" {
			t.Fatalf("%s was told %s", name, said)
		}
		if end := r.Told.Answers[0].Data.SessionEnded; end.SessionID != sessions[i] || end.Reason != "LOGOUT" {
			t.Errorf("%s was told of %v", name, end)
		}
		if r.Late.refused() != "UNAUTHENTICATED" || r.Bad.refused() != "UNAUTHENTICATED" || r.Mutation.refused() != "BAD_DOCUMENT" {
			t.Errorf("%s: afterwards %q, with a bad token %q, a mutation %q", name, r.Late.refused(), r.Bad.refused(), r.Mutation.refused())
		}
	}
}
