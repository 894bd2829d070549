package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/store"
)

// cheap makes hashing fast; what is asserted is how often it happens.
var cheap = auth.HashParameters{MemoryKiB: 64, Passes: 1, Lanes: 1}

const password = "seven bright lanterns"

// A house is the rules over a real SQLite file, on a clock of the test's own.
type house struct {
	*auth.Service
	t       *testing.T
	ctx     context.Context
	file    string // of the database
	store   *store.Store
	secrets auth.Secrets
	hasher  *auth.Hasher
	keys    *auth.KeySet
	log     *bytes.Buffer
	options auth.Options // that the rules were made with

	mu         sync.Mutex
	now        time.Time
	statements []string
	observe    func(statement string)
}

// newHouse builds one; change alters what it is built with.
func newHouse(t *testing.T, change ...func(*auth.Options)) *house {
	t.Helper()
	file := databaseFile(t)
	url := "sqlite:" + file
	h := &house{t: t, file: file, ctx: context.Background(), now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), log: &bytes.Buffer{}}
	quiet := slog.New(slog.DiscardHandler)
	if err := store.Migrate(h.ctx, url, quiet); err != nil {
		t.Fatal(err)
	}
	var err error
	h.store, err = store.Open(h.ctx, url, store.Options{Observe: h.note})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.store.Close() })
	secret, err := auth.NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if h.secrets, err = auth.ParseSecrets(secret); err != nil {
		t.Fatal(err)
	}
	// As many slots as let 200 in at once: tests of races shed nobody.
	if h.hasher, err = auth.NewHasher(cheap, 4, rand.Reader, h.clock); err != nil {
		t.Fatal(err)
	}
	h.keys = auth.NewKeySet(auth.KeySetOptions{
		Secrets: h.secrets, Issuer: "https://gatehouse.test", Audience: "https://gatehouse.test",
		Leeway: 5 * time.Second, Random: rand.Reader,
	})
	options := auth.Options{
		Store: h.store, Secrets: h.secrets, Keys: h.keys, Hasher: h.hasher,
		Passwords: auth.PasswordPolicy{MinLength: 12},
		Settings:  defaults(), Limits: limits(),
		Clock: h.clock, Random: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(&locked{w: h.log}, nil)),
	}
	for _, c := range change {
		c(&options)
	}
	h.options = options
	h.Service = auth.New(options)
	h.poll()
	return h
}

// where is another server on the same database, whose team chose otherwise.
func (h *house) where(choose func(*auth.Settings)) *auth.Service {
	o := h.options
	choose(&o.Settings)
	return auth.New(o)
}

// withoutActivation lets whoever registers in at once.
func withoutActivation(s *auth.Settings) { s.WithoutActivation = true }

func defaults() auth.Settings {
	return auth.Settings{
		RegistrationOpen: true, SessionsPerUser: 20,
		AccessTokenLifetime: 10 * time.Minute, SessionIdleLifetime: 14 * 24 * time.Hour,
		SessionLifetime: 90 * 24 * time.Hour, RefreshGrace: 10 * time.Second,
		ReauthenticationAge: 10 * time.Minute, ActivationLifetime: 24 * time.Hour,
		PasswordResetLifetime: time.Hour, EmailChangeLifetime: time.Hour,
		EmailRevertLifetime: 7 * 24 * time.Hour, KeyRotationInterval: 90 * 24 * time.Hour,
		Leeway: 5 * time.Second, DefaultLocale: "en", Usernames: true,
	}
}

func limits() auth.Limits {
	return auth.Limits{
		SignIn:                    auth.Backoff{Free: 5, Longest: 15 * time.Minute},
		SignInPerAddress:          []auth.Rate{{N: 20, Per: time.Minute}, {N: 100, Per: time.Hour}},
		SignInFailures:            100,
		CodePerAccount:            []auth.Rate{{N: 5, Per: 15 * time.Minute}, {N: 20, Per: 24 * time.Hour}},
		CodePerAddress:            []auth.Rate{{N: 30, Per: 15 * time.Minute}},
		MailPerAccount:            []auth.Rate{{N: 3, Per: time.Hour}, {N: 10, Per: 24 * time.Hour}},
		MailPerAddress:            []auth.Rate{{N: 10, Per: time.Hour}},
		RegisterPerAddress:        []auth.Rate{{N: 10, Per: time.Hour}},
		RegisterLettersPerNetwork: []auth.Rate{{N: 3, Per: time.Hour}},
		RegisterLettersPerAccount: []auth.Rate{{N: 20, Per: 24 * time.Hour}},
		RefreshPerSession:         auth.Rate{N: 30, Per: time.Minute},
		RefreshPerAddress:         auth.Rate{N: 300, Per: time.Minute},
	}
}

// unlimited is for tests of something else that try often.
func unlimited(o *auth.Options) { o.Limits = auth.Limits{Off: true} }

// A locked writer may be written to by several goroutines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) note(statement string) {
	h.mu.Lock()
	h.statements = append(h.statements, statement)
	observe := h.observe
	h.mu.Unlock()
	if observe != nil {
		observe(statement)
	}
}

// watch sees each statement before it is sent; nil is nobody.
func (h *house) watch(observe func(statement string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.observe = observe
}

// counted runs f and says how many statements it took, and how many hashes.
func (h *house) counted(f func()) (statements []string, hashes int64) {
	h.mu.Lock()
	h.statements = nil
	h.mu.Unlock()
	before := h.hasher.Calls()
	f()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.statements, h.hasher.Calls() - before
}

// poll does what the server does each second.
func (h *house) poll() {
	h.t.Helper()
	if err := h.RotateKeys(h.ctx); err != nil {
		h.t.Fatal(err)
	}
	if err := h.PollBlacklist(h.ctx); err != nil {
		h.t.Fatal(err)
	}
}

// pass lets time go by.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
	h.poll()
}

// stranger is an anonymous caller, now.
func (h *house) stranger() auth.Caller {
	return auth.Caller{Client: auth.Client{Now: h.Now(), Address: netip.MustParseAddr("203.0.113.7"), UserAgent: "test/1.0"}}
}

// caller is whoever sends the access token, now.
func (h *house) caller(token string) auth.Caller {
	return h.Authenticate(h.ctx, h.stranger().Client, token)
}

// from is a stranger at another address.
func (h *house) from(address string) auth.Caller {
	c := h.stranger()
	c.Address = netip.MustParseAddr(address)
	return c
}

// user makes an active user with the test's password.
func (h *house) user(email string) auth.User {
	h.t.Helper()
	p := password
	u, err := h.CreateUser(h.ctx, auth.CreateUserInput{Email: email, Password: &p})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

func (h *house) login(email string) auth.SignIn {
	h.t.Helper()
	s, err := h.Login(h.ctx, h.stranger(), auth.LoginInput{Identifier: email, Password: password})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) refresh(token string) (auth.SignIn, error) {
	return h.Refresh(h.ctx, h.stranger(), auth.RefreshInput{RefreshToken: token})
}

func (h *house) register(email string) auth.Registered {
	h.t.Helper()
	r, err := h.Register(h.ctx, h.stranger(), auth.RegisterInput{Email: email, Password: password})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// letters are those that wait to be sent, the oldest first; reading takes them.
func (h *house) letters() []auth.Letter {
	h.t.Helper()
	sealed, err := h.store.ClaimLetters(h.ctx, h.Now(), 100*24*time.Hour, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	letters := make([]auth.Letter, len(sealed))
	for i, s := range sealed {
		if letters[i], err = auth.OpenLetter(h.secrets, s); err != nil {
			h.t.Fatal(err)
		}
	}
	return letters
}

// letter is the only one that waits.
func (h *house) letter() auth.Letter {
	h.t.Helper()
	letters := h.letters()
	if len(letters) != 1 {
		h.t.Fatalf("%d letters wait, not 1", len(letters))
	}
	return letters[0]
}

// wants fails the test unless the error is the code.
func wants(t *testing.T, err error, code auth.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// violations are those of a refusal, as "field CODE".
func violations(t *testing.T, err error) []string {
	t.Helper()
	var refusal *auth.Refusal
	if !errors.As(err, &refusal) || refusal.Code != auth.InvalidInput {
		t.Errorf("got %v, want %s", err, auth.InvalidInput)
		return nil
	}
	var all []string
	for _, v := range refusal.Violations {
		all = append(all, fmt.Sprint(v.Path[len(v.Path)-1], " ", v.Code))
	}
	return all
}
