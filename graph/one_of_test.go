package graph

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// provable is a schema with a @oneOf input of two members wherever one may
// stand: the contract has fewer.
func provable(t *testing.T) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: `
		input Proof @oneOf { password: String code: String again: Proof list: [Proof] }
		input Wrapped { proof: Proof! more: [Proof!] }
		type Query { one(input: Proof!): Query many(input: [Proof!]): Query wrapped(input: Wrapped): Query plain: Int }`})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestAOneOfInputHasExactlyOneMemberByVariableAndLiteral(t *testing.T) {
	t.Parallel()
	schema := provable(t)
	type vars = map[string]any
	const one = "query($i: Proof!) { one(input: $i) { plain } }"
	const literal = "query($p: String, $c: String) { one(input: {password: $p, code: $c}) { plain } }"
	const wrapped = "query($i: Wrapped) { wrapped(input: $i) { plain } }"
	const many = "query($i: [Proof!]) { many(input: $i) { plain } }"
	good := vars{"password": "x"}
	for name, c := range map[string]struct {
		document  string
		variables vars
		kept      bool
	}{
		"one member":                    {one, vars{"i": good}, true},
		"none":                          {one, vars{"i": vars{}}, false},
		"a null":                        {one, vars{"i": vars{"password": nil}}, false},
		"two":                           {one, vars{"i": vars{"password": "x", "code": "y"}}, false},
		"two, one of them null":         {one, vars{"i": vars{"password": "x", "code": nil}}, false},
		"nested, one":                   {one, vars{"i": vars{"again": good}}, true},
		"nested, two":                   {one, vars{"i": vars{"again": vars{"password": "x", "code": "y"}}}, false},
		"nested in a list, none":        {one, vars{"i": vars{"list": []any{good, vars{}}}}, false},
		"by default, two":               {`query($i: Proof! = {password: "x"}) { one(input: $i) { plain } }`, vars{"i": vars{"password": "x", "code": "y"}}, false},
		"by default, one":               {`query($i: Proof! = {password: "x"}) { one(input: $i) { plain } }`, vars{}, true},
		"a literal, one":                {`{ one(input: {password: "x"}) { plain } }`, nil, true},
		"a literal, two":                {`{ one(input: {password: "x", code: "y"}) { plain } }`, nil, false},
		"a literal, none":               {`{ one(input: {}) { plain } }`, nil, false},
		"a literal, null":               {`{ one(input: {password: null}) { plain } }`, nil, false},
		"a literal of variables, two":   {literal, vars{"p": "x", "c": "y"}, false},
		"a variable member, null":       {"query($p: String!) { one(input: {password: $p}) { plain } }", vars{"p": "x"}, true},
		"a list, all with one":          {many, vars{"i": []any{good, good}}, true},
		"a list, one with two":          {many, vars{"i": []any{good, vars{"password": "x", "code": "y"}}}, false},
		"a list of one without list":    {many, vars{"i": vars{"password": "x", "code": "y"}}, false},
		"a list that is null":           {many, vars{"i": nil}, true},
		"inside another, one":           {wrapped, vars{"i": vars{"proof": good}}, true},
		"inside another, none":          {wrapped, vars{"i": vars{"proof": vars{}}}, false},
		"inside another's list, two":    {wrapped, vars{"i": vars{"proof": good, "more": []any{vars{"password": "x", "code": "y"}}}}, false},
		"deep in the document":          {"query($i: Proof!) { one(input: {password: \"x\"}) { ... { one(input: $i) { plain } } } }", vars{"i": vars{}}, false},
		"in a fragment":                 {"query($i: Wrapped) { ...f } fragment f on Query { one(input: {password: \"x\"}) { ...g } } fragment g on Query { wrapped(input: $i) { plain } }", vars{"i": vars{"proof": vars{}}}, false},
		"in a field that is skipped":    {"query($i: Proof!) { plain one(input: $i) @skip(if: true) { plain } }", vars{"i": vars{}}, false},
		"of another operation":          {"query A { plain } query B($i: Proof!) { one(input: $i) { plain } }", nil, true},
		"no argument where none is due": {"{ many { plain } }", nil, true},
	} {
		doc, err := parser.ParseQuery(&ast.Source{Input: c.document})
		if err != nil {
			t.Fatal(err)
		}
		// Validation finds what it can in literals, and says what each selection
		// is; the rest is for the walk.
		found := validator.ValidateWithRules(schema, doc, nil)
		variables, err := validator.VariableValues(schema, doc.Operations[0], c.variables)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if kept := len(found) == 0 && keepsOneOf(schema, doc.Operations[0], variables); kept != c.kept {
			t.Errorf("%s: let through is %v (%v)", name, kept, found)
		}
	}
}

func TestOfReauthenticateExactlyOneProofIsTaken(t *testing.T) {
	t.Parallel()
	const document = "mutation($input: ReauthenticateInput!) { reauthenticate(input: $input) { accessToken } }"
	for name, c := range map[string]struct {
		body   string
		passes bool
	}{
		"by variable":         {request(document, `{"input":{"password":"horse"}}`), true},
		"by variable, none":   {request(document, `{"input":{}}`), false},
		"by variable, null":   {request(document, `{"input":{"password":null}}`), false},
		"by literal":          {request(`mutation{reauthenticate(input:{password:"horse"}){accessToken}}`), true},
		"by literal, none":    {request(`mutation{reauthenticate(input:{}){accessToken}}`), false},
		"by literal, null":    {request(`mutation{reauthenticate(input:{password:null}){accessToken}}`), false},
		"a member, null":      {request(`mutation($p:String){reauthenticate(input:{password:$p}){accessToken}}`, `{"p":null}`), false},
		"a member, left out":  {request(`mutation($p:String){reauthenticate(input:{password:$p}){accessToken}}`), false},
		"a member, and given": {request(`mutation($p:String!){reauthenticate(input:{password:$p}){accessToken}}`, `{"p":"horse"}`), true},
	} {
		b := newBench(nil)
		ran := false
		b.reauthenticate = func(_ context.Context, in model.ReauthenticateInput) (*model.ReauthenticatePayload, error) {
			ran = in.Password != nil && *in.Password == "horse"
			return nil, auth.InvalidCredentials
		}
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", mediaGraphQL)
		w := httptest.NewRecorder()
		ctx := WithRequestID(WithCaller(r.Context(), auth.Caller{Kind: auth.BySession}), "req-1")
		b.handler.ServeHTTP(w, r.WithContext(ctx))
		refused := w.Code == http.StatusBadRequest && strings.Contains(w.Body.String(), string(auth.BadDocument))
		if ran != c.passes || refused == c.passes || strings.Contains(w.Body.String(), "horse") {
			t.Errorf("%s: run %v, %d %s", name, ran, w.Code, w.Body)
		}
	}
}
