package server

import (
	"net/http"
	"net/url"

	"gatehouse/auth"
	"gatehouse/web"
)

// pageOptions are what is the same on all pages.
func (s *Server) pageOptions(public *url.URL) web.Options {
	cfg := s.config
	prefix := public.Path
	paths := web.Paths{
		GraphQL: prefix + pathGraphQL, JWKS: prefix + pathJWKS, Discovery: prefix + pathDiscovery, Alive: prefix + pathAlive, Ready: prefix + pathReady,
		RequestReset: cfg.LinkURLRequestReset,
	}
	if cfg.AccountPages {
		paths.Account = prefix + web.PathAccount
	}
	if cfg.Playground {
		paths.Playground = prefix + web.PathPlayground
	}
	if s.letters != nil {
		paths.Mailbox = prefix + pathMailbox
	}
	return web.Options{
		Brand: web.Brand{
			Name: cfg.BrandName, LogoURL: cfg.BrandLogoURL, Colour: cfg.BrandColour,
			TermsURL: cfg.BrandTermsURL, PrivacyURL: cfg.BrandPrivacyURL,
		},
		Endpoint:          public.JoinPath(pathGraphQL).String(),
		Paths:             paths,
		PasswordMinLength: cfg.PasswordMinLength,
	}
}

// linkPages makes the pages as the team has them.
func (s *Server) linkPages(public *url.URL, admit *auth.Throttle) (linkPages, error) {
	pages, err := web.New(s.pageOptions(public))
	return linkPages{
		rules: s.rules, pages: pages, own: newOriginList(public, nil), admit: admit, inFlight: s.inFlight, logger: s.deps.Logger, refused: s.watch.Refused,
		usernames: s.config.Usernames,
	}, err
}

// mount puts the pages in their places; guard bounds what asks storage.
func (l linkPages) mount(mux *http.ServeMux, guard middleware) {
	mux.HandleFunc("GET /{$}", l.openHome)
	mux.Handle("GET "+pathActivate, guard(http.HandlerFunc(l.openActivate)))
	mux.Handle("POST "+pathActivate, guard(l.post(web.Activate, l.activate)))
	mux.HandleFunc("GET "+pathDecline, l.openDecline)
	mux.Handle("POST "+pathDecline, guard(l.post(web.Decline, l.decline)))
	mux.HandleFunc("GET "+pathReset, l.openReset)
	mux.Handle("POST "+pathReset, guard(http.HandlerFunc(l.postReset)))
	if l.usernames {
		mux.HandleFunc("GET "+pathResetUsername, l.openResetUsername)
		mux.Handle("POST "+pathResetUsername, guard(l.post(web.ResetUsername, l.resetUsername)))
	}
	mux.HandleFunc("GET "+pathConfirmEmail, l.openConfirmEmail)
	mux.Handle("POST "+pathConfirmEmail, guard(l.post(web.EmailChange, l.confirmEmail)))
	mux.HandleFunc("GET "+pathRevertEmail, l.openRevertEmail)
	mux.Handle("POST "+pathRevertEmail, guard(l.post(web.EmailRevert, l.revertEmail)))
	mux.HandleFunc("GET "+pathChangePassword, l.changePassword)
}

// changePassword leads password stores to where a password is changed (W3C, A
// Well-Known URL for Changing Passwords). That wants no session here: a reset by
// letter is the way that is open to everybody.
func (l linkPages) changePassword(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, l.pages.RequestReset(), http.StatusFound)
}
