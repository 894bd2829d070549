package auth

import (
	_ "embed"
	"strings"
)

// commonPasswords is the list that is shared by everybody who guesses: one a
// line, each as [stem] leaves it, sorted in byte order. It is plain text, so
// that a change of it can be read; in the binary it costs no memory of its own.
//
// Made from src/passwords.json of the npm package @zxcvbn-ts/language-common,
// version 4.1.3 (MIT; its notice is common_passwords.LICENSE beside this file),
// of which nothing that a password could be compared with is left out:
//
//	tar -xzOf zxcvbn-ts-language-common-4.1.3.tgz package/src/passwords.json |
//	  jq -r '.[]' | tr A-Z a-z | sed -E 's/[0-9[:punct:] ]+$//' | sed '/^$/d' |
//	  LC_ALL=C sort -u > auth/common_passwords.txt
//
//go:embed common_passwords.txt
var commonPasswords string

// stem is what makes one password another only to its owner: lower-cased, and
// without the digits, punctuation and spaces that are put behind a word to
// please a rule. "Password1234!" and "password" are one guess.
func stem(s string) string {
	return strings.TrimRightFunc(strings.ToLower(s), isAffix)
}

// isAffix says whether r is an ASCII digit, punctuation mark or space.
func isAffix(r rune) bool {
	return ' ' <= r && r <= '~' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// isCommon says whether the stem of the password is on the list, or nothing at
// all: digits and punctuation alone are guessed first. It reads the list from
// end to end, which is nothing beside the hash that follows.
func isCommon(password string) bool {
	word := stem(password)
	// A line feed inside would only let it match neighbours of the list.
	return word == "" || strings.Contains(commonPasswords, "\n"+word+"\n") ||
		strings.HasPrefix(commonPasswords, word+"\n")
}
