package graph

import "testing"

func TestTheAnswerIsOfTheTypeThatTheClientPrefers(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                                  mediaJSON,
		"*/*":                               mediaJSON,
		"application/*":                     mediaJSON,
		"text/html":                         mediaJSON,
		"application/json":                  mediaJSON,
		"application/graphql-response+json": mediaGraphQL,
		"application/graphql-response+json; charset=utf-8":                        mediaGraphQL,
		"APPLICATION/GraphQL-Response+JSON":                                       mediaGraphQL,
		"application/graphql-response+json, application/json":                     mediaGraphQL,
		"application/json, application/graphql-response+json":                     mediaGraphQL,
		"application/json, application/graphql-response+json;q=0.9":               mediaJSON,
		"application/graphql-response+json;q=0.5, application/json;q=0.4, */*":    mediaGraphQL,
		"application/graphql-response+json;q=0":                                   mediaJSON,
		"application/graphql-response+json;q=seven":                               mediaJSON,
		"application/graphql-response+json;q=1000, application/json":              mediaJSON,
		";;;, application/graphql-response+json":                                  mediaGraphQL,
		"application/graphql-response+json;q=0.9;charset=utf-8, application/json": mediaJSON,
	} {
		if got := answerMedia([]string{accept}); got != want {
			t.Errorf("Accept: %s gives %s", accept, got)
		}
	}
	if got := answerMedia([]string{"text/html", mediaGraphQL}); got != mediaGraphQL {
		t.Errorf("the second Accept header is not read: %s", got)
	}
}

func TestOnlyJSONInUTF8IsTaken(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		"application/json":                      true,
		"application/json; charset=utf-8":       true,
		"Application/JSON;charset=\"UTF-8\"":    true,
		"application/json; charset=iso-8859-1":  false,
		"application/json; charset=utf-16":      false,
		"application/json;;":                    false,
		"":                                      false,
		"text/plain":                            false,
		"text/plain; application/json":          false,
		"application/graphql":                   false,
		"application/graphql-response+json":     false,
		"application/x-www-form-urlencoded":     false,
		"multipart/form-data; boundary=x":       false,
		"application/json, application/json":    false,
		"application/json-patch+json":           false,
		"application/json; charset=utf-8; q=\"": false,
	} {
		if got := takesJSON(contentType); got != want {
			t.Errorf("Content-Type %q: taken is %v", contentType, got)
		}
	}
}
