package server

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"gatehouse/auth"
	"gatehouse/web"
)

// Where the pages of links are.
const (
	pathActivate       = "/activate"
	pathDecline        = "/decline"
	pathReset          = "/reset"
	pathResetUsername  = "/reset-username"
	pathConfirmEmail   = "/confirm-email"
	pathRevertEmail    = "/revert-email"
	pathChangePassword = "/.well-known/change-password"
)

// formBytes is the most that a form may take: its longest password, every byte
// escaped, twice, and some.
const formBytes = 16 << 10

// linkPages are the pages behind the links of letters, for people whose app has
// none of its own. They know no cookie and sign nobody in.
type linkPages struct {
	rules    *auth.Service
	pages    *web.Pages
	own      originList // of the server itself alone
	admit    *auth.Throttle
	inFlight *inFlight
	logger   *slog.Logger
	refused  func(auth.Code)
	// usernames is whether there are any; where not, nothing is at their path.
	usernames bool
}

// A deed is what the button of a page does, with the fields of its form: the
// View that tells of it, or why not.
type deed func(ctx context.Context, c auth.Caller, form url.Values) (web.View, error)

func (l linkPages) caller(r *http.Request) auth.Caller {
	return auth.Caller{Client: auth.Client{
		Now: l.rules.Now(), Address: clientAddress(r.Context()), UserAgent: auth.CutUserAgent(r.UserAgent()),
	}}
}

// linkForm is what the token of a link looks like. What doesn't is not put into
// a form.
var linkForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// opened is the View of a page that a link led to; it asks nobody.
func opened(r *http.Request) web.View {
	token := r.URL.Query().Get("token")
	switch {
	case token == "":
		return web.View{Fault: web.NoLink}
	case !linkForm.MatchString(token):
		return web.View{Fault: string(auth.InvalidToken)}
	}
	return web.View{Token: token}
}

// openActivate shows the digits of the link, which somebody who opens it on the
// telephone types where they registered.
func (l linkPages) openActivate(w http.ResponseWriter, r *http.Request) {
	view := opened(r)
	if view.Fault == "" {
		c := l.caller(r)
		leave, err := l.enter(c)
		if err == nil {
			defer leave()
			view.Digits, err = l.rules.ActivationCode(r.Context(), c, view.Token)
		}
		if err != nil {
			l.refuse(w, r, web.Activate, view, err)
			return
		}
	}
	l.write(w, r, web.Activate, http.StatusOK, view)
}

func (l linkPages) openDecline(w http.ResponseWriter, r *http.Request) {
	l.write(w, r, web.Decline, http.StatusOK, opened(r))
}

// openReset is two pages: with a token that for a new password, without one that
// for asking for a link.
func (l linkPages) openReset(w http.ResponseWriter, r *http.Request) {
	if view := opened(r); view.Fault != web.NoLink {
		l.write(w, r, web.Reset, http.StatusOK, view)
		return
	}
	l.write(w, r, web.Request, http.StatusOK, web.View{})
}

func (l linkPages) openResetUsername(w http.ResponseWriter, r *http.Request) {
	l.write(w, r, web.ResetUsername, http.StatusOK, opened(r))
}

func (l linkPages) openConfirmEmail(w http.ResponseWriter, r *http.Request) {
	l.write(w, r, web.EmailChange, http.StatusOK, opened(r))
}

func (l linkPages) openRevertEmail(w http.ResponseWriter, r *http.Request) {
	l.write(w, r, web.EmailRevert, http.StatusOK, opened(r))
}

func (l linkPages) openHome(w http.ResponseWriter, r *http.Request) {
	l.write(w, r, web.Home, http.StatusOK, web.View{})
}

func (l linkPages) activate(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	token := form.Get("token")
	email, err := l.rules.ActivateOnly(ctx, c, token, form.Get("password"))
	if err == nil {
		return web.View{Done: true, Email: email}, nil
	}
	view := web.View{Token: token}
	// The digits stay where they are while the password is typed again.
	code, lost := l.rules.ActivationCode(ctx, c, token)
	if lost == nil {
		view.Digits = code
	}
	return view, err
}

func (l linkPages) decline(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	_, err := l.rules.DeclineRegistration(ctx, c, form.Get("token"))
	return web.View{Done: err == nil, Token: form.Get("token")}, err
}

func (l linkPages) reset(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	repeated := form.Get("newPasswordConfirmation")
	_, err := l.rules.ResetPassword(ctx, c, auth.ResetPasswordInput{
		Token: form.Get("token"), NewPassword: form.Get("newPassword"), NewPasswordConfirmation: &repeated,
	})
	return web.View{Done: err == nil, Token: form.Get("token")}, err
}

func (l linkPages) resetUsername(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	token, typed := form.Get("token"), form.Get("username")
	username, err := l.rules.ResetUsername(ctx, c, token, typed)
	if err != nil {
		return web.View{Token: token, Username: typed}, err
	}
	return web.View{Done: true, Username: username}, nil
}

func (l linkPages) confirmEmail(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	email, err := l.rules.ConfirmEmailChange(ctx, c, form.Get("token"))
	return web.View{Done: err == nil, Token: form.Get("token"), Email: email}, err
}

func (l linkPages) revertEmail(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	email, err := l.rules.RevertEmailChange(ctx, c, form.Get("token"))
	return web.View{Done: err == nil, Token: form.Get("token"), Email: email}, err
}

func (l linkPages) request(ctx context.Context, c auth.Caller, form url.Values) (web.View, error) {
	_, err := l.rules.RequestPasswordReset(ctx, c, form.Get("email"))
	return web.View{Done: err == nil, Email: form.Get("email")}, err
}

// post takes a form of one page to its deed.
func (l linkPages) post(name web.Page, do deed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if form, ok := l.form(w, r, name); ok {
			l.do(w, r, name, form, do)
		}
	}
}

// postReset is post for the two pages that share a path: the form with a token
// is the one for a new password.
func (l linkPages) postReset(w http.ResponseWriter, r *http.Request) {
	form, ok := l.form(w, r, web.Request)
	switch {
	case !ok:
	case form.Has("token"):
		l.do(w, r, web.Reset, form, l.reset)
	default:
		l.do(w, r, web.Request, form, l.request)
	}
}

// form reads the fields of the body, and of nothing else: a token in the URL of
// a foreign form would be in its history. Where it can't, it has answered.
func (l linkPages) form(w http.ResponseWriter, r *http.Request, name web.Page) (url.Values, bool) {
	status, fault := http.StatusOK, auth.BadDocument
	if err := l.own.judgeForm(r); err != nil {
		status, fault = http.StatusForbidden, auth.OriginRefused
	} else if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		status = http.StatusUnsupportedMediaType
	} else {
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		if err := r.ParseForm(); errors.As(err, new(*http.MaxBytesError)) {
			status = http.StatusRequestEntityTooLarge
		} else if err != nil {
			status = http.StatusBadRequest
		}
	}
	if status != http.StatusOK {
		l.refused(fault)
		l.write(w, r, name, status, web.View{Fault: string(fault)})
		return nil, false
	}
	return r.PostForm, true
}

func (l linkPages) do(w http.ResponseWriter, r *http.Request, name web.Page, form url.Values, do deed) {
	c := l.caller(r)
	var view web.View
	leave, err := l.enter(c)
	if err == nil {
		view, err = func() (web.View, error) {
			defer leave()
			return do(r.Context(), c, form)
		}()
	} else {
		view.Token, view.Email, view.Username = form.Get("token"), form.Get("email"), form.Get("username")
	}
	if err != nil {
		l.refuse(w, r, name, view, err)
		return
	}
	l.write(w, r, name, http.StatusOK, view)
}

// enter lets a request in that storage is asked for.
func (l linkPages) enter(c auth.Caller) (leave func(), err error) {
	if err := l.admit.Allow(c.Counted(), c.Now); err != nil {
		return nil, err
	}
	return l.inFlight.enter(c)
}

// refuse shows on the page why something did not happen. What is no refusal is
// logged, and nothing is said of it.
func (l linkPages) refuse(w http.ResponseWriter, r *http.Request, name web.Page, view web.View, err error) {
	var refusal *auth.Refusal
	var code auth.Code
	switch {
	case errors.As(err, &refusal):
	case errors.As(err, &code):
		refusal = &auth.Refusal{Code: code}
	default:
		refusal = &auth.Refusal{Code: auth.Internal}
		if !errors.Is(err, context.Canceled) || r.Context().Err() == nil {
			l.logger.ErrorContext(r.Context(), "request failed", "error", err, "page", string(name))
		}
	}
	if !linkForm.MatchString(view.Token) {
		view.Token = ""
	}
	l.refused(refusal.Code)
	view.Fault, view.Wait = string(refusal.Code), refusal.RetryAfter
	view.Flaws = map[string]web.Flaw{}
	for _, v := range refusal.Violations {
		view.Flaws[v.Path[len(v.Path)-1]] = web.Flaw{Code: string(v.Code), Limit: v.Limit}
	}
	status := http.StatusUnprocessableEntity
	switch refusal.Code {
	case auth.RateLimited:
		status = http.StatusTooManyRequests
	case auth.Overloaded:
		status = http.StatusServiceUnavailable
	case auth.Internal:
		status = http.StatusInternalServerError
	case auth.InvalidToken, auth.ExpiredToken:
		if r.Method != http.MethodPost {
			// The page was found, and says what there is to say.
			status = http.StatusOK
		}
	}
	if refusal.Code == auth.RateLimited || refusal.Code == auth.Overloaded {
		w.Header().Set("Retry-After", strconv.Itoa(refusal.RetryAfterSeconds()))
	}
	l.write(w, r, name, status, view)
}

func (l linkPages) write(w http.ResponseWriter, r *http.Request, name web.Page, status int, view web.View) {
	if err := l.pages.Write(w, r, name, status, view); err != nil {
		l.logger.ErrorContext(r.Context(), "request failed", "error", err, "page", string(name))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}
