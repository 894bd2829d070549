package server

import "net/http"

// noContent is the policy of whatever isn't a page: nothing may be loaded,
// nobody may frame it.
const noContent = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// withSecurityHeaders sets what keeps browsers careful, before the handler runs,
// so that a handler that knows better (the public keys may be cached) can
// replace it. hsts is for servers whose public URL is https (RFC 6797 section
// 7.2); it says nothing about subdomains, which may be others' to decide about.
func withSecurityHeaders(hsts bool) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", noContent)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			// Almost everything here bears a token, or depends on one.
			h.Set("Cache-Control", "no-store")
			if hsts {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			next.ServeHTTP(w, r)
		})
	}
}
