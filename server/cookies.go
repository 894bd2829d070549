package server

import (
	"net/http"
	"net/url"
	"time"
)

// A cookieNames says how the two cookies of COOKIE transport are called.
//
// With https they bear the prefix __Host- (RFC 6265bis section 4.1.3.2): the
// browser takes such a cookie only from this very host, with Secure and without
// Domain, so no sibling subdomain can plant one. On loopback http, where
// browsers differ about Secure, they are plain.
type cookieNames struct {
	access, refresh string
	secure          bool
}

func newCookieNames(public *url.URL, loopback bool) cookieNames {
	if loopback && public.Scheme == "http" {
		return cookieNames{access: "gatehouse-access", refresh: "gatehouse-refresh"}
	}
	return cookieNames{access: "__Host-gatehouse-access", refresh: "__Host-gatehouse-refresh", secure: true}
}

// living is a cookie that lives as long as the token in it.
func (n cookieNames) living(name, token string, lifetime time.Duration) *http.Cookie {
	return n.cookie(name, token, max(1, int(lifetime/time.Second))) // 0 would make it last as long as the browser runs
}

// expired makes the browser forget the cookie.
func (n cookieNames) expired(name string) *http.Cookie { return n.cookie(name, "", -1) }

func (n cookieNames) cookie(name, token string, maxAge int) *http.Cookie {
	//nolint:gosec // without Secure on loopback http alone, where some browsers would drop the cookie
	return &http.Cookie{
		Name: name, Value: token, Path: "/", MaxAge: maxAge,
		Secure: n.secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// readCookie gives the one cookie of that name; "" where there is none, and
// where there are several: one of them was planted, and which is not to be
// guessed at.
func readCookie(r *http.Request, name string) (token string, present bool) {
	cookies := r.CookiesNamed(name)
	if len(cookies) == 0 {
		return "", false
	}
	if len(cookies) > 1 {
		return "", true
	}
	return cookies[0].Value, true
}
