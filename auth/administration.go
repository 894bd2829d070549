package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
)

// A CreateUserInput is what an operator gives for a new account.
type CreateUserInput struct {
	Email    string
	Username string // "" for none
	Name     string
	Locale   string
	Password *string // none: a link to choose one goes out
	Roles    []string
}

// roleName is what a role may be called: it travels in tokens and settings.
var roleName = regexp.MustCompile(`^[a-z][a-z0-9_.:-]{0,63}$`)

// CreateUser makes an active user whose address the operator vouches for. An
// operator at the command line may learn that an address is taken. Disabled to a
// username where the server has none.
func (s *Service) CreateUser(ctx context.Context, in CreateUserInput) (User, error) {
	if in.Username != "" && !s.settings.Usernames {
		return User{}, Disabled
	}
	var faults violations
	email, fault := ParseAddress(in.Email)
	faults.add("email", fault)
	var username Username
	if in.Username != "" {
		username, fault = ParseUsername(in.Username)
		faults.add("username", fault)
	}
	name, fault := ParseName(in.Name)
	faults.add("name", fault)
	locale, fault := ParseLocale(in.Locale)
	faults.add("locale", fault)
	for _, role := range in.Roles {
		if !roleName.MatchString(role) {
			faults.add("roles", Fault{Code: Malformed})
			break
		}
	}
	password := ""
	if in.Password != nil {
		password = s.parsePassword(&faults, "password", *in.Password, nil, in.Email, in.Username, in.Name)
	}
	if err := s.judgeUsername(ctx, &faults, username); err != nil {
		return User{}, err
	}
	if err := faults.refusal(); err != nil {
		return User{}, err
	}
	if locale == "" {
		locale = s.settings.DefaultLocale
	}
	hash := ""
	if in.Password != nil {
		var err error
		if hash, err = s.hasher.Hash(ctx, password); err != nil {
			return User{}, err
		}
	}

	c := Client{Now: s.Now()}
	user := User{
		ID: s.newID(c.Now), Email: email, EmailVerified: true, Username: username, Name: name, Locale: locale,
		Status: Active, Roles: append([]string{}, in.Roles...), CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	err := s.store.InTx(ctx, func(q Queries) error {
		won, err := q.InsertUser(ctx, user)
		if err == nil && won {
			won, err = s.unreserved(ctx, q, c, email.Key)
		}
		if err != nil {
			return err
		}
		if !won {
			return errOvertaken
		}
		if err := s.voidAttempts(ctx, q, email.Key, c.Now); err != nil {
			return err
		}
		if hash == "" {
			err = s.writeFirstPassword(ctx, q, c, user)
		} else {
			err = q.SetPassword(ctx, user.ID, hash, c.Now)
		}
		if err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventUserCreated, user.ID, nil))
	})
	if errors.Is(err, errOvertaken) {
		return User{}, s.refuseTaken(ctx, user)
	}
	if err != nil {
		return User{}, err
	}
	s.wake()
	return user, nil
}

// writeFirstPassword sends the link by which a new user chooses a password.
func (s *Service) writeFirstPassword(ctx context.Context, q Queries, c Client, user User) error {
	token := s.newSecret()
	link := s.newLink(c, LinkPasswordReset, token, user.Email.Key, c.Now.Add(s.settings.PasswordResetLifetime), true)
	link.UserID = user.ID
	if err := q.InsertLinks(ctx, link); err != nil {
		return err
	}
	return s.writeLetter(ctx, q, c, Letter{
		Kind: LetterPasswordReset, To: user.Email.Text, Name: user.Name, Locale: user.Locale,
		Token: token, ExpiresAt: link.ExpiresAt,
	}, false)
}

// SuspendUser keeps the account of an address from every way in and ends its
// sessions. ErrNotFound where there is none; an account that is suspended
// already stays so.
func (s *Service) SuspendUser(ctx context.Context, address string) (User, error) {
	var faults violations
	email, fault := ParseAddress(address)
	faults.add("email", fault)
	if err := faults.refusal(); err != nil {
		return User{}, err
	}
	account, err := s.store.AccountByEmail(ctx, email.Key)
	if errors.Is(err, ErrNotFound) {
		return User{}, fmt.Errorf("auth: no account has this address: %w", ErrNotFound)
	}
	if err != nil {
		return User{}, err
	}
	c := Client{Now: s.Now()}
	var revoked []BlacklistedToken
	err = s.store.InTx(ctx, func(q Queries) error {
		revoked = nil
		won, err := q.SuspendUser(ctx, account.ID, c.Now)
		if err != nil || !won {
			return err
		}
		if _, revoked, err = s.endAll(ctx, q, c, account.ID, EndedBySuspension); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventUserSuspended, account.ID, nil))
	})
	if err != nil {
		return User{}, err
	}
	s.blacklist.Add(revoked...)
	return s.store.UserByID(ctx, account.ID)
}
