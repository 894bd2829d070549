package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStories tells every story of testdata on both databases, and on PostgreSQL
// behind a pooler. A story's file "settings" holds what its server is set to,
// NAME=value a line.
func TestStories(t *testing.T) {
	t.Parallel()
	ways := databases(t)
	ways["pgbouncer"] = postgres
	p := pooler(t)
	for name, database := range ways {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: "testdata",
				Setup: func(env *testscript.Env) error {
					env.Setenv("LONGNAME", strings.Repeat("n", 101))
					settings, err := os.ReadFile(filepath.Join(env.WorkDir, "settings"))
					if err != nil && !errors.Is(err, fs.ErrNotExist) {
						return err
					}
					o := worldOptions{database: database(t), settings: strings.Fields(string(settings))}
					if name == "pgbouncer" {
						o.settings = append(o.settings, pooled(p, o.database)...)
					}
					tell := &story{world: newWorld(t, o)}
					tell.client = tell.world.client()
					tell.heard = map[string]*stream{}
					env.Defer(tell.hang)
					env.Values[storyKey{}] = tell
					return nil
				},
				Cmds: storyCommands(),
			})
		})
	}
}

// TestEveryOperationHasAStory keeps the stories complete: what the schema
// offers and no story asks is not shown to work.
func TestEveryOperationHasAStory(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(text)
	}
	for _, field := range rootFields(t) {
		if !regexp.MustCompile(`(?m)^(! )?(ask|subscribe) ` + field + `( |$)`).MatchString(told.String()) {
			t.Errorf("no story of testdata asks %s", field)
		}
	}
}

type storyKey struct{}

// A story is one script's world, the client that asks in it, and what came back
// last.
type story struct {
	world  *world
	client *client
	answer answer
	letter string // the text of the one that was read last
	code   string // its digits
	heard  map[string]*stream
}

func storyCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*story, *testscript.TestScript, bool, []string){
		"agent":      (*story).agent,
		"ask":        (*story).ask,
		"bearer":     (*story).bearer,
		"browser":    (*story).browser,
		"differ":     (*story).differ,
		"holds":      (*story).holds,
		"is":         (*story).is,
		"keep":       (*story).keep,
		"letter":     (*story).readLetter,
		"nocode":     (*story).noCode,
		"nocookies":  (*story).noCookies,
		"noletter":   (*story).noLetter,
		"null":       (*story).null,
		"origin":     (*story).origin,
		"pass":       (*story).pass,
		"refused":    (*story).refused,
		"retryafter": (*story).retryAfter,
		"set":        (*story).set,
		"subscribe":  (*story).subscribe,
		"suspend":    (*story).suspend,
		"told":       (*story).told,
		"user":       (*story).user,
		"violates":   (*story).violates,
		"wrongcode":  (*story).wrongCode,
	}
	cmds := make(map[string]func(*testscript.TestScript, bool, []string), len(commands))
	for name, run := range commands {
		cmds[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			run(ts.Value(storyKey{}).(*story), ts, neg, args)
		}
	}
	return cmds
}

// ask OPERATION [FIELD=TEXT ...] sends testdata/operations/OPERATION.graphql
// with the fields as its input; FIELD:null is a null. "! ask" wants it refused.
func (s *story) ask(ts *testscript.TestScript, neg bool, args []string) {
	input := map[string]any{}
	for _, arg := range args[1:] {
		field, text, ok := strings.Cut(arg, "=")
		switch name, empties := strings.CutSuffix(arg, ":null"); {
		case ok:
			input[field] = text
		case empties:
			input[name] = nil
		default:
			ts.Fatalf("ask: %q is not FIELD=TEXT", arg)
		}
	}
	s.answer = s.client.ask(args[0], input)
	pretty, _ := json.MarshalIndent(s.answer.body, "", "  ")
	ts.Logf("%d %s", s.answer.status, pretty)
	if refused := len(s.answer.errors()) > 0; refused != neg {
		ts.Fatalf("%s: refused is %v", args[0], refused)
	}
}

// subscribe OPERATION WAY [NAME] subscribes by "socket" or "events" and goes on;
// the stream is called by its way, or by the name. "! subscribe" wants it refused.
func (s *story) subscribe(ts *testscript.TestScript, neg bool, args []string) {
	began, refusal, err := s.client.subscribe(args[0], args[1])
	ts.Check(err)
	if began != nil {
		s.heard[args[len(args)-1]] = began
	}
	s.answer = refusal
	if neg && began != nil && len(refusal.errors()) == 0 {
		s.answer, err = began.next()
		ts.Check(err)
	}
	if refused := len(s.answer.errors()) > 0; refused != neg {
		ts.Fatalf("%s: refused is %v", args[0], refused)
	}
}

// told NAME: the stream has told of one event, and ended.
func (s *story) told(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	s.answer, err = s.heard[args[0]].next()
	ts.Check(err)
	ts.Logf("%s", s.answer.raw)
	if _, err := s.heard[args[0]].next(); err != errStreamDone {
		ts.Fatalf("%s has not ended: %v", args[0], err)
	}
}

// hang ends what is still listened to.
func (s *story) hang() {
	for _, heard := range s.heard {
		heard.hang()
	}
}

// refused CODE: the answer is one error with that code.
func (s *story) refused(ts *testscript.TestScript, _ bool, args []string) {
	errs := s.answer.errors()
	if len(errs) != 1 || errs[0].Extensions.Code != args[0] {
		ts.Fatalf("not refused with %s alone: %+v", args[0], errs)
	}
}

// violates PATH CODE [LIMIT]: among the violations is this one.
func (s *story) violates(ts *testscript.TestScript, _ bool, args []string) {
	for _, e := range s.answer.errors() {
		for _, v := range e.Extensions.Violations {
			limit := ""
			if v.Limit != nil {
				limit = strconv.Itoa(*v.Limit)
			}
			if strings.Join(v.Path, ".") == args[0] && v.Code == args[1] && limit == strings.Join(args[2:], "") {
				return
			}
		}
	}
	ts.Fatalf("no such violation: %v", args)
}

// retryafter SECONDS: how long the refusal tells to wait.
func (s *story) retryAfter(ts *testscript.TestScript, _ bool, args []string) {
	if got := fmt.Sprint(s.answer.errors()[0].Extensions.RetryAfter); got != args[0] {
		ts.Fatalf("retryAfter is %s", got)
	}
}

// is PATH TEXT: the answer's value there, as text.
func (s *story) is(ts *testscript.TestScript, _ bool, args []string) {
	if got := s.answer.text(args[0]); got != args[1] {
		ts.Fatalf("%s is %q", args[0], got)
	}
}

// null PATH: there is a null.
func (s *story) null(ts *testscript.TestScript, _ bool, args []string) {
	if got := s.answer.at(args[0]); got != nil {
		ts.Fatalf("%s is not null", args[0])
	}
}

// keep NAME PATH: the value goes into $NAME.
func (s *story) keep(ts *testscript.TestScript, _ bool, args []string) {
	text := s.answer.text(args[1])
	if text == "" {
		ts.Fatalf("%s is empty", args[1])
	}
	ts.Setenv(args[0], text)
}

// set NAME TEXT.
func (s *story) set(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], args[1]) }

// differ A B.
func (s *story) differ(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == args[1] {
		ts.Fatalf("both are the same")
	}
}

// bearer PATH sends the answer's token from now on, "bearer = TOKEN" that one,
// "bearer" none.
func (s *story) bearer(ts *testscript.TestScript, _ bool, args []string) {
	switch {
	case len(args) == 0:
		s.client.token = ""
	case args[0] == "=":
		s.client.token = args[1]
	default:
		s.client.token = s.answer.text(args[0])
	}
}

// agent TEXT is the User-Agent from now on.
func (s *story) agent(_ *testscript.TestScript, _ bool, args []string) { s.client.userAgent = args[0] }

// browser ORIGIN keeps cookies and sends that Origin from now on.
func (s *story) browser(ts *testscript.TestScript, _ bool, args []string) {
	s.client.keepCookies()
	s.client.origin = args[0]
}

// origin ORIGIN is where the page comes from, in the same browser.
func (s *story) origin(_ *testscript.TestScript, _ bool, args []string) { s.client.origin = args[0] }

// nocookies: the browser has none left.
func (s *story) noCookies(ts *testscript.TestScript, _ bool, _ []string) {
	if left := s.client.cookies(); len(left) > 0 {
		ts.Fatalf("cookies left: %v", left)
	}
}

// user ADDRESS PASSWORD [ROLE ...]: an operator makes an active user.
func (s *story) user(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(s.world.createUser(args[0], args[1], args[2:]...))
}

// suspend ADDRESS: an operator suspends the user.
func (s *story) suspend(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(s.world.suspendUser(args[0]))
}

// pass DURATION lets time go by, and the server's jobs run.
func (s *story) pass(ts *testscript.TestScript, _ bool, args []string) {
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Check(s.world.pass(d))
}

var (
	mainLink  = regexp.MustCompile(`/(?:activate|reset|reset-username|confirm-email|revert-email)\?token=([\w-]+)`)
	notMeLink = regexp.MustCompile(`/decline\?token=([\w-]+)`)
)

// letter ADDRESS SUBJECT: a letter has come whose subject holds that text. Its
// secrets go into $TOKEN, $NOTME and $CODE.
func (s *story) readLetter(ts *testscript.TestScript, _ bool, args []string) {
	letter, err := s.world.nextLetter(args[0])
	ts.Check(err)
	s.letter = letter.Text
	s.code = letter.Code()
	ts.Logf("subject %s\n%s", letter.Subject, letter.Text)
	if !strings.Contains(letter.Subject, args[1]) {
		ts.Fatalf("the subject is %q", letter.Subject)
	}
	ts.Setenv("CODE", s.code)
	for name, pattern := range map[string]*regexp.Regexp{"TOKEN": mainLink, "NOTME": notMeLink} {
		found := pattern.FindStringSubmatch(s.letter)
		ts.Setenv(name, strings.Join(found[min(1, len(found)):], ""))
	}
}

// noletter ADDRESS: none has come, and none is on its way.
func (s *story) noLetter(ts *testscript.TestScript, _ bool, args []string) {
	if letter, err := s.world.nextLetter(args[0]); err == nil {
		ts.Fatalf("a letter came: %s", letter.Subject)
	}
}

// holds PATTERN: the letter that was read has it; "! holds" that it has not.
func (s *story) holds(ts *testscript.TestScript, neg bool, args []string) {
	pattern := args[0]
	if regexp.MustCompile(`^\d{6}$`).MatchString(pattern) {
		pattern = pattern[:3] + " ?" + pattern[3:]
	}
	if regexp.MustCompile(pattern).MatchString(s.letter) == neg {
		ts.Fatalf("the letter holds %s: %v", args[0], neg)
	}
}

// nocode: the letter that was read has no digits.
func (s *story) noCode(ts *testscript.TestScript, _ bool, _ []string) {
	if s.code != "" {
		ts.Fatalf("the letter has digits")
	}
}

// wrongcode puts digits into $WRONG that are not those of $CODE.
func (s *story) wrongCode(ts *testscript.TestScript, _ bool, _ []string) {
	wrong := "000000"
	if ts.Getenv("CODE") == wrong {
		wrong = "000001"
	}
	ts.Setenv("WRONG", wrong)
}
