package server

import (
	"net/http"
	"net/url"

	"gatehouse/web"
)

// mountAccount puts the application for users in its place, where there is one.
// It is the same for everybody, and asks the API like any stranger.
func (s *Server) mountAccount(mux *http.ServeMux, public *url.URL) error {
	if !s.config.AccountPages {
		return nil
	}
	account, err := web.NewAccount(web.AccountOptions{
		Options: s.pageOptions(public),
		Path:    public.Path + web.PathAccount,
		// Where an app's page may be gone back to is where a page may use cookies.
		Origins: append([]string{originOf(public)}, s.config.AllowedOrigins...),
	})
	if err != nil {
		return err
	}
	mux.Handle("GET "+web.PathAccount, account)
	mux.Handle("GET "+web.PathAccount+"/", account)
	return nil
}
