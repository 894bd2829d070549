package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// A holder is whose an address is: the account that has it, the one that may
// take it back, or nobody's.
type holder struct {
	User
	reservation Reservation // zero unless the address is one that may be taken back
}

func (h holder) exists() bool { return h.ID != uuid.Nil }

// reserved holds where the account has another address by now.
func (h holder) reserved() bool { return !h.reservation.ExpiresAt.IsZero() }

// told is the letter to the owner that somebody wanted the address, and whether
// there is nobody to get it. Whose way back is open is reminded of that: the
// account goes by another address, and the letters to its owner speak of this
// one.
func (h holder) told(kind LetterKind) (letter Letter, void bool) {
	letter = Letter{Kind: kind, To: h.Email.Text, Name: h.greeted(), Locale: h.Locale}
	if h.reserved() {
		letter.Kind, letter.To, letter.ExpiresAt = LetterAddressReserved, h.reservation.Email.Text, h.reservation.ExpiresAt
	}
	return letter, h.Status != Active
}

// holderOf finds whose the address is, by the same two statements for everybody.
func (s *Service) holderOf(ctx context.Context, c Client, emailKey string) (holder, error) {
	account, err := s.store.AccountByEmail(ctx, emailKey)
	exists, err := found(err)
	if err != nil {
		return holder{}, err
	}
	reservation, err := s.store.ReservationOf(ctx, emailKey, c.Now)
	if _, err := found(err); err != nil {
		return holder{}, err
	}
	if exists {
		return holder{User: account.User}, nil
	}
	return holder{User: reservation.User, reservation: reservation}, nil
}

// unreserved says whether nobody may take the address back. It is asked after
// the address was written: whoever leaves it reserves it in one transaction, for
// whose end the unique index of addresses has waited.
func (s *Service) unreserved(ctx context.Context, q Queries, c Client, emailKey string) (bool, error) {
	_, err := q.ReservationOf(ctx, emailKey, c.Now)
	reserved, err := found(err)
	return !reserved, err
}

// addressesOf are the address of the user and those that it may take back, which
// are nobody else's meanwhile; each once.
func addressesOf(ctx context.Context, q Queries, user User, now time.Time) ([]Address, error) {
	ways, err := q.WaysBack(ctx, user.ID, now)
	if err != nil {
		return nil, err
	}
	addresses := []Address{user.Email}
	for _, way := range ways {
		if !slices.Contains(keysOf(addresses), way.EmailKey) {
			addresses = append(addresses, Address{Text: way.Email, Key: way.EmailKey})
		}
	}
	return addresses, nil
}

func keysOf(addresses []Address) []string {
	keys := make([]string, len(addresses))
	for i, address := range addresses {
		keys[i] = address.Key
	}
	return keys
}
