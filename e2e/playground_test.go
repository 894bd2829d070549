//go:build !nobrowser

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestThePlaygroundAndTheMailbox is the story in browser/playground.test.js, on
// a server as a newcomer starts it: on SQLite, with its letters in the log.
func TestThePlaygroundAndTheMailbox(t *testing.T) {
	t.Parallel()
	inTheBrowser(t, "playground.test.js", "GATEHOUSE_MAIL_URL=log:", "GATEHOUSE_REFRESH_GRACE=0")
}

// A folder of letters is open to whatever else writes into it, and templates may
// be a team's own: what browser/mailbox.test.js opens is as bad as can be.
func TestAHostileLetterIsHarmlessInTheMailbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letter := filepath.Join(dir, "20300101T000000Z-0195500a-7c00-7000-8000-00000000000a.eml")
	if err := os.WriteFile(letter, []byte(strings.ReplaceAll(hostileLetter, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	inTheBrowser(t, "mailbox.test.js", "GATEHOUSE_MAIL_URL=file:"+dir)
}

// inTheBrowser runs a story of browser/ with a server of its own.
func inTheBrowser(t *testing.T, file string, settings ...string) {
	t.Helper()
	tw := newTown(t, sqlite(t), append(settings, "GATEHOUSE_MAIL_FROM=")...)
	n := tw.start()
	if _, err := os.Stat("browser/node_modules"); err != nil {
		t.Fatal("the test's packages are not there: scripts/npm e2e/browser installs them")
	}
	story := exec.Command("node", "--test", file)
	story.Dir = "browser"
	story.Env = append(os.Environ(), "PLAYGROUND_ORIGIN="+publicURL, "PLAYGROUND_AT="+strings.TrimPrefix(n.url, "http://"))
	for _, s := range settings {
		if base, found := strings.CutPrefix(s, "GATEHOUSE_PUBLIC_URL="+publicURL); found {
			story.Env = append(story.Env, "PLAYGROUND_BASE="+base)
		}
	}
	if said, err := story.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\nthe server's log:\n%s", err, said, n.log)
	}
}

const hostileLetter = `Date: Tue, 01 Jan 2030 00:00:00 +0000
MIME-Version: 1.0
Subject: Hostile <script>document.title='ran'</script>
From: <gatehouse@example.org>
To: <ada@example.org>
Message-ID: <0195500a@example.org>
Content-Type: multipart/alternative; boundary=half

--half
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

javascript:document.title='ran' <img src=x onerror="document.title='ran'">
--half
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: 8bit

<head><base target="_top" href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">
<link rel="stylesheet" href="/playground/playground.css"><link rel="prefetch" href="https://evil.example/prefetch">
<style>@import url(https://evil.example/style.css); body { background: url(https://evil.example/background.png) }</style>
<script>document.title = 'ran'</script></head>
<body onload="document.title='ran'">
<img src="https://evil.example/pixel.png" onerror="document.title='ran'"><svg onload="document.title='ran'"></svg>
<iframe src="/playground"></iframe><object data="/playground"></object>
<form action="/graphql" method="post"><button>post</button></form>
<a href="javascript:document.title='ran'">script</a>
<a href="data:text/html,<script>document.title='ran'</script>">document</a>
<a href="/playground" target="_top">top</a>
<p>The end</p></body>
--half--
`
