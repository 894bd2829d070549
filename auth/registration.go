package auth

import (
	"context"
	"errors"
)

// registrationsPerNetwork is how many attempts at one address are kept of one
// client network; the oldest of that network goes, so that nobody pushes out
// another's.
const registrationsPerNetwork = 5

// keepAll is more attempts than the limits let one network make in a day.
const keepAll = 1000

// labelCode is the label under which digits are kept.
const labelCode = "registration code"

// A RegisterInput is what somebody types who wants an account.
type RegisterInput struct {
	Email                string
	Password             string
	PasswordConfirmation *string // checked where it is given
	ProfileInput
	Locale     string // BCP 47; "" for the server's
	DeviceName string // of the session, where registering signs in
}

// A Registered tells where the letter went, and gives the flow that shows
// [Service.Activate] that it is the same client, or the sign-in where no
// activation is asked for.
type Registered struct {
	Email  string
	Flow   string  // "" with a SignIn
	SignIn *SignIn // nil with a Flow
}

// Register notes that somebody wants an account and writes to the address. It
// does the same work and answers the same whether or not the address has an
// account already: then its owner is told, and the flow leads nowhere. Where no
// activation is asked for it makes the user and signs in, and an address that has
// an account is a fault like another.
//
// InvalidInput names every fault at once, a username that somebody has among
// them, but Taken of an address by itself, and counted: with an impossible
// password anybody could ask for one address after another. Disabled where
// registration is closed, and to a username where the server has none;
// RateLimited by client address and, where no activation is asked for, by e-mail
// address.
func (s *Service) Register(ctx context.Context, c Caller, in RegisterInput) (Registered, error) {
	if !s.settings.RegistrationOpen || in.Username != "" && !s.settings.Usernames {
		return Registered{}, Disabled
	}
	var faults violations
	email, fault := ParseAddress(in.Email)
	faults.add("email", fault)
	profile := s.parseProfile(&faults, in.ProfileInput)
	locale, fault := ParseLocale(in.Locale)
	faults.add("locale", fault)
	device, fault := ParseDeviceName(in.DeviceName)
	faults.add("deviceName", fault)
	password := s.parsePassword(&faults, "password", in.Password, in.PasswordConfirmation, in.Email, in.Username, in.Name)
	if err := s.judgeUsername(ctx, &faults, profile.Username); err != nil {
		return Registered{}, err
	}
	if err := faults.refusal(); err != nil {
		return Registered{}, err
	}
	if locale == "" {
		locale = s.settings.DefaultLocale
	}

	meters := s.rates(false, s.limits.RegisterPerAddress, "register", c.Counted())
	// Where no activation is asked for there is nothing to keep quiet about, and no
	// account is made whose owner can't be told.
	silent := !s.settings.WithoutActivation
	meters = append(meters, s.rates(silent, s.limits.RegisterLettersPerNetwork, "register_network", email.Key, c.network())...)
	meters = append(meters, s.rates(silent, s.limits.RegisterLettersPerAccount, "register_account", email.Key)...)
	place, err := s.hasher.Admit(c.Counted(), Choosing)
	if err != nil {
		return Registered{}, err
	}
	defer place.Leave()
	counted, silenced, err := s.reserve(ctx, c.Client, meters)
	if err != nil {
		return Registered{}, err
	}
	owner, err := s.holderOf(ctx, c.Client, email.Key)
	if err != nil {
		return Registered{}, err
	}
	if owner.exists() && s.settings.WithoutActivation {
		return Registered{}, s.refuseTaken(ctx, User{Email: email})
	}
	hash, err := place.Hash(ctx, password)
	if err != nil {
		return Registered{}, s.unspent(ctx, counted, err)
	}

	if s.settings.WithoutActivation {
		signIn, err := s.registerAtOnce(ctx, c, Registration{
			Email: email, PasswordHash: hash, Profile: profile, Locale: locale,
		}, device)
		if err != nil {
			return Registered{}, err
		}
		return Registered{Email: in.Email, SignIn: &signIn}, nil
	}

	void := owner.exists() || silenced
	flow, activate, decline := s.newSecret(), s.newSecret(), s.newSecret()
	code := s.secrets.digits(activate)
	reg := Registration{
		ID: s.newID(c.Now), Email: email, Network: c.network(), PasswordHash: hash,
		Profile: profile, Locale: locale, FlowDigest: Digest(flow), Void: void,
		IPAddress: c.address(), UserAgent: c.UserAgent,
		CreatedAt: c.Now, ExpiresAt: c.Now.Add(s.settings.ActivationLifetime),
	}
	reg.CodeDigest = s.codeDigest(reg, code)
	keep := registrationsPerNetwork - 1
	if void {
		reg.PasswordHash = ""
	}
	if silenced {
		// What a limit kept from being activated pushes nothing out that can be.
		// The attempts at an account's address, of which none can, push out each
		// other all the same: a flow that outlived five more would tell that
		// there is one.
		keep = keepAll
	}
	letter := Letter{
		Kind: LetterActivation, To: email.Text, Locale: locale, Token: activate,
		NotMeToken: decline, Code: code, ExpiresAt: reg.ExpiresAt,
	}
	untold := false
	if owner.exists() {
		letter, untold = owner.told(LetterRegistrationAttempt)
	}
	links := s.registrationLinks(c.Client, reg, activate, decline, !void)

	err = s.store.InTx(ctx, func(q Queries) error {
		if err := q.DeleteOldRegistrations(ctx, email.Key, reg.Network, keep); err != nil {
			return err
		}
		if err := q.InsertRegistration(ctx, reg); err != nil {
			return err
		}
		if err := q.InsertLinks(ctx, links...); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, letter, silenced || untold); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventRegistrationRequested, owner.ID, nil))
	})
	if err != nil {
		return Registered{}, err
	}
	s.wake()
	return Registered{Email: in.Email, Flow: flow}, nil
}

// registrationLinks are the two links of an activation letter: to activate, and
// "this was not me".
func (s *Service) registrationLinks(c Client, reg Registration, activate, decline string, good bool) []Link {
	links := []Link{
		s.newLink(c, LinkActivate, activate, reg.Email.Key, reg.ExpiresAt, good),
		s.newLink(c, LinkDecline, decline, reg.Email.Key, reg.ExpiresAt, good),
	}
	for i := range links {
		if good {
			links[i].RegistrationID = reg.ID
		}
	}
	return links
}

// codeDigest binds the digits to their registration, so that those of one are
// worth nothing with the flow of another.
func (s *Service) codeDigest(reg Registration, code string) []byte {
	return s.secrets.MAC(labelCode, string(reg.FlowDigest), code)
}

// DeclineRegistration is "this was not me": it voids every registration of the
// address. Their rows stay for their day, answering and counting as before, so
// that the stranger does not learn that the owner came. InvalidToken or
// ExpiredToken; it happens once.
func (s *Service) DeclineRegistration(ctx context.Context, c Caller, token string) (string, error) {
	link, err := s.findLink(ctx, c.Client, token, LinkDecline)
	if err != nil {
		return "", err
	}
	reg, err := s.store.RegistrationByID(ctx, link.RegistrationID)
	if errors.Is(err, ErrNotFound) {
		return "", InvalidToken
	}
	if err != nil {
		return "", err
	}
	err = s.store.InTx(ctx, func(q Queries) error {
		if err := q.VoidRegistrations(ctx, link.EmailKey); err != nil {
			return err
		}
		won, err := q.UseLink(ctx, link.Digest, LinkDecline, c.Now)
		if err != nil {
			return err
		}
		if !won {
			return InvalidToken
		}
		if err := q.VoidLinks(ctx, registrationLinksOf(link.EmailKey), c.Now); err != nil {
			return err
		}
		return q.InsertEvents(ctx, s.event(c.Client, EventRegistrationDeclined, reg.ID, nil))
	})
	if err != nil {
		return "", err
	}
	return reg.Email.Text, nil
}

// registrationLinksOf are the links of every registration of the address.
func registrationLinksOf(emailKey string) LinkFilter {
	return LinkFilter{EmailKey: emailKey, Purposes: []LinkPurpose{LinkActivate, LinkDecline}}
}
