package auth

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestANameIsReadAsItIsShown(t *testing.T) {
	t.Parallel()
	malformed := Fault{Code: Malformed}
	for name, tt := range map[string]struct {
		in, want string
		fault    Fault
	}{
		"none":                         {"", "", Fault{}},
		"plain":                        {"Ann Lee", "Ann Lee", Fault{}},
		"white space around":           {" \u00a0Ann Lee\u3000", "Ann Lee", Fault{}},
		"white space alone":            {"   ", "", Fault{}},
		"decomposed":                   {"Jose\u0301", "José", Fault{}},
		"markup, which is only text":   {"<b>&\"'", "<b>&\"'", Fault{}},
		"joined emoji":                 {"👩\u200d🚀", "👩\u200d🚀", Fault{}},
		"a mark of direction":          {"שלום\u200f!", "שלום\u200f!", Fault{}},
		"100 code points":              {strings.Repeat("🚀", 100), strings.Repeat("🚀", 100), Fault{}},
		"101 code points":              {strings.Repeat("a", 101), "", Fault{Code: TooLong, Limit: 100}},
		"100 once composed":            {strings.Repeat("e\u0301", 100), strings.Repeat("é", 100), Fault{}},
		"101 once decomposed":          {strings.Repeat("\u0958", 51), "", Fault{Code: TooLong, Limit: 100}},
		"line feed":                    {"Ann\nLee", "", malformed},
		"line feed at the end":         {"Ann\n", "", malformed},
		"header":                       {"Ann\r\nBcc: eve@evil.example", "", malformed},
		"tab":                          {"Ann\tLee", "", malformed},
		"escape":                       {"\x1b[31mAnn", "", malformed},
		"NUL":                          {"Ann\x00", "", malformed},
		"C1 control":                   {"Ann\u0090", "", malformed},
		"line separator":               {"Ann\u2028Lee", "", malformed},
		"paragraph separator":          {"Ann\u2029Lee", "", malformed},
		"bidirectional override":       {"Ann\u202eeeL", "", malformed},
		"bidirectional embedding":      {"Ann\u202aLee", "", malformed},
		"bidirectional isolate":        {"Ann\u2066Lee", "", malformed},
		"end of an isolate":            {"Ann\u2069Lee", "", malformed},
		"invalid UTF-8":                {"Ann\xc3", "", malformed},
		"surrogate":                    {"Ann\xed\xa0\x80", "", malformed},
		"replacement character":        {"Ann\ufffd", "", malformed},
		"malformed before it is short": {strings.Repeat("\x00", 200), "", malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, fault := ParseName(tt.in); got != tt.want || fault != tt.fault {
				t.Errorf("ParseName(%q) = %q, %v; want %q, %v", tt.in, got, fault, tt.want, tt.fault)
			}
		})
	}
}

func TestADeviceNameHas64CodePoints(t *testing.T) {
	t.Parallel()
	full := strings.Repeat("é", 64)
	if got, fault := ParseDeviceName(full); got != full || fault != (Fault{}) {
		t.Errorf("ParseDeviceName = %q, %v", got, fault)
	}
	if got, fault := ParseDeviceName(full + "e"); got != "" || fault != (Fault{Code: TooLong, Limit: 64}) {
		t.Errorf("ParseDeviceName = %q, %v", got, fault)
	}
	if _, fault := ParseDeviceName("Ann's\nphone"); fault != (Fault{Code: Malformed}) {
		t.Errorf("ParseDeviceName = %v", fault)
	}
}

func TestANameThatWasReadIsReadAsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		got, fault := ParseName(rapid.String().Draw(t, "name"))
		if fault != (Fault{}) {
			return
		}
		if again, fault := ParseName(got); again != got || fault != (Fault{}) {
			t.Errorf("ParseName(%+q) = %+q, %v", got, again, fault)
		}
		if !norm.NFC.IsNormalString(got) || utf8.RuneCountInString(got) > nameMaxLength {
			t.Errorf("ParseName gave %+q", got)
		}
	})
}

func TestAnIdempotencyKeyHas1To64CodePoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		want Fault
	}{
		"plain":                 {"8c1d0d5e-6a54-4b61-9fd5-6f0f4a0d9c11", Fault{}},
		"spaces, which count":   {" a b ", Fault{}},
		"64 code points":        {strings.Repeat("é", 64), Fault{}},
		"65 code points":        {strings.Repeat("é", 65), Fault{Code: TooLong, Limit: 64}},
		"nothing":               {"", Fault{Code: Required}},
		"invalid UTF-8":         {"a\xff", Fault{Code: Malformed}},
		"replacement character": {"a\ufffd", Fault{Code: Malformed}},
		"line feed":             {"a\n", Fault{Code: Malformed}},
		"NUL":                   {"a\x00", Fault{Code: Malformed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ParseIdempotencyKey(tt.in); got != tt.want {
				t.Errorf("ParseIdempotencyKey(%q) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func TestALocaleIsCanonical(t *testing.T) {
	t.Parallel()
	malformed := Fault{Code: Malformed}
	for _, tt := range []struct {
		in, want string
		fault    Fault
	}{
		{"", "", Fault{}},
		{"en", "en", Fault{}},
		{"DE-at", "de-AT", Fault{}},
		{"pt_BR", "pt-BR", Fault{}},
		{"zh-hant-tw", "zh-Hant-TW", Fault{}},
		{"iw", "he", Fault{}},
		{"ca-valencia", "ca-valencia", Fault{}},
		{"de-DE-u-co-phonebk", "de-DE-u-co-phonebk", Fault{}},
		{"e", "", malformed},
		{"english", "", malformed},
		{"qq-ZZ", "", malformed},
		{"en-", "", malformed},
		{" en", "", malformed},
		{"en\n", "", malformed},
		{"en-US;q=0.8", "", malformed},
		{"../en", "", malformed},
		{"en\x00", "", malformed},
		{"\xff\xfe", "", malformed},
		{strings.Repeat("en-", 4096), "", Fault{Code: TooLong, Limit: 35}},
	} {
		t.Run(tt.in[:min(len(tt.in), 20)], func(t *testing.T) {
			t.Parallel()
			got, fault := ParseLocale(tt.in)
			if got != tt.want || fault != tt.fault {
				t.Errorf("ParseLocale(%q) = %q, %v; want %q, %v", tt.in, got, fault, tt.want, tt.fault)
			}
			if again, _ := ParseLocale(got); again != got {
				t.Errorf("ParseLocale(%q) = %q", got, again)
			}
		})
	}
}

func TestOfAUserAgentWhatCanBeShownIsKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"none":                  {"", ""},
		"plain":                 {"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"},
		"256 of 300":            {strings.Repeat("é", 300), strings.Repeat("é", 256)},
		"what goes is no count": {strings.Repeat("\x00a", 300), strings.Repeat("a", 256)},
		"control characters":    {"a\r\nb\tc\x1b[0m\u0085", "abc[0m"},
		"directions":            {"a\u202eb\u2069c", "abc"},
		"invalid UTF-8":         {"a\xffb\xc3", "ab"},
		"replacement character": {"a\ufffdb", "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := CutUserAgent(tt.in); got != tt.want {
				t.Errorf("CutUserAgent(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestACutUserAgentCanBeStoredAnywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		got := CutUserAgent(in)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > userAgentMaxLength ||
			strings.ContainsFunc(got, unicode.IsControl) || CutUserAgent(got) != got {
			t.Errorf("CutUserAgent(%q) = %q", in, got)
		}
	})
}
