package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// A client asks one server, as an app would.
type client struct {
	url       string // of /graphql
	http      *http.Client
	token     string // sent as Authorization: Bearer where it is set
	origin    string
	userAgent string
}

func newClient(base string) *client {
	return &client{url: base + "/graphql", http: &http.Client{Transport: forwarded{clientAddress, http.DefaultTransport}}, userAgent: "story/1.0"}
}

// keepCookies makes a browser of the client.
func (c *client) keepCookies() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	c.http.Jar = jar
}

// cookies are those that the browser holds.
func (c *client) cookies() []string {
	at, err := url.Parse(c.url)
	if err != nil {
		panic(err)
	}
	var names []string
	for _, cookie := range c.http.Jar.Cookies(at) {
		names = append(names, cookie.Name)
	}
	return names
}

// ask sends an operation of testdata/operations. An answer that is no GraphQL
// body is a failed test.
func (c *client) ask(operation string, input map[string]any) answer {
	a, err := c.try(operation, input)
	if err != nil {
		panic(err)
	}
	return a
}

// try is ask that gives an error of the wire back.
func (c *client) try(operation string, input map[string]any) (answer, error) {
	document, err := os.ReadFile("testdata/operations/" + operation + ".graphql")
	if err != nil {
		return answer{}, err
	}
	variables := input // a query's arguments are named one by one
	if strings.Contains(string(document), "$input") {
		variables = map[string]any{"input": input}
	}
	body, err := json.Marshal(map[string]any{"query": string(document), "variables": variables})
	if err != nil {
		return answer{}, err
	}
	return c.post(body)
}

func (c *client) post(body []byte) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json")
	req.Header.Set("User-Agent", c.userAgent)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.origin != "" {
		req.Header.Set("Origin", c.origin)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: raw}
	if err := json.Unmarshal(raw, &a.body); err != nil {
		return answer{}, fmt.Errorf("status %d, no JSON: %w", resp.StatusCode, err)
	}
	return a, nil
}

// An answer is a GraphQL response.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   struct {
		Data   map[string]any `json:"data"`
		Errors []answerError  `json:"errors,omitempty"`
	}
}

type answerError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code       string `json:"code"`
		RetryAfter int    `json:"retryAfter"`
		RequestID  string `json:"requestId"`
		Violations []struct {
			Path  []string `json:"path"`
			Code  string   `json:"code"`
			Limit *int     `json:"limit"`
		} `json:"violations"`
	} `json:"extensions"`
}

func (a answer) errors() []answerError { return a.body.Errors }

// code is the first error's; "" where all went well.
func (a answer) code() string {
	if len(a.body.Errors) == 0 {
		return ""
	}
	return a.body.Errors[0].Extensions.Code
}

// at finds the value at a path of dots; nil where there is none.
func (a answer) at(path string) any {
	var value any = a.body.Data
	for _, step := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// text is the value at a path as text; "" where there is none.
func (a answer) text(path string) string {
	value := a.at(path)
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
