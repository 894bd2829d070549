// Package graph is the GraphQL edge of Gatehouse: it translates and decides
// nothing.
//
// The model in a paragraph: [NewHandler] takes a POST, reads its envelope
// strictly, parses the document, lets the document pass count what it would
// cost, and only then validates and runs it. A resolver takes the
// [auth.Caller] that the server put into the context, calls the rule of package
// auth that bears the field's name, and hands what comes back to present.go,
// the one page on which a domain value becomes an answer. The @auth directive
// asks [auth.Service.Authorize]. Every failure leaves by one presenter, which
// knows a fixed sentence for each code and nothing else.
package graph

//go:generate go tool gqlgen generate
