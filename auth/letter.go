package auth

import (
	"time"

	"github.com/google/uuid"
)

// A LetterKind names what a letter tells; package mail has a template of the
// same name for each.
type LetterKind string

// The letters.
const (
	// LetterActivation carries a registration's link, digits and "not me".
	LetterActivation LetterKind = "activation"
	// LetterRegistrationAttempt tells the owner of an account that somebody
	// tried to register its address.
	LetterRegistrationAttempt LetterKind = "registration_attempt"
	// LetterAccountCreated tells an address that an account was made with it, where
	// nobody was asked to show that the address is theirs.
	LetterAccountCreated LetterKind = "account_created"
	// LetterWelcome greets who was activated.
	LetterWelcome LetterKind = "welcome"
	// LetterPasswordReset carries the link to choose a new password.
	LetterPasswordReset LetterKind = "password_reset"
	// LetterNoAccount answers a reset where there are registrations only.
	LetterNoAccount LetterKind = "no_account"
	// LetterPasswordChanged tells that the password was changed.
	LetterPasswordChanged LetterKind = "password_changed"
	// LetterUsernameReset carries the link to choose a username.
	LetterUsernameReset LetterKind = "username_reset"
	// LetterUsernameChanged tells that the username was changed.
	LetterUsernameChanged LetterKind = "username_changed"
	// LetterEmailChange goes to the address that an account is to have, and
	// carries the link to confirm it.
	LetterEmailChange LetterKind = "email_change"
	// LetterEmailChangeRequested tells the address that the account has that it is
	// to have another, and not which.
	LetterEmailChangeRequested LetterKind = "email_change_requested"
	// LetterEmailChangeAttempt tells the owner of an account that another one was
	// to have its address.
	LetterEmailChangeAttempt LetterKind = "email_change_attempt"
	// LetterAddressReserved tells an address which an account had until lately
	// that somebody wanted it, and until when it can take the account back.
	LetterAddressReserved LetterKind = "address_reserved"
	// LetterEmailChanged goes to the address that the account had, and carries
	// the way back.
	LetterEmailChanged LetterKind = "email_changed"
	// LetterEmailChangeReverted tells an address that the account is no longer
	// its own, and not from where it was taken back: this may be the address of
	// the one whom it was taken back from.
	LetterEmailChangeReverted LetterKind = "email_change_reverted"
	// LetterAccountDeleted is the farewell to an account that is gone.
	LetterAccountDeleted LetterKind = "account_deleted"
	// LetterTest is what an operator sends to see that mail arrives.
	LetterTest LetterKind = "test"
)

// LetterKinds lists every kind.
func LetterKinds() []LetterKind {
	return []LetterKind{
		LetterActivation, LetterRegistrationAttempt, LetterAccountCreated, LetterWelcome, LetterPasswordReset,
		LetterNoAccount, LetterPasswordChanged, LetterUsernameReset,
		LetterUsernameChanged, LetterEmailChange, LetterEmailChangeRequested,
		LetterEmailChangeAttempt, LetterAddressReserved, LetterEmailChanged,
		LetterEmailChangeReverted, LetterAccountDeleted, LetterTest,
	}
}

// A Letter is something that a person must be told: facts and no wording. It
// holds live secrets, so it rests in the outbox sealed, and is wiped once sent.
type Letter struct {
	ID     uuid.UUID  `json:"id"`
	Kind   LetterKind `json:"kind"`
	To     string     `json:"to"`   // always the stored address, never the one just typed by a stranger
	Name   string     `json:"name"` // of the recipient; "" where it is not known
	Locale string     `json:"locale"`

	// Token is the secret of the link that the letter is for.
	Token string `json:"token,omitempty"`
	// NotMeToken is the secret of the link "this was not me".
	NotMeToken string `json:"notMeToken,omitempty"`
	// Code is the six digits.
	Code string `json:"code,omitempty"`
	// ExpiresAt is when link and digits die; a letter is not sent later than
	// that. Zero where nothing in it expires.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`

	// When and from where it was asked for.
	At        time.Time `json:"at"`
	IPAddress string    `json:"ipAddress"`
	UserAgent string    `json:"userAgent"`
}

// An OutboxLetter is a letter as it rests in storage: sealed, and counted.
type OutboxLetter struct {
	ID   uuid.UUID
	Kind LetterKind
	// Recipient is an HMAC of the address, by which the letters to an account
	// are found; it tells the address to nobody. Nil of one claimed to be sent.
	Recipient []byte
	Sealed    []byte
	// Void letters are never sent: they are written where there is nobody to
	// tell, so that the work is the same.
	Void      bool
	Attempts  int // how often sending was tried
	CreatedAt time.Time
	ExpiresAt time.Time // zero where nothing in it expires
}
