//go:build !nobrowser

package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A browser is a headless Chromium that reaches one server, by the name that its
// letters call it, and nothing else. It notes whatever it complains about, and
// what it asks for elsewhere.
type browser struct {
	context.Context
	t testing.TB

	mu         sync.Mutex
	complaints []string
	asked      []string
}

// newBrowser starts a Chromium on a profile of its own. script is whether pages
// may run any.
func newBrowser(t testing.TB, w *world, language string, script bool) *browser {
	t.Helper()
	server, err := url.Parse(w.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir: a process of the browser's may outlive it for a moment and
	// write there, which is no fault of the pages.
	profile, err := os.MkdirTemp("", "gatehouse-chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := []chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-proxy-server", true), chromedp.Flag("accept-lang", language),
		chromedp.Flag("host-resolver-rules", "MAP localhost:8080 "+server.Host+", MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	within, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	allocated, end := chromedp.NewExecAllocator(within, options...)
	t.Cleanup(end)
	tab, _ := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		// Waits until it has closed itself, and written what it keeps.
		if err := chromedp.Cancel(tab); err != nil {
			t.Error(err)
		}
	})
	b := &browser{Context: tab, t: t}
	chromedp.ListenTarget(tab, b.hear)
	b.run(network.Enable(), log.Enable(), runtime.Enable(), emulation.SetScriptExecutionDisabled(!script))
	return b
}

// chromium is where the browser is installed.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium here: scripts/chromium installs it")
	return ""
}

// hear notes the complaints of the console, of policies above all.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelVerbose {
			return // advice, such as to name the user beside a password
		}
		b.complaints = append(b.complaints, fmt.Sprintf("%s %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text))
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console "+string(e.Type))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	}
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to a page and gives what is read there.
func (b *browser) open(link string) string {
	b.t.Helper()
	b.run(chromedp.Navigate(link))
	return b.text()
}

// text is what the page says.
func (b *browser) text() string {
	b.t.Helper()
	var said string
	b.run(chromedp.Text("body", &said, chromedp.ByQuery))
	return said
}

// focused is the field that has the focus.
func (b *browser) focused(selector string) bool {
	b.t.Helper()
	var n int
	b.run(chromedp.QueryAfter(selector+":focus", func(_ context.Context, _ runtime.ExecutionContextID, nodes ...*cdp.Node) error {
		n = len(nodes)
		return nil
	}, chromedp.ByQueryAll, chromedp.AtLeast(0)))
	return n > 0
}

// fill types into the form's fields, a selector and a text each.
func (b *browser) fill(pairs ...string) {
	b.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		b.run(chromedp.SendKeys(pairs[i], pairs[i+1], chromedp.ByQuery))
	}
}

// press presses the page's button and waits for the page that comes.
func (b *browser) press() string {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b, chromedp.Click("button", chromedp.ByQuery)); err != nil {
		b.t.Fatal(err)
	}
	return b.text()
}

// wantQuiet fails the test where the browser complained, or was led elsewhere.
func (b *browser) wantQuiet(statuses ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		expected := false
		for _, status := range statuses {
			// The browser tells of every answer that is not 200.
			expected = expected || strings.Contains(complaint, "status of "+status)
		}
		if !expected {
			b.t.Errorf("the browser says: %s", complaint)
		}
	}
	for _, asked := range b.asked {
		if !strings.HasPrefix(asked, publicURL+"/") {
			b.t.Errorf("the browser asked elsewhere: %s", asked)
		}
	}
}
