package config_test

import "testing"

func TestThePlaygroundAndTheMailboxAreForLoopbackUnlessAskedFor(t *testing.T) {
	t.Parallel()
	mail := []string{"MAIL_URL=smtp://localhost:1025", "MAIL_FROM=a@example.org"}
	for name, c := range map[string]struct {
		environ                            []string
		introspection, playground, mailbox bool
	}{
		"on loopback":                         {nil, true, true, true},
		"with letters as files":               {[]string{"MAIL_URL=file:letters"}, true, true, true},
		"with letters that are sent":          {mail, true, true, false},
		"switched off":                        {[]string{"PLAYGROUND=off"}, true, false, false},
		"without introspection":               {[]string{"INTROSPECTION=off"}, false, false, false},
		"elsewhere":                           {production, false, false, false},
		"elsewhere, asked for":                {with(production, "PLAYGROUND=on"), true, true, false},
		"elsewhere, with introspection":       {with(production, "INTROSPECTION=on"), true, false, false},
		"an address that others reach":        {with(mail, "LISTEN=127.0.0.1:8080,192.0.2.1:8080", "PUBLIC_URL=https://localhost:8080"), false, false, false},
		"a public URL that others reach":      {with(mail, "PUBLIC_URL=https://auth.example.com"), false, false, false},
		"on loopback, and asked for":          {[]string{"PLAYGROUND=on"}, true, true, true},
		"elsewhere, both asked for":           {with(production, "PLAYGROUND=on", "INTROSPECTION=on"), true, true, false},
		"elsewhere, where it is switched off": {with(production, "PLAYGROUND=off"), false, false, false},
	} {
		got := load(t, c.environ...)
		if got.Introspection != c.introspection || got.Playground != c.playground || got.Mailbox() != c.mailbox {
			t.Errorf("%s: introspection %v, playground %v, mailbox %v", name, got.Introspection, got.Playground, got.Mailbox())
		}
	}
}

func TestAPlaygroundWantsIntrospection(t *testing.T) {
	t.Parallel()
	for _, base := range [][]string{nil, production} {
		if found := faults(t, with(base, "PLAYGROUND=on", "INTROSPECTION=off")...); len(found) != 1 || found["PLAYGROUND"] == "" {
			t.Errorf("faults %q", found)
		}
	}
}
