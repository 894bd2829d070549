package web

import (
	"html/template"
	"strconv"
	"time"
)

// A View is what a request has to say to a page. The zero View is a page that
// was just opened.
type View struct {
	Token    string // of the link; it travels on in the form alone
	Digits   string // what goes with the link, "" where nothing does
	Email    string // of the account, or as it was typed
	Username string // of the account, or as it was typed
	Done     bool   // what the button is for has happened
	// Fault is the code of what went wrong: those of enum ErrorCode in the
	// schema that the rules of links give, or NoLink.
	Fault string
	Wait  time.Duration // how long to wait before trying again, where Fault says so
	Flaws map[string]Flaw
	// Letters are those of the mailbox, the newest first; of MailboxLetter the
	// one that is open.
	Letters []Letter
}

// A Flaw is what is wrong with one field: a value of enum ViolationCode, and the
// bound that was missed.
type Flaw struct {
	Code  string
	Limit int
}

// NoLink is the fault of a page that was opened without the link of a letter.
const NoLink = "NO_LINK"

// A filling is what a template is executed on.
type filling struct {
	edition
	View
	Style        template.CSS
	Private      bool // reached by a link that bears a token
	Dead         bool // the link is good for nothing
	Bare         bool // there is nothing but the fault
	Fault        string
	RequestReset string

	focused bool // a field has the focus
}

func (e edition) fill(name Page, style template.CSS, v View) *filling {
	f := &filling{edition: e, View: v, Style: style, Private: name != Home, RequestReset: e.Paths.RequestReset}
	switch v.Fault {
	case "":
		return f
	case "INVALID_TOKEN", "EXPIRED_TOKEN", NoLink:
		f.Dead = true
	case "ORIGIN_REFUSED", "BAD_DOCUMENT":
		f.Bare = true
	}
	f.Fault = f.sentence("fault."+v.Fault, "fault.INTERNAL", "wait", f.wait())
	return f
}

// The longest waits that are told in seconds and in minutes.
const (
	shortWait = 2 * time.Minute
	longWait  = 2 * time.Hour
)

func (f *filling) wait() string {
	name, unit := "wait.seconds", time.Second
	switch {
	case f.Wait > longWait:
		name, unit = "wait.hours", time.Hour
	case f.Wait > shortWait:
		name, unit = "wait.minutes", time.Minute
	case f.Wait <= time.Second:
		name = "wait.second"
	}
	n := int((f.Wait + unit - 1) / unit)
	return f.sentence(name, name, "n", strconv.Itoa(n))
}

// A field is one input of a form.
type field struct {
	Name, Type, Autocomplete, Label, Hint, Value, Fault string
	// Focus is where the reader goes on: the first field with a flaw.
	Focus bool
}

// Field makes an input of the form; hint is "" where there is none. Templates
// call it, in the order of the form.
func (f *filling) Field(name, kind, autocomplete, label, hint string) (field, error) {
	made := field{Name: name, Type: kind, Autocomplete: autocomplete}
	var err error
	if made.Label, err = f.text(label); err != nil {
		return field{}, err
	}
	if hint != "" {
		if made.Hint, err = f.text(hint); err != nil {
			return field{}, err
		}
	}
	// A password is typed again; it never stands in a page.
	switch name {
	case "email":
		made.Value = f.Email
	case "username":
		made.Value = f.Username
	}
	if flaw, flawed := f.Flaws[name]; flawed {
		made.Fault = f.sentence("field."+flaw.Code, "field.MALFORMED", "limit", strconv.Itoa(flaw.Limit))
		made.Focus = !f.focused
		f.focused = true
	}
	return made, nil
}
