package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"gatehouse/auth"
	"gatehouse/graph/generated"
)

// A Watch sees what is asked, for metrics and traces. It is told names of the
// schema and codes, and nothing of the client's own: an alias, the name of an
// operation or its document may say anything, a password perhaps.
type Watch interface {
	// Operation is told of an operation of the kind (query, mutation) that is run.
	// What is done for it gets the context.
	Operation(ctx context.Context, kind string) (within context.Context, end func())
	// Field is told of a root field of it; end, of the code that it, or what is
	// below it, was refused with first, "" where it was not.
	Field(ctx context.Context, name string) (within context.Context, end func(auth.Code))
	// Refused is told of each refusal that leaves.
	Refused(auth.Code)
}

// RootFields are the names that a [Watch] may be told. Subscriptions are streams:
// how many there are is for [Streams.Open] to tell.
func RootFields() []string {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	var names []string
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, field := range root.Fields {
			if field.Name[0] != '_' { // __schema and __type
				names = append(names, field.Name)
			}
		}
	}
	return names
}

// watchFields tells of root fields.
func watchFields(w Watch) graphql.RootFieldMiddleware {
	return func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
		field := graphql.GetRootFieldContext(ctx).Field
		ctx, end := w.Field(ctx, field.Name)
		answer := next(ctx)
		end(firstCode(graphql.GetErrors(ctx), field.Alias))
		return answer
	}
}

// firstCode is that of the first error at or below a root field, which its alias
// names in paths.
func firstCode(list gqlerror.List, alias string) auth.Code {
	for _, e := range list {
		if len(e.Path) == 0 || e.Path[0] != ast.PathName(alias) {
			continue
		}
		if code, ok := e.Extensions["code"].(auth.Code); ok {
			return code
		}
	}
	return ""
}

// refused tells of a refusal, where somebody watches.
func (p presenter) refused(code auth.Code) {
	if p.watch != nil {
		p.watch.Refused(code)
	}
}
