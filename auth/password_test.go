package auth

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestAPasswordIsExactlyWhatWasTyped(t *testing.T) {
	t.Parallel()
	malformed := Fault{Code: Malformed}
	tooLong := Fault{Code: TooLong, Limit: 256}
	for name, tt := range map[string]struct {
		in, want string
		fault    Fault
	}{
		"short, for it may be old":         {"a", "a", Fault{}},
		"spaces around":                    {"  a b  ", "  a b  ", Fault{}},
		"letter case":                      {"aBc", "aBc", Fault{}},
		"control characters":               {"a\tb\n", "a\tb\n", Fault{}},
		"decomposed":                       {"pa\u0308ss", "päss", Fault{}},
		"compatibility forms stay":         {"ﬁ①Ａ", "ﬁ①Ａ", Fault{}},
		"singleton":                        {"\u212b", "\u00c5", Fault{}},
		"256 code points":                  {strings.Repeat("a", 256), strings.Repeat("a", 256), Fault{}},
		"257 code points":                  {strings.Repeat("a", 257), "", tooLong},
		"1,024 bytes":                      {strings.Repeat("🔑", 256), strings.Repeat("🔑", 256), Fault{}},
		"1,025 bytes":                      {strings.Repeat("🔑", 256) + "a", "", tooLong},
		"256 once composed":                {strings.Repeat("e\u0301", 256), strings.Repeat("é", 256), Fault{}},
		"256 once composed, as long as is": {strings.Repeat("\u1112\u1161\u11ab", 256), strings.Repeat("한", 256), Fault{}},
		"257 once composed":                {strings.Repeat("e\u0301", 257), "", tooLong},
		"258 once decomposed":              {strings.Repeat("\u0958", 129), "", tooLong},
		"megabytes":                        {strings.Repeat("\xff", 1<<20), "", tooLong},
		"nothing":                          {"", "", Fault{Code: Required}},
		"NUL":                              {"correct\x00horse", "", malformed},
		"NUL last":                         {"correct horse\x00", "", malformed},
		"invalid UTF-8":                    {"correct \xff horse", "", malformed},
		"overlong NUL":                     {"correct \xc0\x80 horse", "", malformed},
		"surrogate":                        {"correct \xed\xa0\x80 horse", "", malformed},
		"replacement character":            {"correct \ufffd horse", "", malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, fault := NormalizePassword(tt.in); got != tt.want || fault != tt.fault {
				t.Errorf("NormalizePassword(%q) = %q, %v; want %q, %v", tt.in, got, fault, tt.want, tt.fault)
			}
		})
	}
}

func TestAPasswordIsTheSameFromEveryKeyboard(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.StringN(1, 300, -1).Draw(t, "password")
		composed, faultC := NormalizePassword(norm.NFC.String(typed))
		decomposed, faultD := NormalizePassword(norm.NFD.String(typed))
		if composed != decomposed || faultC != faultD {
			t.Errorf("%+q: composed %+q %v, decomposed %+q %v", typed, composed, faultC, decomposed, faultD)
		}
		if faultC != (Fault{}) {
			return
		}
		if again, fault := NormalizePassword(composed); again != composed || fault != (Fault{}) {
			t.Errorf("NormalizePassword(%+q) = %+q, %v", composed, again, fault)
		}
		if len(composed) > 1024 || utf8.RuneCountInString(composed) > PasswordMaxLength {
			t.Errorf("NormalizePassword(%+q) has %d bytes", typed, len(composed))
		}
	})
}

func TestAPolicyAsksForLengthAndNothingElse(t *testing.T) {
	t.Parallel()
	policy := PasswordPolicy{MinLength: 12}
	for name, tt := range map[string]struct {
		in    string
		fault Fault
	}{
		"12 code points":             {"xkqvbzwjyfgh", Fault{}},
		"11 code points":             {"xkqvbzwjyfg", Fault{Code: TooShort, Limit: 12}},
		"11 code points of 44 bytes": {strings.Repeat("🔑", 11), Fault{Code: TooShort, Limit: 12}},
		"11 once composed":           {"xkqvbzwjyfe\u0301", Fault{Code: TooShort, Limit: 12}},
		"short and common":           {"password", Fault{Code: TooShort, Limit: 12}},
		"spaces count":               {"xkqv bzwj fg", Fault{}},
		"no classes of characters":   {"correct horse battery staple", Fault{}},
		"a common word among others": {"password of my heron", Fault{}},
		"digits before":              {"2024xkqvbzwjyf", Fault{}},
		"what sign-in refuses":       {"xkqvbzwj\x00yfghk", Fault{Code: Malformed}},
		"nothing":                    {"", Fault{Code: Required}},
		"too long":                   {strings.Repeat("a", 257), Fault{Code: TooLong, Limit: 256}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, fault := policy.Check(tt.in)
			if fault != tt.fault {
				t.Errorf("Check(%q) = %v, want %v", tt.in, fault, tt.fault)
			}
			if fault == (Fault{}) && got != norm.NFC.String(tt.in) || fault != (Fault{}) && got != "" {
				t.Errorf("Check(%q) = %q beside %v", tt.in, got, fault)
			}
		})
	}
}

func TestTheLengthAskedForIsASetting(t *testing.T) {
	t.Parallel()
	if _, fault := (PasswordPolicy{MinLength: 15}).Check("xkqvbzwjyfghkl"); fault != (Fault{Code: TooShort, Limit: 15}) {
		t.Errorf("14 of 15 code points: %v", fault)
	}
	if _, fault := (PasswordPolicy{MinLength: 8}).Check("xkqvbzwj"); fault != (Fault{}) {
		t.Errorf("8 of 8 code points: %v", fault)
	}
}

func TestWhatIsGuessedFirstIsTooCommon(t *testing.T) {
	t.Parallel()
	policy := PasswordPolicy{MinLength: 12}
	for _, in := range []string{
		"password1234", "PASSWORD!!!!", "Password2024!", "pAsSwOrD-.-.", "passwordpassword", "password 2024",
		"qwertyuiop123", "Dragon!!!!!!!", "q1w2e3r4t5y6u7i8o9p0", "1qaz2wsx3edc4rfv", "q12345678901",
		"123456789012", "2024-12-24 12:00", "!@#$%^&*()_+", "            ", "------------",
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			if got, fault := policy.Check(in); got != "" || fault != (Fault{Code: PasswordTooCommon}) {
				t.Errorf("Check(%q) = %q, %v", in, got, fault)
			}
		})
	}
}

func TestEveryCommonPasswordIsTooCommonInAnyDress(t *testing.T) {
	t.Parallel()
	list := strings.Split(strings.TrimSuffix(commonPasswords, "\n"), "\n")
	if len(list) < 30_000 {
		t.Fatalf("the list has %d entries", len(list))
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(list).Draw(t, "word")
		affix := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789!#$ -_.?~{")), 0, 20, -1).Draw(t, "affix")
		if rapid.Bool().Draw(t, "capitals") {
			word = strings.ToUpper(word)
		}
		if !isCommon(word + affix) {
			t.Errorf("%q is not common", word+affix)
		}
		// The list is compared by whole words: neither end of it matches alone.
		if part := word[1:]; isCommon(part) != (stem(part) == "" || strings.Contains("\n"+commonPasswords, "\n"+stem(part)+"\n")) {
			t.Errorf("%q: %v", part, isCommon(part))
		}
	})
}

func TestTheListOfCommonPasswordsIsStemmedAndSorted(t *testing.T) {
	t.Parallel()
	last := ""
	for line := range strings.Lines(commonPasswords) {
		word, ended := strings.CutSuffix(line, "\n")
		if !ended || word == "" || stem(word) != word || word <= last {
			t.Fatalf("line %q after %q", line, last)
		}
		last = word
	}
	if !isCommon(last) || !isCommon(commonPasswords[:strings.IndexByte(commonPasswords, '\n')]) {
		t.Error("the first or last entry is not found")
	}
}

func TestAPasswordMadeOfItsOwnersNamesIsTooCommon(t *testing.T) {
	t.Parallel()
	policy := PasswordPolicy{MinLength: 12}
	const address, name, username = "ann.kowalczyk@heronmail.example", "Zoë van Dijkstra", "kestrel77"
	for in, tooCommon := range map[string]bool{
		"kowalczyk1985":             true, // the local part
		"Kowalczyk-1985":            true,
		"KOWALCZYK!!!!":             true,
		"ann.kowalczyk":             true,
		"ann kowalczyk":             true,
		"1985annkowalczyk":          true,
		"xyzkowalczyk1":             true, // three others
		"wxyzkowalczyk":             false,
		"ann.kowalczyk@heronmail":   true, // the domain
		"heronmail2024":             true,
		"Heronmail.example":         true,
		"kowakowakowa":              true, // four of it, again and again
		"czykzoëvandijk":            true, // of the name
		"ZOE\u0308 VAN DIJKSTRA":    true,
		"zoëvandijkstr":             true,
		"kestrel77kestrel77":        true, // the username, digits and all
		"kes-trel-7777":             true,
		"kow2024kow2024":            false, // three in a row is no run
		"kowalczyk und sein reiher": false,
		"a heron in the morning":    false,
		"xkqvbzwjyfgh":              false,
	} {
		t.Run(in, func(t *testing.T) {
			t.Parallel()
			_, fault := policy.Check(in, address, name, username)
			if want := map[bool]Fault{true: {Code: PasswordTooCommon}}[tooCommon]; fault != want {
				t.Errorf("Check(%q) = %v, want %v", in, fault, want)
			}
			// It is the owner's names that make it so.
			if _, fault := policy.Check(in, "", "", ""); fault != (Fault{}) {
				t.Errorf("Check(%q) for somebody else = %v", in, fault)
			}
		})
	}
}

func TestAnotherPasswordIsOwnToNobody(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// No four letters of the one alphabet stand in the other.
		password := rapid.StringOfN(rapid.RuneFrom([]rune("abcdef")), 12, 40, -1).Draw(t, "password")
		own := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("uvwxyz@. "))), 0, 3).Draw(t, "own")
		if isOwn(password, own) {
			t.Errorf("%q is made of %q", password, own)
		}
		if len(own) > 0 && len(lettersAndDigits(own[0])) >= ownRun && !isOwn(own[0]+"123", own) {
			t.Errorf("%q is not made of %q", own[0]+"123", own)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	policy := PasswordPolicy{MinLength: 12}
	for b.Loop() {
		if _, fault := policy.Check("Zylophone-no-such-word", "ann@example.com", "Ann Lee"); fault != (Fault{}) {
			b.Fatal(fault)
		}
	}
}
