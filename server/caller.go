package server

import (
	"context"
	"net/http"
	"strings"

	"gatehouse/auth"
	"gatehouse/graph"
)

// callers find out who asks, and put that and the request's cookies where graph
// takes them from.
type callers struct {
	auth    *auth.Service
	names   cookieNames
	origins originList
	offered bool // COOKIE transport is switched on
	refused func(auth.Code)
}

// wrap is the middleware. A request with an Authorization header, of whatever
// kind, is judged by that alone: its cookies aren't looked at. A token that is
// no good makes an anonymous caller who remembers why, since an expired one must
// not stand in the way of signing in.
//
// Where the token comes from a cookie, the origin is judged before the token: a
// foreign page must not learn from the answer whether its visitor is signed in.
func (c callers) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if err := c.judge(r); err != nil {
			c.refused(auth.OriginRefused)
			graph.WriteRefusal(w, r, http.StatusForbidden, err)
			return
		}
		caller := c.caller(ctx, r)
		ctx = graph.WithCookieJar(graph.WithCaller(ctx, caller), jar{callers: &c, w: w, r: r, client: caller.Client})
		if graph.Streaming(r) {
			ctx = graph.WithJudge(ctx, c.again(r))
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// judge refuses a request that goes by cookies and comes from elsewhere, and one
// for a WebSocket that comes from a foreign page in any case.
func (c callers) judge(r *http.Request) error {
	cookies := c.byCookie(r)
	switch {
	case graph.Streaming(r):
		return c.origins.judgeSocket(r, cookies)
	case cookies:
		return c.origins.judge(r)
	}
	return nil
}

// byCookie says whether a cookie tells who asks.
func (c callers) byCookie(r *http.Request) bool {
	_, authorized := r.Header["Authorization"]
	_, present := readCookie(r, c.names.access)
	return present && c.offered && !authorized
}

// caller is who asks by what came with the request.
func (c callers) caller(ctx context.Context, r *http.Request) auth.Caller {
	client := auth.Client{Now: c.auth.Now(), Address: clientAddress(ctx), UserAgent: auth.CutUserAgent(r.UserAgent())}
	if headers, authorized := r.Header["Authorization"]; authorized {
		return c.bearer(ctx, client, headers)
	}
	if token, present := readCookie(r, c.names.access); present && c.offered {
		return c.presented(ctx, client, token)
	}
	return auth.Caller{Client: client}
}

// again judges who asks over a connection that stays open. What is sent over it
// counts like an Authorization header: then nothing that came with the request
// does.
func (c callers) again(r *http.Request) graph.Judge {
	return func(ctx context.Context, authorization *string) auth.Caller {
		if authorization == nil {
			return c.caller(ctx, r)
		}
		sent := &http.Request{Header: http.Header{"Authorization": {*authorization}, "User-Agent": r.Header["User-Agent"]}}
		return c.caller(ctx, sent)
	}
}

// bearer is the caller of an Authorization header (RFC 6750 section 2.1).
func (c callers) bearer(ctx context.Context, client auth.Client, headers []string) auth.Caller {
	if len(headers) != 1 {
		// A proxy in front may go by the other one.
		return c.presented(ctx, client, "")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	return c.presented(ctx, client, token)
}

// presented judges a token that came; "" is one that can't be read.
func (c callers) presented(ctx context.Context, client auth.Client, token string) auth.Caller {
	if token == "" {
		return auth.Caller{Client: client, Refused: auth.InvalidToken}
	}
	return c.auth.Authenticate(ctx, client, token)
}

// A jar is the cookies of one request and its answer.
type jar struct {
	*callers
	w      http.ResponseWriter
	r      *http.Request
	client auth.Client
}

var _ graph.CookieJar = jar{}

func (j jar) Offered() bool { return j.offered }

func (j jar) Authorized() bool {
	_, authorized := j.r.Header["Authorization"]
	return authorized
}

func (j jar) Allowed() error { return j.origins.judge(j.r) }

func (j jar) Carried() bool {
	_, access := readCookie(j.r, j.names.access)
	_, refresh := readCookie(j.r, j.names.refresh)
	return j.offered && (access || refresh)
}

func (j jar) RefreshToken() (string, bool) { return readCookie(j.r, j.names.refresh) }

func (j jar) SetTokens(t auth.Tokens) {
	http.SetCookie(j.w, j.names.living(j.names.access, t.Access, t.AccessExpiresAt.Sub(j.client.Now)))
	if t.Refresh != "" {
		http.SetCookie(j.w, j.names.living(j.names.refresh, t.Refresh, t.RefreshExpiresAt.Sub(j.client.Now)))
	}
}

func (j jar) Clear() {
	http.SetCookie(j.w, j.names.expired(j.names.access))
	http.SetCookie(j.w, j.names.expired(j.names.refresh))
}
