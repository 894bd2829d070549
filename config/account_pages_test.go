package config_test

import "testing"

func TestPagesForUsersComeWithCookies(t *testing.T) {
	t.Parallel()
	for _, base := range [][]string{nil, production} {
		for _, c := range []struct {
			set  []string
			want bool
		}{
			{nil, true}, {[]string{"ACCOUNT_PAGES=on"}, true}, {[]string{"ACCOUNT_PAGES=off"}, false},
			{[]string{"COOKIE_TRANSPORT=off"}, false}, {[]string{"COOKIE_TRANSPORT=off", "ACCOUNT_PAGES=off"}, false},
		} {
			if got := load(t, with(base, c.set...)...); got.AccountPages != c.want {
				t.Errorf("%q: %v", c.set, got.AccountPages)
			}
		}
		if found := faults(t, with(base, "ACCOUNT_PAGES=on", "COOKIE_TRANSPORT=off")...); len(found) != 1 || found["ACCOUNT_PAGES"] == "" {
			t.Errorf("faults %q", found)
		}
	}
}
