package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// AccountHoldings read all that is held about an account, oldest first.
type AccountHoldings interface {
	// CredentialsOf are the dates of the user's credentials.
	CredentialsOf(ctx context.Context, userID uuid.UUID) ([]HeldCredential, error)
	// SessionsOf are those that live and those that ended.
	SessionsOf(ctx context.Context, userID uuid.UUID) ([]Session, error)
	// RegistrationsOf are those of the addresses, void ones too.
	RegistrationsOf(ctx context.Context, emailKeys []string) ([]HeldRegistration, error)
	// LinksOf are the links that are bound to the user, or to no user and went to
	// one of the addresses, used, void and expired ones too; without their digests.
	// What is bound to another is no business of this one: it tells what becomes
	// of the other's account.
	LinksOf(ctx context.Context, userID uuid.UUID, emailKeys []string) ([]Link, error)
	// LettersTo are the letters to any of the recipients, void ones too.
	LettersTo(ctx context.Context, recipients [][]byte) ([]HeldLetter, error)
	// NetworksOf are until when each known network of the user is known.
	NetworksOf(ctx context.Context, userID uuid.UUID) ([]time.Time, error)
	// EventsAbout are the audit rows about the user.
	EventsAbout(ctx context.Context, userID uuid.UUID) ([]Event, error)
}

// A HeldCredential is a password, as far as it may be shown: that there is one.
type HeldCredential struct {
	CreatedAt time.Time
	UpdatedAt time.Time
}

// A HeldRegistration says that somebody registered with an address of the
// account. What was typed there may be of a stranger, and is his.
type HeldRegistration struct {
	CreatedAt time.Time
	ExpiresAt time.Time
}

// A HeldLetter is a letter of the outbox, as far as it may be shown.
type HeldLetter struct {
	Kind      LetterKind
	Void      bool // was asked for and is never sent
	CreatedAt time.Time
	ExpiresAt time.Time // zero where nothing in it expires
	SentAt    time.Time // zero where it was not sent
	DeadAt    time.Time // zero where it was not given up
}

// An AccountExport is all that is held about an account. Of secrets it has the
// dates, and neither hash nor digest.
type AccountExport struct {
	At            time.Time
	User          User
	Credentials   []HeldCredential
	Sessions      []Session
	Registrations []HeldRegistration
	Links         []Link
	Letters       []HeldLetter
	Networks      []time.Time // until when each known network is known; which it is, nobody can tell
	Events        []Event
}

// ExportAccount gives all that is held about the caller. Unauthenticated where
// the account is gone.
func (s *Service) ExportAccount(ctx context.Context, c Caller) (AccountExport, error) {
	return s.export(ctx, c.Client, func(q Queries) (User, error) {
		user, err := q.UserByID(ctx, c.UserID)
		if errors.Is(err, ErrNotFound) || err == nil && user.Status != Active {
			return User{}, Unauthenticated
		}
		return user, err
	})
}

// ExportUser gives the same to an operator, for an account that cannot be asked
// itself: one that is suspended, say. Names are those of [Service.DeleteUser].
func (s *Service) ExportUser(ctx context.Context, name string) (AccountExport, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return AccountExport{}, err
	}
	return s.export(ctx, Client{Now: s.Now()}, func(q Queries) (User, error) { return q.UserByID(ctx, account.ID) })
}

// export collects, at one instant, what is held about the user whom find gives.
func (s *Service) export(ctx context.Context, c Client, find func(Queries) (User, error)) (AccountExport, error) {
	var held AccountExport
	err := s.store.InTx(ctx, func(q Queries) error {
		held = AccountExport{At: c.Now}
		var err error
		if held.User, err = find(q); err != nil {
			return err
		}
		// Before the events are read: the export tells of itself too.
		if err := q.InsertEvents(ctx, s.event(c, EventAccountExported, held.User.ID, nil)); err != nil {
			return err
		}
		return s.collect(ctx, q, &held)
	})
	if err != nil {
		return AccountExport{}, err
	}
	return held, nil
}

func (s *Service) collect(ctx context.Context, q Queries, held *AccountExport) (err error) {
	user := held.User
	if held.Credentials, err = q.CredentialsOf(ctx, user.ID); err != nil {
		return err
	}
	if held.Sessions, err = q.SessionsOf(ctx, user.ID); err != nil {
		return err
	}
	addresses, err := addressesOf(ctx, q, user, held.At)
	if err != nil {
		return err
	}
	if held.Registrations, err = q.RegistrationsOf(ctx, keysOf(addresses)); err != nil {
		return err
	}
	if held.Links, err = q.LinksOf(ctx, user.ID, keysOf(addresses)); err != nil {
		return err
	}
	if held.Letters, err = q.LettersTo(ctx, s.recipientsOf(addresses)); err != nil {
		return err
	}
	if held.Networks, err = q.NetworksOf(ctx, user.ID); err != nil {
		return err
	}
	held.Events, err = q.EventsAbout(ctx, user.ID)
	return err
}
