package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

// A clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A drawer is an outbox in memory, that keeps the promises of the port.
type drawer struct {
	mu   sync.Mutex
	rows map[uuid.UUID]*row
	fail error // of the next call that writes down how a letter ended
}

type row struct {
	letter     auth.OutboxLetter
	due        time.Time
	sent, dead time.Time
	reason     string
}

var errDrawer = errors.New("the drawer is stuck")

func (d *drawer) ClaimLetters(_ context.Context, now time.Time, lease time.Duration, limit int) ([]auth.OutboxLetter, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var due []*row
	for _, r := range d.rows {
		if r.open() && !r.letter.Void && !r.due.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(a, b *row) int {
		return cmp.Or(a.letter.CreatedAt.Compare(b.letter.CreatedAt), bytes.Compare(a.letter.ID[:], b.letter.ID[:]))
	})
	var claimed []auth.OutboxLetter
	for _, r := range due[:min(limit, len(due))] {
		r.letter.Attempts++
		r.due = now.Add(lease)
		claimed = append(claimed, r.letter)
	}
	return claimed, nil
}

func (r *row) open() bool { return r.sent.IsZero() && r.dead.IsZero() }

func (d *drawer) MarkLetterSent(_ context.Context, id uuid.UUID, now time.Time) error {
	return d.end(id, 0, func(r *row) { r.sent, r.letter.Sealed = now, nil })
}

func (d *drawer) RetryLetter(_ context.Context, id uuid.UUID, attempts int, at time.Time, reason string) error {
	return d.end(id, attempts, func(r *row) { r.due, r.reason = at, reason })
}

func (d *drawer) BuryLetter(_ context.Context, id uuid.UUID, attempts int, now time.Time, reason string) error {
	return d.end(id, attempts, func(r *row) { r.dead, r.reason, r.letter.Sealed = now, reason, nil })
}

func (d *drawer) end(id uuid.UUID, attempts int, how func(*row)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.fail; err != nil {
		d.fail = nil
		return err
	}
	if r := d.rows[id]; r.open() && (attempts == 0 || r.letter.Attempts == attempts) {
		how(r)
	}
	return nil
}

// row is a copy of a row.
func (d *drawer) row(id uuid.UUID) row {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.rows[id]
}

// put writes a letter. It is sealed by being JSON: what seals in earnest is
// tested where it stands.
func (d *drawer) put(t testing.TB, now time.Time, kind auth.LetterKind, change func(*auth.Letter, *auth.OutboxLetter)) uuid.UUID {
	t.Helper()
	l := testLetter(kind)
	if !l.ExpiresAt.IsZero() {
		l.ExpiresAt = now.Add(l.ExpiresAt.Sub(l.At))
	}
	l.ID, l.At = uuid.Must(uuid.NewV7()), now
	o := auth.OutboxLetter{ID: l.ID, Kind: kind, CreatedAt: now, ExpiresAt: l.ExpiresAt}
	if change != nil {
		change(&l, &o)
	}
	sealed, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	o.Sealed = sealed
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil {
		d.rows = map[uuid.UUID]*row{}
	}
	d.rows[l.ID] = &row{letter: o, due: now}
	return l.ID
}

func open(o auth.OutboxLetter) (auth.Letter, error) {
	var l auth.Letter
	return l, json.Unmarshal(o.Sealed, &l)
}

// A journal is a log that is read by lines.
type journal struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Write(b)
}

func (j *journal) lines(level string) (found []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.out.String()) {
		if strings.Contains(line, "level="+level) {
			found = append(found, line)
		}
	}
	return found
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.String()
}

// A desk is a dispatcher with all that is around it.
type desk struct {
	*Dispatcher
	server *mailtest.SMTP
	drawer *drawer
	clock  *clock
	log    *journal
}

// always is chance of one value: 0 adds nothing to a wait, 255 the most.
type always byte

func (a always) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(a)
	}
	return len(b), nil
}

func newDesk(t *testing.T, change func(*Options)) *desk {
	t.Helper()
	d := &desk{
		server: mailtest.NewSMTP(t, mailtest.SMTPOptions{}),
		drawer: &drawer{}, clock: &clock{now: testTime()}, log: &journal{},
	}
	o := Options{
		Outbox: d.drawer, Open: open, Renderer: testRenderer(t),
		Wire: testWire(t, d.server.URL(), WireOptions{}), Now: d.clock.Now, Random: always(0),
		Logger: slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	d.Dispatcher = NewDispatcher(o)
	t.Cleanup(func() { wantNoSecret(t, d.log.String()) })
	return d
}

func (d *desk) step(t *testing.T, want int) {
	t.Helper()
	sent, err := d.Step(t.Context())
	if sent != want || err != nil {
		t.Fatalf("%d sent, error %v; want %d\n%s", sent, err, want, d.log)
	}
}

func TestALetterThatIsDueIsSentOnceAndWiped(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	id := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.step(t, 1)
	d.clock.move(time.Hour)
	d.step(t, 0)
	all := d.server.All()
	if len(all) != 1 || all[0].MessageID() != id.String()+"@acme.example" || all[0].Code() != testCode {
		t.Errorf("arrived: %v", all)
	}
	if r := d.drawer.row(id); r.sent.IsZero() || r.letter.Sealed != nil {
		t.Errorf("the row after it was sent: %+v", r)
	}
	if lines := d.log.lines("INFO"); len(lines) != 1 || !strings.Contains(lines[0], id.String()) {
		t.Errorf("log:\n%s", d.log)
	}
}

func TestALetterWhoseTimeIsOverIsBuriedAndNeverSent(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	alive := d.drawer.put(t, d.clock.Now(), auth.LetterPasswordReset, nil)
	d.clock.move(time.Hour - time.Microsecond)
	d.step(t, 1)
	if d.drawer.row(alive).sent.IsZero() {
		t.Error("a letter was not sent in its last moment")
	}

	late := d.drawer.put(t, d.clock.Now().Add(-time.Hour), auth.LetterPasswordReset, nil)
	d.step(t, 0)
	r := d.drawer.row(late)
	if r.dead.IsZero() || r.letter.Sealed != nil || r.reason != "expired before it could be sent" {
		t.Errorf("the row of the late letter: %+v", r)
	}
	if len(d.server.All()) != 1 {
		t.Error("an expired link was sent")
	}
	if lines := d.log.lines("ERROR"); len(lines) != 1 || !strings.Contains(lines[0], late.String()) || !strings.Contains(lines[0], "kind=password_reset") {
		t.Errorf("log:\n%s", d.log)
	}
}

func TestTriesBackOffFromTwoSecondsToTenMinutes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chance always
		most   float64
	}{"no jitter": {0, 1}, "most jitter": {255, 1.2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(o *Options) { o.Random = c.chance })
			id := d.drawer.put(t, d.clock.Now(), auth.LetterPasswordChanged, nil)
			for i, seconds := range []float64{2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600} {
				d.server.Then(mailtest.Reaction{RefuseRecipient: mailtest.Refusal(451, smtp.EnhancedCode{4, 2, 1}, quoting)})
				d.step(t, 0)
				r := d.drawer.row(id)
				wait := r.due.Sub(d.clock.Now())
				if wait.Seconds() < seconds || wait.Seconds() > seconds*c.most || r.letter.Attempts != i+1 {
					t.Errorf("after try %d: attempts %d, wait %v", i+1, r.letter.Attempts, wait)
				}
				if c.most > 1 && wait.Seconds() == seconds {
					t.Errorf("after try %d: no jitter", i+1)
				}
				if r.reason != "smtp: RCPT TO: 451 4.2.1" {
					t.Errorf("after try %d: reason %q", i+1, r.reason)
				}
				d.clock.move(wait - time.Microsecond)
				d.step(t, 0)
				d.clock.move(time.Microsecond)
			}
			d.step(t, 1)
			if lines := d.log.lines("WARN"); len(lines) != 12 || len(d.log.lines("ERROR")) != 0 {
				t.Errorf("log:\n%s", d.log)
			}
		})
	}
}

func TestAWaitNeverRunsOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *Options) { o.Random = rand.Reader })
	for _, attempts := range []int{0, 1, 10, 63, 64, 65, 1000} {
		if wait := d.wait(attempts); wait < firstWait || wait >= lastWait*6/5 {
			t.Errorf("after %d attempts: %v", attempts, wait)
		}
	}
	if wait := newDesk(t, func(o *Options) { o.Random = strings.NewReader("") }).wait(2); wait != 4*time.Second {
		t.Errorf("without randomness: %v", wait)
	}
}

func TestARefusalForGoodIsBuriedAtOnceAndLoudly(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	id := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.server.Then(mailtest.Reaction{RefuseRecipient: mailtest.Refusal(550, smtp.EnhancedCode{5, 1, 1}, quoting)})
	d.step(t, 0)
	if r := d.drawer.row(id); r.dead.IsZero() || r.letter.Sealed != nil || r.reason != "smtp: RCPT TO: 550 5.1.1" {
		t.Errorf("the row: %+v", r)
	}
	d.clock.move(time.Hour)
	d.step(t, 0)
	lines := d.log.lines("ERROR")
	if len(lines) != 1 || !strings.Contains(lines[0], id.String()) || !strings.Contains(lines[0], "kind=activation") {
		t.Errorf("log:\n%s", d.log)
	}
}

func TestALetterThatNeverExpiresIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	id := d.drawer.put(t, d.clock.Now(), auth.LetterPasswordChanged, nil)
	refuse := mailtest.Reaction{RefuseSender: mailtest.Refusal(550, smtp.EnhancedCode{5, 7, 1}, quoting)}
	d.server.Then(refuse, refuse)
	d.clock.move(24*time.Hour - time.Minute)
	d.step(t, 0)
	if r := d.drawer.row(id); !r.open() {
		t.Fatalf("given up before its day was over: %+v", r)
	}
	d.clock.move(time.Minute)
	d.step(t, 0)
	if r := d.drawer.row(id); r.dead.IsZero() || len(d.log.lines("ERROR")) != 1 {
		t.Errorf("the row: %+v\n%s", r, d.log)
	}
}

func TestAVoidLetterIsNotSentEvenIfItIsClaimed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	id := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	l := d.drawer.row(id).letter
	l.Void = true
	if o := d.dispatch(t.Context(), l); o.sent || o.err != nil || len(d.server.All()) != 0 {
		t.Errorf("outcome %+v, %d arrived", o, len(d.server.All()))
	}
}

// TestALetterThatThisNodeCannotReadIsLeftForAnother: while nodes are replaced,
// one of them may lack the secret or the template.
func TestALetterThatThisNodeCannotReadIsLeftForAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *Options) {
		o.Open = func(auth.OutboxLetter) (auth.Letter, error) {
			return auth.Letter{}, errors.New("sealed for " + testTo + " under another secret")
		}
	})
	sealed := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.step(t, 0)
	d.options.Open = open
	strange := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, func(l *auth.Letter, _ *auth.OutboxLetter) { l.Kind = "unheard_of" })
	d.step(t, 0)
	for id, reason := range map[uuid.UUID]string{sealed: "the letter cannot be unsealed", strange: "the letter cannot be put into words"} {
		if r := d.drawer.row(id); !r.open() || r.reason != reason {
			t.Errorf("the row: %+v, want %s", r, reason)
		}
	}
	d.clock.move(firstWait)
	d.step(t, 1)
}

// TestACrashAfterSendingRepeatsTheSameMessage: the letter is out and nobody
// wrote it down. The other node sends it again, and receivers see that it is
// the same.
func TestACrashAfterSendingRepeatsTheSameMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	id := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.drawer.fail = errDrawer
	if sent, err := d.Step(t.Context()); sent != 1 || !errors.Is(err, errDrawer) {
		t.Fatalf("%d sent, error %v", sent, err)
	}
	d.clock.move(30*time.Second - time.Microsecond)
	d.step(t, 0) // the lease holds
	d.clock.move(time.Microsecond)
	d.step(t, 1)
	all := d.server.All()
	if len(all) != 2 || all[0].MessageID() != id.String()+"@acme.example" {
		t.Fatalf("%d letters arrived", len(all))
	}
	if first, second := withoutTrace(all[0].Raw), withoutTrace(all[1].Raw); first != second {
		t.Errorf("the repetition differs:\n%s\n%s", first, second)
	}
	d.clock.move(time.Hour)
	d.step(t, 0)
}

// withoutTrace is a message without what servers write above it.
func withoutTrace(raw []byte) string {
	_, after, _ := strings.Cut(string(raw), "Auto-Submitted:")
	return after
}

func TestAnAnswerThatWasLostAfterTheContentIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.server.Then(mailtest.Reaction{Drop: true}, mailtest.Reaction{Drop: true, Keep: true})
	for range 2 {
		d.step(t, 0)
		d.clock.move(4 * time.Second)
	}
	d.step(t, 1)
	if all := d.server.All(); len(all) != 2 || all[0].MessageID() != all[1].MessageID() {
		t.Errorf("%d letters arrived", len(all))
	}
}

func TestTwoDispatchersSendEachLetterOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	const letters = 40
	for range letters {
		d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	}
	other := NewDispatcher(d.options)
	var both sync.WaitGroup
	for _, dispatcher := range []*Dispatcher{d.Dispatcher, other} {
		both.Go(func() {
			for {
				sent, err := dispatcher.Step(t.Context())
				if err != nil {
					t.Error(err)
				}
				if sent == 0 {
					return
				}
			}
		})
	}
	both.Wait()
	seen := map[string]int{}
	for _, l := range d.server.All() {
		seen[l.MessageID()]++
	}
	if len(seen) != letters || len(d.server.All()) != letters {
		t.Errorf("%d letters arrived, %d different; want %d", len(d.server.All()), len(seen), letters)
	}
}

func TestASendThatHangsEndsBeforeItsLease(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *Options) { o.Lease = 60 * time.Millisecond })
	id := d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.server.Then(mailtest.Reaction{Until: make(chan struct{})})
	d.step(t, 0)
	if r := d.drawer.row(id); !r.open() || r.reason != "smtp: content: connection lost or timed out" {
		t.Errorf("the row: %+v", r)
	}
	if d := NewDispatcher(Options{}); d.sendTimeout+noteTimeout >= defaultLease {
		t.Errorf("a send of %v and its note take longer than the lease", d.sendTimeout)
	}
}

func TestRunSendsWhenWokenAndFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *Options) { o.Batch = 2 })
	ctx, stop := context.WithCancel(t.Context())
	wake, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx, wake)
	}()

	// One letter hangs, and the others pass it by.
	begun, release := make(chan struct{}), make(chan struct{})
	d.server.Then(mailtest.Reaction{Begun: begun, Until: release})
	hanging := d.drawer.put(t, d.clock.Now(), auth.LetterPasswordReset, nil)
	wake <- struct{}{}
	<-begun
	for range 3 {
		d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	}
	wake <- struct{}{}
	for range 3 {
		if _, err := d.server.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	stop()
	select {
	case <-done:
		t.Fatal("Run left a letter under way")
	default:
	}
	close(release)
	<-done
	if r := d.drawer.row(hanging); r.sent.IsZero() {
		t.Errorf("the letter under way was not finished: %+v\n%s", r, d.log)
	}
	last := d.drawer.put(t, d.clock.Now(), auth.LetterTest, nil)
	if r := d.drawer.row(last); r.letter.Attempts != 0 {
		t.Error("claimed after the end")
	}
}

func TestRunPollsWithoutBeingWoken(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx, nil)
	}()
	for range 2 {
		d.drawer.put(t, d.clock.Now(), auth.LetterTest, nil)
		if _, err := d.server.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	<-done
}

// stuck is an outbox whose database is away.
type stuck struct{ drawer }

func (*stuck) ClaimLetters(context.Context, time.Time, time.Duration, int) ([]auth.OutboxLetter, error) {
	return nil, errDrawer
}

func TestAnOutboxThatDoesNotAnswerIsAnErrorOfStepAndALineOfRun(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *Options) { o.Outbox = &stuck{} })
	if sent, err := d.Step(t.Context()); sent != 0 || !errors.Is(err, errDrawer) {
		t.Errorf("%d sent, error %v", sent, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	wake, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx, wake)
	}()
	wake <- struct{}{} // taken after the first failure: Run goes on
	wake <- struct{}{}
	stop()
	<-done
	// A second's failure after the other would fill the log.
	if len(d.log.lines("ERROR")) != 1 {
		t.Errorf("log:\n%s", d.log)
	}
}
