package auth

import (
	"context"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"time"
)

// A Rate allows N attempts a Per, and after a burst of N one each Per/N: the
// generic cell rate algorithm (GCRA), which needs a single instant a key. The
// zero Rate does not limit.
type Rate struct {
	N   int
	Per time.Duration
}

// Emission is the time after which one attempt is given back.
func (r Rate) Emission() time.Duration { return r.Per / time.Duration(r.N) }

// A Backoff lets Free failures through and then makes the caller wait 1, 2, 4
// ... seconds after each, up to Longest.
type Backoff struct {
	Free    int
	Longest time.Duration
}

// Limits are the limits on attempts. The zero Limits limit nothing.
type Limits struct {
	Off bool

	// Failures at a password: by identifier, by client address, and in a row on
	// the account however it was spelt.
	SignIn           Backoff
	SignInPerAddress []Rate
	SignInFailures   int

	// Failures at six digits.
	CodePerAccount []Rate
	CodePerAddress []Rate

	// Letters that anybody may ask for.
	MailPerAccount []Rate
	MailPerAddress []Rate

	RegisterPerAddress        []Rate
	RegisterLettersPerNetwork []Rate // of one address from one client network
	RegisterLettersPerAccount []Rate

	// Kept by each process for itself.
	RefreshPerSession Rate
	RefreshPerAddress Rate
}

// A Meter is one counter of attempts: a key, and either a Rate or a Backoff.
type Meter struct {
	// Key is an HMAC of what is counted, so that the table holds no address.
	Key     string
	Rate    Rate
	Backoff Backoff // counts where Rate is zero
	// Silent meters do not refuse: what they would refuse is answered as ever
	// and done without effect, since the refusal itself would tell a stranger.
	Silent bool
}

// A RefusedMeter is a meter that did not let an attempt through, and the time
// from which it will.
type RefusedMeter struct {
	Key   string
	Until time.Time
}

// labelAttempts is the label of the keys' HMAC.
const labelAttempts = "attempts"

// rates makes a meter of each rate for one subject.
func (s *Service) rates(silent bool, rates []Rate, name string, subject ...string) []Meter {
	meters := make([]Meter, len(rates))
	for i, r := range rates {
		meters[i] = Meter{Key: s.meterKey(name+"/"+strconv.Itoa(i), subject...), Rate: r, Silent: silent}
	}
	return meters
}

func (s *Service) meterKey(name string, subject ...string) string {
	mac := s.secrets.MAC(labelAttempts, append([]string{name}, subject...)...)
	return base64.RawURLEncoding.EncodeToString(mac[:16])
}

// signInMeter counts wrong passwords by the identifier as typed, in canonical
// form: by the account, it would tell which addresses have one.
func (s *Service) signInMeter(identifier string) Meter {
	return Meter{Key: s.meterKey("sign_in", identifier), Backoff: s.limits.SignIn}
}

// signInMeters are all that a password is counted by.
func (s *Service) signInMeters(c Client, identifier string) []Meter {
	byAddress := s.rates(false, s.limits.SignInPerAddress, "sign_in_address", c.Counted())
	return append(byAddress, s.signInMeter(identifier))
}

// mailMeters are all that a letter to an address is counted by.
func (s *Service) mailMeters(c Client, email Address) []Meter {
	byAddress := s.rates(false, s.limits.MailPerAddress, "mail_address", c.Counted())
	return append(byAddress, s.rates(true, s.limits.MailPerAccount, "mail", email.Key)...)
}

// reserve counts an attempt before anything is hashed or compared, so that of
// many at once only as many as are allowed get through. It refuses with
// RateLimited; silenced says that a silent meter was full, and counted are the
// others: only they may be given back, or an attempt that a full meter never
// counted would empty it. An error of storage is a refusal too: no attempt goes
// uncounted.
func (s *Service) reserve(ctx context.Context, c Client, meters []Meter) (counted []Meter, silenced bool, err error) {
	if s.limits.Off || len(meters) == 0 {
		return nil, false, nil
	}
	refused, err := s.store.ReserveAttempts(ctx, meters, c.Now)
	if err != nil {
		return nil, false, err
	}
	untilOf := make(map[string]time.Time, len(refused))
	for _, r := range refused {
		untilOf[r.Key] = r.Until
	}
	var until time.Time
	for _, m := range meters {
		switch at, full := untilOf[m.Key]; {
		case !full:
			counted = append(counted, m)
		case m.Silent:
			silenced = true
		case at.After(until):
			until = at
		}
	}
	if until.IsZero() {
		if !silenced {
			return counted, false, nil
		}
		// An attempt that comes to nothing takes nothing from the longer limits: a
		// stranger's burst would otherwise cost the owner a day's letters at once.
		loud := slices.DeleteFunc(slices.Clone(counted), func(m Meter) bool { return m.Silent })
		quiet := slices.DeleteFunc(counted, func(m Meter) bool { return !m.Silent })
		return loud, true, s.giveBack(ctx, quiet)
	}
	if err := s.giveBack(ctx, counted); err != nil {
		return nil, false, err
	}
	return nil, false, &Refusal{Code: RateLimited, RetryAfter: until.Sub(c.Now)}
}

// giveBack returns attempts that came to nothing: nothing was hashed or
// compared. It is done although the client may have gone.
func (s *Service) giveBack(ctx context.Context, meters []Meter) error {
	if s.limits.Off || len(meters) == 0 {
		return nil
	}
	return s.store.ReleaseAttempts(context.WithoutCancel(ctx), meters, nil)
}

// unspent gives the attempts back and answers err, for which they came to nothing:
// that is what the client has to hear. Where they can't be given back they count
// as if they had been made.
func (s *Service) unspent(ctx context.Context, meters []Meter, err error) error {
	if failed := s.giveBack(ctx, meters); failed != nil {
		s.logger.ErrorContext(ctx, "attempts not given back", slog.Any("error", failed))
	}
	return err
}

// succeed settles the attempts of a sign-in that was right: the identifier's
// count is cleared, and of the address only this attempt is taken back, so that
// a guesser can not clear his own count by signing in to an account of his.
func (s *Service) succeed(ctx context.Context, q Queries, meters []Meter) error {
	if s.limits.Off || len(meters) == 0 {
		return nil
	}
	var back, clear []Meter
	for _, m := range meters {
		if m.Rate.N == 0 {
			clear = append(clear, m)
		} else {
			back = append(back, m)
		}
	}
	return q.ReleaseAttempts(ctx, back, clear)
}
