package server

import (
	"net/http"
	"net/url"

	"gatehouse/web"
)

// mountPlayground puts the page on which the API is tried in its place, where
// there is one. It holds nothing secret, but on loopback nobody else has any
// business there; elsewhere the operator asked for it.
func (s *Server) mountPlayground(mux *http.ServeMux, public *url.URL) error {
	if !s.config.Playground {
		return nil
	}
	playground, err := web.NewPlayground(s.pageOptions(public))
	if err != nil {
		return err
	}
	var page http.Handler = playground
	if s.config.Loopback() {
		page = onlyHere(public, web.PathPlayground)(page)
	}
	for _, path := range []string{web.PathPlayground, web.PathPlaygroundScript, web.PathPlaygroundStyle, web.PathPlaygroundLicences} {
		mux.Handle("GET "+path, page)
	}
	return nil
}
