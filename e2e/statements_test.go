package e2e

import (
	"testing"
	"time"
)

// TestStatementsOverHTTP counts all that a request sends to the database, BEGIN
// and COMMIT aside: what is cheap stays cheap however the floors above change.
func TestStatementsOverHTTP(t *testing.T) {
	t.Parallel()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{database: database(t)})
			if err := w.createUser("ada@example.org", password); err != nil {
				t.Fatal(err)
			}
			c := w.client()
			count := func(operation string, input map[string]any, most int) answer {
				t.Helper()
				w.mu.Lock()
				w.statements = nil
				w.mu.Unlock()
				a := c.ask(operation, input)
				w.mu.Lock()
				defer w.mu.Unlock()
				if a.code() != "" || len(w.statements) > most {
					t.Errorf("%s: %d statements, not %d, %v", operation, len(w.statements), most, a.errors())
				}
				return a
			}
			count("register", map[string]any{"email": "new@example.org", "password": password}, 8)
			// The first of a day from its network is noted.
			count("login", map[string]any{"identifier": "ada@example.org", "password": password}, 9)
			a := count("login", map[string]any{"identifier": "ada@example.org", "password": password}, 8)
			c.token = a.text("login.tokens.accessToken")
			count("me", nil, 1)
			count("settings", nil, 0)
			c.token = ""
			if err := w.pass(time.Minute); err != nil {
				t.Fatal(err)
			}
			// The user is asked for by the operation of the stories.
			count("refresh", map[string]any{"refreshToken": a.text("login.tokens.refreshToken")}, 3)
		})
	}
}
