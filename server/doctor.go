package server

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gatehouse/auth"
	"gatehouse/config"
	"gatehouse/store"
)

// A Verdict is how something that was looked at is.
type Verdict string

// The verdicts.
const (
	Fine    Verdict = "ok"
	Doubt   Verdict = "warning" // it works, and somebody should look
	Failing Verdict = "failure" // it does not work
)

// A Finding is what was found of one thing.
type Finding struct {
	Name    string // of the thing: "database", "mail"
	Verdict Verdict
	Text    string // what is so
	Mend    string // what to do about it; "" where nothing is to be done
}

// A doctor looks at everything and changes nothing: no file is made, no
// migration run, no letter sent.
type doctor struct {
	config   config.Config
	deps     Deps
	findings []Finding
}

func (d *doctor) say(name string, v Verdict, text, mend string) {
	d.findings = append(d.findings, Finding{name, v, text, mend})
}

// examineWithin is how long one thing that is asked may take to answer.
const examineWithin = 15 * time.Second

// Examine looks at a server's settings, and at all that they lead to. Findings
// hold no secret.
func Examine(ctx context.Context, cfg config.Config, deps Deps) []Finding {
	d := &doctor{config: cfg, deps: deps}
	d.say("settings", Fine, "they agree with each other", "")
	d.examineStorage(ctx)
	d.examineAddresses()
	d.examineMail(ctx)
	d.examineTemplates()
	return d.findings
}

// examineStorage looks at the database and what is in it.
func (d *doctor) examineStorage(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	if path := d.config.SQLitePath(); path != "" {
		d.examineDisk(filepath.Dir(path))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.say("database", Doubt, "there is none at "+path, "start the server once, which makes it; or set GATEHOUSE_DATABASE_URL, if it lies elsewhere")
			return
		}
	}
	s, err := store.Open(ctx, d.config.DatabaseURL.Reveal(), storeOptions(d.config, d.deps, nil))
	if err != nil {
		d.say("database", Failing, "it does not answer: "+err.Error(), "see that it runs, and that GATEHOUSE_DATABASE_URL has its address, user and password")
		return
	}
	defer func() { _ = s.Close() }() // nothing was written
	version, err := s.Version(ctx)
	if err = errors.Join(err, s.Ping(ctx)); err != nil {
		d.say("database", Failing, err.Error(), "a replica takes no writes: GATEHOUSE_DATABASE_URL must lead to the primary")
		return
	}
	d.say("database", Fine, version+" answers, and takes writes", "")
	d.examineDirect(ctx)
	if d.examineMigrations(ctx, s) {
		d.examineContent(ctx, s)
	}
}

// examineDirect looks at the way past a pooler, where one was given.
func (d *doctor) examineDirect(ctx context.Context) {
	url := d.config.DatabaseDirectURL.Reveal()
	if url == d.config.DatabaseURL.Reveal() {
		return
	}
	s, err := store.Open(ctx, url, store.Options{})
	if err == nil {
		err = errors.Join(s.Ping(ctx), s.Close())
	}
	if err != nil {
		d.say("direct URL", Failing, err.Error(), "see that GATEHOUSE_DATABASE_DIRECT_URL has the address of PostgreSQL itself: migrations and notifications need it")
		return
	}
	d.say("direct URL", Fine, "it answers past the pooler", "")
}

// diskDoubt and diskFailure are how little may be free where SQLite writes.
const (
	diskDoubt   = 1 << 30
	diskFailure = 64 << 20
)

func (d *doctor) examineDisk(dir string) {
	free, known := freeBytes(dir)
	text := config.Size(free>>20<<20).String() + " are free where the database lies"
	const mend = "make room, or move the database: when the disk is full nobody signs in"
	switch {
	case !known:
		d.say("disk", Doubt, "how much is free at "+dir+" can't be told", "see that the directory is there")
	case free < diskFailure:
		d.say("disk", Failing, text, mend)
	case free < diskDoubt:
		d.say("disk", Doubt, text, mend)
	default:
		d.say("disk", Fine, text, "")
	}
}

// examineMigrations says whether the tables are there.
func (d *doctor) examineMigrations(ctx context.Context, s *store.Store) bool {
	pending, err := s.Pending(ctx)
	later := 0
	if err == nil {
		later, err = s.Later(ctx)
	}
	switch {
	case err != nil:
		d.say("migrations", Failing, err.Error(), "see that the user of the database may read its tables")
	case later > 0 && len(pending) == 0:
		d.say("migrations", Doubt, "a later version of Gatehouse has made "+countOf(later, "migration")+" that this one does not know", "run that version: the one before goes on working beside its tables, and none that is older")
		return true
	case len(pending) == 0:
		d.say("migrations", Fine, "the database is up to date", "")
		return true
	case d.config.Migrate:
		d.say("migrations", Doubt, "the database is not up to date", "the next start of the server does it; gatehouse migrate --plan shows what")
	default:
		d.say("migrations", Failing, "the database is not up to date, and GATEHOUSE_MIGRATE is off", "gatehouse migrate")
	}
	return false
}

// examineContent looks at what the server's secret must open.
func (d *doctor) examineContent(ctx context.Context, s *store.Store) {
	difference := d.examineClock(ctx, s)
	secrets, ok := d.examineSecret()
	if !ok {
		return
	}
	now := func() time.Time { return d.deps.Clock().Add(difference) }
	rules := auth.New(auth.Options{
		Store: s, Secrets: secrets, Clock: now, Random: d.deps.Random, Logger: d.deps.Logger,
		Keys: auth.NewKeySet(auth.KeySetOptions{Secrets: secrets, Issuer: d.config.Issuer, Audience: d.config.Audience, Random: d.deps.Random}),
	})
	keys, letters, err := rules.Unopened(ctx)
	switch {
	case err != nil:
		d.say("secret", Failing, err.Error(), "see the log of the database")
		return
	case keys > 0 || letters > 0:
		d.say("secret", Failing, countOf(keys, "signing key")+" and "+countOf(letters, "letter")+" in the database don't open under it",
			"put the secret that the other nodes have, or had, into GATEHOUSE_SECRET, behind the first")
		return
	}
	d.say("secret", Fine, "it opens all that is sealed in the database", "")
	d.examineKeys(ctx, rules, now())
	d.examineOutbox(ctx, s, now())
}

func (d *doctor) examineClock(ctx context.Context, s *store.Store) time.Duration {
	difference, err := s.ClockDifference(ctx, d.deps.Clock)
	text := "this machine's and the database's differ by " + difference.Abs().Round(time.Millisecond).String()
	const mend = "set both by a time service: NTP"
	switch {
	case err != nil:
		d.say("clock", Failing, err.Error(), "see the log of the database")
	case difference.Abs() > clockFailure:
		d.say("clock", Failing, text, mend)
	case difference.Abs() > clockWarning:
		d.say("clock", Doubt, text, mend)
	default:
		d.say("clock", Fine, text, "")
	}
	return difference
}

// examineSecret reads the server's secret, and makes none.
func (d *doctor) examineSecret() (auth.Secrets, bool) {
	secret := d.config.Secret
	if path := d.config.SecretPath(); path != "" {
		kept, found, err := config.PeekSecret(path)
		switch {
		case err != nil:
			d.say("secret", Failing, err.Error(), "let its owner alone read it")
			return auth.Secrets{}, false
		case !found:
			d.say("secret", Failing, "it is not at "+path+", where the database is", "bring the file back from where it was kept: nothing that is sealed opens without it")
			return auth.Secrets{}, false
		}
		secret = kept
	}
	parsed, err := auth.ParseSecrets(secret.Reveal())
	if err != nil {
		d.say("secret", Failing, err.Error(), "gatehouse secret new prints a good one")
		return auth.Secrets{}, false
	}
	return parsed, true
}

// keySlack is by how much a key may be older than the setting says: successors
// are made within a minute, and sign ten minutes later.
const keySlack = time.Hour

func (d *doctor) examineKeys(ctx context.Context, rules *auth.Service, now time.Time) {
	keys, err := rules.Keys(ctx)
	if err != nil {
		d.say("keys", Failing, err.Error(), "see gatehouse keys list")
		return
	}
	for _, k := range keys {
		if k.State != auth.KeySigning {
			continue
		}
		age := now.Sub(k.CreatedAt)
		text := "the key that signs is " + days(age) + " old"
		if age > d.config.KeyRotationInterval+keySlack {
			d.say("keys", Doubt, text+", and should have had a successor", "see that a server runs: it makes one by itself; or gatehouse keys rotate")
		} else {
			d.say("keys", Fine, text, "")
		}
		return
	}
	d.say("keys", Doubt, "there is no key that signs", "start the server, which makes one")
}

// letterDoubt is how long a letter may wait while mail works.
const letterDoubt = 5 * time.Minute

func (d *doctor) examineOutbox(ctx context.Context, s *store.Store, now time.Time) {
	state, err := s.OutboxState(ctx)
	text := countOf(state.Waiting, "letter") + " to be sent, " + countOf(state.Dead, "letter") + " given up in the last thirty days"
	switch {
	case err != nil:
		d.say("letters", Failing, err.Error(), "see the log of the database")
	case !state.Oldest.IsZero() && now.Sub(state.Oldest) > letterDoubt:
		d.say("letters", Doubt, text+"; the oldest waits since "+state.Oldest.Format(time.DateTime)+" UTC", "see that a server runs, and what is said of mail below; its log has the reason")
	case state.Dead > 0:
		d.say("letters", Doubt, text, "the log has the reason of each, at level ERROR")
	default:
		d.say("letters", Fine, text, "")
	}
}

// publicURL is parsed by config before.
func (d *doctor) publicURL() *url.URL {
	public, err := url.Parse(d.config.PublicURL)
	if err != nil {
		return &url.URL{}
	}
	return public
}
