package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

const (
	// networkKnownFor is how long a network stays known after a sign-in from it.
	networkKnownFor = 30 * 24 * time.Hour
	// networkNotedEvery is how often that is written: a sign-in is cheaper
	// without it.
	networkNotedEvery = 24 * time.Hour
)

// labelNetwork is the label of the HMAC by which an account's networks are kept.
const labelNetwork = "known network"

// KnownNetworkQueries keep from where users have signed in. A network is kept as
// an HMAC of itself and the account, so that the rows tell of nobody where they
// were, nor who was there together.
type KnownNetworkQueries interface {
	// NetworkKnownUntil is until when the latest of the keys is known; zero where
	// none is.
	NetworkKnownUntil(ctx context.Context, keys [][]byte, now time.Time) (time.Time, error)
	// NoteNetwork makes the key known until expiresAt.
	NoteNetwork(ctx context.Context, userID uuid.UUID, key []byte, expiresAt time.Time) error
	// ForgetNetworks forgets all of the user.
	ForgetNetworks(ctx context.Context, userID uuid.UUID) error
	// BeginKnownSignIn is [UserQueries.BeginSignIn] whatever the failures: below
	// maxFailures they are cleared, from there on they stay until a reset.
	BeginKnownSignIn(ctx context.Context, userID uuid.UUID, version, maxFailures int, now time.Time) (bool, error)
}

// A vicinity is a client's network, as an account knows it. Strangers who guess
// at an account make its identifier wait, and lock it in the end; who comes from
// where its user has signed in lately is counted apart, so that this is no way
// to keep the user out. A neighbour there can find out that somebody of the
// network has an account, and guess on at the pace of the waits.
type vicinity struct {
	keys  [][]byte // under the secret in use first
	until time.Time
}

func (v vicinity) known() bool { return !v.until.IsZero() }

// vicinityOf looks up the client's network. Nobody's account has the zero ID,
// which no network is kept for: the statement is the same.
func (s *Service) vicinityOf(ctx context.Context, c Client, userID uuid.UUID) (vicinity, error) {
	v := s.newVicinity(c, userID)
	var err error
	v.until, err = s.store.NetworkKnownUntil(ctx, v.keys, c.Now)
	return v, err
}

// newVicinity is the client's network before anybody has looked it up.
func (s *Service) newVicinity(c Client, userID uuid.UUID) vicinity {
	return vicinity{keys: s.secrets.MACs(labelNetwork, userID.String(), c.network())}
}

// knownMeters are all that a password is counted by that comes from a known
// network of the account: by the identifier too, or a neighbour could find out
// which username goes with which address.
func (s *Service) knownMeters(c Client, userID uuid.UUID, identifier string) []Meter {
	byAddress := s.rates(false, s.limits.SignInPerAddress, "sign_in_address", c.Counted())
	return append(byAddress, Meter{
		Key: s.meterKey("known", userID.String(), c.network(), identifier), Backoff: s.limits.SignIn,
	})
}

// noteNetwork makes the network of a sign-in known for a while.
func (s *Service) noteNetwork(ctx context.Context, q Queries, c Client, userID uuid.UUID, v vicinity) error {
	if c.Now.Add(networkKnownFor - networkNotedEvery).Before(v.until) {
		return nil
	}
	return q.NoteNetwork(ctx, userID, v.keys[0], c.Now.Add(networkKnownFor))
}
