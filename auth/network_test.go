package auth_test

import (
	"fmt"
	"testing"

	"gatehouse/auth"
)

// TestANetworkIsA24OfIPv4AndA48OfIPv6: a smaller one costs whoever wants many
// nothing, and a larger one has strangers in it.
func TestANetworkIsA24OfIPv4AndA48OfIPv6(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ here, near, far string }{
		"IPv4":             {"192.0.2.1", "192.0.2.254", "192.0.3.1"},
		"IPv4 within IPv6": {"192.0.2.1", "::ffff:192.0.2.254", "::ffff:192.0.3.1"},
		"IPv6":             {"2001:db8:1::1", "2001:db8:1:ffff::1", "2001:db8:2::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			register := func(address string) int {
				_, err := h.Register(h.ctx, h.from(address), auth.RegisterInput{Email: "owner@example.org", Password: password})
				ok(t, err)
				return len(h.letters())
			}
			for range 2 {
				register(c.here)
			}
			if register(c.near) != 1 || register(c.near) != 0 {
				t.Errorf("%s and %s are not counted together", c.here, c.near)
			}
			if register(c.far) != 1 {
				t.Errorf("%s and %s are counted together", c.here, c.far)
			}

			h.user(adaOld)
			ok(t, h.signInFrom(c.here))
			for i := range 6 {
				_ = h.guess(fmt.Sprintf("203.0.113.%d", i))
			}
			wants(t, h.signInFrom(c.far), auth.RateLimited)
			ok(t, h.signInFrom(c.near))
		})
	}
}
