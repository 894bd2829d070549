package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/auth"
	"gatehouse/graph/generated"
	"gatehouse/graph/model"
)

// A standIn answers the fields of the schema as a test wants it: what stands
// between the wire and the resolvers is tried with it, not the rules.
type standIn struct {
	generated.MutationResolver // a field that a test has not set panics
	me                         func(context.Context) (*model.User, error)
	login                      func(context.Context, model.LoginInput) (model.LoginResult, error)
	logout                     func(context.Context, *model.LogoutInput) (*model.LogoutPayload, error)
	reauthenticate             func(context.Context, model.ReauthenticateInput) (*model.ReauthenticatePayload, error)
	register                   func(context.Context, model.RegisterInput) (*model.RegisterPayload, error)
	sessionEnded               func(context.Context) (<-chan *model.SessionEnded, error)
}

func (s *standIn) Query() generated.QueryResolver       { return s }
func (s *standIn) Mutation() generated.MutationResolver { return s }

func (s *standIn) Subscription() generated.SubscriptionResolver { return s }

func (s *standIn) User() generated.UserResolver { return s }

func (s *standIn) SessionEnded(ctx context.Context) (<-chan *model.SessionEnded, error) {
	return s.sessionEnded(ctx)
}

func (s *standIn) Me(ctx context.Context) (*model.User, error) { return s.me(ctx) }

func (s *standIn) Settings(context.Context) (*model.Settings, error) {
	return &model.Settings{Brand: &model.Brand{Name: "Acme", Colour: "#102030"}, PasswordMinLength: 12, PasswordMaxLength: 256}, nil
}

func (s *standIn) VerifyToken(context.Context, string) (*model.TokenStatus, error) {
	return &model.TokenStatus{}, nil
}

func (s *standIn) Sessions(context.Context, *model.User) ([]model.Session, error) { return nil, nil }

func (s *standIn) Reauthenticate(ctx context.Context, in model.ReauthenticateInput) (*model.ReauthenticatePayload, error) {
	return s.reauthenticate(ctx, in)
}

func (s *standIn) Login(ctx context.Context, in model.LoginInput) (model.LoginResult, error) {
	return s.login(ctx, in)
}

func (s *standIn) Logout(ctx context.Context, in *model.LogoutInput) (*model.LogoutPayload, error) {
	return s.logout(ctx, in)
}

func (s *standIn) Register(ctx context.Context, in model.RegisterInput) (*model.RegisterPayload, error) {
	return s.register(ctx, in)
}

// A bench is a handler in front of a stand-in, and what it logged.
type bench struct {
	*standIn
	handler *handler
	log     bytes.Buffer
}

func newBench(change func(*Options)) *bench {
	b := &bench{standIn: &standIn{}}
	o := Options{Limits: DefaultLimits(), Introspection: true, Streams: NewStreams(testStreams()), Logger: slog.New(slog.NewJSONHandler(&b.log, nil))}
	if change != nil {
		change(&o)
	}
	guard := (&resolver{auth: auth.New(auth.Options{Limits: auth.Limits{Off: true}})}).guard
	b.handler = newHandler(generated.NewExecutableSchema(generated.Config{
		Schema:     served(contract()),
		Resolvers:  b.standIn,
		Directives: generated.DirectiveRoot{Auth: guard},
	}), o)
	return b
}

// An answer is what came back, with the errors taken apart.
type answer struct {
	*httptest.ResponseRecorder
	Errors []struct {
		Message    string
		Path       []any
		Locations  []struct{ Line, Column int }
		Extensions struct {
			Code       auth.Code
			RequestID  string
			RetryAfter int
			Violations []map[string]any
		}
	}
	Data json.RawMessage
}

// code is that of the first error; "" where there is none.
func (a *answer) code() auth.Code {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// ask posts a body with the headers given as name, value, name, value.
func (b *bench) ask(t *testing.T, body string, headers ...string) *answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.send(t, r)
}

func (b *bench) send(t *testing.T, r *http.Request) *answer {
	t.Helper()
	ctx := WithRequestID(WithCaller(r.Context(), auth.Caller{}), "req-1")
	a := &answer{ResponseRecorder: httptest.NewRecorder()}
	b.handler.ServeHTTP(a, r.WithContext(ctx))
	if a.Body.Len() == 0 {
		return a
	}
	if err := json.Unmarshal(a.Body.Bytes(), a); err != nil {
		t.Fatalf("the answer %q is not JSON: %v", a.Body, err)
	}
	return a
}

// query posts a document and, if there is one, its variables in JSON.
func (b *bench) query(t *testing.T, document string, variables ...string) *answer {
	t.Helper()
	return b.ask(t, request(document, variables...), "Accept", mediaGraphQL)
}

func request(document string, variables ...string) string {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	body := `{"query":` + string(text)
	if len(variables) > 0 {
		body += `,"variables":` + variables[0]
	}
	return body + "}"
}
