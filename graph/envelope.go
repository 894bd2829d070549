package graph

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"gatehouse/auth"
)

// An envelope is the body of a request (GraphQL over HTTP, section "Request
// parameters").
type envelope struct {
	query         string
	operationName string
	variables     map[string]any
	extensions    map[string]any
}

// openEnvelope reads a body strictly: BadDocument where it is not one JSON
// object in UTF-8, says anything twice, or has a member of the wrong type;
// DocumentTooCostly where its values nest deeper than depth. Its errors hold
// nothing of the body, which may be a password.
//
// Package encoding/json would not do. It turns bytes that are not UTF-8 into
// U+FFFD, so that different passwords become equal; of two members of one name
// it takes the last, where a proxy in front may have judged the first; and it
// takes "QUERY" for "query". Package jsontext does none of that.
func openEnvelope(body []byte, depth int) (envelope, error) {
	// The body itself is an object around the variables, hence one more.
	members, err := readMembers(body, depth+1)
	if err != nil {
		return envelope{}, err
	}
	return envelopeOf(members)
}

// envelopeOf takes the members of an envelope apart.
func envelopeOf(members map[string]any) (envelope, error) {
	var e envelope
	var ok bool
	if e.query, ok = members["query"].(string); !ok {
		return envelope{}, auth.BadDocument
	}
	if !member(members, "operationName", &e.operationName) ||
		!member(members, "variables", &e.variables) ||
		!member(members, "extensions", &e.extensions) {
		return envelope{}, auth.BadDocument
	}
	return e, nil
}

// readMembers reads text that must be one JSON object, a batch not, of no more
// than that many levels.
func readMembers(text []byte, levels int) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, auth.BadDocument
	}
	// Half a surrogate pair, escaped, becomes U+FFFD, so that the rules can name the
	// field that holds it.
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowInvalidUTF8(true))
	value, err := readValue(d, levels)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, auth.BadDocument // something stands after it
	}
	members, ok := value.(map[string]any)
	if !ok {
		return nil, auth.BadDocument
	}
	return members, nil
}

// member takes a member that may be missing or null; false where it is of
// another type.
func member[T any](members map[string]any, name string, into *T) bool {
	value := members[name]
	if value == nil {
		return true
	}
	var ok bool
	*into, ok = value.(T)
	return ok
}

// readValue reads one value. Levels is how many lists and objects may still be
// opened.
func readValue(d *jsontext.Decoder, levels int) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, auth.BadDocument
	}
	switch kind := token.Kind(); kind { // the first character; 0 of every number
	case '"':
		return token.String(), nil
	case '0':
		return number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	case 'n':
		return nil, nil //nolint:nilnil // it is what null is
	default:
		if levels == 0 {
			return nil, auth.DocumentTooCostly
		}
		if kind == '[' {
			return readList(d, levels-1)
		}
		return readObject(d, levels-1)
	}
}

func readList(d *jsontext.Decoder, levels int) (any, error) {
	list := []any{}
	for d.PeekKind() != ']' {
		value, err := readValue(d, levels)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, closeValue(d)
}

func readObject(d *jsontext.Decoder, levels int) (any, error) {
	object := map[string]any{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken() // refused where it was there before
		if err != nil {
			return nil, auth.BadDocument
		}
		key := name.String() // before the token is overwritten by the next
		if object[key], err = readValue(d, levels); err != nil {
			return nil, err
		}
	}
	return object, closeValue(d)
}

// closeValue reads the bracket at the end of a list or an object.
func closeValue(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return auth.BadDocument
	}
	return nil
}

// number is an int64 where the text is one, a float64 otherwise. A json.Number
// would do for a String of the schema, being one for gqlgen, and a password
// could be written as a number.
func number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil // beyond any number; null is refused where one is needed
	}
	return f
}
