package graph

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"

	"gatehouse/auth"
)

// parseAll parses without a limit to stop at.
func parseAll(text string) (*ast.QueryDocument, error) {
	return parser.ParseQuery(&ast.Source{Input: text})
}

func parsed(t *testing.T, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := parseAll(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// nested is a field in a field, depth of them.
func nested(depth int, field string) string {
	return strings.Repeat(field+"{", depth-1) + "x" + strings.Repeat("}", depth-1)
}

// doubling is a chain of fragments each of which spreads the next one twice:
// written out, two to the power of their number.
func doubling(fragments int) string {
	var b strings.Builder
	b.WriteString("{settings{...f0}}")
	for i := range fragments - 1 {
		fmt.Fprintf(&b, " fragment f%d on Settings{...f%d ...f%d}", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on Settings{registrationOpen}", fragments-1)
	return b.String()
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if strings.Contains(format, "%") {
			fmt.Fprintf(&b, format, i)
		} else {
			b.WriteString(format)
		}
	}
	return b.String()
}

func TestThePassHoldsADocumentToItsLimits(t *testing.T) {
	t.Parallel()
	costly := auth.DocumentTooCostly
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"depth 10":                           {"{" + nested(10, "a") + "}", nil},
		"depth 11":                           {"{" + nested(11, "a") + "}", costly},
		"depth 11 by a fragment":             {"{" + strings.Repeat("a{", 5) + "...f" + strings.Repeat("}", 5) + "} fragment f on T{" + nested(6, "a") + "}", costly},
		"depth 16 in a fragment nobody uses": {"{a} fragment f on T{" + nested(16, "a") + "}", costly},
		"inline fragments are no depth":      {"{" + strings.Repeat("...{", 15) + "x" + strings.Repeat("}", 15) + "}", nil},
		"introspection 15":                   {"{__schema{" + nested(14, "a") + "}}", nil},
		"introspection 16":                   {"{__schema{" + nested(15, "a") + "}}", costly},
		"__type 16":                          {"{__type(name:\"User\"){" + nested(15, "a") + "}}", costly},
		"introspection 16 by a fragment":     {"{__schema{a{...f}}} fragment f on T{" + nested(14, "a") + "}", costly},
		"depth beside introspection":         {"{__schema{x} " + nested(11, "a") + "}", costly},
		"300 fields":                         {"{" + many(300, "x ") + "}", nil},
		"301 fields":                         {"{" + many(301, "x ") + "}", costly},
		"301 fields in two operations":       {"query A{" + many(150, "x ") + "} query B{" + many(151, "x ") + "}", costly},
		"300 fields by fragments":            {"{" + many(30, "...f ") + "} fragment f on T{" + many(10, "x ") + "}", nil},
		"301 fields by fragments":            {"{x " + many(30, "...f ") + "} fragment f on T{" + many(10, "x ") + "}", costly},
		"two to the power of 19":             {doubling(20), costly},
		"10 aliases":                         {"{" + many(10, "a%d:x ") + "}", nil},
		"11 aliases":                         {"{" + many(11, "a%d:x ") + "}", costly},
		"all types twice":                    {"{__schema{types{x} a:types{x}}}", costly},
		"all types twice by a fragment":      {"{__schema{types{...f}}} fragment f on T{x a:x}", costly},
		"the schema twice":                   {"{__schema{types{x}} a:__schema{types{x}}}", costly},
		"parts of types":                     {"{__schema{types{fields{args{type{x}} type{x}} inputFields{type{x}}}}}", nil},
		"parts of parts of types":            {"{__schema{types{fields{type{inputFields{x}}}}}}", costly},
		"the same by fragments":              {"{__schema{types{...f}}} fragment f on T{fields{type{...g}}} fragment g on T{interfaces{x}}", costly},
		"parts of parts of one type":         {"{__type(name:\"A\"){fields{type{fields{x}}}}}", nil},
		"6 types":                            {"{__type(name:\"A\"){x} " + many(5, "a%d:__type(name:\"A\"){x} ") + "}", nil},
		"7 types":                            {"{__type(name:\"A\"){x} " + many(6, "a%d:__type(name:\"A\"){x} ") + "}", costly},
		"3 types at length":                  {"{__type(name:\"A\"){x} " + many(2, "a%d:__type(name:\"A\"){"+strings.Repeat("x ", 35)+"} ") + "}", nil},
		"3 types at greater length":          {"{__type(name:\"A\"){x} " + many(2, "a%d:__type(name:\"A\"){"+strings.Repeat("x ", 50)+"} ") + "}", costly},
		"a type 7 times by a fragment":       {"{a:__type(name:\"A\"){...f}} fragment f on T{x " + many(5, "a%d:x ") + "}", costly},
		"an alias that is the name":          {"{" + many(20, "x:x ") + "}", nil},
		"12 aliases by fragments":            {"{a{...f} b{...f} c{...f}} fragment f on T{" + many(4, "a%d:x ") + "}", costly},
		"20 fragments":                       {"{x}" + many(20, " fragment f%d on T{x}"), nil},
		"21 fragments":                       {"{x}" + many(21, " fragment f%d on T{x}"), costly},
		"21 fragments, one inline":           {"{...on T{x}}" + many(20, " fragment f%d on T{x}"), costly},
		"21 inline fragments":                {"{" + many(21, "...{x} ") + "}", costly},
		"10 directives":                      {"{x" + many(10, " @a") + "}", nil},
		"11 directives on a field":           {"{x" + many(11, " @a") + "}", costly},
		"11 directives here and there":       {"query($v:Int @a @a) @a @a {x @a @a ...f @a @a ...@a{x}} fragment f on T @a {x @a}", costly},
		"values 16 deep":                     {"{x(a:" + strings.Repeat("[", 16) + strings.Repeat("]", 16) + ")}", nil},
		"values 17 deep":                     {"{x(a:" + strings.Repeat("[", 17) + strings.Repeat("]", 17) + ")}", costly},
		"objects 17 deep":                    {"{x(a:" + strings.Repeat("{a:", 17) + "1" + strings.Repeat("}", 17) + ")}", costly},
		"a default 17 deep":                  {"query($v:I=" + strings.Repeat("[", 17) + strings.Repeat("]", 17) + "){x}", costly},
		"a directive's value 17 deep":        {"{x @a(a:" + strings.Repeat("[", 17) + strings.Repeat("]", 17) + ")}", costly},
		"a fragment in itself":               {"{...f} fragment f on T{x ...f}", auth.BadDocument},
		"a fragment in itself, unused":       {"{x} fragment f on T{a{...f}}", auth.BadDocument},
		"two fragments of one name":          {"{...a} fragment a on T{...a} fragment a on T{x}", auth.BadDocument},
		"fragments in a circle":              {"{...a} fragment a on T{...b} fragment b on T{...c} fragment c on T{x ...a}", auth.BadDocument},
		"a fragment that is not there":       {"{...f}", auth.BadDocument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := passDocument(parsed(t, c.text), DefaultLimits(), true); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAMutationHasOneTopLevelField(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		"mutation{login{x}}":                                                                       nil,
		"mutation{a:login{x}}":                                                                     nil,
		"mutation{__typename login{x}}":                                                            nil,
		"mutation{a:__typename b:__typename login{x} __typename}":                                  nil,
		"mutation{...f} fragment f on Mutation{__typename login{x}}":                               nil,
		"mutation{...{...on Mutation{login{x}}}}":                                                  nil,
		"mutation A{login{x}} mutation B{login{x}}":                                                nil,
		"query{login logout}":                                                                      nil,
		"mutation{login{x} login{x}}":                                                              auth.DocumentTooCostly,
		"mutation{a:login{x} b:login{x}}":                                                          auth.DocumentTooCostly,
		"mutation{login{x} logout{x}}":                                                             auth.DocumentTooCostly,
		"mutation{__typename:login{x} b:login{x}}":                                                 auth.DocumentTooCostly,
		"mutation{login @skip(if:true){x} logout{x}}":                                              auth.DocumentTooCostly,
		"mutation{login{x} ...{logout{x}}}":                                                        auth.DocumentTooCostly,
		"mutation{...{login{x}} ...{logout{x}}}":                                                   auth.DocumentTooCostly,
		"mutation{...f logout{x}} fragment f on Mutation{login{x}}":                                auth.DocumentTooCostly,
		"mutation{...f ...f} fragment f on Mutation{login{x}}":                                     auth.DocumentTooCostly,
		"mutation{...f} fragment f on Mutation{...g a:logout{x}} fragment g on Mutation{login{x}}": auth.DocumentTooCostly,
		"query A{x} mutation B{login{x} logout{x}}":                                                auth.DocumentTooCostly,
	} {
		if _, err := passDocument(parsed(t, text), DefaultLimits(), true); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
}

func TestTheSchemaIsNotToldWhereIntrospectionIsOff(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{__schema{x}}", "{a:__schema{x}}", "{__type(name:\"User\"){x}}",
		"{...f} fragment f on Query{__schema{x}}", "{...{__schema{x}}}", "mutation{__schema{x}}",
		"query A{x} query B{__schema{x}}",
	} {
		if _, err := passDocument(parsed(t, text), DefaultLimits(), false); !errors.Is(err, auth.Disabled) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if _, err := passDocument(parsed(t, "{__typename x}"), DefaultLimits(), false); err != nil {
		t.Errorf("__typename is no introspection: %v", err)
	}
}

// TestThePassIsLinear doubles documents of every hostile shape, with no limit to
// stop at, and expects no more than twice the steps.
func TestThePassIsLinear(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Fields, limits.Fragments, limits.Depth, limits.Aliases, limits.Directives = 1<<40, 1<<40, 1<<40, 1<<40, 1<<40
	for name, shape := range map[string]func(n int) string{
		"doubling":    doubling,
		"wide":        func(n int) string { return "{" + many(n, "x ") + "}" },
		"deep":        func(n int) string { return "{" + nested(n, "a") + "}" },
		"spreads":     func(n int) string { return "{" + many(n, "...f ") + "} fragment f on T{x}" },
		"overlapping": func(n int) string { return "{" + many(n, "settings{brand{name}}") + "}" },
	} {
		steps := func(n int) int {
			p, err := passDocument(parsed(t, shape(n)), limits, true)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return p.steps
		}
		if small, large := steps(16), steps(32); large > 2*small+8 {
			t.Errorf("%s: %d steps became %d", name, small, large)
		}
	}
}

// TestThePassAgreesWithWritingTheFragmentsOut compares the remembered sums with
// the slow way, over random documents.
func TestThePassAgreesWithWritingTheFragmentsOut(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	rapid.Check(t, func(t *rapid.T) {
		const fragments = 4
		var selections func(deep, from int) string
		selections = func(deep, from int) string {
			var b strings.Builder
			for range rapid.IntRange(1, 3).Draw(t, "selections") {
				switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
				case kind == 0 && deep > 0:
					b.WriteString("a{" + selections(deep-1, from) + "} ")
				case kind == 1 && deep > 0:
					b.WriteString("...{" + selections(deep-1, from) + "} ")
				case kind == 2 && from < fragments:
					fmt.Fprintf(&b, "...f%d ", rapid.IntRange(from, fragments-1).Draw(t, "fragment"))
				default:
					b.WriteString("b:x ")
				}
			}
			return b.String()
		}
		text := "{" + selections(3, 0) + "}"
		for i := range fragments {
			text += fmt.Sprintf(" fragment f%d on T{%s}", i, selections(2, i+1))
		}
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := cost{}
		writtenOut(doc, doc.Operations[0].SelectionSet, 1, &want)
		generous := limits
		generous.Fields, generous.Aliases, generous.Fragments = 1<<40, 1<<40, 1<<40
		if want.depth > limits.Depth {
			if _, err := passDocument(doc, generous, true); !errors.Is(err, auth.DocumentTooCostly) {
				t.Fatalf("%s: %d deep, and the answer is %v", text, want.depth, err)
			}
			return
		}
		p := &pass{limits: generous, fragments: map[string]*fragment{}}
		for _, f := range doc.Fragments {
			p.fragments[f.Name] = &fragment{definition: f}
		}
		got, err := p.operation(doc.Operations[0])
		got.roots = 0
		if err != nil || got != want {
			t.Fatalf("%s: got %+v (%v), want %+v", text, got, err, want)
		}
	})
}

func writtenOut(doc *ast.QueryDocument, set ast.SelectionSet, depth int, sum *cost) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			sum.fields++
			if s.Alias != s.Name {
				sum.aliases++
			}
			sum.depth = max(sum.depth, depth)
			writtenOut(doc, s.SelectionSet, depth+1, sum)
		case *ast.InlineFragment:
			writtenOut(doc, s.SelectionSet, depth, sum)
		case *ast.FragmentSpread:
			writtenOut(doc, doc.Fragments.ForName(s.Name).SelectionSet, depth, sum)
		}
	}
}
