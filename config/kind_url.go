package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// tokenPlace is where the template of a link takes the token.
const tokenPlace = "{token}"

const sqlitePrefix = "sqlite:"

// hostOf is the host of host:port, or of a host alone, without brackets.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	return strings.Trim(host, "[]")
}

// loopbackHost reports whether a host is this machine and nothing else. An
// empty one, as in ":8080", is every address that the machine has. Of names
// only localhost counts: what another one resolves to may change.
func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

var errAddresses = errors.New("want addresses as in 127.0.0.1:8080, separated by commas")

func addresses(into *[]string) kind {
	return kind{label: "addresses", set: func(text string) error {
		var all []string
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			host, port, err := net.SplitHostPort(part)
			if err != nil || strings.ContainsAny(host, " /@") {
				return errAddresses
			}
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				return errAddresses
			}
			all = append(all, net.JoinHostPort(strings.ToLower(host), port))
		}
		*into = all
		return nil
	}}
}

// parseURL reads an absolute URL of printable ASCII without credentials.
func parseURL(text string) (*url.URL, bool) {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\`, r) }
	u, err := url.Parse(text)
	if err != nil || strings.ContainsFunc(text, odd) || u.Scheme == "" || u.Hostname() == "" || u.User != nil {
		return nil, false
	}
	// A port is kept apart from the host by a colon even where it is empty.
	if strings.HasSuffix(u.Host, ":") || u.Port() != "" && !portNumber(u.Port()) {
		return nil, false
	}
	return u, true
}

// portNumber reports whether a port is one, and written as browsers write it:
// an origin with another spelling of it would equal none of theirs.
func portNumber(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && text[0] != '0'
}

// parseOrigin reads scheme, host and port, and writes them as browsers do
// (RFC 6454 section 6.1): in lower case, without a default port.
func parseOrigin(text string) (string, bool) {
	u, ok := parseURL(text)
	if !ok || (u.Path != "" && u.Path != "/") || strings.ContainsAny(text, "?#*") {
		return "", false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, true
}

// originHost is the host of a text that parseOrigin wrote, or began.
func originHost(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	host, _, _ = strings.Cut(host, "/")
	return hostOf(host)
}

// pathForm is a path that reads the same to every proxy: names of letters that
// nobody escapes, and no dots that lead elsewhere.
var pathForm = regexp.MustCompile(`^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// base takes an origin, and maybe the path below which everything lies.
func base(into *string) kind {
	return kind{label: "URL", set: func(text string) error {
		u, ok := parseURL(text)
		below := ""
		if ok {
			below = strings.TrimSuffix(u.Path, "/")
		}
		o, isOrigin := parseOrigin(strings.TrimSuffix(strings.TrimSuffix(text, "/"), below))
		if !ok || !isOrigin || !webScheme(o) || below != "" && !pathForm.MatchString(below) {
			return errors.New("want an URL as in https://auth.example.com, or https://example.com/auth where a path leads to the server: scheme, host, maybe a port and a path")
		}
		*into = o + below
		return nil
	}}
}

func webScheme(u string) bool {
	return strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://")
}

// origins takes those of apps too, whose web views have schemes of their own
// (capacitor://localhost). Plain http is for this machine's own front ends: what
// came that way from elsewhere could have been written by anybody in between.
func origins(into *[]string) kind {
	return kind{label: "origins", set: func(text string) error {
		var all []string
		for part := range strings.SplitSeq(text, ",") {
			o, ok := parseOrigin(strings.TrimSpace(part))
			if !ok || (strings.HasPrefix(o, "http://") && !loopbackHost(originHost(o))) {
				return errors.New("want origins as in https://app.example.com, separated by commas, without a path or *; plain http for loopback only")
			}
			all = append(all, o)
		}
		*into = all
		return nil
	}}
}

func issuer(into *string) kind {
	return kind{label: "URL", set: func(text string) error {
		if _, ok := parseURL(text); !ok || !webScheme(text) || strings.ContainsAny(text, "?#") {
			return errors.New("want an URL as in https://auth.example.com, without query or fragment")
		}
		*into = text
		return nil
	}}
}

// link takes where a letter or a page leads people; with a token, a template.
func link(into *string, token bool) kind {
	label, places := "URL", 0
	if token {
		label, places = "URL with "+tokenPlace, 1
	}
	return kind{label: label, set: func(text string) error {
		if strings.Count(text, tokenPlace) != places {
			if token {
				return errors.New("want an URL that holds " + tokenPlace + " once")
			}
			return errors.New("want an URL without " + tokenPlace)
		}
		// As a part of the host, the token would be told to name servers.
		u, ok := parseURL(strings.Replace(text, tokenPlace, "0", 1))
		plain, same := parseURL(strings.Replace(text, tokenPlace, "1", 1))
		if !ok || !same || !webScheme(text) || u.Host != plain.Host {
			return errors.New("want an absolute https or http URL" + map[bool]string{true: " with " + tokenPlace + " after the host"}[token])
		}
		*into = text
		return nil
	}}
}

func networks(into *[]netip.Prefix) kind {
	return kind{label: "networks", set: func(text string) error {
		var all []netip.Prefix
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			network, err := netip.ParsePrefix(part)
			if err != nil {
				var address netip.Addr
				if address, err = netip.ParseAddr(part); err == nil {
					address = address.Unmap().WithZone("")
					network = netip.PrefixFrom(address, address.BitLen())
				}
			}
			if err != nil {
				return errors.New("want addresses or networks as in 10.0.0.0/8, separated by commas")
			}
			// Addresses are compared in their own form, not mapped into IPv6.
			if network.Addr().Is4In6() && network.Bits() >= 96 {
				network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
			}
			// Whoever is believed chooses the address that he is counted by.
			if network.Bits() == 0 {
				return errors.New("a network of all addresses would let every client choose its own")
			}
			all = append(all, network.Masked())
		}
		*into = all
		return nil
	}}
}

func mailbox(into *string) kind {
	return kind{label: "address", set: func(text string) error {
		if _, err := mail.ParseAddress(text); err != nil || !printable(text) {
			return errors.New("want an address as in Gatehouse <no-reply@example.com>")
		}
		*into = text
		return nil
	}}
}

// The kinds below are of secrets: url.Parse quotes what it was given, so its
// errors are dropped.

func database(into *Secret) kind {
	return kind{label: "URL", set: func(text string) error {
		*into = NewSecret(text)
		if path, ok := strings.CutPrefix(text, sqlitePrefix); ok {
			if path == "" || strings.ContainsAny(path, "?#\x00") || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "//") {
				return errors.New("want sqlite: and the path of a file")
			}
			return sqliteFile(path)
		}
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return errors.New("want sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME, special characters percent-encoded")
		}
		return nil
	}}
}

// sqliteFile refuses a path at which no file can be: the first to notice would be
// the one that keeps the secret, which is made before the database.
func sqliteFile(path string) error {
	if found, err := os.Stat(path); err == nil && found.IsDir() {
		return errors.New("want the path of a file, and this is a directory")
	}
	found, err := os.Stat(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !found.IsDir() {
		return errors.New("want a file in a directory that is there")
	}
	return nil
}

func mailWire(into *Secret) kind {
	wrong := errors.New("want log:, file:DIR, smtp://USER:PASSWORD@HOST:PORT, smtps://USER:PASSWORD@HOST or resend://API_KEY@api.resend.com, special characters percent-encoded")
	return kind{label: "URL", set: func(text string) error {
		*into = NewSecret(text)
		if directory, ok := strings.CutPrefix(text, "file:"); ok {
			if directory == "" {
				return errors.New("want file: and the path of a directory")
			}
			return nil
		}
		u, err := url.Parse(text)
		if err != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return wrong
		}
		switch u.Scheme {
		case "log":
			if text != "log:" {
				return wrong
			}
		case "smtp", "smtps":
			if u.Hostname() == "" {
				return wrong
			}
		case "resend":
			if u.Hostname() == "" || u.User.Username() == "" {
				return wrong
			}
		default:
			return wrong
		}
		return nil
	}}
}

// base64Alphabets are what a secret may be written in.
var base64Alphabets = regexp.MustCompile(`^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$`)

func secrets(into *Secret) kind {
	return kind{label: "secrets", set: func(text string) error {
		*into = NewSecret(text)
		seen := map[string]bool{}
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			if !base64Alphabets.MatchString(part) {
				return errors.New("want 32 bytes in base64, as `openssl rand -base64 32` writes them; several separated by commas")
			}
			// Some of the alphabets' texts of that length are no encoding.
			plain := strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(part)
			root, err := base64.RawStdEncoding.Strict().DecodeString(plain)
			switch {
			case err != nil:
				return errors.New("not base64: a character was lost or changed")
			case bytes.Count(root, root[:1]) == len(root):
				return errors.New("one byte over and over is no secret: gatehouse secret new makes one")
			case seen[plain]:
				return errors.New("a secret is there twice")
			}
			seen[plain] = true
		}
		return nil
	}}
}
