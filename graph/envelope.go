package graph

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

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
// encoding/json alone would not do. It turns bytes that are not UTF-8 into
// U+FFFD, so that different passwords become equal; of two members of one name
// it takes the last, where a proxy in front may have judged the first; and it
// takes "QUERY" for "query".
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
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, auth.BadDocument
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	value, err := readValue(d, levels)
	if err != nil {
		return nil, err
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

// readValue reads one value of JSON that is known to be well-formed. Levels is
// how many lists and objects may still be opened.
func readValue(d *json.Decoder, levels int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, auth.BadDocument
	}
	switch t := token.(type) {
	case json.Number:
		return number(t), nil
	case json.Delim:
		if levels == 0 {
			return nil, auth.DocumentTooCostly
		}
		if t == '[' {
			return readList(d, levels-1)
		}
		return readObject(d, levels-1)
	default:
		return token, nil
	}
}

func readList(d *json.Decoder, levels int) (any, error) {
	list := []any{}
	for d.More() {
		value, err := readValue(d, levels)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, closeValue(d)
}

func readObject(d *json.Decoder, levels int) (any, error) {
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, auth.BadDocument
		}
		name, _ := key.(string)
		if _, twice := object[name]; twice {
			return nil, auth.BadDocument
		}
		value, err := readValue(d, levels)
		if err != nil {
			return nil, err
		}
		object[name] = value
	}
	return object, closeValue(d)
}

// closeValue reads the bracket at the end of a list or an object.
func closeValue(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return auth.BadDocument
	}
	return nil
}

// number is an int64 where the text is one, a float64 otherwise. A json.Number
// would do for a String of the schema, being one for gqlgen, and a password
// could be written as a number.
func number(n json.Number) any {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return nil // beyond any number; null is refused where one is needed
	}
	return f
}
