package config_test

import (
	"strings"
	"testing"

	"gatehouse/config"
)

// FuzzLoad holds every setting to three promises, whatever its text: reading it
// does not panic, a fault of a secret does not show it, and what is taken leaves
// a server that can be reached.
func FuzzLoad(f *testing.F) {
	settings := config.Settings()
	for i, text := range []string{
		"127.0.0.1:8080", "https://auth.example.com", "sqlite:a.db", goodSecret, "on", "90d", "1d1h", "-1d", "20/1m,100/1h", "19MiB",
		"https://app.example.com/#token={token}", "Acme <a@example.com>", "#12ab9f", "10.0.0.0/8,::1", "smtp://user:word@[::1]:25", "\x00", "%zz", "[", "://", "http://[::1%25eth0]:80",
	} {
		f.Add(uint(i), text)
	}
	f.Fuzz(func(t *testing.T, n uint, text string) {
		s := settings[n%uint(len(settings))]
		c, err := config.Load([]string{s.Name + "=" + text})
		if err != nil {
			if s.Secret && len(text) > 16 && strings.Contains(err.Error(), text) {
				t.Errorf("%s is shown: %v", s.Name, err)
			}
			return
		}
		if c.PublicURL == "" || len(c.Listen) == 0 || c.SQLitePath() == "" {
			t.Errorf("%s=%q leaves the server without an address or a database", s.Name, text)
		}
	})
}
