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
	// Native means that App is no program's name but says what a program was
	// made for: "Android", to be told as an Android app in each language.
	Native bool
}

// deviceOf recognizes the common ones. What the header says besides is never
// shown: it is free text of whoever made the request, and would be printed in
// a letter to somebody whom he chose.
func deviceOf(userAgent string) Device {
	app, system := firstOf(apps(), userAgent), firstOf(systems(), userAgent)
	return Device{App: app.name, System: system.name, Native: app.native}
}

// A mark gives a user agent away.
type mark struct {
	sign, name string
	native     bool
}

func firstOf(marks []mark, userAgent string) mark {
	for _, m := range marks {
		if strings.Contains(userAgent, m.sign) {
			return m
		}
	}
	return mark{}
}

// apps are ordered: Edge, Opera and Samsung's browser also call themselves
// Chrome, and Chrome calls itself Safari.
func apps() []mark {
	return []mark{
		{sign: "Edg/", name: "Edge"}, {sign: "EdgA/", name: "Edge"}, {sign: "EdgiOS/", name: "Edge"},
		{sign: "OPR/", name: "Opera"}, {sign: "SamsungBrowser/", name: "Samsung Internet"}, {sign: "Vivaldi/", name: "Vivaldi"},
		{sign: "FxiOS/", name: "Firefox"}, {sign: "Firefox/", name: "Firefox"},
		{sign: "CriOS/", name: "Chrome"}, {sign: "Chrome/", name: "Chrome"}, {sign: "Safari/", name: "Safari"},
		{sign: "okhttp/", name: "Android", native: true}, {sign: "CFNetwork/", name: "Apple", native: true}, {sign: "Dart/", name: "Flutter", native: true},
		{sign: "curl/", name: "curl"}, {sign: "Go-http-client/", name: "Go"}, {sign: "python-", name: "Python"}, {sign: "node", name: "Node.js"},
	}
}

// systems are ordered: an Android says Linux too, and an iPhone Mac OS X.
func systems() []mark {
	return []mark{
		{sign: "Windows", name: "Windows"}, {sign: "iPhone", name: "iPhone"}, {sign: "iPad", name: "iPad"}, {sign: "Android", name: "Android"},
		{sign: "CrOS", name: "ChromeOS"}, {sign: "Macintosh", name: "macOS"}, {sign: "Linux", name: "Linux"},
	}
}
