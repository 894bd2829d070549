package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// PasswordMaxLength is how many code points a password may have; in UTF-8 those
// are 1,024 bytes at most.
const PasswordMaxLength = 256

const (
	// decomposition is how many times as long as its NFC a text may be in UTF-8
	// (UAX #15, expansion factors).
	decomposition = 3
	// ownRun is how many characters in a row make a part of the account's own
	// name, and littleElse how many others make up for one.
	ownRun     = 4
	littleElse = 4
)

// NormalizePassword gives the form of a password that is hashed and compared:
// NFC, so that it is the same from every keyboard (NIST SP 800-63B-4 section
// 3.1.1.2), and otherwise exactly what was typed: nothing is trimmed or cut. It
// is what a sign-in asks of a password: 1 to 256 code points, neither NUL nor
// invalid UTF-8 nor U+FFFD. It answers [Required], [TooLong] or [Malformed].
func NormalizePassword(s string) (string, Fault) {
	if s == "" {
		return "", Fault{Code: Required}
	}
	tooLong := Fault{Code: TooLong, Limit: PasswordMaxLength}
	// Before anything whose cost grows with the password. What passes here and is
	// good is good in every spelling: a decomposed one is longer.
	if len(s) > PasswordMaxLength*utf8.UTFMax*decomposition {
		return "", tooLong
	}
	// C libraries end a text at NUL, JSON decoders make U+FFFD of whatever they
	// can not read: either way different passwords would become equal.
	if !isText(s) || strings.IndexByte(s, 0) >= 0 {
		return "", Fault{Code: Malformed}
	}
	s = norm.NFC.String(s)
	if utf8.RuneCountInString(s) > PasswordMaxLength {
		return "", tooLong
	}
	return s, Fault{}
}

// A PasswordPolicy is what a password must be to be chosen. There are no rules
// of composition, which make passwords worse (NIST SP 800-63B-4 section
// 3.1.1.2): it is to be long, and not what is guessed first.
type PasswordPolicy struct {
	MinLength int // in code points
}

// Check gives the password in the form of [NormalizePassword], or what is wrong
// with it: beyond what that answers, [TooShort] and [PasswordTooCommon]. The
// latter means that it is on the list of common passwords, but for letter case
// and the digits, punctuation and spaces at its end; that it is nothing but
// those; or that it is made of own, which are the account's address, name and
// username, whole and as they are, and little else.
func (p PasswordPolicy) Check(password string, own ...string) (string, Fault) {
	password, fault := NormalizePassword(password)
	switch {
	case fault != Fault{}:
		return "", fault
	case utf8.RuneCountInString(password) < p.MinLength:
		return "", Fault{Code: TooShort, Limit: p.MinLength}
	case isCommon(password), isOwn(password, own):
		return "", Fault{Code: PasswordTooCommon}
	}
	return password, Fault{}
}

// isOwn says whether the password contains a run of four or more characters of
// one of own, and without all such runs, digits, punctuation and spaces has
// fewer than four left: "Ann.Miller-1985!" for ann.miller@example.com. Both
// sides are compared by their letters and digits, without letter case, so that
// a dot or a space between them does not matter.
func isOwn(password string, own []string) bool {
	typed := lettersAndDigits(password)
	covered := make([]bool, len(typed))
	for _, o := range own {
		name := string(lettersAndDigits(o))
		for i := range len(typed) - ownRun + 1 {
			if strings.Contains(name, string(typed[i:i+ownRun])) {
				for j := range ownRun {
					covered[i+j] = true
				}
			}
		}
	}
	if !slices.Contains(covered, true) {
		return false
	}
	left := 0
	for i, r := range typed {
		if !covered[i] && !unicode.IsDigit(r) {
			left++
		}
	}
	return left < littleElse
}

func lettersAndDigits(s string) []rune {
	return slices.DeleteFunc([]rune(caseless(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}
