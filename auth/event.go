package auth

import (
	"time"

	"github.com/google/uuid"
)

// An EventType names a fact of the audit log.
type EventType string

// The facts.
const (
	EventRegistrationRequested EventType = "REGISTRATION_REQUESTED"
	EventRegistrationDeclined  EventType = "REGISTRATION_DECLINED"
	EventActivated             EventType = "ACTIVATED"
	EventLoginSucceeded        EventType = "LOGIN_SUCCEEDED"
	EventLoginFailed           EventType = "LOGIN_FAILED"
	EventReauthenticated       EventType = "REAUTHENTICATED"
	EventSessionEnded          EventType = "SESSION_ENDED"
	EventAllSessionsEnded      EventType = "ALL_SESSIONS_ENDED"
	EventRefreshTokenReused    EventType = "REFRESH_TOKEN_REUSED"
	EventPasswordResetAsked    EventType = "PASSWORD_RESET_REQUESTED"
	EventPasswordReset         EventType = "PASSWORD_RESET"
	EventPasswordChanged       EventType = "PASSWORD_CHANGED"
	EventProfileUpdated        EventType = "PROFILE_UPDATED"
	EventUsernameChanged       EventType = "USERNAME_CHANGED"
	EventEmailChangeAsked      EventType = "EMAIL_CHANGE_REQUESTED"
	EventEmailChanged          EventType = "EMAIL_CHANGED"
	EventEmailChangeReverted   EventType = "EMAIL_CHANGE_REVERTED"
	EventUserCreated           EventType = "USER_CREATED"
	EventUserSuspended         EventType = "USER_SUSPENDED"
	EventUserReinstated        EventType = "USER_REINSTATED"
	EventRolesChanged          EventType = "ROLES_CHANGED"
	EventAccountExported       EventType = "ACCOUNT_EXPORTED"
	EventAccountDeleted        EventType = "ACCOUNT_DELETED"
	EventSigningKeyRotated     EventType = "SIGNING_KEY_ROTATED"
	EventSigningKeyDropped     EventType = "SIGNING_KEY_DROPPED"
	EventSecretsRewrapped      EventType = "SECRETS_REWRAPPED"
)

// An Event is one fact of the audit log. It holds IDs and no secret; it has no
// tie to the user's row, so that it outlives the account.
type Event struct {
	ID        uuid.UUID
	Type      EventType
	UserID    uuid.UUID // whose account it is about; zero where there is none
	ActorID   uuid.UUID // who did it, where that is somebody else; zero else
	IPAddress string
	UserAgent string
	Details   map[string]any // further facts; nil where there are none
	At        time.Time
}
