package mail

import (
	"context"

	"gatehouse/auth"
)

// What becomes of a try to send a letter.
const (
	Sent     = "sent"
	Deferred = "deferred" // and tried again
	GivenUp  = "given_up"
)

// A Watch sees letters go out, for metrics and traces: of which kind they are,
// and neither to whom they go nor what they say.
type Watch interface {
	// Letter is told of a try to send one; end, of what became of it. What is done
	// for it gets the context.
	Letter(ctx context.Context, kind auth.LetterKind) (within context.Context, end func(became string))
	// Wire is told of the conversation with the mail server in it.
	Wire(ctx context.Context) (within context.Context, end func(error))
}

// nobody watches.
type nobody struct{}

func (nobody) Letter(ctx context.Context, _ auth.LetterKind) (context.Context, func(string)) {
	return ctx, func(string) {}
}

func (nobody) Wire(ctx context.Context) (context.Context, func(error)) {
	return ctx, func(error) {}
}
