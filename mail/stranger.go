package mail

import (
	"strings"
	"unicode"
)

// nameLength is how many code points of a name a greeting shows.
const nameLength = 40

// shownName is a name fit for a greeting, or nothing where it is none. Mail
// programs make links of whatever looks like an address, also in the text part,
// so a name with a dot inside a word, a slash, a colon or an @ is not shown at
// all: nobody is called so, and cutting the signs out would leave the sentence
// around them.
func shownName(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N), r == ' ', r == '-', r == '\'', r == '’', r == ',', r == '·':
		case r == '.' && i > 0 && (i == len(runes)-1 || runes[i+1] == ' '):
		default:
			return ""
		}
	}
	if len(runes) > nameLength {
		return strings.TrimSpace(string(runes[:nameLength])) + "…"
	}
	return name
}

// A Device is a user agent in our own words; both empty where it is not one of
// the well known.
type Device struct {
	App    string // "Firefox"
	System string // "Windows"
}

// deviceOf recognizes the common ones. What the header says besides is never
// shown: it is free text of whoever made the request, and would be printed in
// a letter to somebody whom he chose.
func deviceOf(userAgent string) Device {
	return Device{App: firstOf(apps(), userAgent), System: firstOf(systems(), userAgent)}
}

// A mark gives a user agent away.
type mark struct{ sign, name string }

func firstOf(marks []mark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.sign) {
			return m.name
		}
	}
	return ""
}

// apps are ordered: Edge, Opera and Samsung's browser also call themselves
// Chrome, and Chrome calls itself Safari.
func apps() []mark {
	return []mark{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"},
		{"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
		{"okhttp/", "Android app"}, {"CFNetwork/", "Apple app"}, {"Dart/", "Flutter app"},
		{"curl/", "curl"}, {"Go-http-client/", "Go"}, {"python-", "Python"}, {"node", "Node.js"},
	}
}

// systems are ordered: an Android says Linux too, and an iPhone Mac OS X.
func systems() []mark {
	return []mark{
		{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"},
		{"CrOS", "ChromeOS"}, {"Macintosh", "macOS"}, {"Darwin/", "Apple"}, {"Linux", "Linux"},
	}
}
