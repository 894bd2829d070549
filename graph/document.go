package graph

import (
	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/auth"
)

// A pass is one walk over a parsed document that adds up what running it would
// cost. It comes before validation and before anything else that walks the
// document, since those are quadratic or worse in what an attacker chooses: a
// kilobyte of fragments that spread one another twice writes out to millions of
// fields.
//
// It is linear: every selection, directive and value of the document is looked
// at once, and a fragment's cost is remembered and only added where it is
// spread. It stops at the first bound that is passed.
type pass struct {
	limits        Limits
	introspection bool
	fragments     map[string]*fragment

	steps      int  // what was looked at, so that tests can bound it
	directives int  // written so far
	inline     int  // fragments without a name, written so far
	literals   bool // a string stands in the document itself
}

// A fragment is a definition, and what it costs once that is known.
type fragment struct {
	definition *ast.FragmentDefinition
	begun      bool // it is being added up: to meet it again is a cycle
	known      bool
	cost       cost
}

// weight is for how many aliases one counts that asks for a part of the schema once
// more. What is said of all types is long, and a second time of it is more than a
// request may cost; the usual tools alias none of it. Of single types some tools ask
// for five at once, and for little of each: what the server knows of __Schema,
// __Type, __Directive, __Field and __InputValue. So those are two each, and one
// more for every dozen fields.
func weight(name string, fields int) int {
	if name == "__schema" {
		return 20
	}
	return 2 + fields/12
}

// lists says whether a field is one of introspection that lists the parts of a type.
func lists(name string) bool {
	switch name {
	case "fields", "inputFields", "enumValues", "interfaces", "possibleTypes":
		return true
	}
	return false
}

// A cost is what a selection set comes to with every fragment written out.
type cost struct {
	fields        int
	aliases       int
	depth         int // of nested fields
	introspection int // the same of paths that lead through __schema or __type; 0: there is none
	listings      int // of fields nested in one another that list parts of a type
	roots         int // fields of the set itself, __typename aside
}

// passDocument refuses a document that would cost more than the limits allow
// (DocumentTooCostly), whose fragments go in circles or are not there
// (BadDocument), or that asks about the schema where that is switched off
// (Disabled).
func passDocument(doc *ast.QueryDocument, limits Limits, introspection bool) (*pass, error) {
	p := &pass{limits: limits, introspection: introspection}
	if len(doc.Fragments) > limits.Fragments {
		return p, auth.DocumentTooCostly
	}
	if len(doc.Fragments) > 0 {
		p.fragments = make(map[string]*fragment, len(doc.Fragments))
	}
	for _, definition := range doc.Fragments {
		// Of two by one name only one would be added up, and whoever walks the
		// document next may go by the other.
		if p.fragments[definition.Name] != nil {
			return p, auth.BadDocument
		}
		p.fragments[definition.Name] = &fragment{definition: definition}
	}
	// All operations count together: each is validated, whichever is run.
	var whole cost
	for _, operation := range doc.Operations {
		c, err := p.operation(operation)
		if err != nil {
			return p, err
		}
		if c.depth > limits.Depth {
			return p, auth.DocumentTooCostly
		}
		if err := whole.add(c, limits); err != nil {
			return p, err
		}
		// Guesses at a password can't be stacked into one request, and no failing
		// neighbour makes the answer lose tokens that were just made.
		if operation.Operation == ast.Mutation && c.roots > 1 {
			return p, auth.DocumentTooCostly
		}
	}
	for _, definition := range doc.Fragments {
		if _, err := p.spread(definition.Name); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *pass) operation(o *ast.OperationDefinition) (cost, error) {
	p.steps++
	for _, variable := range o.VariableDefinitions {
		p.steps++
		if err := p.value(variable.DefaultValue, 0); err != nil {
			return cost{}, err
		}
		if err := p.directiveList(variable.Directives); err != nil {
			return cost{}, err
		}
	}
	if err := p.directiveList(o.Directives); err != nil {
		return cost{}, err
	}
	return p.selections(o.SelectionSet)
}

func (p *pass) selections(set ast.SelectionSet) (cost, error) {
	var sum cost
	for _, selection := range set {
		p.steps++
		var c cost
		var err error
		switch s := selection.(type) {
		case *ast.Field:
			c, err = p.field(s)
		case *ast.InlineFragment:
			if p.inline++; p.inline+len(p.fragments) > p.limits.Fragments {
				return cost{}, auth.DocumentTooCostly
			}
			if err = p.directiveList(s.Directives); err == nil {
				c, err = p.selections(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if err = p.directiveList(s.Directives); err == nil {
				c, err = p.spread(s.Name)
			}
		}
		if err != nil {
			return cost{}, err
		}
		if err := sum.add(c, p.limits); err != nil {
			return cost{}, err
		}
	}
	return sum, nil
}

func (p *pass) field(f *ast.Field) (cost, error) {
	about := f.Name == "__schema" || f.Name == "__type"
	if about && !p.introspection {
		return cost{}, auth.Disabled
	}
	if err := p.arguments(f.Arguments); err != nil {
		return cost{}, err
	}
	if err := p.directiveList(f.Directives); err != nil {
		return cost{}, err
	}
	c, err := p.selections(f.SelectionSet)
	if err != nil {
		return cost{}, err
	}
	c.fields++
	if f.Alias != f.Name {
		c.aliases++
	}
	// The parts of the types of the parts of all types are more than anybody reads,
	// and no tool asks for them: it has all types by then.
	if f.Name == "__schema" && c.listings > 1 {
		return cost{}, auth.DocumentTooCostly
	}
	if lists(f.Name) {
		c.listings++
	}
	switch {
	case about:
		c.aliases *= weight(f.Name, c.fields)
		c.introspection = 1 + max(c.depth, c.introspection)
		c.depth = 1
	default:
		c.depth++
		if c.introspection > 0 {
			c.introspection++
		}
	}
	c.roots = 1
	if f.Name == "__typename" {
		c.roots = 0
	}
	return c, c.within(p.limits)
}

// spread is the cost of the named fragment. One that is not there is refused
// here, though validation would too: it is quadratic in their number.
func (p *pass) spread(name string) (cost, error) {
	f := p.fragments[name]
	switch {
	case f == nil || f.begun && !f.known:
		return cost{}, auth.BadDocument
	case f.known:
		return f.cost, nil
	}
	f.begun = true
	p.steps++
	if err := p.directiveList(f.definition.Directives); err != nil {
		return cost{}, err
	}
	c, err := p.selections(f.definition.SelectionSet)
	if err != nil {
		return cost{}, err
	}
	f.cost, f.known = c, true
	return c, nil
}

func (p *pass) directiveList(list ast.DirectiveList) error {
	if p.directives += len(list); p.directives > p.limits.Directives {
		return auth.DocumentTooCostly
	}
	for _, directive := range list {
		p.steps++
		if err := p.arguments(directive.Arguments); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) arguments(list ast.ArgumentList) error {
	for _, argument := range list {
		if err := p.value(argument.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

// value walks a value that stands in the document; depth is the number of lists
// and objects around it.
func (p *pass) value(v *ast.Value, depth int) error {
	p.steps++
	if v == nil {
		return nil
	}
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		p.literals = true
	case ast.ListValue, ast.ObjectValue:
		if depth++; depth > p.limits.VariableDepth {
			return auth.DocumentTooCostly
		}
		for _, child := range v.Children {
			if err := p.value(child.Value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// add puts the cost of one more selection to that of its neighbours. Sums stay
// small, since every one of them is held to the limits.
func (c *cost) add(other cost, limits Limits) error {
	c.fields += other.fields
	c.aliases += other.aliases
	c.roots += other.roots
	c.depth = max(c.depth, other.depth)
	c.listings = max(c.listings, other.listings)
	c.introspection = max(c.introspection, other.introspection)
	return c.within(limits)
}

// within holds what has been added up so far to the limits. Whether a path is
// one of introspection shows at its root alone, so further down the larger of
// the two depths is the bound.
func (c cost) within(limits Limits) error {
	if c.fields > limits.Fields || c.aliases > limits.Aliases ||
		c.depth > max(limits.Depth, limits.IntrospectionDepth) || c.introspection > limits.IntrospectionDepth {
		return auth.DocumentTooCostly
	}
	return nil
}
