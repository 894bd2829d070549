package graph

// Limits bound what one request may cost. Each is a setting.
type Limits struct {
	BodyBytes          int64 // of the request's body
	Tokens             int   // lexical tokens of the document, comments included
	Depth              int   // of nested fields
	IntrospectionDepth int   // of nested fields below __schema and __type
	Fields             int   // once every fragment is written out
	Aliases            int   // once every fragment is written out
	Fragments          int   // defined in the document and written inline, together
	Directives         int   // written in the document
	VariableDepth      int   // of nested lists and objects, in variables and in the document
}

// DefaultLimits are generous for what an app asks about signing in, and let the
// introspection query of the usual tools through.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes:          64 << 10,
		Tokens:             1000,
		Depth:              10,
		IntrospectionDepth: 15,
		Fields:             300,
		Aliases:            10,
		Fragments:          20,
		Directives:         10,
		VariableDepth:      16,
	}
}
