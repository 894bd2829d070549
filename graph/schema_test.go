package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/auth"
	"gatehouse/graph/generated"
)

func contract() *ast.Schema {
	return generated.NewExecutableSchema(generated.Config{}).Schema()
}

// own says whether the type is written in schema.graphqls.
func own(d *ast.Definition) bool { return !d.BuiltIn && !strings.HasPrefix(d.Name, "__") }

func enumValues(t *testing.T, name string) []string {
	t.Helper()
	definition := contract().Types[name]
	if definition == nil {
		t.Fatalf("the schema has no enum %s", name)
	}
	var values []string
	for _, v := range definition.EnumValues {
		values = append(values, v.Name)
	}
	return values
}

func TestErrorCodeIsExactlyTheCodesOfAuth(t *testing.T) {
	t.Parallel()
	var want []string
	for _, code := range auth.Codes() {
		want = append(want, string(code))
	}
	if got := enumValues(t, "ErrorCode"); !slices.Equal(got, want) {
		t.Errorf("enum ErrorCode is\n%v\nand auth.Codes()\n%v", got, want)
	}
}

func TestEveryCodeHasASentenceOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]auth.Code{}
	for _, code := range auth.Codes() {
		s := sentence(code)
		if other, twice := seen[s]; twice {
			t.Errorf("%s and %s say the same: %q", code, other, s)
		}
		seen[s] = code
	}
}

func TestTheOtherEnumsSpeakTheLanguageOfAuth(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"CallerKind":     {string(auth.BySession), string(auth.ByImpersonator), string(auth.ByAPIToken)},
		"UserStatus":     {string(auth.Active), string(auth.Suspended)},
		"TokenTransport": {"BEARER", "COOKIE"},
		"ViolationCode": {
			string(auth.Required), string(auth.TooShort), string(auth.TooLong),
			string(auth.Malformed), string(auth.Mismatch), string(auth.PasswordTooCommon),
			string(auth.Unchanged), string(auth.Taken),
		},
	} {
		if got := enumValues(t, name); !slices.Equal(got, want) {
			t.Errorf("enum %s is %v, not %v", name, got, want)
		}
	}
}

func TestEverythingInTheContractIsDescribed(t *testing.T) {
	t.Parallel()
	schema := contract()
	described := func(what, text string) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no description", what)
		}
	}
	for _, d := range schema.Types {
		if !own(d) {
			continue
		}
		described(d.Name, d.Description)
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			described(d.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				if a.Name != "input" {
					described(d.Name+"."+f.Name+"."+a.Name, a.Description)
				}
			}
		}
		for _, v := range d.EnumValues {
			described(d.Name+"."+v.Name, v.Description)
		}
	}
	guard := schema.Directives["auth"]
	described("@auth", guard.Description)
	for _, a := range guard.Arguments {
		described("@auth "+a.Name, a.Description)
	}
}

func TestEveryMutationTakesOneInputOrNoneAndAnswersWithAPayload(t *testing.T) {
	t.Parallel()
	for _, f := range contract().Mutation.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		// Nothing, for ever: a field without arguments can't get one that must be
		// given.
		if len(f.Arguments) > 0 && (len(f.Arguments) > 1 || f.Arguments[0].Name != "input") {
			t.Errorf("%s takes %d arguments", f.Name, len(f.Arguments))
		}
		if !f.Type.NonNull || f.Type.Elem != nil {
			t.Errorf("%s answers %s, not one payload", f.Name, f.Type)
		}
	}
}

// open are the fields that everybody may ask for, each for a reason: there is
// nobody signed in yet, or it tells nothing that is not public.
func open() []string {
	return []string{
		"Query.settings", "Query.verifyToken",
		"Mutation.register", "Mutation.activate", "Mutation.resendActivation", "Mutation.declineRegistration",
		"Mutation.login", "Mutation.refresh", "Mutation.logout",
		"Mutation.requestPasswordReset", "Mutation.resetPassword",
		"Mutation.requestUsernameReset", "Mutation.resetUsername",
		"Mutation.confirmEmailChange", "Mutation.revertEmailChange",
	}
}

func TestWhatIsNotOpenByNameIsGuarded(t *testing.T) {
	t.Parallel()
	schema := contract()
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, f := range root.Fields {
			name := root.Name + "." + f.Name
			guarded := f.Directives.ForName("auth") != nil
			if !strings.HasPrefix(f.Name, "__") && guarded == slices.Contains(open(), name) {
				t.Errorf("%s: guarded is %v", name, guarded)
			}
			if guarded && root == schema.Query && f.Type.NonNull {
				t.Errorf("%s is guarded and not nullable: a refusal wipes out its neighbours", name)
			}
		}
	}
}

// TestAStrangerGetsToAUserThroughASignInOnly walks every path of the schema that
// an anonymous caller may take.
func TestAStrangerGetsToAUserThroughASignInOnly(t *testing.T) {
	t.Parallel()
	schema := contract()
	var reached []string
	var walk func(d *ast.Definition, path []string)
	walk = func(d *ast.Definition, path []string) {
		if d.Name == "User" {
			reached = append(reached, strings.Join(path, " > "))
			if !slices.Contains(path, "SignedIn") {
				t.Errorf("a stranger reaches User by %s", strings.Join(path, " > "))
			}
		}
		if slices.Contains(path, d.Name) {
			return
		}
		path = append(slices.Clone(path), d.Name)
		for _, possible := range schema.PossibleTypes[d.Name] {
			if possible != d {
				walk(possible, path)
			}
		}
		for _, f := range d.Fields {
			if f.Directives.ForName("auth") == nil && !strings.HasPrefix(f.Name, "__") {
				walk(schema.Types[f.Type.Name()], append(slices.Clone(path), f.Name))
			}
		}
	}
	walk(schema.Query, nil)
	walk(schema.Mutation, nil)
	// register, activate, login and refresh: the walk did walk.
	if len(reached) != 4 {
		t.Errorf("paths to User: %q", reached)
	}
}
