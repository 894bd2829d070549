package auth

import (
	"time"

	"github.com/google/uuid"
)

// A UserStatus is the state of an account.
type UserStatus string

// The states; enum UserStatus of the schema has the same.
const (
	Active    UserStatus = "ACTIVE"
	Suspended UserStatus = "SUSPENDED"
)

// A User is an account that works.
type User struct {
	ID            uuid.UUID // UUIDv7
	Email         Address
	EmailVerified bool
	Username      Username // zero where the user has none
	Name          string
	Phone         string // E.164; "" where the user gave none
	AvatarURL     string // https; "" where the user gave none
	Locale        string // BCP 47
	Status        UserStatus
	Roles         []string
	LastLoginAt   time.Time // zero before the first sign-in
	FailedSignIns int       // wrong passwords in a row, however the account was spelt
	Version       int       // raised by whatever must overtake a sign-in under way
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// An Account is a user and what proves it.
type Account struct {
	User
	PasswordHash string // PHC string; "" for an account without a password
}
