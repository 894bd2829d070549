package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gatehouse/mail/mailtest"
	"gatehouse/store/storetest"
)

func TestASignOutIsHeardOnEveryNode(t *testing.T) {
	t.Parallel()
	towns(t, nil, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		slowest := time.Duration(0)
		for i := range 5 {
			a := tw.login(i, "ada@example.org")
			here := tw.any(i)
			here.token = a.text("login.tokens.accessToken")
			if here.ask("logout", nil).text("logout.sessionsEnded") != "1" {
				t.Fatal("not signed out")
			}
			// On the node that answered, with the first request after the answer.
			if here.ask("me", nil).code() != "UNAUTHENTICATED" {
				t.Fatal("still signed in where the user signed out")
			}
			for _, n := range tw.nodes {
				there := n.client()
				there.token = here.token
				took := eventually(t, "the sign-out is heard", func() bool { return there.ask("me", nil).code() == "UNAUTHENTICATED" })
				slowest = max(slowest, took)
			}
		}
		t.Logf("heard within %v", slowest)
	})
}

func TestTheServerHearsTheCommandLine(t *testing.T) {
	t.Parallel()
	towns(t, nil, func(t *testing.T, tw *town) {
		tw.user("ada@example.org")
		a := tw.login(0, "ada@example.org")
		tw.run("", "user", "suspend", "ada@example.org")
		for _, n := range tw.nodes {
			c := n.client()
			c.token = a.text("login.tokens.accessToken")
			eventually(t, "the suspension is heard", func() bool { return c.ask("me", nil).code() == "UNAUTHENTICATED" })
		}
		if code := tw.any(0).ask("login", map[string]any{"identifier": "ada@example.org", "password": password}).code(); code != "ACCOUNT_SUSPENDED" {
			t.Errorf("answered %s", code)
		}
	})
}

func TestALetterSurvivesTheMailServerAndTheProcess(t *testing.T) {
	t.Parallel()
	towns(t, nil, func(t *testing.T, tw *town) {
		busy := mailtest.Refusal(451, smtp.EnhancedCode{4, 3, 0}, "come back later")
		tw.mail.Then(mailtest.Reaction{RefuseContent: busy})
		began := time.Now()
		if a := tw.any(0).ask("register", map[string]any{"email": "ada@example.org", "password": password}); a.code() != "" {
			t.Fatal(a.errors())
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the request felt the mail server: %v", took)
		}
		for _, n := range tw.nodes {
			n.kill()
		}
		tw.nodes = nil
		tw.start()
		if tw.letter("ada@example.org").Code() == "" {
			t.Error("the letter came without its digits")
		}
	})
}

func TestADatabaseThatIsAwayGivesErrorsAndThenComesBack(t *testing.T) {
	t.Parallel()
	// A cluster of its own, since it is stopped.
	own, err := storetest.StartPostgres("", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { own.Close() })
	url, err := own.CreateEmptyDatabase()
	if err != nil {
		t.Fatal(err)
	}
	tw := newTown(t, url)
	n := tw.start()
	tw.user("ada@example.org")
	a := tw.login(0, "ada@example.org")
	c := n.client()
	c.token = a.text("login.tokens.accessToken")
	refresh := map[string]any{"refreshToken": a.text("login.tokens.refreshToken")}
	time.Sleep(1100 * time.Millisecond)
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	refused := func(code string) bool { return code == "INTERNAL" || code == "OVERLOADED" }
	for name, ask := range map[string]func() answer{
		"refresh": func() answer { return n.client().ask("refresh", refresh) },
		"me":      func() answer { return c.ask("me", nil) },
		"register": func() answer {
			return n.client().ask("register", map[string]any{"email": "b@example.org", "password": password})
		},
		"login": func() answer {
			return n.client().ask("login", map[string]any{"identifier": "ada@example.org", "password": "wrong"})
		},
	} {
		if code := ask().code(); !refused(code) {
			t.Errorf("%s answers %q without a database", name, code)
		}
	}
	eventually(t, "the node says that it is not ready", func() bool { return n.status(t, "/readyz") == http.StatusServiceUnavailable })
	if got := n.status(t, "/healthz"); got != http.StatusOK {
		t.Errorf("/healthz is %d: a restart of this process would not help", got)
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is ready again", func() bool { return n.status(t, "/readyz") == http.StatusOK })
	if a := n.client().ask("refresh", refresh); a.code() != "" {
		t.Errorf("the session did not survive: %v", a.errors())
	}
}

func TestStoppingDrains(t *testing.T) {
	t.Parallel()
	tw := newTown(t, sqlite(t), "GATEHOUSE_RATE_LIMITS=off", "GATEHOUSE_HASHING_MEMORY=32MiB", "GATEHOUSE_HASHING_PASSES=20")
	n := tw.start()
	var answered atomic.Int32
	var asking sync.WaitGroup
	began := make(chan struct{}, 3)
	for i := range 3 {
		asking.Go(func() {
			began <- struct{}{}
			a, err := n.client().try("register", map[string]any{"email": fmt.Sprintf("u%d@example.org", i), "password": password})
			switch {
			case err == nil && (a.code() == "" || a.code() == "OVERLOADED"):
				answered.Add(1)
			case err != nil:
				// Refused before it was accepted is no request in flight; cut off is.
				t.Errorf("cut off: %v", err)
			}
		})
	}
	for range 3 {
		<-began
	}
	time.Sleep(50 * time.Millisecond)
	if err := n.stop(); err != nil {
		t.Errorf("it did not stop well: %v: %s", err, n.log)
	}
	asking.Wait()
	if answered.Load() != 3 {
		t.Errorf("%d of 3 requests in flight were answered", answered.Load())
	}
}

// status gets a path of the node.
func (n *node) status(t *testing.T, path string) int {
	t.Helper()
	resp, err := http.Get(n.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
