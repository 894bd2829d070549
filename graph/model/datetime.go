// Package model holds the shapes of the contract as Go types: generated from
// schema.graphqls, and the one scalar that GraphQL does not bring along.
package model

import (
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// dateTimeLayout has exactly three digits of a second, as the scalar's
// specification demands (https://scalars.graphql.org/andimarek/date-time.html).
// Being of fixed width it also keeps answers the same length.
const dateTimeLayout = "2006-01-02T15:04:05.000Z"

// MarshalDateTime writes an instant as scalar DateTime has it: in UTC, cut to
// the millisecond.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+FormatDateTime(t)+`"`)
	})
}

// FormatDateTime is the text of scalar DateTime, for instants inside of JSON.
func FormatDateTime(t time.Time) string { return t.UTC().Format(dateTimeLayout) }

// UnmarshalDateTime reads an instant in RFC 3339 form. Its error does not
// repeat what was read.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, fmt.Errorf("model: read DateTime: a string is needed")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("model: read DateTime: not in RFC 3339 form")
	}
	return t.UTC(), nil
}
