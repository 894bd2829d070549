package storetest

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// noon is when everything here happens, unless a test says otherwise.
var noon = time.Date(2026, time.March, 1, 12, 0, 0, 123456000, time.UTC)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func digest(text string) []byte {
	d := sha256.Sum256([]byte(text))
	return d[:]
}

// newAddress is an address that no other test has.
func newAddress() auth.Address {
	name := newID().String()
	return auth.Address{Text: "Ann-" + name + "@Example.org", Key: "ann-" + name + "@example.org"}
}

// newUsername is a username that no other test has.
func newUsername() auth.Username {
	name := newID().String()
	return auth.Username{Text: "Ann-" + name, Key: "ann-" + name}
}

func newUser() auth.User {
	return auth.User{
		ID:        newID(),
		Email:     newAddress(),
		Name:      "Ann",
		Locale:    "en",
		Status:    auth.Active,
		Roles:     []string{"support", "editor"},
		Version:   1,
		CreatedAt: noon,
		UpdatedAt: noon,
	}
}

func newSession(userID uuid.UUID) auth.Session {
	return auth.Session{
		ID:              newID(),
		UserID:          userID,
		Generation:      1,
		RotatedAt:       noon,
		RotatedBy:       digest("browser"),
		Methods:         []string{"pwd"},
		AuthenticatedAt: noon,
		AccessExpiresAt: noon.Add(10 * time.Minute),
		ExpiresAt:       noon.AddDate(0, 0, 14),
		EndsAt:          noon.AddDate(0, 0, 90),
		DeviceName:      "laptop",
		UserAgent:       "browser",
		IPAddress:       "192.0.2.1",
		CreatedAt:       noon,
	}
}

func newRegistration(email auth.Address) auth.Registration {
	id := newID()
	return auth.Registration{
		ID:           id,
		Email:        email,
		Network:      "192.0.2.0/24",
		PasswordHash: "$argon2id$ann",
		Profile: auth.Profile{
			Username: newUsername(), Name: "Ann",
			Phone: "+442079460958", AvatarURL: "https://example.org/ann.png",
		},
		Locale:     "en",
		FlowDigest: digest("flow " + id.String()),
		CodeDigest: digest("code " + id.String()),
		IPAddress:  "192.0.2.1",
		UserAgent:  "browser",
		CreatedAt:  noon,
		ExpiresAt:  noon.Add(24 * time.Hour),
	}
}

func newLink(purpose auth.LinkPurpose) auth.Link {
	id := newID()
	return auth.Link{
		ID:        id,
		Digest:    digest("link " + id.String()),
		Purpose:   purpose,
		EmailKey:  newAddress().Key,
		CreatedAt: noon,
		ExpiresAt: noon.Add(time.Hour),
	}
}

func newLetter() auth.OutboxLetter {
	id := newID()
	return auth.OutboxLetter{
		ID:        id,
		Kind:      auth.LetterActivation,
		Sealed:    []byte("sealed " + id.String()),
		CreatedAt: noon,
		ExpiresAt: noon.Add(24 * time.Hour),
	}
}

func newEvent() auth.Event {
	return auth.Event{
		ID:        newID(),
		Type:      auth.EventLoginSucceeded,
		UserID:    newID(),
		IPAddress: "192.0.2.1",
		UserAgent: "browser",
		Details:   map[string]any{"session": newID().String()},
		At:        noon,
	}
}

func newBlacklisted(kind auth.BlacklistKind, subjectID uuid.UUID) auth.BlacklistedToken {
	return auth.BlacklistedToken{
		ID:        newID(),
		Kind:      kind,
		SubjectID: subjectID,
		CreatedAt: noon,
		ExpiresAt: noon.Add(11 * time.Minute),
	}
}

func newSigningKey(sequence int) auth.SigningKey {
	return auth.SigningKey{
		ID:        newID().String(),
		Sequence:  sequence,
		Algorithm: "ES256",
		PublicJWK: []byte(`{"kty":"EC"}`),
		Sealed:    []byte("sealed"),
		CreatedAt: noon,
		SignsFrom: noon.Add(10 * time.Minute),
	}
}

// insertUser writes a user and answers it.
func insertUser(t *testing.T, s *subject) auth.User {
	t.Helper()
	u := newUser()
	inserted, err := s.One.InsertUser(t.Context(), u)
	must(t, err)
	if !inserted {
		t.Fatal("a fresh address was taken")
	}
	return u
}

// insertSession writes a session and answers it.
func insertSession(t *testing.T, s *subject, userID uuid.UUID) auth.Session {
	t.Helper()
	session := newSession(userID)
	must(t, s.One.InsertSession(t.Context(), session))
	return session
}

// insertRegistration writes a registration and answers it.
func insertRegistration(t *testing.T, s *subject, email auth.Address) auth.Registration {
	t.Helper()
	r := newRegistration(email)
	must(t, s.One.InsertRegistration(t.Context(), r))
	return r
}

// insertLink writes a link and answers it.
func insertLink(t *testing.T, s *subject, l auth.Link) auth.Link {
	t.Helper()
	must(t, s.One.InsertLinks(t.Context(), l))
	return l
}
