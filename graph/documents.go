package graph

import (
	"context"
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"gatehouse/auth"
)

// Parsing and validating is most of what a small query costs, and an app asks
// the same few. What is remembered is bounded in number and in size.
const (
	rememberedDocuments = 200
	rememberedBytes     = 4 << 10
)

// documents turns the text of a document into one that may be run: parsed,
// passed, validated, in this order.
type documents struct {
	schema        *ast.Schema
	rules         [2]*rules.Rules // the second, once nothing is wrong by the first
	limits        Limits
	introspection bool
	good          *lru.Cache[string, *ast.QueryDocument]
}

func newDocuments(schema *ast.Schema, limits Limits, introspection bool) *documents {
	good, err := lru.New[string, *ast.QueryDocument](rememberedDocuments)
	if err != nil {
		panic(err) // of a size that is not positive
	}
	return &documents{
		schema: schema, rules: validationRules(), limits: limits, introspection: introspection, good: good,
	}
}

// validationRules are the rules of the specification. What they would suggest
// instead of a misspelt name is not told to strangers, so it is not computed
// either. The one that compares fields with each other is quadratic and has an
// error for every pair, so it sees only what is good otherwise: fields that
// differ in arguments of the client's own invention never get there.
func validationRules() [2]*rules.Rules {
	r := rules.NewDefaultRules()
	r.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	r.RemoveRule(rules.OverlappingFieldsCanBeMergedRule.Name)
	return [2]*rules.Rules{r, rules.NewRules(rules.OverlappingFieldsCanBeMergedRule)}
}

// A documentFault is why a document is not run, and where in it that shows.
type documentFault struct {
	code   auth.Code
	places [][]gqlerror.Location // one a fault
}

// wholeFault is one that stands nowhere in particular.
func wholeFault(code auth.Code) *documentFault {
	return &documentFault{code: code, places: make([][]gqlerror.Location, 1)}
}

// variableFault is why an operation can't be run: there is none, or a variable does
// not fit. Gqlgen says which one and why, in the client's own words; told is where
// it was declared.
func variableFault(operation *ast.OperationDefinition, e *gqlerror.Error) *documentFault {
	fault := wholeFault(auth.BadDocument)
	if operation == nil || len(e.Path) < 2 {
		return fault
	}
	if name, ok := e.Path[1].(ast.PathName); ok {
		if v := operation.VariableDefinitions.ForName(string(name)); v != nil && v.Position != nil {
			fault.places[0] = []gqlerror.Location{{Line: v.Position.Line, Column: v.Position.Column}}
		}
	}
	return fault
}

// errors are what a client is told of it.
func (f *documentFault) errors(ctx context.Context) gqlerror.List {
	var list gqlerror.List
	for _, place := range f.places[:min(len(f.places), mostErrors)] {
		e := describe(ctx, &auth.Refusal{Code: f.code})
		e.Locations = place
		list = append(list, e)
	}
	return list
}

// take gives the document that may be run, or why there is none.
func (d *documents) take(text string) (*ast.QueryDocument, *documentFault) {
	if doc, ok := d.good.Get(text); ok {
		return doc, nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, d.limits.Tokens)
	if err != nil {
		return nil, parseFault(err)
	}
	if len(doc.Operations) == 0 {
		return nil, wholeFault(auth.BadDocument)
	}
	passed, err := passDocument(doc, d.limits, d.introspection)
	if err != nil {
		var code auth.Code
		errors.As(err, &code)
		return nil, wholeFault(code)
	}
	for _, stage := range d.rules {
		list := validator.ValidateWithRules(d.schema, doc, stage)
		if len(list) == 0 {
			continue
		}
		fault := &documentFault{code: auth.BadDocument}
		for _, e := range list {
			fault.places = append(fault.places, e.Locations)
		}
		return nil, fault
	}
	// A text with a value in it may hold a password, and never comes again.
	if len(text) <= rememberedBytes && !passed.literals {
		d.good.Add(text, doc)
	}
	return doc, nil
}

// parseFault tells a document that has too many tokens from one that is not
// GraphQL: of all the parser's errors only that one stands nowhere.
func parseFault(err error) *documentFault {
	var e *gqlerror.Error
	if errors.As(err, &e) && len(e.Locations) == 0 {
		return wholeFault(auth.DocumentTooCostly)
	}
	fault := wholeFault(auth.BadDocument)
	if e != nil {
		fault.places[0] = e.Locations
	}
	return fault
}

// taken is gqlgen's cache of parsed documents, made to hold the one document of
// the request. The executor believes its cache, so it neither parses nor
// validates by itself, and nothing gets to it but by [documents.take].
type taken struct{}

type takenKey struct{}

func withTaken(ctx context.Context, doc *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, takenKey{}, doc)
}

// Get implements [graphql.Cache].
func (taken) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc, ok := ctx.Value(takenKey{}).(*ast.QueryDocument)
	return doc, ok
}

// Add implements [graphql.Cache].
func (taken) Add(context.Context, string, *ast.QueryDocument) {}
