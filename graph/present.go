package graph

import (
	"time"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// This page is the only one on which a domain value becomes an answer: what is
// not copied here cannot leave.

func presentUser(u auth.User) *model.User {
	return &model.User{
		ID:            u.ID.String(),
		Email:         u.Email.Text,
		EmailVerified: u.EmailVerified,
		Username:      optional(u.Username.Text),
		Name:          u.Name,
		Phone:         optional(u.Phone),
		AvatarURL:     optional(u.AvatarURL),
		Locale:        u.Locale,
		Status:        model.UserStatus(u.Status),
		Roles:         list(u.Roles),
		LastLoginAt:   instant(u.LastLoginAt),
		CreatedAt:     u.CreatedAt,
		UpdatedAt:     u.UpdatedAt,
	}
}

// presentSession shows a session to its user. When it was used and when it
// ends unless it is are told to five minutes: see [auth.Session.LastUsedAt].
func presentSession(s auth.Session, current bool) *model.Session {
	return &model.Session{
		ID:         s.ID.String(),
		Current:    current,
		DeviceName: optional(s.DeviceName),
		UserAgent:  optional(s.UserAgent),
		IPAddress:  optional(s.IPAddress),
		Methods:    list(s.Methods),
		CreatedAt:  s.CreatedAt,
		LastUsedAt: s.LastUsedAt(),
		ExpiresAt:  s.ShownExpiry(),
	}
}

func presentSessions(sessions []auth.Session, current string) []model.Session {
	out := make([]model.Session, len(sessions))
	for i, s := range sessions {
		out[i] = *presentSession(s, s.ID.String() == current)
	}
	return out
}

func presentSignIn(in auth.SignIn) *model.SignedIn {
	user := presentUser(in.User)
	user.CurrentSession = in.Session.ID.String()
	return &model.SignedIn{
		User:                  user,
		Session:               presentSession(in.Session, true),
		AccessTokenExpiresAt:  accessEnd(in.Tokens),
		RefreshTokenExpiresAt: instant(in.Tokens.RefreshExpiresAt),
		Tokens: &model.Tokens{
			AccessToken:  in.Tokens.Access,
			RefreshToken: optional(in.Tokens.Refresh),
		},
	}
}

// presentReauthentication shows no refresh token: there is none.
func presentReauthentication(in auth.SignIn) *model.ReauthenticatePayload {
	return &model.ReauthenticatePayload{
		Session:              presentSession(in.Session, true),
		AccessTokenExpiresAt: accessEnd(in.Tokens),
		AccessToken:          optional(in.Tokens.Access),
	}
}

func presentSessionEnd(e auth.SessionEnd) *model.SessionEnded {
	return &model.SessionEnded{SessionID: e.SessionID.String(), Reason: presentEndReason(e.Reason)}
}

// accessEnd is the claim exp of the access token, which counts whole seconds. A
// client that waits for a later instant has its last token refused elsewhere.
func accessEnd(t auth.Tokens) time.Time { return t.AccessExpiresAt.Truncate(time.Second) }

// presentEndReason says less than the audit log does.
func presentEndReason(r auth.EndReason) model.SessionEndReason {
	switch r {
	case auth.EndedByEmailRevert:
		return model.SessionEndReasonEmailChanged
	case auth.EndedByOperator:
		return model.SessionEndReasonRevokedByAdministrator
	}
	return model.SessionEndReason(r)
}

func presentTokenStatus(s auth.TokenStatus) *model.TokenStatus {
	if !s.Active {
		return &model.TokenStatus{}
	}
	out := &model.TokenStatus{
		Active: true, Subject: optional(s.Subject.String()), SessionID: optional(s.SessionID.String()),
		Roles: s.Roles, IssuedAt: instant(s.IssuedAt), ExpiresAt: instant(s.ExpiresAt),
	}
	if s.Kind != auth.Anonymous {
		kind := model.CallerKind(s.Kind)
		out.Kind = &kind
	}
	return out
}

func presentRegistered(r auth.Registered) *model.RegisterPayload {
	return &model.RegisterPayload{Email: r.Email, Flow: optional(r.Flow)}
}

func presentPasswordReset(r auth.PasswordReset) *model.ResetPasswordPayload {
	return &model.ResetPasswordPayload{Email: r.Email, SessionsEnded: r.SessionsEnded}
}

func presentViolations(violations []auth.Violation) []model.Violation {
	out := make([]model.Violation, len(violations))
	for i, v := range violations {
		out[i] = model.Violation{Path: v.Path, Code: model.ViolationCode(v.Code)}
		if v.Limit != 0 {
			out[i].Limit = &v.Limit
		}
	}
	return out
}

// list is never nil, which would be null where the contract has none.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// optional is null for what is not there.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// instant is null for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// given is "" for what was left out.
func given(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
