package server

import (
	"encoding/json"
	"net/http"
	"net/url"

	"gatehouse/auth"
)

// cacheable is how long verifiers may keep our keys and their description. A new
// key is published twice as long before it signs.
const cacheable = "public, max-age=300"

// serveJWKS publishes the public keys (RFC 7517 section 5).
func serveJWKS(keys func() []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", cacheable)
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(keys())
	}
}

// A discovery tells verifiers where the keys are and what they sign with, in the
// form of OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2, which
// their libraries read. Gatehouse is no OpenID provider: it has no authorization
// endpoint, offers no response type and no grant, and says so by empty lists,
// since an absent grant_types_supported would claim two.
type discovery struct {
	Issuer             string           `json:"issuer"`
	JWKSURI            string           `json:"jwks_uri"`
	ResponseTypes      []string         `json:"response_types_supported"`
	GrantTypes         []string         `json:"grant_types_supported"`
	SubjectTypes       []string         `json:"subject_types_supported"`
	IDTokenSigningAlgs []auth.Algorithm `json:"id_token_signing_alg_values_supported"`
}

// serveDiscovery describes us. The algorithms are those of the keys that are
// published at the time: two, while keys of another setting still verify what
// they signed.
func serveDiscovery(issuer string, public *url.URL, algorithms func() []auth.Algorithm) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		body, err := json.Marshal(discovery{
			Issuer: issuer, JWKSURI: public.JoinPath(pathJWKS).String(),
			ResponseTypes: []string{}, GrantTypes: []string{},
			SubjectTypes: []string{"public"},
			// No ID token is ever issued. Verifiers take the algorithms that they
			// accept for any token of this issuer from here.
			IDTokenSigningAlgs: algorithms(),
		})
		if err != nil {
			panic(err) // of text that is not text alone
		}
		w.Header().Set("Cache-Control", cacheable)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}
}
