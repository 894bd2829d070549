package mail

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"gatehouse/auth"
)

const (
	defaultLease = 30 * time.Second
	defaultBatch = 8
	// firstWait is the pause after the first failure; it doubles from there to
	// lastWait.
	firstWait = 2 * time.Second
	lastWait  = 10 * time.Minute
	// patience is how long a letter that never expires is tried. Those that
	// expire are tried until then.
	patience = 24 * time.Hour
	// pollInterval is how long a letter waits that another node wrote and
	// nobody woke this one for.
	pollInterval = time.Second
	// noteTimeout bounds writing down what became of a letter, which happens
	// although the server is being stopped.
	noteTimeout = 4 * time.Second
)

// Options is what a Dispatcher is made of.
type Options struct {
	Outbox   Outbox
	Open     func(auth.OutboxLetter) (auth.Letter, error) // unseals
	Renderer *Renderer
	Wire     Wire
	Now      func() time.Time
	Random   io.Reader // for jitter
	Logger   *slog.Logger
	Watch    Watch         // nil: nobody watches
	Lease    time.Duration // how long a claimed letter is this node's; 0 is 30 s
	Batch    int           // how many letters are sent at once; 0 is 8
}

// A Dispatcher empties the outbox. Several may share one, on one node or many.
type Dispatcher struct {
	options     Options
	sendTimeout time.Duration

	randomness sync.Mutex // an io.Reader is no one's but its reader's
}

// NewDispatcher makes a Dispatcher; it does nothing before Step or Run.
func NewDispatcher(o Options) *Dispatcher {
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	if o.Batch <= 0 {
		o.Batch = defaultBatch
	}
	if o.Watch == nil {
		o.Watch = nobody{}
	}
	// A send that outlived its lease would meet the next one's: what remains is
	// for writing down how it ended.
	return &Dispatcher{options: o, sendTimeout: o.Lease * 5 / 6}
}

// Step claims what is due, at most Batch letters, and sees each through. It
// returns how many were sent. An error is one of the outbox; letters that the
// wire did not take are no error, they are tried again.
func (d *Dispatcher) Step(ctx context.Context) (sent int, err error) {
	letters, err := d.claim(ctx, d.options.Batch)
	if err != nil {
		return 0, err
	}
	outcomes := make(chan outcome)
	for _, l := range letters {
		go func() { outcomes <- d.dispatch(ctx, l) }()
	}
	for range letters {
		o := <-outcomes
		if o.sent {
			sent++
		}
		err = errors.Join(err, o.err)
	}
	return sent, err
}

// Run dispatches until ctx ends: once a second, and at once when woken. It
// returns when the letters under way are done with, which takes no longer than
// a lease. Letters that a slow server holds up do not keep others back, up to
// Batch of them.
func (d *Dispatcher) Run(ctx context.Context, wake <-chan struct{}) {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()

	outcomes := make(chan outcome)
	flying := 0
	land := func(o outcome) {
		flying--
		if o.err != nil {
			d.options.Logger.Error("outbox does not answer", "error", o.err)
		}
	}
	// Of a database that is away the first failure is logged, and not each
	// second's.
	failing := false
	for ctx.Err() == nil {
		if free := d.options.Batch - flying; free > 0 {
			letters, err := d.claim(ctx, free)
			if err != nil && !failing && ctx.Err() == nil {
				d.options.Logger.Error("outbox does not answer", "error", err)
			}
			failing = err != nil
			for _, l := range letters {
				flying++
				go func() { outcomes <- d.dispatch(ctx, l) }()
			}
		}
		// Where every slot is taken there may be more: the first letter that
		// lands makes room, and need not wait for the clock.
		var full chan outcome
		if flying == d.options.Batch {
			full = outcomes
		}
		select {
		case <-ctx.Done():
		case o := <-full:
			land(o)
		case <-wake:
		case <-poll.C:
		}
		for landed := true; landed; {
			select {
			case o := <-outcomes:
				land(o)
			default:
				landed = false
			}
		}
	}
	for flying > 0 {
		land(<-outcomes)
	}
}

func (d *Dispatcher) claim(ctx context.Context, limit int) ([]auth.OutboxLetter, error) {
	letters, err := d.options.Outbox.ClaimLetters(ctx, d.options.Now(), d.options.Lease, limit)
	if err != nil {
		return nil, fmt.Errorf("mail: claim letters: %w", err)
	}
	return letters, nil
}

// An outcome is what became of one letter.
type outcome struct {
	sent   bool
	became string // Sent, Deferred or GivenUp
	err    error  // of the outbox
}

// dispatch sends one claimed letter and writes down how that went. The claim
// counted the attempt before it, so a letter that kills the process is not
// tried for ever without a trace.
func (d *Dispatcher) dispatch(ctx context.Context, l auth.OutboxLetter) outcome {
	// A server that is told to stop finishes what it began: half a conversation
	// with a mail server may or may not be a letter.
	ctx, end := d.options.Watch.Letter(context.WithoutCancel(ctx), l.Kind)
	o := d.see(ctx, l)
	end(o.became)
	return o
}

// see is dispatch, watched.
func (d *Dispatcher) see(ctx context.Context, l auth.OutboxLetter) outcome {
	failure := d.send(ctx, l)

	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	log := d.options.Logger.With("letter", l.ID, "kind", l.Kind, "attempt", l.Attempts)
	now := d.options.Now()
	switch {
	case failure == nil:
		if err := d.options.Outbox.MarkLetterSent(ctx, l.ID, now); err != nil {
			return outcome{sent: true, became: Sent, err: fmt.Errorf("mail: mark letter sent: %w", err)}
		}
		log.Info("letter sent")
		return outcome{sent: true, became: Sent}
	case failure.Permanent || !l.CreatedAt.After(now.Add(-patience)):
		if err := d.options.Outbox.BuryLetter(ctx, l.ID, l.Attempts, now, failure.Reason); err != nil {
			return outcome{became: Deferred, err: fmt.Errorf("mail: bury letter: %w", err)}
		}
		log.Error("letter given up", "reason", failure.Reason)
		return outcome{became: GivenUp}
	}
	wait := d.wait(l.Attempts)
	if err := d.options.Outbox.RetryLetter(ctx, l.ID, l.Attempts, now.Add(wait), failure.Reason); err != nil {
		return outcome{became: Deferred, err: fmt.Errorf("mail: retry letter: %w", err)}
	}
	log.Warn("letter not sent yet", "reason", failure.Reason, "retry_in", wait)
	return outcome{became: Deferred}
}

// send opens, words and sends one letter; nil is success.
//
// A letter that cannot be opened or worded is tried again like one that cannot
// be sent: while nodes are being replaced, an old one may lack the secret or
// the template that a new one has.
func (d *Dispatcher) send(ctx context.Context, l auth.OutboxLetter) *Failure {
	if l.Void {
		return &Failure{Permanent: true, Reason: "a void letter is never sent"}
	}
	if !l.ExpiresAt.IsZero() && !d.options.Now().Before(l.ExpiresAt) {
		return &Failure{Permanent: true, Reason: "expired before it could be sent"}
	}
	letter, err := d.options.Open(l)
	if err != nil {
		return &Failure{Reason: "the letter cannot be unsealed"}
	}
	message, err := d.options.Renderer.Render(letter)
	if err != nil {
		return &Failure{Reason: "the letter cannot be put into words"}
	}
	ctx, cancel := context.WithTimeout(ctx, d.sendTimeout)
	defer cancel()
	ctx, end := d.options.Watch.Wire(ctx)
	err = d.options.Wire.Send(ctx, message)
	end(err)
	if err != nil {
		var failure *Failure
		if errors.As(err, &failure) {
			return failure
		}
		return &Failure{Reason: "the wire failed"}
	}
	return nil
}

// wait is the pause after so many attempts: 2 s doubled to 10 min, and up to a
// fifth more by chance, so that letters which failed together do not come back
// together.
func (d *Dispatcher) wait(attempts int) time.Duration {
	pause := lastWait
	// 2 s doubled nine times is over ten minutes; shifting further would run over.
	if n := attempts - 1; n < 9 {
		pause = firstWait << max(0, n)
	}
	var chance [8]byte
	d.randomness.Lock()
	_, err := io.ReadFull(d.options.Random, chance[:])
	d.randomness.Unlock()
	if err != nil {
		return pause
	}
	return pause + time.Duration(binary.LittleEndian.Uint64(chance[:])%uint64(pause/5))
}
