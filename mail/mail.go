// Package mail words letters and carries them: it turns an [auth.Letter], which
// is facts without wording, into a message that a person can read, and hands
// that to a wire.
//
// A letter comes out of the [Outbox], sealed. The [Dispatcher] claims it under
// a lease, opens it, has the [Renderer] put it into words in the recipient's
// language, and gives the [Message] to the one [Wire] that MAIL_URL names: the
// log, a folder, an SMTP server, or Resend. What fails for now is tried again,
// ever more seldom; what is refused for good, or too old, is buried loudly.
//
// Whatever is said twice is said with the same words: the same letter makes the
// same message, byte by byte, with the letter's ID as Message-ID and as
// idempotency key, so that a receiver can tell a repetition from news after a
// crash between sending a letter and writing down that it was sent.
package mail

import (
	"context"
	"time"

	"github.com/google/uuid"

	"gatehouse/auth"
)

// An Outbox keeps letters until they are sent. It is shared by all nodes; each
// call is atomic.
type Outbox interface {
	// ClaimLetters takes up to limit letters that are due and neither void, nor
	// sent, nor dead, oldest first. It raises Attempts of each, and nobody else
	// is given it before now+lease.
	ClaimLetters(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]auth.OutboxLetter, error)
	// MarkLetterSent notes that the letter is out, and wipes its content.
	MarkLetterSent(ctx context.Context, id uuid.UUID, now time.Time) error
	// RetryLetter makes the letter due again at an instant, unless it was sent
	// or claimed anew since the claim that counted attempts.
	RetryLetter(ctx context.Context, id uuid.UUID, attempts int, at time.Time, reason string) error
	// BuryLetter gives the letter up and wipes its content, unless it was sent
	// or claimed anew since the claim that counted attempts.
	BuryLetter(ctx context.Context, id uuid.UUID, attempts int, now time.Time, reason string) error
}

// A Message is a letter in words, ready for a wire.
type Message struct {
	ID      uuid.UUID // the letter's: Message-ID and idempotency key
	Kind    auth.LetterKind
	To      string    // one bare address
	Date    time.Time // when the letter was written, not when it is sent: a repetition is the same message
	Subject string
	Text    string
	HTML    string
}

// A Wire carries messages. It may be used by several goroutines at once.
type Wire interface {
	// Send returns once the message is somebody else's to deliver. An error is
	// a [*Failure]; the message may have arrived all the same. Send ends with
	// its context.
	Send(ctx context.Context, m Message) error
	// Exposes reports whether messages end up, live links included, where the
	// operator can read them: in the log or a folder. Such a wire is for a
	// server on loopback only.
	Exposes() bool
}

// A Failure says why a message was not taken. Its reason is fixed words and
// status codes: what a server answers in prose may quote the recipient, and an
// error of a library the credentials, so none of that is kept.
type Failure struct {
	// Permanent means that trying again cannot help: the recipient or the
	// content was refused.
	Permanent bool
	Reason    string
}

// Error is the reason.
func (f *Failure) Error() string { return "mail: send message: " + f.Reason }
