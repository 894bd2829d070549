package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// How long the texts may be that users type, in code points.
const (
	nameMaxLength           = 100
	deviceNameMaxLength     = 64
	idempotencyKeyMaxLength = 64
	userAgentMaxLength      = 256
	// localeMaxLength is what RFC 5646 section 4.4.1 asks of an application at
	// the least.
	localeMaxLength = 35
)

// ParseName reads what a user wants to be called: NFC, without the white space
// around it, 100 code points at most; "" is no name. A name is shown to others,
// in letters too, so what could break out of its line or turn its neighbours
// around is [Malformed]: control characters, line and paragraph separators,
// bidirectional embeddings, overrides and isolates; as is what is not text
// (invalid UTF-8, U+FFFD).
func ParseName(s string) (string, Fault) { return parseText(s, nameMaxLength) }

// ParseDeviceName reads what a user calls the device of a session, by the rules
// of [ParseName]; 64 code points at most.
func ParseDeviceName(s string) (string, Fault) { return parseText(s, deviceNameMaxLength) }

func parseText(s string, limit int) (string, Fault) {
	if !isText(s) || strings.ContainsFunc(s, breaksLine) {
		return "", Fault{Code: Malformed}
	}
	// Normalized before it is counted: the same name has one length, however the
	// keyboard composed it.
	s = norm.NFC.String(strings.TrimSpace(s))
	if utf8.RuneCountInString(s) > limit {
		return "", Fault{Code: TooLong, Limit: limit}
	}
	return s, Fault{}
}

// ParseIdempotencyKey judges the key with which a client marks one refresh: 1
// to 64 code points of its own making. Text that lost something on its way
// (invalid UTF-8, U+FFFD) is [Malformed], since there the keys of two clients
// could have become one.
func ParseIdempotencyKey(s string) Fault {
	switch {
	case s == "":
		return Fault{Code: Required}
	case utf8.RuneCountInString(s) > idempotencyKeyMaxLength:
		return Fault{Code: TooLong, Limit: idempotencyKeyMaxLength}
	case !isText(s) || strings.ContainsFunc(s, unicode.IsControl):
		return Fault{Code: Malformed}
	}
	return Fault{}
}

// ParseLocale reads a language tag (BCP 47) and gives its canonical form, so
// that "de_at" becomes "de-AT"; "" stays "". 35 characters at most. A tag whose
// parts stand in no registry is [Malformed]: nothing could be written in it.
func ParseLocale(s string) (string, Fault) {
	if s == "" {
		return "", Fault{}
	}
	// Before parsing, whose cost grows with the tag.
	if len(s) > localeMaxLength {
		return "", Fault{Code: TooLong, Limit: localeMaxLength}
	}
	tag, err := language.Parse(s)
	if err != nil {
		return "", Fault{Code: Malformed}
	}
	return tag.String(), Fault{}
}

// CutUserAgent makes a User-Agent header fit to be kept and shown: its first
// 256 code points, without control characters, whatever would turn the text
// around, and what is not UTF-8. It never refuses, since a browser's name is
// nobody's fault.
func CutUserAgent(s string) string {
	var b strings.Builder
	kept := 0
	for _, r := range s {
		if kept == userAgentMaxLength {
			break
		}
		// An invalid byte is ranged over as U+FFFD.
		if r == utf8.RuneError || breaksLine(r) {
			continue
		}
		b.WriteRune(r)
		kept++
	}
	return b.String()
}

// isText says whether s is what somebody typed. JSON decoders turn every lone
// surrogate and every invalid byte into U+FFFD, so that texts which differed
// become equal: one that has it is none. ContainsRune finds invalid bytes by the
// same name.
func isText(s string) bool {
	return !strings.ContainsRune(s, utf8.RuneError)
}

// breaksLine says whether r reaches beyond itself when shown: by ending the
// line, by steering a terminal, or by changing the direction of what follows
// (UAX #9). The marks LRM, RLM and ALM only affect their own place and belong
// to the spelling of some names.
func breaksLine(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
		return true
	case r == '\u200E', r == '\u200F', r == '\u061C':
		return false
	}
	return unicode.Is(unicode.Bidi_Control, r)
}
