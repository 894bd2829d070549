package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

const loginMutation = "mutation($i:LoginInput!){signIn:login(input:$i){__typename}}"

const loginVariables = `{"i":{"identifier":"ada@example.org","password":"correct horse battery"}}`

func (b *bench) failLogin(err error) {
	b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) { return nil, err }
}

func TestARefusalIsToldInTheWordsOfTheContract(t *testing.T) {
	t.Parallel()
	for _, code := range auth.Codes() {
		b := newBench(nil)
		b.failLogin(fmt.Errorf("auth: sign in: %w", code))
		a := b.query(t, loginMutation, loginVariables)
		if a.Code != http.StatusOK || len(a.Errors) != 1 || string(a.Data) != "null" {
			t.Fatalf("%s: %d %s", code, a.Code, a.Body)
		}
		e := a.Errors[0]
		if e.Extensions.Code != code || e.Message != sentence(code) || e.Extensions.RequestID != "req-1" ||
			len(e.Path) != 1 || e.Path[0] != "signIn" || len(e.Locations) != 1 {
			t.Errorf("%s: %s", code, a.Body)
		}
		if b.log.Len() > 0 {
			t.Errorf("%s was logged: %s", code, &b.log)
		}
	}
}

func TestARefusalBringsItsParticulars(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.failLogin(&auth.Refusal{Code: auth.InvalidInput, Violations: []auth.Violation{
		{Path: []string{"input", "password"}, Code: auth.TooShort, Limit: 12},
		{Path: []string{"input", "identifier"}, Code: auth.Required},
	}})
	a := b.query(t, loginMutation, loginVariables)
	const want = `"violations":[{"path":["input","password"],"code":"TOO_SHORT","limit":12},{"path":["input","identifier"],"code":"REQUIRED"}]`
	if !strings.Contains(a.Body.String(), want) {
		t.Errorf("violations: %s", a.Body)
	}
	for _, code := range []auth.Code{auth.RateLimited, auth.Overloaded} {
		b.failLogin(&auth.Refusal{Code: code, RetryAfter: 1001 * time.Millisecond})
		if a := b.query(t, loginMutation, loginVariables); a.Errors[0].Extensions.RetryAfter != 2 || a.Code != http.StatusOK {
			t.Errorf("%s: %s", code, a.Body)
		}
	}
}

func TestWhatIsNoRefusalLeavesAsInternalAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.failLogin(errors.New("store: read user: the horse has bolted"))
	a := b.query(t, loginMutation, loginVariables)
	if a.code() != auth.Internal || strings.Contains(a.Body.String(), "horse") {
		t.Errorf("answered %s", a.Body)
	}
	log := b.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "bolted") ||
		!strings.Contains(log, "Mutation.login") || strings.Contains(log, "signIn") {
		t.Errorf("logged %s", log)
	}
}

func TestAPanicLeavesAsInternalAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) { panic("horse") }
	a := b.query(t, loginMutation, loginVariables)
	if a.Code != http.StatusOK || a.code() != auth.Internal || len(a.Errors) != 1 || strings.Contains(a.Body.String(), "horse") {
		t.Errorf("answered %d %s", a.Code, a.Body)
	}
	// The value is not told: it may hold what the client sent.
	if log := b.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "stack") || !strings.Contains(log, "errors_test.go") ||
		!strings.Contains(log, "of type string") || strings.Contains(log, "horse") {
		t.Errorf("logged %s", log)
	}
}

func TestWhatTheRuntimeSaysOfAPanicIsLogged(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) {
		none := strings.Fields("")
		return nil, errors.New(none[len(none)])
	}
	b.query(t, loginMutation, loginVariables)
	if log := b.log.String(); !strings.Contains(log, "index out of range") {
		t.Errorf("logged %s", log)
	}
}

func TestAPanicOutsideOfAnyFieldIsAnsweredToo(t *testing.T) {
	t.Parallel()
	b := newBench(func(o *Options) { o.Admit = func(context.Context) error { panic("horse") } })
	a := b.query(t, settingsQuery)
	if a.Code != http.StatusInternalServerError || a.code() != auth.Internal || strings.Contains(a.Body.String(), "horse") ||
		strings.Count(b.log.String(), "\n") != 1 {
		t.Errorf("answered %d %s, logged %s", a.Code, a.Body, &b.log)
	}
}

func TestARequestWithoutACallerIsNotAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request("{me{id}}")))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), `"id"`) || !strings.Contains(w.Body.String(), "INTERNAL") {
		t.Errorf("answered %s", w.Body)
	}
}

func TestANullWhereTheContractHasNoneIsOurFault(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	b.register = func(context.Context, model.RegisterInput) (*model.RegisterPayload, error) {
		var none *model.RegisterPayload
		return none, nil
	}
	a := b.query(t, `mutation{register(input:{email:"a",password:"b"}){email}}`)
	if a.code() != auth.Internal || strings.Count(b.log.String(), "\n") != 1 {
		t.Errorf("answered %s, logged %s", a.Body, &b.log)
	}
}

// gqlgen compares an enum in variables without regard to case and finds out when
// it makes the argument, so this one passes validation.
func TestAnArgumentThatCannotBeMadeIsTheClientsFault(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	a := b.query(t, loginMutation, `{"i":{"identifier":"a","password":"b","transport":"bearer"}}`)
	if a.code() != auth.BadDocument || len(a.Errors) != 1 || len(a.Errors[0].Path) != 1 || strings.Contains(a.Body.String(), "bearer") {
		t.Errorf("answered %s", a.Body)
	}
	if b.log.Len() > 0 {
		t.Errorf("logged %s", &b.log)
	}
}

func TestAClientThatWentAwayIsNoErrorInTheLog(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	ctx, gone := context.WithCancel(t.Context())
	b.login = func(ctx context.Context, _ model.LoginInput) (model.LoginResult, error) {
		gone()
		return nil, fmt.Errorf("store: read user: %w", ctx.Err())
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request(loginMutation, loginVariables)))
	r.Header.Set("Content-Type", "application/json")
	if a := b.send(t, r.WithContext(ctx)); a.code() != auth.Internal || b.log.Len() > 0 {
		t.Errorf("answered %s, logged %s", a.Body, &b.log)
	}
	// The same error while the client waits is a fault of ours.
	b.failLogin(context.Canceled)
	if a := b.query(t, loginMutation, loginVariables); a.code() != auth.Internal || b.log.Len() == 0 {
		t.Errorf("answered %s, logged %s", a.Body, &b.log)
	}
}

func TestARequestWhoseTimeIsUpIsNotRun(t *testing.T) {
	t.Parallel()
	b := newBench(nil)
	ctx, gone := context.WithCancel(t.Context())
	gone()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(request(loginMutation, loginVariables)))
	r.Header.Set("Content-Type", "application/json")
	if a := b.send(t, r.WithContext(ctx)); a.Code != http.StatusServiceUnavailable || a.code() != auth.Overloaded || a.Data != nil {
		t.Errorf("answered %d %s", a.Code, a.Body)
	}
}

func TestNothingOfTheInputIsEverRepeated(t *testing.T) {
	t.Parallel()
	const horse = "h0rse"
	b := newBench(nil)
	b.failLogin(auth.InvalidCredentials)
	for _, body := range []string{
		request("{" + horse + "}"),
		request("{settings{" + horse + "}}"),
		request("{settings @" + horse + "{brand{name}}}"),
		request("{settings{..." + horse + "}}"),
		request("{settings{...on " + horse + "{a}}}"),
		request("query($" + horse + ":Int){settings{brand{name}}}"),
		request("query($a:" + horse + "){settings{brand{name}}}"),
		request("{settings(" + horse + ":1){brand{name}}}"),
		request("mutation{login(input:{identifier:\"a\",password:\"b\",transport:" + horse + "}){__typename}}"),
		request("mutation{login(input:{identifier:\"a\",password:\"b\"," + horse + ":1}){__typename}}"),
		request("mutation{login(input:\"" + horse + "\"){__typename}}"),
		request("{\"" + horse),
		request(horse),
		request(loginMutation, `{"i":{"identifier":"`+horse+`","password":"`+horse+`"}}`),
		request(loginMutation, `{"i":{"identifier":"a","password":"b","`+horse+`":1}}`),
		request(loginMutation, `{"i":{"identifier":"a","password":"b","transport":"`+horse+`"}}`),
		request(loginMutation, `{"i":"`+horse+`"}`),
		request(loginMutation, `{"`+horse+`":1}`),
		`{"query":"{settings{brand{name}}}","operationName":"` + horse + `"}`,
	} {
		if a := b.ask(t, body); strings.Contains(a.Body.String(), horse) || a.Errors == nil {
			t.Errorf("%s is answered %s", body, a.Body)
		}
	}
	if strings.Contains(b.log.String(), horse) {
		t.Errorf("logged %s", &b.log)
	}
}
