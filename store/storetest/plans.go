package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gatehouse/auth"
)

// A Plan is how the database goes about a statement.
type Plan struct {
	Statement string
	// Scans are the tables, or indexes, that it reads from end to end.
	Scans []string
	// Whole is the plan in the words of the database.
	Whole string
}

// mayScan are the tables that a method may read from end to end, and why that
// is no matter.
func mayScan() map[string][]string {
	return map[string][]string{
		// A handful of keys, read at the start and a few times an hour.
		"SigningKeys":       {"signing_keys"},
		"RetireSigningKeys": {"signing_keys"},
		"DropSigningKey":    {"signing_keys"},
		"ResealSigningKey":  {"signing_keys"},
		// Who else is an administrator is asked when an account is deleted.
		"LockUserAndHolders": {"users", "JSON_EACH"},
	}
}

// planless are the methods without a plan to look at: BlacklistChanged and
// LockSessions ask for no rows, InTx sends what its function does, and the others
// are about all there is, once in a while, at an operator's word.
func planless() []string {
	return []string{
		"BlacklistChanged", "LockSessions", "InTx",
		"EndEverySession", "SumOfSessions", "CountSealedLetters", "SecretsNeededUntil",
	}
}

// plans is about growth: a statement that reads a whole table is as fast as any
// while there are ten users, and stops a server that has a million.
func plans(t *testing.T, s *subject) {
	calls, may := everyCall(t, s), mayScan()
	full := []auth.Meter{newRate(1)}
	value(s.One.ReserveAttempts(t.Context(), full, noon))(t)
	calls["ReserveAttempts, refused"] = func(ctx context.Context, n Node) error {
		return first(n.ReserveAttempts(ctx, full, noon))
	}
	must(t, s.Fill(t.Context(), noon))
	methods := map[string]bool{}
	for name, call := range calls {
		method, _, _ := strings.Cut(name, ",")
		methods[method] = true
		t.Run(name+" looks along an index", func(t *testing.T) {
			sent, err := s.Explain(t.Context(), func() error { return call(t.Context(), s.One) })
			must(t, err)
			if len(sent) == 0 {
				t.Fatal("nothing was sent")
			}
			for _, plan := range sent {
				for _, table := range plan.Scans {
					if !slices.Contains(may[method], table) {
						t.Errorf("%s\nreads all of %s:\n%s", plan.Statement, table, plan.Whole)
					}
				}
			}
		})
	}
	t.Run("no method is left out", func(t *testing.T) {
		nodes := reflect.TypeFor[Node]()
		for i := range nodes.NumMethod() {
			if name := nodes.Method(i).Name; !methods[name] && !slices.Contains(planless(), name) {
				t.Errorf("%s is not among the calls", name)
			}
		}
	})
}
