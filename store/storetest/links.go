package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

func links(t *testing.T, s *subject) {
	u := insertUser(t, s)

	t.Run("links come back as they were written, with what they are bound to or without", func(t *testing.T) {
		r := insertRegistration(t, s, newAddress())
		ofUser, ofRegistration, ofNobody := newLink(auth.LinkPasswordReset), newLink(auth.LinkActivate), newLink(auth.LinkDecline)
		ofUser.UserID, ofUser.UsedAt = u.ID, noon.Add(time.Minute)
		ofRegistration.RegistrationID, ofRegistration.VoidedAt = r.ID, noon.Add(time.Hour)
		must(t, s.One.InsertLinks(t.Context(), ofUser, ofRegistration, ofNobody))
		for _, l := range []auth.Link{ofUser, ofRegistration, ofNobody} {
			same(t, "link", value(s.Two.LinkByDigest(t.Context(), l.Digest))(t), l)
		}
		if _, err := s.One.LinkByDigest(t.Context(), digest("nothing")); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
	})

	t.Run("a link is for its purpose alone", func(t *testing.T) {
		for _, made := range auth.LinkPurposes() {
			for _, used := range auth.LinkPurposes() {
				l := insertLink(t, s, newLink(made))
				same(t, string(made)+" as "+string(used),
					value(s.One.UseLink(t.Context(), l.Digest, used, noon))(t), made == used)
			}
		}
	})

	t.Run("a link that is expired, void or unknown is not used", func(t *testing.T) {
		l := insertLink(t, s, newLink(auth.LinkActivate))
		same(t, "expired", value(s.One.UseLink(t.Context(), l.Digest, l.Purpose, l.ExpiresAt))(t), false)
		same(t, "unknown", value(s.One.UseLink(t.Context(), digest("nothing"), l.Purpose, noon))(t), false)
		void := newLink(auth.LinkActivate)
		void.VoidedAt = noon
		insertLink(t, s, void)
		same(t, "void", value(s.One.UseLink(t.Context(), void.Digest, void.Purpose, noon))(t), false)
		same(t, "row", value(s.One.LinkByDigest(t.Context(), void.Digest))(t), void)
	})

	t.Run("of 50 who use a link at once, one does", func(t *testing.T) {
		for range rounds {
			for _, purpose := range auth.LinkPurposes() {
				l := insertLink(t, s, newLink(purpose))
				same(t, "used", s.race(t, 50, func(_ int, node Node) (bool, error) {
					return node.UseLink(t.Context(), l.Digest, purpose, noon)
				}), 1)
				l.UsedAt = noon
				same(t, "link", value(s.One.LinkByDigest(t.Context(), l.Digest))(t), l)
			}
		}
	})

	t.Run("a link is used or voided, never both", func(t *testing.T) {
		for range rounds {
			l := insertLink(t, s, newLink(auth.LinkPasswordReset))
			used := s.race(t, 10, func(i int, node Node) (bool, error) {
				if i == 4 {
					return false, node.VoidLinks(t.Context(), auth.LinkFilter{EmailKey: l.EmailKey}, noon)
				}
				return node.UseLink(t.Context(), l.Digest, l.Purpose, noon)
			})
			got := value(s.One.LinkByDigest(t.Context(), l.Digest))(t)
			same(t, "used", got.UsedAt.IsZero(), used == 0)
			same(t, "voided", got.VoidedAt.IsZero(), used == 1)
		}
	})

	voiding(t, s)
}

// voiding is about the filter by which links are voided.
func voiding(t *testing.T, s *subject) {
	u, r := insertUser(t, s), insertRegistration(t, s, newAddress())
	reset, activate, decline := newLink(auth.LinkPasswordReset), newLink(auth.LinkActivate), newLink(auth.LinkDecline)
	reset.UserID = u.ID
	activate.RegistrationID, decline.RegistrationID = r.ID, r.ID
	decline.EmailKey = activate.EmailKey
	cases := map[string]struct {
		filter auth.LinkFilter
		voided []string
	}{
		"nothing is set":          {auth.LinkFilter{}, nil},
		"a purpose alone is set":  {auth.LinkFilter{Purposes: auth.LinkPurposes()}, nil},
		"an address":              {auth.LinkFilter{EmailKey: activate.EmailKey}, []string{"activate", "decline"}},
		"an address and purpose":  {auth.LinkFilter{EmailKey: activate.EmailKey, Purposes: []auth.LinkPurpose{auth.LinkDecline}}, []string{"decline"}},
		"a user":                  {auth.LinkFilter{UserID: u.ID}, []string{"reset"}},
		"a user of other purpose": {auth.LinkFilter{UserID: u.ID, Purposes: []auth.LinkPurpose{auth.LinkActivate, auth.LinkDecline}}, nil},
		"a registration":          {auth.LinkFilter{RegistrationID: r.ID}, []string{"activate", "decline"}},
		"what does not agree":     {auth.LinkFilter{RegistrationID: r.ID, EmailKey: reset.EmailKey}, nil},
		"somebody else":           {auth.LinkFilter{UserID: newID()}, nil},
	}
	for name, c := range cases {
		t.Run("of a filter in which "+name, func(t *testing.T) {
			fresh := map[string]auth.Link{"reset": reset, "activate": activate, "decline": decline}
			for key, l := range fresh {
				l.ID = newID()
				l.Digest = digest(l.ID.String())
				fresh[key] = insertLink(t, s, l)
			}
			must(t, s.One.VoidLinks(t.Context(), c.filter, noon.Add(time.Second)))
			for _, key := range c.voided {
				l := fresh[key]
				l.VoidedAt = noon.Add(time.Second)
				fresh[key] = l
			}
			for key, l := range fresh {
				same(t, key, value(s.One.LinkByDigest(t.Context(), l.Digest))(t), l)
			}
		})
	}

	t.Run("one link of a filter stays where it is named", func(t *testing.T) {
		older, newer := newLink(auth.LinkPasswordReset), newLink(auth.LinkPasswordReset)
		older.UserID, newer.UserID = u.ID, u.ID
		must(t, s.One.InsertLinks(t.Context(), older, newer))
		must(t, s.One.VoidLinks(t.Context(), auth.LinkFilter{UserID: u.ID, But: newer.ID}, noon))
		older.VoidedAt = noon
		same(t, "older", value(s.One.LinkByDigest(t.Context(), older.Digest))(t), older)
		same(t, "newer", value(s.One.LinkByDigest(t.Context(), newer.Digest))(t), newer)
	})

	t.Run("a link that was used stays used, and one that was voided keeps its time", func(t *testing.T) {
		used, voided := newLink(auth.LinkActivate), newLink(auth.LinkActivate)
		used.UserID, used.UsedAt = u.ID, noon
		voided.UserID, voided.VoidedAt = u.ID, noon
		must(t, s.One.InsertLinks(t.Context(), used, voided))
		must(t, s.One.VoidLinks(t.Context(), auth.LinkFilter{UserID: u.ID}, noon.Add(time.Hour)))
		same(t, "used", value(s.One.LinkByDigest(t.Context(), used.Digest))(t), used)
		same(t, "voided", value(s.One.LinkByDigest(t.Context(), voided.Digest))(t), voided)
	})

	t.Run("a filter without a subject is the statement of an unknown user", func(t *testing.T) {
		statement := func(f auth.LinkFilter) []string {
			return s.during(func() { must(t, s.One.VoidLinks(t.Context(), f, noon)) })
		}
		same(t, "without purpose", statement(auth.LinkFilter{}), statement(auth.LinkFilter{UserID: u.ID}))
		purposes := []auth.LinkPurpose{auth.LinkPasswordReset}
		same(t, "with purpose", statement(auth.LinkFilter{UserID: uuid.Nil, Purposes: purposes}),
			statement(auth.LinkFilter{UserID: u.ID, Purposes: purposes}))
	})
}
