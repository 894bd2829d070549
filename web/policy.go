package web

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/url"
	"strings"
)

// scriptPolicy lets a page run what comes from here, ask here, and draw what its
// style sheet holds and the brand's picture; nothing else, and in nobody's frame.
func scriptPolicy(style template.CSS, logo string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' " + hashed(style) + "; " + pictures(logo, "data:") +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// hashed lets this one style sheet stand in a page.
func hashed(style template.CSS) string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pictures lets them come from where the brand's is, and from the sources besides.
func pictures(logo string, sources ...string) string {
	if u, err := url.Parse(logo); err == nil && u.Host != "" {
		sources = append(sources, u.Scheme+"://"+u.Host)
	}
	if len(sources) == 0 {
		return ""
	}
	return "img-src " + strings.Join(sources, " ") + "; "
}
