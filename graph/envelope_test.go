package graph

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/auth"
)

func TestAnEnvelopeIsReadStrictly(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return `{"query":"{settings{x}}","variables":{"a":` +
			strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}}`
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"all members":                 {`{"query":"{a}","operationName":"A","variables":{"a":[1,{"b":null}]},"extensions":{}}`, nil},
		"null members":                {`{"query":"{a}","operationName":null,"variables":null,"extensions":null}`, nil},
		"a member it does not know":   {`{"query":"{a}","id":"x"}`, nil},
		"space around":                {" \n{\"query\":\"{a}\"}\n ", nil},
		"variables 16 deep":           {nested(16), nil},
		"variables 17 deep":           {nested(17), auth.DocumentTooCostly},
		"far too deep":                {nested(9000), auth.DocumentTooCostly},
		"deep in a member it ignores": {`{"query":"{a}","x":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, auth.DocumentTooCostly},
		"nothing":                     {``, auth.BadDocument},
		"null":                        {`null`, auth.BadDocument},
		"a string":                    {`"{a}"`, auth.BadDocument},
		"a batch":                     {`[{"query":"{a}"}]`, auth.BadDocument},
		"no query":                    {`{}`, auth.BadDocument},
		"a null query":                {`{"query":null}`, auth.BadDocument},
		"a query that is a number":    {`{"query":1}`, auth.BadDocument},
		"a query in another case":     {`{"QUERY":"{a}"}`, auth.BadDocument},
		"a name that is a number":     {`{"query":"{a}","operationName":1}`, auth.BadDocument},
		"variables that are a list":   {`{"query":"{a}","variables":[]}`, auth.BadDocument},
		"variables that are a string": {`{"query":"{a}","variables":"{}"}`, auth.BadDocument},
		"extensions that are a list":  {`{"query":"{a}","extensions":[]}`, auth.BadDocument},
		"query twice":                 {`{"query":"{a}","query":"{b}"}`, auth.BadDocument},
		"query twice, once escaped":   {`{"query":"{a}","\u0071uery":"{b}"}`, auth.BadDocument},
		"a variable twice":            {`{"query":"{a}","variables":{"p":"1","p":"2"}}`, auth.BadDocument},
		"twice further down":          {`{"query":"{a}","variables":{"i":[{"p":"1","p":null}]}}`, auth.BadDocument},
		"twice in an ignored member":  {`{"query":"{a}","x":{"p":1,"p":1}}`, auth.BadDocument},
		"something after it":          {`{"query":"{a}"}{}`, auth.BadDocument},
		"a comma after it":            {`{"query":"{a}"},`, auth.BadDocument},
		"half of it":                  {`{"query":"{a}"`, auth.BadDocument},
		"a comma too many":            {`{"query":"{a}",}`, auth.BadDocument},
		"bytes that are no UTF-8":     {"{\"query\":\"{a}\",\"variables\":{\"p\":\"\xff\"}}", auth.BadDocument},
		"half a surrogate in bytes":   {"{\"query\":\"{a}\",\"variables\":{\"p\":\"\xed\xa0\x80\"}}", auth.BadDocument},
		"half a surrogate escaped":    {`{"query":"{a}","variables":{"p":"\ud800"}}`, nil}, // the rules refuse it
		"a byte order mark":           {"\ufeff{\"query\":\"{a}\"}", auth.BadDocument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := openEnvelope([]byte(c.body), 16); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAnEnvelopeKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	got, err := openEnvelope([]byte(`{"query":"{a}","operationName":"A","variables":{"s":"ü","i":9007199254740993,"f":1.5,"b":true,"n":null,"l":[],"o":{}}}`), 16)
	if err != nil {
		t.Fatal(err)
	}
	want := envelope{query: "{a}", operationName: "A", variables: map[string]any{
		"s": "ü", "i": int64(9007199254740993), "f": 1.5, "b": true, "n": nil, "l": []any{}, "o": map[string]any{},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(envelope{})); diff != "" {
		t.Error(diff)
	}
}
