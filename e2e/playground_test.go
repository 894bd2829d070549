//go:build !nobrowser

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestThePlaygroundAndTheMailbox is the story in browser/playground.test.js, on
// a server as a newcomer starts it: on SQLite, with its letters in the log.
func TestThePlaygroundAndTheMailbox(t *testing.T) {
	t.Parallel()
	tw := newTown(t, sqlite(t), "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_MAIL_FROM=", "GATEHOUSE_REFRESH_GRACE=0")
	n := tw.start()
	if _, err := os.Stat("browser/node_modules"); err != nil {
		t.Fatal("the test's packages are not there: scripts/npm e2e/browser installs them")
	}
	story := exec.Command("node", "--test", "playground.test.js")
	story.Dir = "browser"
	story.Env = append(os.Environ(), "PLAYGROUND_ORIGIN="+publicURL, "PLAYGROUND_AT="+strings.TrimPrefix(n.url, "http://"))
	if said, err := story.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\nthe server's log:\n%s", err, said, n.log)
	}
}
