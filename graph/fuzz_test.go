package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"gatehouse/auth"
)

// FuzzEnvelope holds that what is taken for an envelope is JSON that says each
// thing once, and means to everybody what it means here.
func FuzzEnvelope(f *testing.F) {
	f.Add(`{"query":"{a}","variables":{"a":[1,{"b":null}]}}`)
	f.Add(`{"query":"{a}","query":"{b}"}`)
	f.Add(`{"query":"{a}","operationName":"A","extensions":{"n":1e400}}`)
	f.Add(`[{"query":"{a}"}]`)
	f.Add("{\"query\":\"\\ud800\"}")
	f.Fuzz(func(t *testing.T, body string) {
		got, err := openEnvelope([]byte(body), 16)
		if err != nil {
			if !errors.Is(err, auth.BadDocument) && !errors.Is(err, auth.DocumentTooCostly) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		var theirs struct {
			Query         string         `json:"query"`
			OperationName string         `json:"operationName"`
			Variables     map[string]any `json:"variables"`
			Extensions    map[string]any `json:"extensions"`
		}
		// encoding/json would take a member in another case; a map does not.
		var exact map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &exact); err != nil || !utf8.ValidString(body) {
			t.Fatalf("%q is no JSON object: %v", body, err)
		}
		for name, into := range map[string]any{
			"query": &theirs.Query, "operationName": &theirs.OperationName, "variables": &theirs.Variables, "extensions": &theirs.Extensions,
		} {
			text, there := exact[name]
			if !there {
				continue
			}
			// A number that no float holds is null to us, and an error to others.
			if err := json.Unmarshal(text, into); err != nil && name != "variables" && name != "extensions" {
				t.Fatalf("%q: %v", body, err)
			}
		}
		if got.query != theirs.Query || got.operationName != theirs.OperationName || len(got.variables) != len(exactMembers(exact["variables"])) {
			t.Errorf("%q is %+v to us and %+v to others", body, got, theirs)
		}
		// Written down it is read as the same again; but for -0, which is 0 where
		// it is no fraction.
		again := written(t, got)
		twice, err := openEnvelope(again, 16)
		if err != nil || !bytes.Equal(again, written(t, twice)) && !bytes.Contains(again, []byte("-0")) {
			t.Errorf("%q, written as %q, is then %q: %v", body, again, written(t, twice), err)
		}
	})
}

func written(t *testing.T, e envelope) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"query": e.query, "operationName": e.operationName, "variables": e.variables, "extensions": e.extensions,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// exactMembers are those of an object; none of what is no object.
func exactMembers(text json.RawMessage) (members map[string]json.RawMessage) {
	if text != nil && json.Unmarshal(text, &members) != nil {
		return nil
	}
	return members
}

// FuzzDocument holds that no document costs more steps than it has tokens, and
// that one which is taken is within the limits however it is counted: here by
// writing its fragments out.
func FuzzDocument(f *testing.F) {
	for _, d := range hostileDocuments() {
		f.Add(d.text)
	}
	f.Add(introspectionQuery())
	operations, err := filepath.Glob("../e2e/testdata/operations/*.graphql")
	if err != nil || len(operations) == 0 {
		f.Fatalf("no operations: %v", err)
	}
	for _, name := range operations {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	limits := DefaultLimits()
	documents := newDocuments(served(contract()), limits, true)
	f.Fuzz(func(t *testing.T, text string) {
		doc, fault := documents.take(text)
		documents.good.Purge()
		if fault != nil {
			if fault.code != auth.BadDocument && fault.code != auth.DocumentTooCostly {
				t.Errorf("refused with %v", fault.code)
			}
			return
		}
		passed, err := passDocument(doc, limits, true)
		if err != nil || passed.steps > limits.Tokens {
			t.Errorf("taken, and then: %d steps, %v", passed.steps, err)
		}
		for _, operation := range doc.Operations {
			var sum cost
			writtenOut(doc, operation.SelectionSet, 1, &sum)
			if sum.fields > limits.Fields || sum.aliases > limits.Aliases || sum.depth > limits.IntrospectionDepth {
				t.Errorf("%q is taken, and written out it is %+v", text, sum)
			}
		}
	})
}
