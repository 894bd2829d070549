package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// codeTries is how often digits may be tried against one registration; sending
// new ones gives none back.
const codeTries = 5

// errOvertaken ends the transaction of an activation that another was faster
// than. What the caller is told depends on what it brought.
var errOvertaken = errors.New("auth: registration overtaken")

// An ActivateInput shows that an address belongs to whoever registered it:
// exactly one of Token and Code, with the flow or, for a token, the password.
type ActivateInput struct {
	Token      *string
	Code       *string
	Flow       *string
	Password   *string
	DeviceName string
}

// Activate makes the registration a user and signs in.
//
// The link alone does nothing, so that a mail scanner that opens it activates
// nothing, and the owner of an address who clicks a stranger's link does not
// bring the stranger's account to life: the flow shows that the client is the
// one that registered, the password that the person is.
//
// With a token: InvalidToken, ExpiredToken, InvalidCredentials (a wrong
// password does not use the link up), RateLimited. With a code every refusal is
// InvalidCredentials or RateLimited.
func (s *Service) Activate(ctx context.Context, c Caller, in ActivateInput) (SignIn, error) {
	in.Token, in.Code, in.Flow = given(in.Token), given(in.Code), given(in.Flow)
	var faults violations
	switch {
	case in.Token == nil && in.Code == nil:
		faults.add("token", Fault{Code: Required})
	case in.Token != nil && in.Code != nil:
		faults.add("code", Fault{Code: Malformed})
	case in.Flow == nil && (in.Code != nil || in.Password == nil):
		faults.add("flow", Fault{Code: Required})
	}
	var password string
	if in.Password != nil {
		var fault Fault
		password, fault = NormalizePassword(*in.Password)
		faults.add("password", fault)
	}
	device, fault := ParseDeviceName(in.DeviceName)
	faults.add("deviceName", fault)
	if err := faults.refusal(); err != nil {
		return SignIn{}, err
	}
	if in.Code != nil {
		// Letters show them in two groups of three.
		code := strings.ReplaceAll(*in.Code, " ", "")
		return s.activateByCode(ctx, c, *in.Flow, code, device)
	}
	return s.activateByLink(ctx, c, *in.Token, in.Flow, password, device)
}

// given takes an empty text for none: a form sends the fields too that nobody
// has filled.
func given(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

func (s *Service) activateByCode(ctx context.Context, c Caller, flow, code, device string) (SignIn, error) {
	reg, err := s.store.RegistrationByFlow(ctx, Digest(flow))
	known, err := found(err)
	if err != nil {
		return SignIn{}, err
	}
	// Over all attempts of an address: otherwise registering again would buy
	// five more guesses each time. An unknown flow is counted by itself.
	subject := reg.Email.Key
	if !known {
		subject = hex.EncodeToString(Digest(flow))
	}
	meters := s.rates(false, s.limits.CodePerAccount, "code", subject)
	meters = append(meters, s.rates(false, s.limits.CodePerAddress, "code_address", c.Counted())...)
	if _, _, err := s.reserve(ctx, c.Client, meters); err != nil {
		return SignIn{}, err
	}
	left, err := s.store.CountCodeTry(ctx, reg.ID, codeTries)
	if err != nil {
		return SignIn{}, err
	}
	// Compared always, so that the work is the same for flows that lead nowhere.
	right := s.secrets.VerifyMAC(labelCode, reg.CodeDigest, string(reg.FlowDigest), code)
	if !left || !right || reg.Void || !c.Now.Before(reg.ExpiresAt) {
		return SignIn{}, s.refuseSignIn(ctx, c, uuid.Nil, "code")
	}
	signIn, err := s.activate(ctx, c, reg, Link{}, meters, []string{"otp"}, device)
	if errors.Is(err, errOvertaken) {
		return SignIn{}, InvalidCredentials
	}
	return signIn, err
}

func (s *Service) activateByLink(ctx context.Context, c Caller, token string, flow *string, password, device string) (SignIn, error) {
	reg, link, err := s.registrationOf(ctx, c, token)
	if err != nil {
		return SignIn{}, err
	}
	var meters []Meter
	methods := []string{"otp"}
	if !sameFlow(flow, reg.FlowDigest) {
		if password == "" {
			return SignIn{}, InvalidCredentials
		}
		meters = s.signInMeters(c.Client, reg.Email.Key)
		methods = []string{"pwd"}
		if err := s.provePassword(ctx, c, meters, reg.PasswordHash, password); err != nil {
			return SignIn{}, err
		}
	}
	signIn, err := s.activate(ctx, c, reg, link, meters, methods, device)
	if errors.Is(err, errOvertaken) {
		return SignIn{}, InvalidToken
	}
	return signIn, err
}

// registrationOf finds what the token of an activation link is for: InvalidToken
// or ExpiredToken. It changes nothing.
func (s *Service) registrationOf(ctx context.Context, c Caller, token string) (Registration, Link, error) {
	link, err := s.findLink(ctx, c.Client, token, LinkActivate)
	if err != nil {
		return Registration{}, Link{}, err
	}
	reg, err := s.store.RegistrationByID(ctx, link.RegistrationID)
	if errors.Is(err, ErrNotFound) || err == nil && reg.Void {
		return Registration{}, Link{}, InvalidToken
	}
	return reg, link, err
}

// provePassword counts and checks the password chosen at registration.
func (s *Service) provePassword(ctx context.Context, c Caller, meters []Meter, hash, password string) error {
	place, err := s.hasher.Admit(c.Counted(), Proving)
	if err != nil {
		return err
	}
	defer place.Leave()
	if _, _, err := s.reserve(ctx, c.Client, meters); err != nil {
		return err
	}
	match, err := place.Verify(ctx, hash, password)
	if err != nil {
		return s.unspent(ctx, meters, err)
	}
	if !match {
		return s.refuseSignIn(ctx, c, uuid.Nil, "pwd")
	}
	return nil
}

// activate makes the user and signs it in, or errOvertaken: of all attempts at
// an address one wins. The user's row comes first, since its unique address is
// what racing activations wait for; a loser rolls back and leaves no trace.
func (s *Service) activate(ctx context.Context, c Caller, reg Registration, link Link, meters []Meter, methods []string, device string) (SignIn, error) {
	user := s.newUser(c, reg)
	user.LastLoginAt = c.Now
	signIn, err := s.newSignIn(c.Client, user, methods, device)
	if err != nil {
		return SignIn{}, err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		signIn.User = user
		if err := s.becomeUser(ctx, q, c, &signIn.User, reg, link); err != nil {
			return err
		}
		if err := s.noteNetwork(ctx, q, c.Client, user.ID, s.newVicinity(c.Client, user.ID)); err != nil {
			return err
		}
		if err := q.InsertSession(ctx, signIn.Session); err != nil {
			return err
		}
		if err := q.InsertEvents(ctx,
			s.event(c.Client, EventActivated, user.ID, nil),
			s.event(c.Client, EventLoginSucceeded, user.ID, sessionDetails(signIn.Session)),
		); err != nil {
			return err
		}
		return s.succeed(ctx, q, meters)
	})
	if err != nil {
		return SignIn{}, err
	}
	s.wake()
	return signIn, nil
}

// newUser is the user that a registration becomes.
func (s *Service) newUser(c Caller, reg Registration) User {
	user := User{
		ID: s.newID(c.Now), Email: reg.Email, EmailVerified: true, Username: reg.Username,
		Name: reg.Name, Phone: reg.Phone, AvatarURL: reg.AvatarURL,
		Locale: reg.Locale, Status: Active, Roles: []string{}, CreatedAt: c.Now, UpdatedAt: c.Now,
	}
	if !s.settings.Usernames {
		user.Username = Username{} // wished for before they were switched off
	}
	return user
}

// becomeUser writes the user of a registration, without a username that somebody
// else has by now, ends all other attempts at its address, and welcomes the
// user; errOvertaken where another was faster.
func (s *Service) becomeUser(ctx context.Context, q Queries, c Caller, user *User, reg Registration, link Link) error {
	won, err := s.insertUser(ctx, q, c.Client, user)
	if err == nil && won {
		won, err = q.CompleteRegistration(ctx, reg.ID, c.Now)
	}
	if err == nil && won && link.Digest != nil {
		won, err = q.UseLink(ctx, link.Digest, LinkActivate, c.Now)
	}
	if err != nil {
		return err
	}
	if !won {
		return errOvertaken
	}
	if err := q.SetPassword(ctx, user.ID, reg.PasswordHash, c.Now); err != nil {
		return err
	}
	if err := s.voidAttempts(ctx, q, reg.Email.Key, c.Now); err != nil {
		return err
	}
	return s.welcome(ctx, q, c.Client, *user)
}

// voidAttempts ends every registration of an address that has become a user's.
func (s *Service) voidAttempts(ctx context.Context, q Queries, emailKey string, now time.Time) error {
	if err := q.VoidRegistrations(ctx, emailKey); err != nil {
		return err
	}
	return q.VoidLinks(ctx, registrationLinksOf(emailKey), now)
}

// A ResendActivationInput asks for the letter again.
type ResendActivationInput struct {
	Email string
	Flow  *string
}

// ResendActivation writes to the address again, if there is a registration to
// activate, and answers the same if not. With the flow of register that
// attempt's link and digits are replaced; without it the newest attempt gets a
// further link and no digits, and what was sent before stays good: otherwise
// any stranger could kill the letter that is on its way.
// InvalidInput; RateLimited by client address.
func (s *Service) ResendActivation(ctx context.Context, c Caller, in ResendActivationInput) (string, error) {
	var faults violations
	email, fault := ParseAddress(in.Email)
	faults.add("email", fault)
	if err := faults.refusal(); err != nil {
		return "", err
	}
	_, silenced, err := s.reserve(ctx, c.Client, s.mailMeters(c.Client, email))
	if err != nil {
		return "", err
	}
	err = s.writeActivation(ctx, c, email, in.Flow, silenced)
	if errors.Is(err, ErrNotFound) {
		// The registration was pushed out, or its day was over, since it was read:
		// asked anew it is not found. Counting the request twice would tell of it.
		err = s.writeActivation(ctx, c, email, in.Flow, silenced)
	}
	if err != nil {
		return "", err
	}
	s.wake()
	return in.Email, nil
}

// writeActivation writes new links of the registration and their letter, or their
// like where they are to come to nothing; ErrNotFound where the registration goes
// meanwhile.
func (s *Service) writeActivation(ctx context.Context, c Caller, email Address, flow *string, silenced bool) error {
	var reg Registration
	var err error
	if flow != nil {
		reg, err = s.store.RegistrationByFlow(ctx, Digest(*flow))
	} else {
		reg, err = s.store.NewestRegistration(ctx, email.Key, c.Now)
	}
	good, err := found(err)
	if err != nil {
		return err
	}
	good = good && !silenced && !reg.Void && reg.Email.Key == email.Key && c.Now.Before(reg.ExpiresAt)
	if !good {
		reg = Registration{Email: email, ExpiresAt: c.Now.Add(s.settings.ActivationLifetime)}
	}
	// What is not to be replaced is looked for all the same, under an ID that
	// nothing has.
	replaced := s.newID(c.Now)
	if good && flow != nil {
		replaced = reg.ID
	}

	activate, decline := s.newSecret(), s.newSecret()
	code := s.secrets.digits(activate)
	letter := Letter{
		Kind: LetterActivation, To: reg.Email.Text, Locale: reg.Locale, Token: activate,
		NotMeToken: decline, ExpiresAt: reg.ExpiresAt,
	}
	if flow != nil {
		letter.Code = code
	}
	return s.store.InTx(ctx, func(q Queries) error {
		if err := q.ReplaceCode(ctx, replaced, s.codeDigest(reg, code)); err != nil {
			return err
		}
		if err := q.VoidLinks(ctx, LinkFilter{RegistrationID: replaced}, c.Now); err != nil {
			return err
		}
		if err := q.InsertLinks(ctx, s.registrationLinks(c.Client, reg, activate, decline, good)...); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, letter, !good); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventRegistrationRequested, uuid.Nil, map[string]any{"resent": true}))
	})
}
