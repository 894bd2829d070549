package graph

import (
	"reflect"

	"github.com/vektah/gqlparser/v2/ast"
)

// A oneOfCheck walks the arguments of the operation that is to be run, with its
// variables put in, and holds every input that is @oneOf to exactly one member
// that is not null. Validation sees to it in literals alone: a variable may hold
// two members, or none, or a null, and of two ways to show who somebody is the
// one that is not looked at would pass unproved.
//
// It looks at each selection, and at each value of an argument, once: fragments
// are remembered, and the document pass has bounded all of them before.
type oneOfCheck struct {
	schema    *ast.Schema
	variables map[string]any // coerced
	fragments map[string]bool
}

// keepsOneOf says whether every @oneOf input of the operation is one.
func keepsOneOf(schema *ast.Schema, operation *ast.OperationDefinition, variables map[string]any) bool {
	c := oneOfCheck{schema: schema, variables: variables, fragments: map[string]bool{}}
	for _, v := range operation.VariableDefinitions {
		// Also where the variable is used in a field that is skipped.
		if !c.value(v.Type, variables[v.Variable]) {
			return false
		}
	}
	return c.selections(operation.SelectionSet)
}

func (c *oneOfCheck) selections(set ast.SelectionSet) bool {
	for _, selection := range set {
		good := true
		switch s := selection.(type) {
		case *ast.Field:
			good = c.arguments(s) && c.selections(s.SelectionSet)
		case *ast.InlineFragment:
			good = c.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			if !c.fragments[s.Name] {
				c.fragments[s.Name] = true
				good = c.selections(s.Definition.SelectionSet)
			}
		}
		if !good {
			return false
		}
	}
	return true
}

func (c *oneOfCheck) arguments(f *ast.Field) bool {
	if len(f.Arguments) == 0 {
		return true
	}
	values := f.ArgumentMap(c.variables)
	for _, definition := range f.Definition.Arguments {
		if !c.value(definition.Type, values[definition.Name]) {
			return false
		}
	}
	return true
}

// value looks at a coerced value of the type: maps for objects, slices of
// whatever kind for lists, of which one with a single element may stand without
// its list.
func (c *oneOfCheck) value(t *ast.Type, value any) bool {
	if value == nil {
		return true
	}
	if list := reflect.ValueOf(value); list.Kind() == reflect.Slice && t.Elem != nil {
		for i := range list.Len() {
			if !c.value(t.Elem, list.Index(i).Interface()) {
				return false
			}
		}
		return true
	}
	definition := c.schema.Types[t.Name()]
	object, ok := value.(map[string]any)
	if !ok || definition == nil || definition.Kind != ast.InputObject {
		return true
	}
	if definition.Directives.ForName("oneOf") != nil && !single(object) {
		return false
	}
	for _, member := range definition.Fields {
		if !c.value(member.Type, object[member.Name]) {
			return false
		}
	}
	return true
}

// single holds for exactly one member that is not null. A member that is null
// counts as given (GraphQL specification, "OneOf Input Objects").
func single(object map[string]any) bool {
	for _, value := range object {
		return len(object) == 1 && value != nil
	}
	return false
}
