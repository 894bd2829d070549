package server

import (
	"net"
	"net/url"

	"golang.org/x/net/publicsuffix"
)

// foreignSites are the allowed origins of another site than the public URL's.
// SameSite=Strict keeps our cookies from their requests, so their pages have to
// use bearer tokens; an operator should hear that before the users do.
func foreignSites(public *url.URL, origins []string) []string {
	own := siteOf(public)
	var foreign []string
	for _, origin := range origins {
		if u, err := url.Parse(origin); err != nil || siteOf(u) != own {
			foreign = append(foreign, origin)
		}
	}
	return foreign
}

// siteOf is what browsers compare: scheme and registrable domain. A host without
// one (an address, localhost, a public suffix itself) is a site of its own.
func siteOf(u *url.URL) string {
	host := u.Hostname()
	if net.ParseIP(host) == nil {
		if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
			host = domain
		}
	}
	return u.Scheme + "://" + host
}
