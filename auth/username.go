package auth

import (
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// How long a username may be, in code points of its canonical form.
const (
	usernameMinLength = 3
	usernameMaxLength = 64
)

// A Username is a name that one user has and no other, to sign in with instead
// of the address. Usernames are public: whoever asks for one is told that it is
// taken.
type Username struct {
	// Text is the name as it was written, in the form UsernameCasePreserved of
	// RFC 8265 section 3.4.
	Text string
	// Key is the name in the form UsernameCaseMapped (section 3.3), by which names
	// are compared and stored.
	Key string
}

// ParseUsername reads a username by the PRECIS profiles of RFC 8265: letters
// and digits of any script and the visible characters of ASCII, without spaces,
// control characters, and what only looks different (half and full width). It
// answers [Required], [TooShort] (3 code points), [TooLong] (64) or [Malformed].
//
// There is no @ in a username, or one could be the address of somebody else; it
// is looked for in the canonical form, which makes one of its full-width twin.
func ParseUsername(s string) (Username, Fault) {
	if s == "" {
		return Username{}, Fault{Code: Required}
	}
	// Before PRECIS, whose cost grows with what a stranger sends.
	if len(s) > usernameMaxLength*utf8.UTFMax*decomposition {
		return Username{}, Fault{Code: TooLong, Limit: usernameMaxLength}
	}
	if !isText(s) || strings.ContainsFunc(s, breaksLine) {
		return Username{}, Fault{Code: Malformed}
	}
	text, err := precis.UsernameCasePreserved.String(s)
	if err != nil {
		return Username{}, Fault{Code: Malformed}
	}
	key, err := precis.UsernameCaseMapped.String(text)
	if err != nil || strings.ContainsRune(key, '@') {
		return Username{}, Fault{Code: Malformed}
	}
	switch length := utf8.RuneCountInString(key); {
	case length < usernameMinLength:
		return Username{}, Fault{Code: TooShort, Limit: usernameMinLength}
	case length > usernameMaxLength || utf8.RuneCountInString(text) > usernameMaxLength:
		return Username{}, Fault{Code: TooLong, Limit: usernameMaxLength}
	}
	return Username{Text: text, Key: key}, Fault{}
}

// judgeUsername notes that somebody has the username, so that this is told with
// all other faults of the input. It promises nothing: who asks next may be
// faster.
func (s *Service) judgeUsername(ctx context.Context, faults *violations, name Username) error {
	if name.Key == "" {
		return nil
	}
	taken, err := s.store.UsernameTaken(ctx, name.Key)
	if err == nil && taken {
		faults.add("username", Fault{Code: Taken})
	}
	return err
}

// refuseTaken says which of a new user's two names somebody else has: it was not
// inserted.
func (s *Service) refuseTaken(ctx context.Context, u User) error {
	var faults violations
	if err := s.judgeUsername(ctx, &faults, u.Username); err != nil {
		return err
	}
	if len(faults) == 0 {
		faults.add("email", Fault{Code: Taken})
	}
	return faults.refusal()
}

// insertUser is [UserQueries.InsertUser] for somebody who wished for a username
// when registering: where another came first the user is made without one,
// since the address is what was promised.
func (s *Service) insertUser(ctx context.Context, q Queries, c Client, u *User) (bool, error) {
	won, err := q.InsertUser(ctx, *u)
	if err == nil && !won && u.Username.Key != "" {
		without := *u
		without.Username = Username{}
		if won, err = q.InsertUser(ctx, without); won {
			*u = without
		}
	}
	if err != nil || !won {
		return false, err
	}
	return s.unreserved(ctx, q, c, u.Email.Key)
}

// accountBy finds the account of an identifier in canonical form. Where the
// server has no usernames one is looked for among the addresses, and not found.
func (s *Service) accountBy(ctx context.Context, identifier string) (Account, error) {
	if s.settings.Usernames && !strings.ContainsRune(identifier, '@') {
		return s.store.AccountByUsername(ctx, identifier)
	}
	return s.store.AccountByEmail(ctx, identifier)
}

// ownMeters count wrong passwords of all that the user may type to sign in.
func (s *Service) ownMeters(u User) []Meter {
	meters := []Meter{s.signInMeter(u.Email.Key)}
	if u.Username.Key != "" {
		meters = append(meters, s.signInMeter(u.Username.Key))
	}
	return meters
}
