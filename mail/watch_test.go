package mail

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"gatehouse/auth"
	"gatehouse/mail/mailtest"
)

// A watcher notes what becomes of letters.
type watcher struct {
	mu   sync.Mutex
	seen []string
}

func (w *watcher) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, what)
}

func (w *watcher) Letter(ctx context.Context, kind auth.LetterKind) (context.Context, func(string)) {
	return ctx, func(became string) { w.note(string(kind) + " " + became) }
}

func (w *watcher) Wire(ctx context.Context) (context.Context, func(error)) {
	return ctx, func(err error) {
		if err != nil {
			w.note("wire failed")
			return
		}
		w.note("wire")
	}
}

func TestWhoWatchesSeesWhatBecomesOfALetter(t *testing.T) {
	t.Parallel()
	w := &watcher{}
	d := newDesk(t, func(o *Options) { o.Watch = w })
	d.drawer.put(t, d.clock.Now(), auth.LetterActivation, nil)
	d.server.Then(
		mailtest.Reaction{RefuseSender: mailtest.Refusal(451, smtp.EnhancedCode{4, 3, 0}, "later")},
		mailtest.Reaction{},
		mailtest.Reaction{RefuseRecipient: mailtest.Refusal(550, smtp.EnhancedCode{5, 1, 1}, "nobody")},
	)
	d.step(t, 0)
	d.clock.move(time.Minute)
	d.step(t, 1)
	d.drawer.put(t, d.clock.Now(), auth.LetterWelcome, nil)
	d.step(t, 0)
	want := []string{"wire failed", "activation deferred", "wire", "activation sent", "wire failed", "welcome given_up"}
	if !slices.Equal(w.seen, want) {
		t.Errorf("%q", w.seen)
	}
}
