package auth

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// How long an e-mail address may be, in bytes: a path of 256 without its angle
// brackets, and the local part (RFC 5321 section 4.5.3.1).
const (
	addressMaxLength   = 254
	localPartMaxLength = 64
	labelMaxLength     = 63
)

// An Address is an e-mail address that mail can be sent to, and the key under
// which it is compared and stored. Two addresses are the same account exactly
// when their keys are equal.
type Address struct {
	// Text is the address as it was written, in NFC, its domain in lower-case
	// ASCII (IDNA). Mail goes here.
	Text string
	// Key is Text without the difference of letter case.
	Key string
}

// ParseAddress reads an e-mail address: the dot-atom form of RFC 5321 section
// 4.1.2, UTF-8 in the local part (RFC 6531), a domain of at least two labels. It
// answers [Required], [TooLong] (254 bytes in all, 64 of them before the @) or
// [Malformed].
//
// Quoted local parts, comments and address literals are refused although the
// RFC has them: what reads one mailbox in one program and another in the next is
// how letters are led astray. Nor is white space cut off: what is stored, counted
// and answered is what was sent, or it is refused.
func ParseAddress(s string) (Address, Fault) {
	if s == "" {
		return Address{}, Fault{Code: Required}
	}
	// Before NFC and IDNA, whose cost grows with what a stranger sends.
	if len(s) > addressMaxLength {
		return Address{}, Fault{Code: TooLong, Limit: addressMaxLength}
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !isText(s) {
		return Address{}, Fault{Code: Malformed}
	}
	local := norm.NFC.String(s[:at])
	if len(local) > localPartMaxLength {
		return Address{}, Fault{Code: TooLong, Limit: localPartMaxLength}
	}
	domain, ok := parseDomain(s[at+1:])
	if !ok || !isDotAtom(local) {
		return Address{}, Fault{Code: Malformed}
	}
	text := local + "@" + domain
	key := caseless(text)
	// Again, since IDNA may have made the domain longer, and folding the key.
	if len(text) > addressMaxLength || len(key) > addressMaxLength {
		return Address{}, Fault{Code: TooLong, Limit: addressMaxLength}
	}
	return Address{Text: text, Key: key}, Fault{}
}

// isDotAtom says whether s is atoms joined by single dots (RFC 5322 section
// 3.2.3), letters beyond ASCII included. Of those only what can be seen passes:
// with white space, fillers, format characters (zero-width, bidirectional) or
// unassigned ones, two mailboxes could look like one.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isAtomText(r) }) {
			return false
		}
	}
	return true
}

func isAtomText(r rune) bool {
	if r <= unicode.MaxASCII {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// parseDomain gives the lower-case ASCII form of a domain that may hold mail.
func parseDomain(s string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", false
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		// The profile lets empty and overlong labels through; a last one that is
		// empty is the root's dot, which mail does not have.
		if label == "" || len(label) > labelMaxLength {
			return "", false
		}
	}
	// A single label is a host of the server's own network, which a stranger must
	// not make it talk to; and where the last one is a number, it is an IP address.
	last := labels[len(labels)-1]
	if len(labels) < 2 || strings.Trim(last, "0123456789") == "" {
		return "", false
	}
	return ascii, true
}

// caseless takes the difference of letter case out of s: Unicode's canonical
// caseless matching (section 3.13, D145) with the simple foldings, to lower case
// and composed. It decomposes first, since a mark may have a case of its own
// (U+0345), and a capital with its mark no composed form where the small letter
// has one.
//
// strings.ToLower alone will not do: it makes "i" of the Turkish "İ", so that
// two mailboxes had one key, and leaves "ς" beside "σ", so that one had two.
func caseless(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if r == 'ı' {
			return r // a letter of its own, which folding leaves alone
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, norm.NFD.String(s)))
}
