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

func TestEveryEndOfASessionHasAReasonInTheContract(t *testing.T) {
	t.Parallel()
	reasons := enumValues(t, "SessionEndReason")
	told := map[string]bool{}
	for _, reason := range auth.EndReasons() {
		shown := string(presentEndReason(reason))
		if !slices.Contains(reasons, shown) {
			t.Errorf("%s is told as %s, which enum SessionEndReason has not", reason, shown)
		}
		told[shown] = true
	}
	// What a client may be told one day it can be ready for now.
	toCome := []string{"FACTORS_CHANGED", "ROLES_CHANGED", "PROVIDER_LOGOUT"}
	for _, reason := range reasons {
		if told[reason] == slices.Contains(toCome, reason) {
			t.Errorf("%s: told is %v", reason, told[reason])
		}
	}
}

func TestASubscriptionLetsInWhoHasASession(t *testing.T) {
	t.Parallel()
	field := contract().Subscription.Fields.ForName("sessionEnded")
	for kind, want := range map[auth.CallerKind]bool{
		auth.Anonymous: false, auth.BySession: true, auth.ByImpersonator: true, auth.ByAPIToken: false,
	} {
		if got := admitted(t, field, kind); got != want {
			t.Errorf("a caller of the kind %q gets in: %v", kind, got)
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
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
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

// admitted says whether the guard of a field lets the kind of caller in: by the
// directive as it is written, and its default where it says nothing.
func admitted(t *testing.T, f *ast.FieldDefinition, kind auth.CallerKind) bool {
	t.Helper()
	guard := f.Directives.ForName("auth")
	if guard == nil {
		return true
	}
	by := contract().Directives["auth"].Arguments.ForName("by").DefaultValue
	if written := guard.Arguments.ForName("by"); written != nil {
		by = written.Value
	}
	kinds, err := by.Value(nil)
	if err != nil {
		t.Fatal(err)
	}
	return kind != auth.Anonymous && slices.Contains(kinds.([]any), any(string(kind)))
}

// TestEachKindOfCallerGetsToUsersByThesePathsAlone walks every path of the schema
// that a caller of the kind may take. A stranger gets to a user by signing in;
// of those who are signed in nobody gets to another's, since no path leads
// through anything but oneself.
func TestEachKindOfCallerGetsToUsersByThesePathsAlone(t *testing.T) {
	t.Parallel()
	schema := contract()
	signingIn := []string{
		"Mutation.register RegisterPayload.signedIn SignedIn.user",
		"Mutation.activate LoginResult SignedIn.user", "Mutation.login LoginResult SignedIn.user", "Mutation.refresh SignedIn.user",
	}
	for kind, want := range map[auth.CallerKind][]string{
		auth.Anonymous: signingIn,
		auth.BySession: slices.Concat(signingIn, []string{
			"Query.me", "Mutation.updateProfile UpdateProfilePayload.user", "Mutation.changeUsername ChangeUsernamePayload.user",
		}),
		auth.ByImpersonator: slices.Concat(signingIn, []string{"Query.me"}),
		auth.ByAPIToken:     slices.Concat(signingIn, []string{"Query.me"}),
	} {
		var reached []string
		var walk func(d *ast.Definition, path, through []string)
		walk = func(d *ast.Definition, path, through []string) {
			if d.Name == "User" {
				reached = append(reached, strings.Join(path, " "))
			}
			if slices.Contains(through, d.Name) {
				return
			}
			through = append(slices.Clone(through), d.Name)
			for _, possible := range schema.PossibleTypes[d.Name] {
				if possible != d {
					walk(possible, append(slices.Clone(path), d.Name), through)
				}
			}
			for _, f := range d.Fields {
				if !strings.HasPrefix(f.Name, "__") && admitted(t, f, kind) {
					walk(schema.Types[f.Type.Name()], append(slices.Clone(path), d.Name+"."+f.Name), through)
				}
			}
		}
		walk(schema.Query, nil, nil)
		walk(schema.Mutation, nil, nil)
		walk(schema.Subscription, nil, nil)
		slices.Sort(reached)
		slices.Sort(want)
		if !slices.Equal(reached, want) {
			t.Errorf("a caller of the kind %q gets to users by\n%s\nand not by\n%s", kind, strings.Join(reached, "\n"), strings.Join(want, "\n"))
		}
	}
}
