package server

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/graph/generated"
)

// mutations are the documents that ask for every mutation of the schema, by its
// name, with an input that has all that it must have.
func mutations(t *testing.T) map[string]string {
	t.Helper()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	all := map[string]string{}
	for _, f := range schema.Mutation.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		document, variables := "mutation { "+f.Name+" { __typename } }", map[string]any{}
		if input := f.Arguments.ForName("input"); input != nil {
			document = "mutation($input: " + input.Type.String() + ") { " + f.Name + "(input: $input) { __typename } }"
			variables["input"] = filled(schema.Types[input.Type.Name()])
		}
		body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(body)
	}
	return all
}

// filled is an input with its required fields, and cookies where it can ask for
// them.
func filled(input *ast.Definition) map[string]any {
	all := map[string]any{}
	for _, f := range input.Fields {
		switch {
		case f.Name == "transport":
			all[f.Name] = "COOKIE"
		case f.Type.NonNull, f.Name == "password":
			all[f.Name] = testPassword
		}
	}
	return all
}

// A forgedRequest is what a foreign page can make a browser send, and more.
type forgedRequest struct {
	method, contentType, origin, fetchSite string
}

// taken says whether such a request may use cookies: it is JSON, by POST, and
// the browser says that it is from a page of an origin that may.
func (f forgedRequest) taken() bool {
	json := f.contentType == "application/json" || f.contentType == "application/json; charset=utf-8"
	from := f.origin == ownOrigin || f.origin == appOrigin || f.origin == "" && f.fetchSite == "same-origin"
	return f.method == http.MethodPost && json && from
}

func forgedRequests() []forgedRequest {
	var all []forgedRequest
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		for _, contentType := range []string{
			"", "application/json", "application/json; charset=utf-8", "text/plain", "text/plain; application/json",
			"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql",
		} {
			for _, origin := range []string{"", ownOrigin, appOrigin, "null", "https://evil.example", ownOrigin + ".evil.example", "https://localhost:8080"} {
				for _, fetchSite := range []string{"", "same-origin", "same-site", "cross-site", "none"} {
					all = append(all, forgedRequest{method, contentType, origin, fetchSite})
				}
			}
		}
	}
	return all
}

func (f forgedRequest) send(handler http.Handler, body, cookie string) *httptest.ResponseRecorder {
	target := pathGraphQL
	if f.method == http.MethodGet || f.method == http.MethodHead {
		target += "?query=" + url.QueryEscape("mutation{logout{sessionsEnded}}")
	}
	r := httptest.NewRequest(f.method, target, strings.NewReader(body))
	r.Header.Set("Cookie", cookie)
	for name, value := range map[string]string{"Content-Type": f.contentType, "Origin": f.origin, "Sec-Fetch-Site": f.fetchSite} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// wrote says whether anybody changed the database while f ran.
func (h *house) wrote(f func()) bool {
	h.t.Helper()
	db, err := sql.Open("sqlite3", h.server.config.SQLitePath())
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	// The version is as this connection sees it: it counts what others commit.
	conn, err := db.Conn(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	version := func() (n int) {
		if err := conn.QueryRowContext(h.t.Context(), "PRAGMA data_version").Scan(&n); err != nil {
			h.t.Fatal(err)
		}
		return n
	}
	before := version()
	f()
	return version() != before
}

// TestNoForeignPageGetsAMutationDone tries every mutation with every kind of
// request that is not to be taken, on behalf of somebody who is signed in by
// cookies: nothing is run, no cookie is set or cleared, and in the end the
// database is as it was.
func TestNoForeignPageGetsAMutationDone(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"RATE_LIMITS": "off"})
	h.enrol()
	in := h.login("COOKIE")
	cookies := in.carry().Get("Cookie")
	handler := h.server.Handler()
	var tried int
	wrote := h.wrote(func() {
		for name, body := range mutations(t) {
			for _, f := range forgedRequests() {
				if f.taken() {
					continue
				}
				tried++
				w := f.send(handler, body, cookies)
				if w.Code < 400 && f.method != http.MethodOptions || strings.Contains(w.Body.String(), `"data"`) {
					t.Fatalf("%s by %+v: %d %s", name, f, w.Code, w.Body)
				}
				if set := w.Header().Values("Set-Cookie"); len(set) > 0 {
					t.Fatalf("%s by %+v sets %q", name, f, set)
				}
			}
		}
	})
	if wrote || tried < 19*1000 {
		t.Errorf("%d requests, which changed the database: %v", tried, wrote)
	}
	h.journal.clear()
	// The cookies were good all the while, and are still.
	if a := h.ask(documentMe, nil, in.carry()); a.text("me", "email") != testEmail {
		t.Errorf("me: %s", a.body)
	}
	// And from where it may be asked, it is done.
	f := forgedRequest{http.MethodPost, "application/json", appOrigin, ""}
	if !h.wrote(func() {
		if w := f.send(handler, mutations(t)["logout"], cookies); w.Code != http.StatusOK || len(w.Header().Values("Set-Cookie")) != 2 {
			t.Errorf("logout from an allowed page: %d %s", w.Code, w.Body)
		}
	}) {
		t.Error("signing out changed nothing, or changes are not seen")
	}
}

// TestNoForeignPageUsesOrPlantsACookieThroughTheInput is the same for what takes
// the refresh cookie, or asks for cookies by its input: there only the field
// knows that cookies are concerned.
func TestNoForeignPageUsesOrPlantsACookieThroughTheInput(t *testing.T) {
	t.Parallel()
	h := build(t, map[string]string{"RATE_LIMITS": "off"})
	h.enrol()
	in := h.login("COOKIE")
	refresh := "gatehouse-refresh=" + in.cookies()["gatehouse-refresh"].Value
	handler := h.server.Handler()
	login := map[string]any{"identifier": testEmail, "password": testPassword, "transport": "COOKIE"}
	activate := map[string]any{"token": strings.Repeat("A", 43), "password": testPassword, "transport": "COOKIE"}
	bodies := map[string]string{
		"refresh": fmt.Sprintf(`{"query":%q}`, "mutation { refresh { session { id } } }"),
		"logout":  fmt.Sprintf(`{"query":%q}`, "mutation { logout { sessionsEnded } }"),
	}
	for name, input := range map[string]map[string]any{"login": login, "activate": activate} {
		document := "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { __typename } }"
		body, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{"input": input}})
		if err != nil {
			t.Fatal(err)
		}
		bodies[name] = string(body)
	}
	wrote := h.wrote(func() {
		for name, body := range bodies {
			for _, f := range forgedRequests() {
				if f.taken() || f.method == http.MethodOptions {
					continue
				}
				w := f.send(handler, body, refresh)
				json := strings.HasPrefix(f.contentType, "application/json")
				refused := w.Code >= 400 || strings.Contains(w.Body.String(), `"ORIGIN_REFUSED"`)
				if !refused || f.method == http.MethodPost && json && !strings.Contains(w.Body.String(), `"ORIGIN_REFUSED"`) {
					t.Fatalf("%s by %+v: %d %s", name, f, w.Code, w.Body)
				}
				if set := w.Header().Values("Set-Cookie"); len(set) > 0 {
					t.Fatalf("%s by %+v sets %q", name, f, set)
				}
			}
		}
	})
	if wrote {
		t.Error("the database was changed")
	}
	f := forgedRequest{http.MethodPost, "application/json", "", "same-origin"}
	for _, name := range []string{"login", "refresh", "logout"} {
		if w := f.send(handler, bodies[name], refresh); w.Code != http.StatusOK || len(w.Header().Values("Set-Cookie")) != 2 {
			t.Errorf("%s from our own page: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestOnlyListedOriginsAreAllowedAnythingByCORS asks as every kind of page, by
// every method and for every header, at every path.
func TestOnlyListedOriginsAreAllowedAnythingByCORS(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	handler := h.server.Handler()
	for _, path := range []string{pathGraphQL, pathJWKS, pathDiscovery, pathAlive, "/", pathActivate, pathReset, pathDecline, "/nowhere"} {
		for _, origin := range []string{ownOrigin, appOrigin, "null", "https://evil.example", appOrigin + ".evil.example", "https://localhost:5173", "http://LOCALHOST:5173", "*"} {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				for _, asks := range []string{"", "POST", "GET", "PUT", "DELETE"} {
					for _, headers := range []string{"", "content-type", "authorization,content-type", "content-type,x-forwarded-for", "*"} {
						r := httptest.NewRequest(method, path, http.NoBody)
						r.Header.Set("Origin", origin)
						if asks != "" {
							r.Header.Set("Access-Control-Request-Method", asks)
						}
						if headers != "" {
							r.Header.Set("Access-Control-Request-Headers", headers)
						}
						w := httptest.NewRecorder()
						handler.ServeHTTP(w, r)
						allowed := w.Header().Get("Access-Control-Allow-Origin")
						listed := origin == ownOrigin || origin == appOrigin
						preflight := method == http.MethodOptions && asks != ""
						fits := asks == http.MethodPost && (headers == "" || headers == "content-type" || headers == "authorization,content-type")
						want := ""
						if path == pathGraphQL && listed && method != http.MethodGet && (!preflight || fits) {
							want = origin
						}
						if allowed != want {
							t.Errorf("%s %s from %s, asking for %q with %q: allowed is %q, not %q", method, path, origin, asks, headers, allowed, want)
						}
						if credentials := w.Header().Get("Access-Control-Allow-Credentials"); (credentials != "") != (want != "") {
							t.Errorf("%s %s from %s: credentials %q", method, path, origin, credentials)
						}
						if path == pathGraphQL && !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
							t.Errorf("%s %s from %s: no Vary: Origin", method, path, origin)
						}
					}
				}
			}
		}
	}
}
