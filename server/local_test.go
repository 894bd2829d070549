package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// visit sends a GET with that Host header and further headers, without a
// network.
func visit(h http.Handler, host, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const ownHost = "localhost:8080"

// trial are the pages with which the server is tried out.
var trial = []string{
	"/playground", "/playground/playground.js", "/playground/playground.css", "/playground/LICENCES.txt",
	"/dev/mailbox", "/dev/mailbox/0195500a-7c00-7000-8000-00000000000a", "/dev/mailbox/0195500a-7c00-7000-8000-00000000000a/html",
}

func TestWhatIsForThisMachineIsRefusedByAnyOtherName(t *testing.T) {
	t.Parallel()
	front := build(t, nil).server.Handler()
	for _, path := range trial {
		if w := visit(front, ownHost, path, nil); w.Code == http.StatusForbidden {
			t.Errorf("%s is refused to this machine: %s", path, w.Body)
		}
		for _, host := range []string{
			// The name of a page that was made to point here.
			"rebound.example:8080", "rebound.example", "localhost.rebound.example:8080",
			"127.0.0.1:8080", "[::1]:8080", "localhost", "localhost:80", "localhost:8081", "localhost.:8080", "",
		} {
			w := visit(front, host, path, nil)
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "http://localhost:8080/") {
				t.Errorf("%s by the name %q: %d %s", path, host, w.Code, w.Body)
			}
		}
	}
	if w := visit(front, "LocalHost:8080", "/dev/mailbox", nil); w.Code != http.StatusOK {
		t.Errorf("our own name in capitals: %d", w.Code)
	}
}

func TestWhatIsForThisMachineIsRefusedToWhoeverComesThroughAProxy(t *testing.T) {
	t.Parallel()
	// One that is trusted otherwise, too: it brings others here.
	front := build(t, map[string]string{"TRUSTED_PROXIES": "127.0.0.1,192.0.2.0/24"}).server.Handler()
	for _, name := range []string{
		"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
		"X-Forwarded-Anything", "x-forwarded-for", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip",
		"Client-Ip", "CDN-Loop", "X-Original-Host", "X-Original-URL", "X-Envoy-External-Address", "Tailscale-User-Login",
		"X-Forwarded", "Forwarded-For", "X-Original-Forwarded-For", "Proxy-Client-Ip", "X-Azure-ClientIP", "X-ProxyUser-Ip", "X-Remote-Addr",
	} {
		for _, path := range trial {
			for _, value := range []string{"127.0.0.1", ""} {
				if w := visit(front, ownHost, path, http.Header{name: {value}}); w.Code != http.StatusForbidden {
					t.Errorf("%s with %s: %d", path, name, w.Code)
				}
			}
		}
	}
	if w := visit(front, ownHost, "/dev/mailbox", http.Header{"Accept-Language": {"de"}, "X-Request-Id": {"1"}}); w.Code != http.StatusOK {
		t.Errorf("a browser is refused: %d", w.Code)
	}
}

// nginx with a proxy_pass and nothing else asks for what it was told to ask for,
// "localhost:8080", and says of whoever asks it nothing at all.
func TestWhatIsForThisMachineIsRefusedToAProxyThatAddsNoHeader(t *testing.T) {
	t.Parallel()
	front := build(t, nil).server.Handler()
	for _, path := range trial {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host, r.Header = ownHost, http.Header{"Connection": {"close"}}
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("%s by HTTP/1.0: %d", path, w.Code)
		}
	}
}

// elsewhere are the settings of a server that others reach.
func elsewhere(set map[string]string) map[string]string {
	all := map[string]string{
		"MAIL_URL": "smtp://localhost:1", "MAIL_FROM": "gatehouse@example.org", "PUBLIC_URL": "https://auth.example.com",
		"HASHING_MEMORY": "7MiB", "ALLOWED_ORIGINS": "",
	}
	for name, value := range set {
		all[name] = value
	}
	return all
}

func TestWhereOthersReachTheServerThereIsNothingToTryItWith(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]map[string]string{
		"public URL": elsewhere(nil), "listening": elsewhere(map[string]string{"LISTEN": "127.0.0.1:0,192.0.2.1:0", "PUBLIC_URL": "https://localhost"}),
		"switched off": {"PLAYGROUND": "off"}, "no introspection": {"INTROSPECTION": "off"},
	} {
		h := build(t, set)
		public := mustURL(t, h.server.config.PublicURL)
		for _, path := range trial {
			if w := visit(h.server.Handler(), public.Host, path, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s: %s: %d", name, path, w.Code)
			}
		}
		if home := visit(h.server.Handler(), public.Host, "/", nil).Body.String(); strings.Contains(home, "playground") || strings.Contains(home, "mailbox") {
			t.Errorf("%s: the first page leads there: %s", name, home)
		}
	}
}
