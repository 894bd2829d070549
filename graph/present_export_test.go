package graph

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"gatehouse/auth"
)

// An export has the members that README.md tells, and of what the rules hand
// over nothing else: neither digests nor when exactly the user refreshed.
func TestAnExportHasTheShapeThatIsDocumented(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("0195500a-7c00-7000-8000-00000000000a")
	at := time.Date(2026, 3, 1, 13, 7, 9, 123456000, time.UTC)
	secret := []byte("a digest that nobody is shown...")
	export := auth.AccountExport{
		At: at,
		User: auth.User{
			ID: id, Email: auth.Address{Text: "Ada@example.org", Key: "ada@example.org"}, EmailVerified: true,
			Username: auth.Username{Text: "Countess", Key: "countess"}, Name: "Ada", Phone: "+442079460958",
			Locale: "en", Status: auth.Active, FailedSignIns: 3, Version: 7, CreatedAt: at, UpdatedAt: at,
		},
		Credentials: []auth.HeldCredential{{CreatedAt: at, UpdatedAt: at}},
		Sessions: []auth.Session{{
			ID: id, UserID: id, Generation: 4711, RotatedAt: at, RotatedBy: secret, RotationKey: secret, Methods: []string{"pwd"},
			AuthenticatedAt: at, AccessExpiresAt: at, ExpiresAt: at, EndsAt: at, UserAgent: "test/1.0", IPAddress: "203.0.113.7", CreatedAt: at,
		}},
		Registrations: []auth.HeldRegistration{{CreatedAt: at, ExpiresAt: at}},
		Links: []auth.Link{
			{ID: id, Digest: secret, Purpose: auth.LinkPasswordReset, EmailKey: "ada@example.org", UserID: id, CreatedAt: at, ExpiresAt: at, UsedAt: at},
			{ID: id, Digest: secret, Purpose: auth.LinkEmailChange, EmailKey: "new@example.org", Email: "New@example.org", UserID: id, SessionID: id, CreatedAt: at, ExpiresAt: at},
		},
		Letters:  []auth.HeldLetter{{Kind: auth.LetterPasswordReset, CreatedAt: at, SentAt: at}},
		Networks: []time.Time{at},
		Events:   []auth.Event{{ID: id, Type: auth.EventLoginSucceeded, UserID: id, ActorID: id, Details: map[string]any{"session": id.String()}, At: at}},
	}
	text, err := json.MarshalIndent(PresentExport(export), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const exact, told = `"2026-03-01T13:07:09.123Z"`, `"2026-03-01T13:05:00.000Z"`
	want := strings.NewReplacer("AT", exact, "TOLD", told, "ID", `"`+id.String()+`"`).Replace(`{
		"exportedAt": AT,
		"user": {"id": ID, "email": "Ada@example.org", "emailVerified": true, "username": "Countess", "name": "Ada", "phone": "+442079460958", "avatarUrl": null, "locale": "en", "status": "ACTIVE", "roles": [],
			"failedSignIns": 3, "lastLoginAt": null, "createdAt": AT, "updatedAt": AT},
		"credentials": [{"kind": "password", "createdAt": AT, "updatedAt": AT}],
		"sessions": [{"id": ID, "deviceName": null, "userAgent": "test/1.0", "ipAddress": "203.0.113.7", "methods": ["pwd"], "createdAt": AT,
			"authenticatedAt": AT, "lastUsedAt": TOLD, "expiresAt": TOLD, "endsAt": AT, "endedAt": null, "endReason": null}],
		"registrations": [{"createdAt": AT, "expiresAt": AT}],
		"links": [{"purpose": "password_reset", "email": null, "createdAt": AT, "expiresAt": AT, "usedAt": AT, "voidedAt": null},
			{"purpose": "email_change", "email": "New@example.org", "createdAt": AT, "expiresAt": AT, "usedAt": null, "voidedAt": null}],
		"letters": [{"kind": "password_reset", "withheld": false, "createdAt": AT, "expiresAt": null, "sentAt": AT, "givenUpAt": null}],
		"networks": [{"knownUntil": AT}],
		"events": [{"id": ID, "type": "LOGIN_SUCCEEDED", "at": AT, "ipAddress": null, "userAgent": null, "details": {"session": ID}}]
	}`)
	if diff := cmp.Diff(decoded(t, want), decoded(t, string(text))); diff != "" {
		t.Errorf("the export: %s", diff)
	}
	described := contract().Types["ExportAccountPayload"].Fields.ForName("account").Description
	for member := range PresentExport(export) {
		if !strings.Contains(described, " "+member) {
			t.Errorf("the schema does not tell of %s", member)
		}
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}
