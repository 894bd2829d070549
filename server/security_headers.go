package server

import (
	"maps"
	"net/http"
)

// noContent is the policy of whatever isn't a page: nothing may be loaded,
// nobody may frame it.
const noContent = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// withSecurityHeaders sets what keeps browsers careful, before the handler runs,
// so that a handler that knows better (the public keys may be cached) can
// replace it. hsts is for servers whose public URL is https (RFC 6797 section
// 7.2); it says nothing about subdomains, which may be others' to decide about.
func withSecurityHeaders(hsts bool) middleware {
	preset := http.Header{}
	preset.Set("Content-Security-Policy", noContent)
	preset.Set("X-Content-Type-Options", "nosniff")
	preset.Set("Referrer-Policy", "no-referrer")
	preset.Set("Cross-Origin-Opener-Policy", "same-origin")
	preset.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Almost everything here bears a token, or depends on one.
	preset.Set("Cache-Control", "no-store")
	if hsts {
		preset.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The lists are shared by all answers: each is full, so that whoever adds
			// to one makes a list of his own.
			maps.Copy(w.Header(), preset)
			next.ServeHTTP(w, r)
		})
	}
}
