package e2e

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A spy knows every secret of a story, and reads all that the server keeps and
// says.
type spy struct {
	t        *testing.T
	world    *world
	database string
	db       *sql.DB
	secrets  map[string]string // by what they are
	kept     map[string]string // every value that ever stood in a column, by where
	files    map[string]string // the database as it lies on the disk, or in a backup, at several times
	own      map[string]string // the letters in which a secret may stand, by the secret
}

func newSpy(t *testing.T, w *world, database string) *spy {
	t.Helper()
	return &spy{
		t: t, world: w, database: database, db: besides(t, database), secrets: map[string]string{},
		kept: map[string]string{}, files: map[string]string{}, own: map[string]string{},
	}
}

// knows notes a secret, and gives it back.
func (s *spy) knows(what, secret string) string {
	s.t.Helper()
	if secret == "" {
		s.t.Fatalf("the story has no %s", what)
	}
	s.secrets[fmt.Sprintf("%s (%d)", what, len(s.secrets))] = secret
	return secret
}

// tokens notes those of a sign-in.
func (s *spy) tokens(a answer, field string) (access, refresh string) {
	s.t.Helper()
	return s.knows("access token", a.text(field+".tokens.accessToken")), s.knows("refresh token", a.text(field+".tokens.refreshToken"))
}

// letter notes what the next letter to the address bears.
func (s *spy) letter(address string) (token, notMe, code string) {
	s.t.Helper()
	s.look() // while it lies in the outbox
	letter, err := s.world.nextLetter(address)
	if err != nil {
		s.t.Fatal(err)
	}
	if found := mainLink.FindStringSubmatch(letter.Text); found != nil {
		token = s.knows("link token", found[1])
	}
	if found := notMeLink.FindStringSubmatch(letter.Text); found != nil {
		notMe = s.knows("not-me token", found[1])
	}
	if code = letter.Code(); code != "" {
		s.knows("digits", code)
	}
	for _, secret := range []string{token, notMe, code} {
		s.own[secret] += letter.MessageID() + " " // digits may be drawn twice
	}
	return token, notMe, code
}

// copyFiles keeps the database as somebody finds it who takes the disk, or a
// backup: SQLite's file with what lies beside it, the log of what is written
// (WAL) among that; of PostgreSQL a dump.
func (s *spy) copyFiles() {
	s.t.Helper()
	when := fmt.Sprintf(" (%d)", len(s.files))
	path, onDisk := strings.CutPrefix(s.database, "sqlite:")
	if !onDisk {
		dump, err := cluster.Dump(s.database)
		if err != nil {
			s.t.Fatal(err)
		}
		s.files["pg_dump"+when] = dump
		return
	}
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) < 2 {
		s.t.Fatalf("the database and its log are %q: %v", names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		s.files[filepath.Base(name)+when] = string(content)
	}
}

// look reads every column of every table.
func (s *spy) look() {
	s.t.Helper()
	for _, table := range tableNames(s.t, s.db) {
		eachRow(s.t, s.db, `SELECT * FROM "`+table+`"`, func(columns []string, values []any) {
			for i, value := range values {
				s.kept[text(value)] = table + "." + columns[i]
			}
		})
	}
}

// spellings are the ways in which a secret may be written down.
func spellings(secret string) map[string]string {
	list := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
	all := map[string]string{
		"hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"list": list, "commas": strings.ReplaceAll(list, " ", ","),
		"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "quoted": strings.Trim(fmt.Sprintf("%+q", secret), `"`),
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		// As a part of something longer it may begin at any of three places. The
		// characters that its neighbours have a share in are left out.
		for before := range 3 {
			written := encoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			from, to := (before*8+5)/6, (before+len(secret))*8/6
			all[fmt.Sprintf("%s+%d", name, before)] = written[from:to]
		}
	}
	return all
}

var isDigits = regexp.MustCompile(`^[0-9]{6}$`)

// find says how the text holds the secret; "" where it does not.
func find(text, secret string) string {
	if isDigits.MatchString(secret) {
		// Six digits in a row are found by chance in longer numbers and IDs.
		if regexp.MustCompile(`(^|[^0-9A-Fa-f.]|%[0-9A-Fa-f]{2})` + secret + `($|[^0-9A-Fa-f])`).MatchString(text) {
			return "plain"
		}
	} else if strings.Contains(text, secret) {
		return "plain"
	}
	for name, written := range spellings(secret) {
		if written != secret && strings.Contains(text, written) {
			return name
		}
	}
	return ""
}

// parts are the secret, and what of it would be as good or nearly: the bytes
// that it encodes, the signature of a token.
func parts(secret string) []string {
	all := []string{secret}
	segments := strings.Split(secret, ".")
	if last := segments[len(segments)-1]; len(segments) == 3 {
		all = append(all, last)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(segments[len(segments)-1]); err == nil && len(raw) >= 32 {
		all = append(all, string(raw))
	}
	return all
}

// judge fails the test where a secret is found.
func (s *spy) judge() {
	s.t.Helper()
	s.look()
	s.copyFiles()
	s.world.mu.Lock()
	places := map[string]string{"the log": s.world.log.String(), "a statement": strings.Join(s.world.statements, "\n")}
	s.world.mu.Unlock()
	maps.Copy(places, s.files)
	for value, where := range s.kept {
		places[where] += "\x00" + value
	}
	for what, secret := range s.secrets {
		for i, part := range parts(secret) {
			for where, text := range places {
				if how := find(text, part); how != "" {
					s.t.Errorf("%s holds the %s, part %d: %s", where, what, i, how)
				}
			}
			for _, letter := range s.world.mail.All() {
				if strings.Contains(s.own[secret], letter.MessageID()) {
					continue
				}
				if how := find(string(letter.Raw)+letter.Subject+letter.Text+letter.HTML, part); how != "" {
					s.t.Errorf("the letter %q holds the %s, part %d: %s", letter.Subject, what, i, how)
				}
				if isDigits.MatchString(part) && strings.Contains(letter.Text, part[:3]+" "+part[3:]) {
					s.t.Errorf("the letter %q holds the %s", letter.Subject, what)
				}
			}
		}
	}
}

// silent fails the test where an answer that gives no secret holds one.
func (s *spy) silent(what string, a answer) {
	s.t.Helper()
	for name, secret := range s.secrets {
		for i, part := range parts(secret) {
			if how := find(string(a.raw)+fmt.Sprint(a.header), part); how != "" {
				s.t.Errorf("the answer to %s holds the %s, part %d: %s", what, name, i, how)
			}
		}
	}
}
