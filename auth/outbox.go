package auth

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// LabelLetter is the label under which letters are sealed.
const LabelLetter = "letter"

// writeLetter puts a letter into the outbox, in the transaction of the fact
// that it tells. A void letter costs the same work and keeps nothing: there is
// nobody to tell, and a stranger must not learn that from the time it took.
func (s *Service) writeLetter(ctx context.Context, q Queries, c Client, l Letter, void bool) error {
	if l.ID == uuid.Nil {
		l.ID = s.newID(c.Now)
	}
	l.At = c.Now
	l.IPAddress, l.UserAgent = c.address(), c.UserAgent
	if l.Locale == "" {
		l.Locale = s.settings.DefaultLocale
	}
	plain, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("auth: encode letter: %w", err)
	}
	sealed, err := s.secrets.Seal(s.random, LabelLetter, plain, l.ID[:])
	if err != nil {
		return fmt.Errorf("auth: seal letter: %w", err)
	}
	if void {
		sealed = nil
	}
	return q.InsertLetter(ctx, OutboxLetter{
		ID: l.ID, Kind: l.Kind, Recipient: s.recipients(l.To)[0], Sealed: sealed, Void: void,
		CreatedAt: c.Now, ExpiresAt: l.ExpiresAt,
	})
}

// labelRecipient is the label of the HMAC by which letters to an address are
// found.
const labelRecipient = "recipient"

// recipients are what letters to the address are known by: under the secret in
// use first, and under those before it.
func (s *Service) recipients(address string) [][]byte {
	// A stored address was parsed before it was stored; nobody's is "".
	email, _ := ParseAddress(address)
	return s.secrets.MACs(labelRecipient, email.Key)
}

// recipientsOf are what letters to any of the addresses are known by.
func (s *Service) recipientsOf(addresses []Address) [][]byte {
	var recipients [][]byte
	for _, address := range addresses {
		recipients = append(recipients, s.recipients(address.Text)...)
	}
	return recipients
}

// OpenLetter unseals a letter for whoever sends it.
func OpenLetter(secrets Secrets, sealed OutboxLetter) (Letter, error) {
	plain, err := secrets.Open(LabelLetter, sealed.Sealed, sealed.ID[:])
	if err != nil {
		return Letter{}, fmt.Errorf("auth: open letter: %w", err)
	}
	var l Letter
	if err := json.Unmarshal(plain, &l); err != nil {
		return Letter{}, fmt.Errorf("auth: decode letter: %w", err)
	}
	return l, nil
}

// TestLetter is what an operator sends to see that mail arrives. InvalidInput
// where the address is none.
func (s *Service) TestLetter(address string) (Letter, error) {
	email, fault := ParseAddress(address)
	var faults violations
	faults.add("address", fault)
	if err := faults.refusal(); err != nil {
		return Letter{}, err
	}
	now := s.Now()
	return Letter{
		ID: s.newID(now), Kind: LetterTest, To: email.Text,
		Locale: s.settings.DefaultLocale, At: now,
	}, nil
}
