package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

const settingsQuery = "{settings{brand{name}}}"

func TestAQueryIsAnsweredInBothMediaTypes(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	for _, media := range []string{mediaJSON, mediaGraphQL} {
		a := b.ask(t, request(settingsQuery), "Accept", media)
		if a.Code != http.StatusOK || string(a.Data) != `{"settings":{"brand":{"name":"Acme"}}}` || a.Errors != nil {
			t.Errorf("%s: %d %s", media, a.Code, a.Body)
		}
		if got := a.Header().Get("Content-Type"); got != media+"; charset=utf-8" {
			t.Errorf("%s is answered as %s", media, got)
		}
		if a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("Vary") != "Accept" {
			t.Errorf("headers: %v", a.Header())
		}
	}
}

func TestARequestThatIsNoneIsRefusedWithItsStatus(t *testing.T) {
	t.Parallel()
	const secret = "correct horse battery"
	good := request(settingsQuery)
	for name, c := range map[string]struct {
		method, contentType, body string
		status                    int
		code                      auth.Code
	}{
		"GET":                  {http.MethodGet, "application/json", good, 405, auth.BadDocument},
		"HEAD":                 {http.MethodHead, "application/json", good, 405, ""},
		"PUT":                  {http.MethodPut, "application/json", good, 405, auth.BadDocument},
		"OPTIONS":              {http.MethodOptions, "", "", 405, auth.BadDocument},
		"a form":               {http.MethodPost, "application/x-www-form-urlencoded", "query=" + secret, 415, auth.BadDocument},
		"a multipart form":     {http.MethodPost, "multipart/form-data; boundary=x", "--x\r\n\r\n" + secret + "\r\n--x--", 415, auth.BadDocument},
		"plain text":           {http.MethodPost, "text/plain", good, 415, auth.BadDocument},
		"no media type":        {http.MethodPost, "", good, 415, auth.BadDocument},
		"another charset":      {http.MethodPost, "application/json; charset=latin1", good, 415, auth.BadDocument},
		"an empty body":        {http.MethodPost, "application/json", "", 400, auth.BadDocument},
		"broken JSON":          {http.MethodPost, "application/json", `{"query":"` + secret, 400, auth.BadDocument},
		"a batch":              {http.MethodPost, "application/json", "[" + good + "]", 400, auth.BadDocument},
		"a duplicate":          {http.MethodPost, "application/json", `{"query":"{a}","variables":{"password":"` + secret + `","password":""}}`, 400, auth.BadDocument},
		"no UTF-8":             {http.MethodPost, "application/json", "{\"query\":\"" + secret + "\xff\"}", 400, auth.BadDocument},
		"variables of a list":  {http.MethodPost, "application/json", `{"query":"{a}","variables":["` + secret + `"]}`, 400, auth.BadDocument},
		"more than 64 KiB":     {http.MethodPost, "application/json", `{"query":"` + secret + strings.Repeat(" ", 64<<10) + `"}`, 413, auth.DocumentTooCostly},
		"variables far nested": {http.MethodPost, "application/json", `{"query":"` + secret + `","variables":{"a":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + "}}", 400, auth.DocumentTooCostly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, media := range []string{mediaJSON, mediaGraphQL} {
				r := httptest.NewRequest(c.method, "/graphql", strings.NewReader(c.body))
				r.Header.Set("Accept", media)
				if c.contentType != "" {
					r.Header.Set("Content-Type", c.contentType)
				}
				a := newBench(nil).send(t, r)
				if a.Code != c.status || a.code() != c.code {
					t.Errorf("%d %s, not %d %s", a.Code, a.code(), c.status, c.code)
				}
				if (c.status == 405) != (a.Header().Get("Allow") == http.MethodPost) {
					t.Errorf("Allow: %q", a.Header().Get("Allow"))
				}
				if a.Data != nil || strings.Contains(a.Body.String(), "data") {
					t.Errorf("nothing was run, and there is data: %s", a.Body)
				}
				if strings.Contains(a.Body.String(), "horse") {
					t.Errorf("the body is echoed: %s", a.Body)
				}
			}
		})
	}
}

// A slow body counts what was read of it.
type countedBody struct {
	io.Reader
	read int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	return n, err
}

func TestABodyThatIsTooLargeIsNotReadOn(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"of a known length": 1 << 30, "of an unknown length": -1} {
		body := &countedBody{Reader: io.LimitReader(endless{}, 1<<30)}
		r := httptest.NewRequest(http.MethodPost, "/graphql", body)
		r.ContentLength = length
		r.Header.Set("Content-Type", "application/json")
		if a := newBench(nil).send(t, r); a.Code != http.StatusRequestEntityTooLarge ||
			length > 0 && a.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d %v", name, a.Code, a.Header())
		}
		if body.read > 64<<10+1 || length > 0 && body.read > 0 {
			t.Errorf("%s: %d bytes were read", name, body.read)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestACompressedBodyIsRefused(t *testing.T) {
	t.Parallel()
	a := newBench(nil).ask(t, request(settingsQuery), "Content-Encoding", "gzip")
	if a.Code != http.StatusUnsupportedMediaType || a.code() != auth.BadDocument {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestARequestOfTwoMediaTypesIsRefused(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request(settingsQuery)))
	r.Header["Content-Type"] = []string{mediaJSON, "text/plain"}
	if a := newBench(nil).send(t, r); a.Code != http.StatusUnsupportedMediaType || a.code() != auth.BadDocument {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestAFaultOfTheDocumentHasTheStatusOfTheMediaType(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		code auth.Code
	}{
		"not GraphQL":             {request("{settings"), auth.BadDocument},
		"an empty document":       {request(""), auth.BadDocument},
		"fragments alone":         {request("fragment f on Query{settings{brand{name}}}"), auth.BadDocument},
		"no such field":           {request("{setings{brand{name}}}"), auth.BadDocument},
		"no such argument":        {request("{settings(a:1){brand{name}}}"), auth.BadDocument},
		"no selection":            {request("{settings}"), auth.BadDocument},
		"a literal of no value":   {request(`mutation{login(input:{identifier:"a",password:"b",transport:PIGEON}){__typename}}`), auth.BadDocument},
		"a missing variable":      {request("mutation($i:LoginInput!){login(input:$i){__typename}}"), auth.BadDocument},
		"a variable of no value":  {request("mutation($i:LoginInput!){login(input:$i){__typename}}", `{"i":{"identifier":"a","password":"b","transport":"PIGEON"}}`), auth.BadDocument},
		"a number for a string":   {request("mutation($i:LoginInput!){login(input:$i){__typename}}", `{"i":{"identifier":"a","password":1234567890123}}`), auth.BadDocument},
		"an unknown member":       {request("mutation($i:LoginInput!){login(input:$i){__typename}}", `{"i":{"identifier":"a","password":"b","horse":"c"}}`), auth.BadDocument},
		"a list for an object":    {request("mutation($i:LoginInput!){login(input:$i){__typename}}", `{"i":[]}`), auth.BadDocument},
		"an undefined variable":   {request("mutation{login(input:$i){__typename}}"), auth.BadDocument},
		"no such operation":       {`{"query":"query A{settings{brand{name}}}","operationName":"horse"}`, auth.BadDocument},
		"which operation":         {request("query A{settings{brand{name}}} query B{settings{brand{name}}}"), auth.BadDocument},
		"a subscription":          {request("subscription{settings{brand{name}}}"), auth.BadDocument},
		"deferred":                {request("{settings{...@defer{brand{name}}}}"), auth.BadDocument},
		"too many tokens":         {request("{" + many(1000, "x ") + "}"), auth.DocumentTooCostly},
		"comments without end":    {request(strings.Repeat("#\n", 20000) + settingsQuery), auth.DocumentTooCostly},
		"two mutations":           {request("mutation{a:logout{sessionsEnded} b:logout{sessionsEnded}}"), auth.DocumentTooCostly},
		"fragments that double":   {request(doubling(20)), auth.DocumentTooCostly},
		"fragments in a circle":   {request("{settings{...f}} fragment f on Settings{...f}"), auth.BadDocument},
		"parentheses without end": {request(strings.Repeat("{a", 30000)), auth.DocumentTooCostly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(nil)
			for media, status := range map[string]int{mediaGraphQL: 400, mediaJSON: 200, "*/*": 200} {
				a := b.ask(t, c.body, "Accept", media)
				if a.Code != status || a.code() != c.code {
					t.Errorf("%s: %d %s: %s", media, a.Code, a.code(), a.Body)
				}
				if strings.Contains(a.Body.String(), `"data"`) {
					t.Errorf("nothing was run, and there is data: %s", a.Body)
				}
				for _, e := range a.Errors {
					if e.Path != nil || e.Message != sentence(c.code) || e.Extensions.RequestID != "req-1" {
						t.Errorf("error: %+v", e)
					}
				}
			}
			if b.log.Len() > 0 {
				t.Errorf("a client's fault was logged: %s", &b.log)
			}
		})
	}
}

func TestAFaultOfTheDocumentSaysWhereItIs(t *testing.T) {
	t.Parallel()
	for body, line := range map[string]int{
		request("{\n  setings{brand{name}}\n}"): 2,
		request("{\n\n  %"):                     3,
		// Of variables: where they are declared.
		request("query(\n$token:String!){verifyToken(token:$token){active}}"):                    2,
		request("query(\n\n$token:String!){verifyToken(token:$token){active}}", `{"token":[1]}`): 3,
	} {
		a := newBench(nil).ask(t, body)
		if len(a.Errors) != 1 || len(a.Errors[0].Locations) != 1 || a.Errors[0].Locations[0].Line != line {
			t.Errorf("%s: %s", body, a.Body)
		}
	}
}

func TestAnAnswerHasTenErrorsAtMost(t *testing.T) {
	t.Parallel()
	a := newBench(nil).query(t, "{settings{"+many(50, "x%d ")+"}}")
	if len(a.Errors) != mostErrors {
		t.Errorf("%d errors", len(a.Errors))
	}
}

func TestWhatIsShedIsToldBeforeTheBodyIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err        error
		status     int
		code       auth.Code
		retryAfter string
	}{
		{&auth.Refusal{Code: auth.RateLimited, RetryAfter: 2500 * time.Millisecond}, 429, auth.RateLimited, "3"},
		{&auth.Refusal{Code: auth.Overloaded, RetryAfter: time.Second}, 503, auth.Overloaded, "1"},
		{errors.New("disk of horse"), 500, auth.Internal, ""},
	} {
		b := newBench(func(o *Options) { o.Admit = func(context.Context) error { return c.err } })
		body := &countedBody{Reader: strings.NewReader(request(settingsQuery))}
		r := httptest.NewRequest(http.MethodPost, "/graphql", body)
		r.Header.Set("Content-Type", "application/json")
		a := b.send(t, r)
		if a.Code != c.status || a.code() != c.code || a.Header().Get("Retry-After") != c.retryAfter {
			t.Errorf("%d %s Retry-After %q", a.Code, a.code(), a.Header().Get("Retry-After"))
		}
		if body.read != 0 || a.Data != nil || strings.Contains(a.Body.String(), "horse") {
			t.Errorf("%d bytes read, answered %s", body.read, a.Body)
		}
		if logged := b.log.Len() > 0; logged != (c.code == auth.Internal) {
			t.Errorf("%s: logged is %v", c.code, logged)
		}
	}
}

// TestWhoWouldHashIsShedBeforeAnythingIsRun has no room for hashing: what hashes
// is told so without a resolver being asked, which a stand-in without any shows.
func TestWhoWouldHashIsShedBeforeAnythingIsRun(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]struct {
		urgency auth.Urgency
		shed    bool
	}{
		`mutation($i:LoginInput!){login(input:$i){__typename}}`:                                  {auth.Proving, true},
		`mutation($i:LoginInput!){__typename again:login(input:$i){__typename}}`:                 {auth.Proving, true},
		`mutation($i:ReauthenticateInput!){reauthenticate(input:$i){session{id}}}`:               {auth.Proving, true},
		`mutation($i:ChangePasswordInput!){changePassword(input:$i){sessionsEnded}}`:             {auth.Proving, true},
		`mutation($i:RegisterInput!){register(input:$i){email}}`:                                 {auth.Choosing, true},
		`mutation($i:ResetPasswordInput!){resetPassword(input:$i){email}}`:                       {auth.Choosing, true},
		`query register{settings{brand{name}}} mutation M{logout{sessionsEnded}}`:                {},
		`{login:settings{brand{name}}}`:                                                          {},
		`query Q{settings{brand{name}}} mutation M($i:LoginInput!){login(input:$i){__typename}}`: {},
	} {
		var asked []auth.Urgency
		b := newBench(func(o *Options) {
			o.Room = func(_ context.Context, u auth.Urgency) error {
				asked = append(asked, u)
				return &auth.Refusal{Code: auth.Overloaded, RetryAfter: 1500 * time.Millisecond}
			}
		})
		body := strings.TrimSuffix(request(document), "}")
		switch {
		case strings.HasPrefix(document, "query Q"), strings.HasPrefix(document, "query register"):
			body += `,"operationName":"` + document[len("query "):strings.Index(document, "{")] + `"`
		}
		a := b.ask(t, body+"}", "Accept", mediaGraphQL)
		if !want.shed {
			if len(asked) != 0 || a.Code != http.StatusOK {
				t.Errorf("%s: asked for %v, answered %d %s", document, asked, a.Code, a.Body)
			}
			continue
		}
		if a.Code != http.StatusServiceUnavailable || a.code() != auth.Overloaded || a.Header().Get("Retry-After") != "2" || a.Data != nil {
			t.Errorf("%s: %d, Retry-After %q: %s", document, a.Code, a.Header().Get("Retry-After"), a.Body)
		}
		if len(asked) != 1 || asked[0] != want.urgency {
			t.Errorf("%s: asked for %v", document, asked)
		}
	}
}

// A slowWriter is a client that begins to read when everybody has left.
type slowWriter struct {
	*httptest.ResponseRecorder
	began func()
}

func (w slowWriter) Write(p []byte) (int, error) {
	w.began()
	return w.ResponseRecorder.Write(p)
}

func TestARequestLeavesBeforeItsAnswerIsSent(t *testing.T) {
	t.Parallel()
	inside, entered := 0, 0
	b := newBench(func(o *Options) {
		o.Enter = func(context.Context) (func(), error) {
			inside++
			entered++
			return sync.OnceFunc(func() { inside-- }), nil
		}
	})
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request(settingsQuery)))
	r.Header.Set("Content-Type", "application/json")
	w := slowWriter{httptest.NewRecorder(), func() {
		if inside != 0 {
			t.Error("the answer is sent by a request that counts as being worked on")
		}
	}}
	b.handler.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), auth.Caller{})))
	b.me = func(context.Context) (*model.User, error) { panic("horse") }
	for _, body := range []string{"{", request("{"), request("{nothing}"), request("{me{id}}")} {
		b.ask(t, body)
	}
	if inside != 0 || entered != 5 {
		t.Errorf("%d of %d have not left", inside, entered)
	}
}

func TestWhoIsTurnedAwayIsToldSoInGraphQL(t *testing.T) {
	t.Parallel()
	for code, status := range map[auth.Code]int{auth.RateLimited: 429, auth.Overloaded: 503} {
		b := newBench(func(o *Options) {
			o.Enter = func(context.Context) (func(), error) { return nil, &auth.Refusal{Code: code, RetryAfter: time.Second} }
		})
		a := b.query(t, settingsQuery)
		if a.Code != status || a.code() != code || a.Header().Get("Retry-After") != "1" || a.Errors[0].Extensions.RetryAfter != 1 || a.Data != nil {
			t.Errorf("%s: %d, Retry-After %q: %s", code, a.Code, a.Header().Get("Retry-After"), a.Body)
		}
	}
}

func TestOnlyAnonymousRequestsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(func(o *Options) { o.Admit = func(context.Context) error { return auth.RateLimited } })
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request(settingsQuery)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), auth.Caller{Kind: auth.BySession})))
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestIntrospectionIsOnOnlyWhereItIsSwitchedOn(t *testing.T) {
	t.Parallel()
	const document = "{__schema{queryType{name}} __type(name:\"User\"){name}}"
	if a := newBench(nil).query(t, document); string(a.Data) != `{"__schema":{"queryType":{"name":"Query"}},"__type":{"name":"User"}}` {
		t.Errorf("on: %s", a.Body)
	}
	off := newBench(func(o *Options) { o.Introspection = false })
	a := off.query(t, document)
	if a.Code != http.StatusBadRequest || a.code() != auth.Disabled || off.log.Len() > 0 {
		t.Errorf("off: %d %s, logged %s", a.Code, a.Body, &off.log)
	}
	if a := off.query(t, "{__typename}"); string(a.Data) != `{"__typename":"Query"}` {
		t.Errorf("__typename: %s", a.Body)
	}
}

// TestTheIntrospectionOfTheUsualToolsPasses asks for all that a query builder
// asks for, nine types deep as the longest-winded of them.
func TestTheIntrospectionOfTheUsualToolsPasses(t *testing.T) {
	t.Parallel()
	a := newBench(nil).query(t, introspectionQuery())
	if a.Code != http.StatusOK || a.Errors != nil || !strings.Contains(string(a.Data), "requestPasswordReset") {
		t.Errorf("%d %.300s", a.Code, a.Body)
	}
	if strings.Contains(string(a.Data), `"defer"`) {
		t.Error("the schema offers @defer, which it does not serve")
	}
}

// What a tool asks first, to learn which questions it may ask.
func TestAToolMayAskWhatTheServerKnowsOfTheSchema(t *testing.T) {
	t.Parallel()
	a := newBench(nil).query(t, `query Probe{schema:__type(name:"__Schema"){...F} type:__type(name:"__Type"){...F}
		directive:__type(name:"__Directive"){...F} field:__type(name:"__Field"){...F} inputValue:__type(name:"__InputValue"){...F}}
		fragment F on __Type{fields{name args{name}}}`)
	if a.Code != http.StatusOK || a.Errors != nil || !strings.Contains(string(a.Data), "isRepeatable") {
		t.Errorf("%d %.300s", a.Code, a.Body)
	}
}

func introspectionQuery() string {
	ref := "kind name"
	for range 9 {
		ref = "kind name ofType{" + ref + "}"
	}
	return `query Introspection{__schema{description queryType{name kind} mutationType{name kind} subscriptionType{name kind}
		types{...Full} directives{name description isRepeatable locations args(includeDeprecated:true){...Value}}}}
	fragment Full on __Type{kind name description specifiedByURL isOneOf
		fields(includeDeprecated:true){name description args(includeDeprecated:true){...Value} type{...Ref} isDeprecated deprecationReason}
		inputFields(includeDeprecated:true){...Value} interfaces{...Ref}
		enumValues(includeDeprecated:true){name description isDeprecated deprecationReason} possibleTypes{...Ref}}
	fragment Value on __InputValue{name description type{...Ref} defaultValue isDeprecated deprecationReason}
	fragment Ref on __Type{` + ref + "}"
}

func TestADocumentIsRememberedOnceItHasPassed(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	for name, c := range map[string]struct {
		document string
		want     bool
	}{
		"a good one":                {settingsQuery, true},
		"with variables":            {"mutation($i:LoginInput!){login(input:$i){__typename}}", true},
		"not valid":                 {"{horse}", false},
		"too costly":                {doubling(20), false},
		"larger than 4 KiB":         {settingsQuery + strings.Repeat(" ", 4<<10), false},
		"with a password in it":     {`mutation{login(input:{identifier:"a",password:"correct horse"}){__typename}}`, false},
		"with a block string in it": {`mutation{login(input:{identifier:"""a""",password:"""b"""}){__typename}}`, false},
	} {
		b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) {
			return nil, auth.InvalidCredentials
		}
		b.query(t, c.document)
		if got := b.handler.documents.good.Contains(c.document); got != c.want {
			t.Errorf("%s: remembered is %v", name, got)
		}
	}
	for i := range 400 {
		b.query(t, settingsQuery+strings.Repeat(" ", i+1))
	}
	if n := b.handler.documents.good.Len(); n != 200 {
		t.Errorf("%d documents are remembered", n)
	}
}

func TestADeferredFragmentLeavesNoGoroutineBehind(t *testing.T) {
	b := newBench(nil)
	b.query(t, settingsQuery)
	before := runtime.NumGoroutine()
	for range 20 {
		b.query(t, "{settings{...@defer{brand{name}}}}")
	}
	if after := runtime.NumGoroutine(); after > before+5 {
		t.Errorf("%d goroutines became %d", before, after)
	}
}
