package server

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// forwardingHeaders are what proxies and tunnels add to a request, besides all
// that are called after forwarding, or after the address of a client.
var forwardingHeaders = []string{
	"Via", "Cf-Ray", "Cdn-Loop", "X-Original-Host", "X-Original-Url", "X-Azure-Ref",
	"X-Envoy-External-Address", "X-Remote-Addr", "X-Appengine-Remote-Addr", "Tailscale-User-Login",
}

// forwarded reports whether somebody in between handed the request on. No browser
// speaks HTTP/1.0; nginx does where nobody tells it otherwise, and then adds no
// header and asks for us by the name that it was given, which is our own.
func forwarded(r *http.Request) bool {
	if !r.ProtoAtLeast(1, 1) {
		return true
	}
	for name := range r.Header {
		// No header of a browser's own is called so.
		lower := strings.ToLower(name)
		if strings.Contains(lower, "forward") || strings.HasSuffix(lower, "ip") || slices.Contains(forwardingHeaders, textproto.CanonicalMIMEHeaderKey(name)) {
			return true
		}
	}
	return false
}

// onlyHere guards what is for whoever sits at this machine, and lets nobody
// through but a browser on it that came by our own name. That the server listens
// on loopback alone doesn't suffice: a stranger's page whose name was made to
// point to this machine (DNS rebinding) is of the same origin with us by that
// name, and could read all of it; and a tunnel, or a proxy that somebody set up
// for a demonstration, brings the whole world here by loopback.
//
// The answer to others names the page at which to begin, since one's own browser
// may come by another of this machine's names.
func onlyHere(public *url.URL, begin string) middleware {
	own := strings.TrimPrefix(originOf(public), public.Scheme+"://")
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.EqualFold(r.Host, own) || forwarded(r) {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				w.WriteHeader(http.StatusForbidden)
				_, _ = fmt.Fprintf(w, "This page is shown on the server's own machine alone, and there at %s.\n", public.JoinPath(begin))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
