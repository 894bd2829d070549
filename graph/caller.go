package graph

import (
	"context"

	"gatehouse/auth"
)

type contextKey int

const (
	callerKey contextKey = iota
	requestIDKey
	cookieJarKey
	connectionKey
	judgeKey
)

// WithCaller puts the caller of a request where the resolvers take it from.
func WithCaller(ctx context.Context, c auth.Caller) context.Context {
	return context.WithValue(ctx, callerKey, c)
}

// CallerFrom takes the caller out. It panics where nobody put one in: a server
// assembled without the middleware that does must not answer at all.
func CallerFrom(ctx context.Context) auth.Caller {
	return ctx.Value(callerKey).(auth.Caller)
}

// WithRequestID puts the request's ID where errors and log lines take it from.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey, id)
}

// RequestID is "" where the server gives its requests none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// WithCookieJar puts the request's cookies where signing in and out take them
// from.
func WithCookieJar(ctx context.Context, jar CookieJar) context.Context {
	return context.WithValue(ctx, cookieJarKey, jar)
}

func cookieJarFrom(ctx context.Context) CookieJar {
	return ctx.Value(cookieJarKey).(CookieJar)
}
