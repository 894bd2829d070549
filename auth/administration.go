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
// operator at the command line may learn that an address is taken. InvalidInput
// names every fault at once, but Taken of an address by itself; Disabled to a
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
			err = s.writeResetLink(ctx, q, c, user)
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

// writeResetLink sends the user a link by which to choose a password, the first or
// another. It replaces older ones.
func (s *Service) writeResetLink(ctx context.Context, q Queries, c Client, user User) error {
	token := s.newSecret()
	link := s.newLink(c, LinkPasswordReset, token, user.Email.Key, c.Now.Add(s.settings.PasswordResetLifetime), true)
	link.UserID = user.ID
	older := LinkFilter{UserID: user.ID, Purposes: []LinkPurpose{LinkPasswordReset}}
	if err := replaceLinks(ctx, q, older, link); err != nil {
		return err
	}
	return s.writeLetter(ctx, q, c, Letter{
		Kind: LetterPasswordReset, To: user.Email.Text, Name: user.greeted(), Locale: user.Locale,
		Token: token, ExpiresAt: link.ExpiresAt,
	}, false)
}

// SendPasswordReset sends the user of the name a link to choose a new password,
// which replaces older ones; nobody is signed out before it is used. Names are
// those of [Service.DeleteUser]. AccountSuspended where the link would be good
// for nothing.
func (s *Service) SendPasswordReset(ctx context.Context, name string) (User, error) {
	account, err := s.accountNamed(ctx, name)
	if err != nil {
		return User{}, err
	}
	if account.Status != Active {
		return User{}, fmt.Errorf("auth: the account is suspended, and no link would be good: %w", AccountSuspended)
	}
	c := Client{Now: s.Now()}
	err = s.store.InTx(ctx, func(q Queries) error {
		if err := s.writeResetLink(ctx, q, c, account.User); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c, EventPasswordResetAsked, account.ID, nil))
	})
	if err != nil {
		return User{}, err
	}
	s.wake()
	return account.User, nil
}
