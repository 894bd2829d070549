package graph

import (
	"time"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// PresentExport is the one answer that has no types of its own: README.md tells
// its shape. As on the page of the others, what is not copied here cannot leave.
// The command line gives the same to an operator.
func PresentExport(e auth.AccountExport) map[string]any {
	return map[string]any{
		"exportedAt":    moment(e.At),
		"user":          exportedUser(e.User),
		"credentials":   each(e.Credentials, exportedCredential),
		"sessions":      each(e.Sessions, exportedSession),
		"registrations": each(e.Registrations, exportedRegistration),
		"links":         each(e.Links, exportedLink),
		"letters":       each(e.Letters, exportedLetter),
		"networks":      each(e.Networks, func(until time.Time) map[string]any { return map[string]any{"knownUntil": moment(until)} }),
		"events":        each(e.Events, exportedEvent),
	}
}

func exportedUser(u auth.User) map[string]any {
	return map[string]any{
		"id":            u.ID.String(),
		"email":         u.Email.Text,
		"emailVerified": u.EmailVerified,
		"username":      optional(u.Username.Text),
		"name":          u.Name,
		"phone":         optional(u.Phone),
		"avatarUrl":     optional(u.AvatarURL),
		"locale":        u.Locale,
		"status":        string(u.Status),
		"roles":         list(u.Roles),
		"failedSignIns": u.FailedSignIns,
		"lastLoginAt":   moment(u.LastLoginAt),
		"createdAt":     moment(u.CreatedAt),
		"updatedAt":     moment(u.UpdatedAt),
	}
}

func exportedCredential(c auth.HeldCredential) map[string]any {
	return map[string]any{"kind": "password", "createdAt": moment(c.CreatedAt), "updatedAt": moment(c.UpdatedAt)}
}

// exportedSession tells when the session was used as presentSession does: to
// five minutes.
func exportedSession(s auth.Session) map[string]any {
	return map[string]any{
		"id":              s.ID.String(),
		"deviceName":      optional(s.DeviceName),
		"userAgent":       optional(s.UserAgent),
		"ipAddress":       optional(s.IPAddress),
		"methods":         list(s.Methods),
		"createdAt":       moment(s.CreatedAt),
		"authenticatedAt": moment(s.AuthenticatedAt),
		"lastUsedAt":      moment(s.LastUsedAt()),
		"expiresAt":       moment(s.ShownExpiry()),
		"endsAt":          moment(s.EndsAt),
		"endedAt":         moment(s.EndedAt),
		"endReason":       optional(string(s.EndReason)),
	}
}

func exportedRegistration(r auth.HeldRegistration) map[string]any {
	return map[string]any{"createdAt": moment(r.CreatedAt), "expiresAt": moment(r.ExpiresAt)}
}

func exportedLink(l auth.Link) map[string]any {
	return map[string]any{
		"purpose":   string(l.Purpose),
		"email":     optional(l.Email),
		"createdAt": moment(l.CreatedAt),
		"expiresAt": moment(l.ExpiresAt),
		"usedAt":    moment(l.UsedAt),
		"voidedAt":  moment(l.VoidedAt),
	}
}

func exportedLetter(l auth.HeldLetter) map[string]any {
	return map[string]any{
		"kind":      string(l.Kind),
		"withheld":  l.Void,
		"createdAt": moment(l.CreatedAt),
		"expiresAt": moment(l.ExpiresAt),
		"sentAt":    moment(l.SentAt),
		"givenUpAt": moment(l.DeadAt),
	}
}

func exportedEvent(e auth.Event) map[string]any {
	return map[string]any{
		"id":        e.ID.String(),
		"type":      string(e.Type),
		"at":        moment(e.At),
		"ipAddress": optional(e.IPAddress),
		"userAgent": optional(e.UserAgent),
		"details":   e.Details,
	}
}

func each[T any](values []T, present func(T) map[string]any) []map[string]any {
	out := make([]map[string]any, len(values))
	for i, v := range values {
		out[i] = present(v)
	}
	return out
}

// moment is an instant as DateTime has it; null for the zero time.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return model.FormatDateTime(t)
}
