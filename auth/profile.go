package auth

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/nyaruka/phonenumbers"
)

// ProfileQueries are about what users tell of themselves.
type ProfileQueries interface {
	// AccountByUsername finds by [Username.Key]; ErrNotFound where there is none.
	AccountByUsername(ctx context.Context, usernameKey string) (Account, error)
	// UsernameTaken says whether any user has it.
	UsernameTaken(ctx context.Context, usernameKey string) (bool, error)
	// SetUsername gives the ACTIVE user a username; ErrNotFound where there is no
	// such user. It reports false where another user has the name: a transaction
	// in which that happened must be given up.
	SetUsername(ctx context.Context, userID uuid.UUID, name Username, now time.Time) (bool, error)
	// UpdateProfile changes what is set in the change; false where there is no
	// such ACTIVE user.
	UpdateProfile(ctx context.Context, userID uuid.UUID, change ProfileChange, now time.Time) (bool, error)
}

// A ProfileField names a field that users may fill or leave empty, as inputs of
// the API do.
type ProfileField string

// The fields.
const (
	ProfileUsername  ProfileField = "username"
	ProfileName      ProfileField = "name"
	ProfilePhone     ProfileField = "phone"
	ProfileAvatarURL ProfileField = "avatarUrl"
)

// ProfileFields lists every field.
func ProfileFields() []ProfileField {
	return []ProfileField{ProfileUsername, ProfileName, ProfilePhone, ProfileAvatarURL}
}

// A Profile is what somebody told when registering.
type Profile struct {
	Username  Username
	Name      string
	Phone     string // E.164
	AvatarURL string // https
}

// A ProfileInput is a [Profile] as it was typed; "" where nothing was.
type ProfileInput struct {
	Username  string
	Name      string
	Phone     string
	AvatarURL string
}

// A ProfileChange is what is to become of a profile: nil leaves a field as it
// is, "" empties it. The locale can not be empty.
type ProfileChange struct {
	Name      *string
	Phone     *string
	AvatarURL *string
	Locale    *string
}

// fields names what is changed, for the audit log.
func (p ProfileChange) fields() []string {
	var names []string
	for _, f := range []struct {
		name string
		to   *string
	}{
		{string(ProfileName), p.Name}, {string(ProfilePhone), p.Phone},
		{string(ProfileAvatarURL), p.AvatarURL}, {"locale", p.Locale},
	} {
		if f.to != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// How long the texts of a profile may be, in code points. A telephone number
// has 15 digits at most (ITU-T E.164 section 6.2.1); the rest is for what people
// write between them.
const (
	avatarURLMaxLength = 2048
	phoneMaxLength     = 32
)

// phoneForm is a number with its country code, as people write it. Names of
// extensions and letters that stand for digits are no part of E.164, although
// the library reads them.
var phoneForm = regexp.MustCompile(`^\+[0-9 ()./-]+$`)

// ParsePhone reads a telephone number with its country code and gives its E.164
// form: "+44 20 7946 0958" is "+442079460958". "" stays "". It answers [TooLong]
// (32 code points) or [Malformed], the latter where no number of that country is
// so long or so short. Whether the number was given out is not asked: what the
// library knows of that is older than the newest numbers.
func ParsePhone(s string) (string, Fault) {
	if s == "" {
		return "", Fault{}
	}
	if utf8.RuneCountInString(s) > phoneMaxLength {
		return "", Fault{Code: TooLong, Limit: phoneMaxLength}
	}
	if !phoneForm.MatchString(s) {
		return "", Fault{Code: Malformed}
	}
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", Fault{Code: Malformed}
	}
	return phonenumbers.Format(number, phonenumbers.E164), Fault{}
}

// ParseAvatarURL reads the address of a picture: an absolute https URL in ASCII
// (RFC 3986), without a user or password in it. "" stays "". It answers
// [TooLong] (2,048 code points) or [Malformed]. The server never fetches it:
// whoever shows it escapes it, and nothing that a browser would run passes.
func ParseAvatarURL(s string) (string, Fault) {
	if s == "" {
		return "", Fault{}
	}
	if utf8.RuneCountInString(s) > avatarURLMaxLength {
		return "", Fault{Code: TooLong, Limit: avatarURLMaxLength}
	}
	foreign := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.ContainsFunc(s, foreign) {
		return "", Fault{Code: Malformed}
	}
	return s, Fault{}
}

// parseProfile checks what somebody tells when registering, and that nothing is
// left empty that this server wants filled.
func (s *Service) parseProfile(faults *violations, in ProfileInput) Profile {
	var p Profile
	var fault Fault
	if in.Username != "" {
		p.Username, fault = ParseUsername(in.Username)
		faults.add(string(ProfileUsername), fault)
	}
	p.Name, fault = ParseName(in.Name)
	faults.add(string(ProfileName), s.demand(ProfileName, p.Name, fault))
	p.Phone, fault = ParsePhone(in.Phone)
	faults.add(string(ProfilePhone), s.demand(ProfilePhone, p.Phone, fault))
	p.AvatarURL, fault = ParseAvatarURL(in.AvatarURL)
	faults.add(string(ProfileAvatarURL), s.demand(ProfileAvatarURL, p.AvatarURL, fault))
	if in.Username == "" {
		faults.add(string(ProfileUsername), s.demand(ProfileUsername, "", Fault{}))
	}
	return p
}

// demand is the fault that was found, or Required where the field is empty and
// must not be.
func (s *Service) demand(field ProfileField, value string, found Fault) Fault {
	if found == (Fault{}) && value == "" && slices.Contains(s.settings.RequiredProfileFields, field) {
		return Fault{Code: Required}
	}
	return found
}

// UpdateProfile changes what the caller tells of itself, by the rules of
// [Service.Register]. An emptied locale is the server's. InvalidInput names every
// fault at once; Unauthenticated.
func (s *Service) UpdateProfile(ctx context.Context, c Caller, in ProfileChange) (User, error) {
	var faults violations
	read := func(field ProfileField, typed *string, parse func(string) (string, Fault)) *string {
		if typed == nil {
			return nil
		}
		value, fault := parse(*typed)
		faults.add(string(field), s.demand(field, value, fault))
		return &value
	}
	change := ProfileChange{
		Name:      read(ProfileName, in.Name, ParseName),
		Phone:     read(ProfilePhone, in.Phone, ParsePhone),
		AvatarURL: read(ProfileAvatarURL, in.AvatarURL, ParseAvatarURL),
		Locale:    read("locale", in.Locale, ParseLocale),
	}
	if err := faults.refusal(); err != nil {
		return User{}, err
	}
	if change.Locale != nil && *change.Locale == "" {
		change.Locale = &s.settings.DefaultLocale
	}
	fields := change.fields()
	if len(fields) == 0 {
		return s.Me(ctx, c)
	}
	var user User
	err := s.store.InTx(ctx, func(q Queries) error {
		won, err := q.UpdateProfile(ctx, c.UserID, change, c.Now)
		if err != nil {
			return err
		}
		if !won {
			return Unauthenticated
		}
		if err := s.stillSignedIn(ctx, q, c); err != nil {
			return err
		}
		if err := q.InsertEvents(ctx, s.event(c.Client, EventProfileUpdated, c.UserID, map[string]any{"fields": fields})); err != nil {
			return err
		}
		user, err = q.UserByID(ctx, c.UserID)
		return err
	})
	return user, err
}
