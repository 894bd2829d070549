package server

import (
	"net/netip"
	"testing"
)

func TestTheClientIsTheRightMostAddressThatIsNoProxyOfOurs(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.7.7/32"), netip.MustParsePrefix("fd00::/8"),
	}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"a direct client":                           {"203.0.113.9:4000", nil, "203.0.113.9"},
		"a direct client who claims another":        {"203.0.113.9:4000", []string{"198.51.100.1"}, "203.0.113.9"},
		"a direct client who claims to be a proxy":  {"203.0.113.9:4000", []string{"10.0.0.1"}, "203.0.113.9"},
		"behind a proxy":                            {"10.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"behind two proxies":                        {"10.0.0.1:80", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		"a claim left of the true one":              {"10.0.0.1:80", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		"a claim in a header line of its own":       {"10.0.0.1:80", []string{"1.1.1.1", "198.51.100.1, 192.168.7.7"}, "198.51.100.1"},
		"junk left of the true one":                 {"10.0.0.1:80", []string{"<script>, ,, 198.51.100.1"}, "198.51.100.1"},
		"a forged proxy left of the true one":       {"10.0.0.1:80", []string{"1.1.1.1, 10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		"no header at all":                          {"10.0.0.1:80", nil, "10.0.0.1"},
		"an empty header":                           {"10.0.0.1:80", []string{""}, "10.0.0.1"},
		"a malformed one":                           {"10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		"a malformed one behind a proxy":            {"10.0.0.1:80", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.1"},
		"one with a port":                           {"10.0.0.1:80", []string{"198.51.100.1:99"}, "10.0.0.1"},
		"one with a zone":                           {"10.0.0.1:80", []string{"fe80::1%eth0"}, "10.0.0.1"},
		"a trailing comma":                          {"10.0.0.1:80", []string{"198.51.100.1,"}, "10.0.0.1"},
		"proxies only":                              {"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"IPv6":                                      {"[fd00::1]:80", []string{"2001:db8::5"}, "2001:db8::5"},
		"IPv6 direct":                               {"[2001:db8::6]:80", []string{"1.1.1.1"}, "2001:db8::6"},
		"an IPv4 proxy on an IPv6 socket":           {"[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"an IPv4 client on an IPv6 socket":          {"[::ffff:203.0.113.9]:80", []string{"1.1.1.1"}, "203.0.113.9"},
		"a link-local client counts without a zone": {"[fe80::1%eth0]:80", nil, "fe80::1"},
	} {
		if got := resolveClient(trusted, c.remote, c.forwarded); got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestWithoutTrustedProxiesNobodyIsBelieved(t *testing.T) {
	t.Parallel()
	if got := resolveClient(nil, "127.0.0.1:9", []string{"198.51.100.1"}); got.String() != "127.0.0.1" {
		t.Errorf("%s", got)
	}
	if got := resolveClient([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, "not an address", []string{"198.51.100.1"}); got.IsValid() {
		t.Errorf("an unknown peer was believed: %s", got)
	}
}
