package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
)

// TestANewLinkIsWrittenBeforeTheOlderOnesAreVoided: it waits for the user's row by
// its foreign key, which whoever moves the account holds while it voids the links.
func TestANewLinkIsWrittenBeforeTheOlderOnesAreVoided(t *testing.T) {
	t.Parallel()
	h := newHouse(t, unlimited)
	c := h.newcomer(adaOld)
	for name, ask := range map[string]func() error{
		"reset":          func() error { _, err := h.RequestPasswordReset(h.ctx, h.stranger(), adaOld); return err },
		"username reset": func() error { _, err := h.RequestUsernameReset(h.ctx, h.stranger(), adaOld); return err },
		"e-mail change":  func() error { _, err := h.RequestEmailChange(h.ctx, c, adaNew); return err },
	} {
		ok(t, ask())
		statements, _ := h.counted(func() { ok(t, ask()) })
		at := func(word string) int {
			return slices.IndexFunc(statements, func(s string) bool {
				return strings.HasPrefix(s, word) && strings.Contains(s, "link_tokens")
			})
		}
		if insert, update := at("INSERT"), at("UPDATE"); insert < 0 || update < insert {
			t.Errorf("%s: %q", name, statements)
		}
		export, err := h.ExportAccount(h.ctx, c)
		ok(t, err)
		asked := export.Links[len(export.Links)-2:]
		slices.SortFunc(asked, func(a, b auth.Link) int { return a.VoidedAt.Compare(b.VoidedAt) })
		if !asked[0].VoidedAt.IsZero() || asked[1].VoidedAt.IsZero() || asked[0].Purpose != asked[1].Purpose {
			t.Errorf("%s: %+v", name, asked)
		}
		h.pass(time.Second)
		c.Now = h.Now()
	}
}
