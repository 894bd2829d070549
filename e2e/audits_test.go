//go:build !nobrowser

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// notOffered are the audits that fail by design, with the reason.
var notOffered = map[string]string{
	// GET is optional in the specification. It would put documents and variables,
	// a password perhaps, into the logs of everything in between, and is a request
	// that any page can make a browser send.
	"5A70": "queries by GET",
	"D6D5": "variables in the address, answered as application/graphql-response+json",
	"6A70": "variables in the address, answered as application/json",
}

// TestTheServerSpeaksGraphQLOverHTTP holds a running server to graphql-http's
// audits. One that fails is named in notOffered or fails the test, and so does
// one that is named there and passes. How many there are is checked too: a
// release that renames them must not make this test easier.
func TestTheServerSpeaksGraphQLOverHTTP(t *testing.T) {
	t.Parallel()
	n := newTown(t, sqlite(t)).start()
	if _, err := os.Stat("audits/node_modules"); err != nil {
		t.Fatal("the audits are not there: scripts/npm e2e/audits installs them")
	}
	audit := exec.Command("node", "audit.js", n.url+"/graphql")
	audit.Dir = "audits"
	said, err := audit.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			said = exit.Stderr
		}
		t.Fatalf("%v\n%s", err, said)
	}
	var found []struct{ ID, Name, Status, Reason string }
	if err := json.Unmarshal(said, &found); err != nil {
		t.Fatal(err)
	}
	audits, failures := map[string]int{}, map[string]bool{}
	for _, a := range found {
		level, _, _ := strings.Cut(a.Name, " ")
		audits[level]++
		if a.Status == "ok" {
			continue
		}
		failures[a.ID] = true
		if notOffered[a.ID] == "" {
			t.Errorf("%s %s: %s: %s", a.ID, a.Name, a.Status, a.Reason)
		}
	}
	for id, what := range notOffered {
		if !failures[id] {
			t.Errorf("%s passes or is gone, and is listed as not offered: %s", id, what)
		}
	}
	if audits["MUST"] != 13 || audits["SHOULD"] != 23 || audits["MAY"] != 25 {
		t.Errorf("there are %v audits", audits)
	}
}
