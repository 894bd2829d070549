package graph

import (
	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/auth"
)

// hashing says whether an operation hashes a password, whatever its input says,
// and how urgently. A mutation has one field. Of one that is not recognised here,
// behind a fragment say, or that hashes now and then only, as activate does, the
// resolver says that there is no room.
func hashing(operation *ast.OperationDefinition) (urgency auth.Urgency, hashes bool) {
	if operation == nil || operation.Operation != ast.Mutation {
		return 0, false
	}
	for _, selection := range operation.SelectionSet {
		field, ok := selection.(*ast.Field)
		if !ok {
			continue
		}
		switch field.Name {
		case "login", "reauthenticate", "changePassword":
			return auth.Proving, true
		case "register", "resetPassword":
			return auth.Choosing, true
		}
	}
	return 0, false
}
