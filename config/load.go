package config

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// fileSuffix makes the name of the variable that names a secret's file.
const fileSuffix = "_FILE"

// Load reads the environment, in the form of os.Environ; of a name that stands
// in it twice the last counts, and an empty value counts as none. A secret may
// lie in a file instead, as container platforms hand them out, named by the
// same variable with _FILE after it.
//
// The error is of type Faults and names all that is wrong.
func Load(environ []string) (Config, error) {
	var (
		c      Config
		faults Faults
	)
	given := ours(environ)
	rows := table(&c)
	faults = append(faults, strangers(given, rows)...)
	set := make(map[string]bool, len(rows))
	for _, r := range rows {
		text, err := value(r, given)
		switch {
		case err != nil:
			faults = append(faults, Fault{prefix + r.name, err.Error()})
			continue
		case text != "":
			set[r.name] = true
		case r.preset != "":
			text = r.preset
		default:
			continue
		}
		if err := r.kind.set(text); err != nil {
			faults = append(faults, Fault{prefix + r.name, err.Error() + shown(r, text)})
		}
	}
	complete(&c, set)
	faults = append(faults, disagreements(c, rows, given, faults)...)
	if len(faults) > 0 {
		return Config{}, faults
	}
	return c, nil
}

// ours picks the variables with our prefix and a value.
func ours(environ []string) map[string]string {
	given := make(map[string]string)
	for _, entry := range environ {
		if name, text, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, prefix) {
			given[name] = text
		}
	}
	for name, text := range given {
		if text == "" {
			delete(given, name)
		}
	}
	return given
}

// value is the text of a setting, from its variable or its file; "" where there
// is neither.
func value(r row, given map[string]string) (string, error) {
	text := given[prefix+r.name]
	path := given[prefix+r.name+fileSuffix]
	if !r.secret || path == "" {
		return text, nil
	}
	if text != "" {
		return "", fmt.Errorf("given twice: here and by %s%s%s", prefix, r.name, fileSuffix)
	}
	content, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("read the file that %s%s%s names: %w", prefix, r.name, fileSuffix, err)
	}
	if content == "" {
		return "", fmt.Errorf("the file that %s%s%s names is empty", prefix, r.name, fileSuffix)
	}
	return content, nil
}

// secretMaxBytes is more than any secret has: a path that leads to a device or
// a database by mistake must not be read to its end.
const secretMaxBytes = 64 << 10

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(io.LimitReader(f, secretMaxBytes))
	if closing := f.Close(); err == nil {
		err = closing
	}
	// Editors end a file with a line break.
	return strings.TrimSpace(string(content)), err
}

// shown quotes a bad value, unless it may hold something secret: a password can
// stand before an @ in any URL.
func shown(r row, text string) string {
	if r.secret || strings.Contains(text, "@") || len(text) > 80 {
		return ""
	}
	return fmt.Sprintf("; not %q", text)
}

// kubernetes names what its kubelet puts into every container beside a Service
// called gatehouse. Nobody chose these, so they are no faults.
var kubernetes = regexp.MustCompile(`^GATEHOUSE_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

func fromKubernetes(name, text string) bool {
	return kubernetes.MatchString(name) ||
		name == prefix+"PORT" && (strings.HasPrefix(text, "tcp://") || strings.HasPrefix(text, "udp://") || strings.HasPrefix(text, "sctp://"))
}

// strangers are the variables with our prefix that no setting has: most likely
// a slip of the pen, whose setting would silently keep its default.
func strangers(given map[string]string, rows []row) Faults {
	var known []string
	for _, r := range rows {
		known = append(known, prefix+r.name)
		if r.secret {
			known = append(known, prefix+r.name+fileSuffix)
		}
	}
	var faults Faults
	for name, text := range given {
		if slices.Contains(known, name) || fromKubernetes(name, text) {
			continue
		}
		near := slices.MinFunc(known, func(a, b string) int {
			return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
		})
		fault := Fault{name, "there is no such setting"}
		if levenshtein.ComputeDistance(name, near) <= max(2, (len(name)-len(prefix))/3) {
			fault.Text += "; did you mean " + near + "?"
		}
		faults = append(faults, fault)
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
	return faults
}

// complete gives what was left open the default that follows from the rest.
func complete(c *Config, set map[string]bool) {
	if !set["PUBLIC_URL"] && len(c.Listen) > 0 {
		port := c.Listen[0][strings.LastIndexByte(c.Listen[0], ':'):]
		c.PublicURL = strings.TrimSuffix("http://localhost"+port, ":80")
	}
	for _, d := range []struct {
		name, text string
		into       *string
	}{
		{"ISSUER", c.PublicURL, &c.Issuer},
		{"AUDIENCE", c.PublicURL, &c.Audience},
		{"LINK_URL_ACTIVATE", c.PublicURL + "/activate?token=" + tokenPlace, &c.LinkURLActivate},
		{"LINK_URL_DECLINE", c.PublicURL + "/decline?token=" + tokenPlace, &c.LinkURLDecline},
		{"LINK_URL_RESET", c.PublicURL + "/reset?token=" + tokenPlace, &c.LinkURLReset},
		{"LINK_URL_RESET_USERNAME", c.PublicURL + "/reset-username?token=" + tokenPlace, &c.LinkURLResetUsername},
		{"LINK_URL_CONFIRM_EMAIL", c.PublicURL + "/confirm-email?token=" + tokenPlace, &c.LinkURLConfirmEmail},
		{"LINK_URL_REVERT_EMAIL", c.PublicURL + "/revert-email?token=" + tokenPlace, &c.LinkURLRevertEmail},
		{"LINK_URL_REQUEST_RESET", c.PublicURL + "/reset", &c.LinkURLRequestReset},
	} {
		if !set[d.name] {
			*d.into = d.text
		}
	}
	if !set["DATABASE_DIRECT_URL"] {
		c.DatabaseDirectURL = c.DatabaseURL
	}
	if !set["MAIL_FROM"] && c.showsLetters() {
		c.MailFrom = "no-reply@localhost"
	}
	if !set["INTROSPECTION"] {
		c.Introspection = c.Loopback() || c.Playground
	}
	if !set["PLAYGROUND"] {
		c.Playground = c.Loopback() && c.Introspection
	}
	if !set["ACCOUNT_PAGES"] {
		c.AccountPages = c.CookieTransport
	}
	if !set["DRAIN_DELAY"] && !c.Loopback() {
		c.DrainDelay = 5 * time.Second
	}
	if !set["HASHING_SLOTS"] {
		c.HashingSlots = runtime.GOMAXPROCS(0)
	}
}

// showsLetters reports whether letters, and the live links in them, go to the
// log or a directory instead of to a mail server.
func (c Config) showsLetters() bool {
	wire := c.MailURL.Reveal()
	return strings.HasPrefix(wire, "log:") || strings.HasPrefix(wire, "file:")
}
