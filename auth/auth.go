// Package auth holds the rules of Gatehouse: who may become a user, who is let
// in, for how long, and what ends it.
//
// The model in a paragraph: somebody who registers leaves a [Registration];
// activating it makes a [User]. Signing in makes a [Session], which gives out
// short-lived access tokens (JWTs that anybody can verify) and one refresh
// token at a time, each of which is good for one rotation. Ending a session
// writes a [BlacklistedToken], so that its access tokens die before their time.
// Whatever must be told to a person is a [Letter], written to an outbox in the
// transaction of the fact itself, and every fact an auditor would ask for is an
// [Event].
//
// The package does no I/O. Storage is the [Store] port; clock, randomness and
// logger are handed in; GraphQL, HTTP and Ent types never appear here. Every
// rule takes the [Caller] as a parameter, so that one that forgets who asks
// does not compile.
package auth

import "errors"

// ErrNotFound is what a [Store] answers where no row has the asked-for key. It
// leaves this package for operators alone, who may know what there is: for
// clients a rule turns it into the refusal that tells no more than it may.
var ErrNotFound = errors.New("auth: not found")
