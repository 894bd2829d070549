package auth

import (
	"context"
	"errors"
)

// A reset is what a link that anybody may ask for is to set anew.
type reset struct {
	purpose LinkPurpose
	letter  LetterKind
	event   EventType // "" where asking is no fact of the audit log
}

// requestReset writes a link to the address, if it belongs to an account. What
// is answered and done is the same for everybody: otherwise asking would tell
// who has one.
func (s *Service) requestReset(ctx context.Context, c Caller, address string, r reset) (string, error) {
	var faults violations
	email, fault := ParseAddress(address)
	faults.add("email", fault)
	if err := faults.refusal(); err != nil {
		return "", err
	}
	_, silenced, err := s.reserve(ctx, c.Client, s.mailMeters(c.Client, email))
	if err != nil {
		return "", err
	}
	err = s.writeReset(ctx, c, email, silenced, r)
	if errors.Is(err, ErrNotFound) {
		// The account was deleted since it was read. Looked for anew there is nobody;
		// a failure would tell that there was somebody until now, and so would
		// counting the request twice.
		err = s.writeReset(ctx, c, email, silenced, r)
	}
	if err != nil {
		return "", err
	}
	s.wake()
	return address, nil
}

// writeReset writes the link and its letter, or their like where they are to come
// to nothing; ErrNotFound where the account is deleted meanwhile.
func (s *Service) writeReset(ctx context.Context, c Caller, email Address, silenced bool, r reset) error {
	account, err := s.holderOf(ctx, c.Client, email.Key)
	if err != nil {
		return err
	}
	reg, err := s.store.NewestRegistration(ctx, email.Key, c.Now)
	registered, err := found(err)
	if err != nil {
		return err
	}

	good := account.Status == Active && !account.reserved() && !silenced
	token := s.newSecret()
	link := s.newLink(c.Client, r.purpose, token, email.Key, c.Now.Add(s.settings.PasswordResetLifetime), good)
	// A newer link kills the older; one that is silenced kills nothing, or a
	// stranger could keep the owner from ever using one. Then the same statement
	// looks under an ID that nothing has.
	older := LinkFilter{UserID: s.newID(c.Now), Purposes: []LinkPurpose{r.purpose}}
	if good {
		link.UserID, older.UserID = account.ID, account.ID
	}
	letter := Letter{
		Kind: r.letter, To: account.Email.Text, Name: account.greeted(),
		Locale: account.Locale, Token: token, ExpiresAt: link.ExpiresAt,
	}
	void := !good
	switch {
	case account.reserved():
		letter, void = account.told(LetterAddressReserved)
		void = void || silenced
	case !account.exists() && registered && !silenced:
		letter = Letter{Kind: LetterNoAccount, To: reg.Email.Text, Locale: reg.Locale}
		void = false
	}
	var asked []Event
	if r.event != "" {
		asked = append(asked, s.event(c.Client, r.event, account.ID, nil))
	}
	return s.store.InTx(ctx, func(q Queries) error {
		if err := replaceLinks(ctx, q, older, link); err != nil {
			return err
		}
		if err := s.writeLetter(ctx, q, c.Client, letter, void); err != nil {
			return err
		}
		return q.InsertEvents(ctx, asked...)
	})
}
