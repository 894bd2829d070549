package auth_test

import (
	"net/netip"
	"testing"

	"gatehouse/auth"
)

func TestIPv6ClientsAreCountedByTheir64(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::1":      "2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "2001:db8:1:3::/64",
		"::ffff:203.0.113.9":   "203.0.113.9",
		"203.0.113.9":          "203.0.113.9",
	} {
		if got := (auth.Client{Address: netip.MustParseAddr(address)}).Counted(); got != want {
			t.Errorf("%s counts as %s, want %s", address, got, want)
		}
	}
}
