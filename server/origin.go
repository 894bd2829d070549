package server

import (
	"net/http"
	"net/url"
	"slices"

	"gatehouse/auth"
)

// An originList is the origins whose pages may use this server with cookies:
// its own and the allowed ones, each as a browser writes it in the Origin header
// (RFC 6454 section 6.2).
type originList struct {
	own     string
	allowed []string
}

func newOriginList(public *url.URL, allowed []string) originList {
	return originList{own: originOf(public), allowed: allowed}
}

// allows says whether the origin is the server's own or a listed one. "null",
// which sandboxed frames send, never is.
func (l originList) allows(origin string) bool {
	return origin == l.own || slices.Contains(l.allowed, origin)
}

// judge refuses, with auth.OriginRefused, a request that may not use cookies.
// The browser says who sends it and a foreign page can't make it lie; so, unlike
// http.CrossOriginProtection, this lets nothing pass that says nothing. Where
// there is an Origin it alone decides: Sec-Fetch-Site compares with the name by
// which the browser reached us, and that may be a stranger's name for our
// address.
func (l originList) judge(r *http.Request) error {
	switch origins := r.Header.Values("Origin"); {
	case len(origins) == 1 && l.allows(origins[0]):
		return nil
	case len(origins) == 0 && r.Header.Get("Sec-Fetch-Site") == "same-origin":
		return nil
	}
	return auth.OriginRefused
}

// judgeSocket is judge for what is to become a WebSocket. No answer to it can be
// kept from a page, as CORS does with others, and defences such as
// http.CrossOriginProtection let it pass for being a GET: so a foreign page is
// refused here whatever it brings, and without an Origin, which every browser
// sends with it, cookies are.
func (l originList) judgeSocket(r *http.Request, cookies bool) error {
	switch origins := r.Header.Values("Origin"); {
	case len(origins) == 1 && l.allows(origins[0]):
		return nil
	case len(origins) == 0 && !cookies:
		return nil
	}
	return auth.OriginRefused
}

// judgeForm is judge for the form of one of our pages. These are told to say
// nothing of where they are (no-referrer), and then browsers write "null" into
// the Origin of a form (Fetch standard, section 3.2): so here it counts as none,
// and Sec-Fetch-Site decides, which a sandboxed frame has as cross-site. A page
// by a stranger's name for our address gains nothing: there is no cookie whose
// power it could use.
func (l originList) judgeForm(r *http.Request) error {
	if origins := r.Header.Values("Origin"); len(origins) == 1 && origins[0] == "null" &&
		r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return l.judge(r)
}

// originOf is a URL's origin as browsers write it: no default port.
func originOf(u *url.URL) string {
	host := u.Host
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		host = host[:len(host)-len(port)-1]
	}
	return u.Scheme + "://" + host
}
