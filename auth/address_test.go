package auth

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestAnAddressIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, text, key string }{
		"plain":                           {"ann@example.com", "ann@example.com", "ann@example.com"},
		"letter case":                     {"Ann.Lee@EXAMPLE.Com", "Ann.Lee@example.com", "ann.lee@example.com"},
		"every sign of an atom":           {"!#$%&'*+-/=?^_`{|}~9@example.com", "!#$%&'*+-/=?^_`{|}~9@example.com", "!#$%&'*+-/=?^_`{|}~9@example.com"},
		"a tag is a mailbox of its own":   {"ann+news@example.com", "ann+news@example.com", "ann+news@example.com"},
		"internationalized domain":        {"ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"},
		"domain in ASCII form":            {"ann@XN--bcher-KVA.example", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"},
		"ideographic full stop":           {"ann@例え。jp", "ann@xn--r8jz45g.jp", "ann@xn--r8jz45g.jp"},
		"letters beyond ASCII":            {"JOSÉ@example.com", "JOSÉ@example.com", "josé@example.com"},
		"decomposed letters":              {"JOSE\u0301@example.com", "JOSÉ@example.com", "josé@example.com"},
		"no composed capital":             {"H\u0331@example.com", "H\u0331@example.com", "\u1e96@example.com"},
		"final sigma":                     {"ΟΔΟΣ@example.com", "ΟΔΟΣ@example.com", "οδοσ@example.com"},
		"final sigma, small":              {"οδος@example.com", "οδος@example.com", "οδοσ@example.com"},
		"dotted capital is no i":          {"İ@example.com", "İ@example.com", "i\u0307@example.com"},
		"a subscript that has a capital":  {"\u1fbc@example.com", "\u1fbc@example.com", "αι@example.com"},
		"dotless small letter is no i":    {"ı@example.com", "ı@example.com", "ı@example.com"},
		"many labels, numbers among them": {"ann@1.2.example.com", "ann@1.2.example.com", "ann@1.2.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, fault := ParseAddress(tt.in)
			if fault != (Fault{}) || got != (Address{Text: tt.text, Key: tt.key}) {
				t.Errorf("ParseAddress(%q) = %+q, %v", tt.in, got, fault)
			}
		})
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no at":                        "ann.example.com",
		"only an at":                   "@",
		"no local part":                "@example.com",
		"no domain":                    "ann@",
		"two ats":                      "ann@evil.example@example.com",
		"dot first":                    ".ann@example.com",
		"dot last":                     "ann.@example.com",
		"two dots":                     "a..n@example.com",
		"quoted":                       `"ann"@example.com`,
		"comment":                      "ann(lee)@example.com",
		"display name":                 "Ann <ann@example.com>",
		"two addresses":                "ann@example.com,bob@example.com",
		"two addresses, semicolon":     "ann;bob@example.com",
		"escaped":                      `a\@b@example.com`,
		"route":                        "@relay.example:ann@example.com",
		"space before":                 " ann@example.com",
		"space behind":                 "ann@example.com ",
		"space inside":                 "an n@example.com",
		"no-break space":               "an\u00a0n@example.com",
		"line feed behind":             "ann@example.com\n",
		"header":                       "ann@example.com\r\nBcc: eve@evil.example",
		"header in the local part":     "ann\r\nBcc:eve@example.com",
		"NUL":                          "ann\x00@example.com",
		"DEL":                          "ann\x7f@example.com",
		"C1 control":                   "ann\u0085@example.com",
		"zero-width space":             "an\u200bn@example.com",
		"bidirectional override":       "an\u202en@example.com",
		"soft hyphen":                  "an\u00adn@example.com",
		"Hangul filler":                "an\u3164n@example.com",
		"variation selector":           "ann\ufe0f@example.com",
		"private use":                  "ann\ue000@example.com",
		"unassigned":                   "ann\U000e0fff@example.com",
		"invalid UTF-8":                "an\xffn@example.com",
		"invalid UTF-8 in the domain":  "ann@ex\xff.example",
		"replacement character":        "an\ufffdn@example.com",
		"single label":                 "root@localhost",
		"root's dot":                   "ann@example.com.",
		"empty label":                  "ann@example..com",
		"label of 64":                  "ann@" + strings.Repeat("a", 64) + ".com",
		"hyphen first":                 "ann@-example.com",
		"hyphen last":                  "ann@example-.com",
		"underscore":                   "ann@ex_ample.com",
		"IPv4 address":                 "ann@127.0.0.1",
		"address literal":              "ann@[127.0.0.1]",
		"IPv6 literal":                 "ann@[IPv6:::1]",
		"port":                         "ann@example.com:25",
		"path":                         "ann@example.com/x",
		"broken Punycode":              "ann@xn--a.example",
		"Punycode of what IDNA maps":   "ann@xn--bc-bz3n.example",
		"space in the domain":          "ann@exa mple.com",
		"directions mixed in a domain": "ann@aא.example",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, fault := ParseAddress(in)
			if fault != (Fault{Code: Malformed}) || got != (Address{}) {
				t.Errorf("ParseAddress(%q) = %+q, %v", in, got, fault)
			}
		})
	}
}

func TestAnAddressHasItsLength(t *testing.T) {
	t.Parallel()
	// A domain of n bytes.
	domain := func(n int) string {
		var b strings.Builder
		for n-b.Len() > labelMaxLength {
			b.WriteString(strings.Repeat("a", min(labelMaxLength, n-b.Len()-2)) + ".")
		}
		b.WriteString(strings.Repeat("b", n-b.Len()))
		return b.String()
	}
	local := strings.Repeat("l", localPartMaxLength)
	for name, tt := range map[string]struct {
		in   string
		want Fault
	}{
		"nothing":                 {"", Fault{Code: Required}},
		"254 bytes":               {local + "@" + domain(254-65), Fault{}},
		"255 bytes":               {local + "@" + domain(255-65), Fault{Code: TooLong, Limit: 254}},
		"megabytes":               {strings.Repeat("é", 1<<20), Fault{Code: TooLong, Limit: 254}},
		"local part of 65":        {local + "l@example.com", Fault{Code: TooLong, Limit: 64}},
		"local part of 65 bytes":  {strings.Repeat("é", 32) + "l@example.com", Fault{Code: TooLong, Limit: 64}},
		"local part of 64 in NFC": {strings.Repeat("e\u0301", 32) + "@example.com", Fault{}},
		"255 once it is folded": {
			strings.Repeat("İ", 32) + "@" + domain(254-65), Fault{Code: TooLong, Limit: 254},
		},
		"255 before it is composed": {
			"e\u0301@" + domain(255-4), Fault{Code: TooLong, Limit: 254},
		},
		"more, but for its key": {
			strings.Repeat("ẞ", 20) + "@" + strings.Repeat("é.", 23) + "example.com", Fault{Code: TooLong, Limit: 254},
		},
		"more once IDNA is applied": {
			local + "@" + strings.Repeat("é.", 60) + "example", Fault{Code: TooLong, Limit: 254},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, fault := ParseAddress(tt.in)
			if fault != tt.want || len(got.Text) > addressMaxLength {
				t.Errorf("ParseAddress(%d bytes) = %d bytes, %v; want %v", len(tt.in), len(got.Text), fault, tt.want)
			}
		})
	}
}

// addresses generates what mostly is an address.
func addresses() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		letter := rapid.OneOf(
			rapid.RuneFrom([]rune("abcXYZ019+-_.İıſßẞςΣσµΜΐΰKÅéE\u0301\u0331\u0345ǅǆᾳᾼﬀЖж")),
			rapid.RuneFrom(nil, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S),
		)
		local := rapid.StringOfN(letter, 1, 12, localPartMaxLength).Draw(t, "local")
		domain := rapid.SampledFrom([]string{"example.com", "EXAMPLE.org", "Bücher.example", "faß.de", "ΟΔΌΣ.gr", "例え。jp"}).Draw(t, "domain")
		return local + "@" + domain
	})
}

func TestAnAddressThatWasReadIsReadAsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		got, fault := ParseAddress(addresses().Draw(t, "address"))
		if fault != (Fault{}) {
			return
		}
		if again, fault := ParseAddress(got.Text); again != got || fault != (Fault{}) {
			t.Errorf("ParseAddress(%+q) = %+q, %v; want itself", got.Text, again, fault)
		}
		// A key that is an address (its local part may have grown beyond one) is its
		// own key.
		if again, fault := ParseAddress(got.Key); fault == (Fault{}) && (again.Key != got.Key || again.Text != got.Key) {
			t.Errorf("ParseAddress(%+q) = %+q; want the same key", got.Key, again)
		}
	})
}

func TestLetterCaseNeverMakesTwoKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := addresses().Draw(t, "address")
		// Another spelling: each letter by any other of the same folding, the whole
		// composed or decomposed. In the domain, IDNA tells some of those apart.
		domain := false
		other := strings.Map(func(r rune) rune {
			if domain = domain || r == '@'; domain && strings.ContainsRune("ßςσΣ", r) {
				return r
			}
			for range rapid.IntRange(0, 3).Draw(t, "folds") {
				r = unicode.SimpleFold(r)
			}
			return r
		}, norm.NFC.String(s))
		if rapid.Bool().Draw(t, "decomposed") {
			other = norm.NFD.String(other)
		}
		a, faultA := ParseAddress(s)
		b, faultB := ParseAddress(other)
		if faultA == (Fault{}) && faultB == (Fault{}) && a.Key != b.Key {
			t.Errorf("keys of %+q and %+q are %+q and %+q", s, other, a.Key, b.Key)
		}
	})
}

func TestAKeyFoldsEveryCharacterAsUnicodeDoes(t *testing.T) {
	t.Parallel()
	for r := range unicode.MaxRune + 1 {
		s := string(r)
		if s == string(unicode.ReplacementChar) {
			continue // surrogates, which no text holds
		}
		key := caseless(s)
		if again := caseless(key); again != key {
			t.Errorf("key of %U is %+q, whose key is %+q", r, key, again)
		}
		if !norm.NFC.IsNormalString(key) {
			t.Errorf("key of %U is %+q, which is not NFC", r, key)
		}
		// One key for what folds together, and only for that.
		if other := caseless(string(unicode.SimpleFold(r))); other != key {
			t.Errorf("keys of %U and %U are %+q and %+q", r, unicode.SimpleFold(r), key, other)
		}
		if !strings.EqualFold(norm.NFD.String(s), norm.NFD.String(key)) {
			t.Errorf("key of %U is %+q, which is another character", r, key)
		}
	}
}

func FuzzAddressesAreSafeToWriteIntoAHeader(f *testing.F) {
	f.Add("Ann.Lee@Bücher.example")
	f.Add("a\u0301@例え。jp")
	f.Add("ann@example.com\r\nBcc: eve@evil.example")
	f.Fuzz(func(t *testing.T, s string) {
		got, fault := ParseAddress(s)
		if fault != (Fault{}) {
			if got != (Address{}) {
				t.Errorf("ParseAddress(%q) = %+q beside %v", s, got, fault)
			}
			return
		}
		for _, text := range []string{got.Text, got.Key} {
			if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) ||
				strings.ContainsAny(text, `"(),:;<>[\]`) || strings.Count(text, "@") != 1 {
				t.Errorf("ParseAddress(%q) = %+q", s, got)
			}
		}
	})
}
