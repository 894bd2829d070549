package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"gatehouse/auth"
)

// mostErrors bounds the errors of one answer. Whoever sends a document with a
// thousand faults learns enough from ten.
const mostErrors = 10

// A presenter makes of every failure what a client is told: a sentence that is
// fixed for the code, so that nothing of the input, of storage or of another
// user can be in it.
type presenter struct {
	logger *slog.Logger
	watch  Watch // nil: nobody watches
}

// present is the error presenter of gqlgen. What is not a refusal is logged
// here, once, and leaves as Internal.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	refusal := refusalOf(err)
	field := graphql.GetFieldContext(ctx)
	switch {
	case refusal != nil:
	case argumentsFailed(field) && !panicked(err):
		// gqlgen could not make the arguments of what came in.
		refusal = &auth.Refusal{Code: auth.BadDocument}
	default:
		p.log(ctx, field, err)
		refusal = &auth.Refusal{Code: auth.Internal}
	}
	p.refused(refusal.Code)
	out := describe(ctx, refusal)
	// The field's, not the error's: the path of an argument goes on into the
	// input, with the client's own keys.
	out.Path = graphql.GetPath(ctx)
	var positioned *gqlerror.Error
	if errors.As(err, &positioned) {
		out.Locations = positioned.Locations
	}
	return out
}

// leaving is the refusal as which an error leaves that no field made. What is our
// fault is logged.
func (p presenter) leaving(ctx context.Context, err error) *auth.Refusal {
	refusal := refusalOf(err)
	if refusal == nil {
		p.log(ctx, nil, err)
		refusal = &auth.Refusal{Code: auth.Internal}
	}
	p.refused(refusal.Code)
	return refusal
}

// log notes a fault of ours. A client that went away is none: what it had asked
// for fails all over, and says nothing.
func (p presenter) log(ctx context.Context, field *graphql.FieldContext, err error) {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return
	}
	var positioned *gqlerror.Error
	if errors.As(err, &positioned) && positioned.Err != nil {
		err = positioned.Err // without gqlgen's path, which holds the client's aliases
	}
	attrs := []slog.Attr{slog.Any("error", err)}
	if field != nil && field.Field.Field != nil {
		attrs = append(attrs, slog.String("field", field.Object+"."+field.Field.Name))
	}
	var cause *panicError
	if errors.As(err, &cause) {
		attrs = append(attrs, slog.String("stack", cause.stack))
	}
	p.logger.LogAttrs(ctx, slog.LevelError, "request failed", attrs...)
}

// argumentsFailed says whether the field has arguments and did not get them:
// then its resolver was not run.
func argumentsFailed(field *graphql.FieldContext) bool {
	return field != nil && field.Args == nil && field.Field.Field != nil &&
		field.Field.Definition != nil && len(field.Field.Definition.Arguments) > 0
}

// A panicError is a panic on its way to the presenter.
type panicError struct {
	value any
	stack string
}

// Error says what the runtime says, and of any other value the type alone: it
// may hold what the client sent, a password perhaps, and is bound for the log.
func (e *panicError) Error() string {
	if err, ok := e.value.(runtime.Error); ok {
		return "graph: panic: " + err.Error()
	}
	return fmt.Sprintf("graph: panic: a value of type %T", e.value)
}

// recovered is the recover function of gqlgen.
func recovered(_ context.Context, value any) error {
	return &panicError{value: value, stack: string(debug.Stack())}
}

func panicked(err error) bool {
	var cause *panicError
	return errors.As(err, &cause)
}

// refusalOf finds the refusal in an error; nil where it is none.
func refusalOf(err error) *auth.Refusal {
	var refusal *auth.Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	var code auth.Code
	if errors.As(err, &code) {
		return &auth.Refusal{Code: code}
	}
	return nil
}

// describe is a refusal in the words of the contract.
func describe(ctx context.Context, refusal *auth.Refusal) *gqlerror.Error {
	extensions := map[string]any{"code": refusal.Code}
	if len(refusal.Violations) > 0 {
		extensions["violations"] = presentViolations(refusal.Violations)
	}
	if waits(refusal.Code) {
		extensions["retryAfter"] = refusal.RetryAfterSeconds()
	}
	if id := RequestID(ctx); id != "" {
		extensions["requestId"] = id
	}
	return &gqlerror.Error{Message: sentence(refusal.Code), Extensions: extensions}
}

// waits says whether a code comes with the seconds after which to try again.
func waits(code auth.Code) bool {
	return code == auth.RateLimited || code == auth.Overloaded
}

// sentence is all that is said about a code.
func sentence(code auth.Code) string {
	switch code {
	case auth.Unauthenticated:
		return "Sign in first."
	case auth.Forbidden:
		return "This is not for you."
	case auth.ReauthenticationRequired:
		return "You signed in too long ago for this."
	case auth.InvalidCredentials:
		return "This does not sign you in."
	case auth.AccountSuspended:
		return "This account is suspended."
	case auth.InvalidToken:
		return "This token is not valid."
	case auth.ExpiredToken:
		return "This token has expired."
	case auth.RefreshTokenReused:
		return "This refresh token was used before; its session has ended."
	case auth.InvalidInput:
		return "Some of the input is not acceptable."
	case auth.Conflict:
		return "This would break a rule that stands above the request."
	case auth.NotFound:
		return "There is nothing of that name here for you."
	case auth.Disabled:
		return "This is switched off on this server."
	case auth.OriginRefused:
		return "This does not come from an allowed origin."
	case auth.RateLimited:
		return "Too many attempts; try again later."
	case auth.Overloaded:
		return "The server is busy; try again later."
	case auth.BadDocument:
		return "This is not a request that this server understands."
	case auth.DocumentTooCostly:
		return "This request asks for more than this server gives at once."
	default:
		return "Something went wrong on the server."
	}
}
