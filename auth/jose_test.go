package auth

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// mint makes a token of any header and claims, whatever they say, with a good
// signature: what an attacker could who had the key, or what another library
// with the same key might.
func mint(t testing.TB, method jwt.SigningMethod, key any, header, claims string) string {
	t.Helper()
	signed := encodePart(header) + "." + encodePart(claims)
	signature, err := method.Sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func mintHS256(t testing.TB, key []byte, header, claims string) string {
	t.Helper()
	return mint(t, jwt.SigningMethodHS256, key, header, claims)
}

// mintUnsigned makes a token without a signature.
func mintUnsigned(header, claims string) string {
	return encodePart(header) + "." + encodePart(claims) + "."
}

func encodePart(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestATokenIsThreePartsOfBase64URLAndNothingElse(t *testing.T) {
	t.Parallel()
	const header = `{"alg":"HS256","kid":"k","typ":"rt+jwt"}`
	good := mintHS256(t, []byte("key"), header, `{}`)
	if _, err := parseJWS(good); err != nil {
		t.Fatal(err)
	}
	h, p, s := encodePart(header), encodePart(`{ }`), encodePart("signature")
	longest := strings.Repeat("A", 4096-len(h)-len(p)-2)
	if _, err := parseJWS(h + "." + p + "." + longest); err != nil {
		t.Errorf("4,096 bytes are refused: %v", err)
	}
	for name, test := range map[string]struct {
		token string
		why   error
	}{
		"nothing":                       {"", errTokenForm},
		"one part":                      {h, errTokenForm},
		"two parts":                     {h + "." + p, errTokenForm},
		"four parts":                    {good + "." + s, errTokenForm},
		"five parts, as encrypted ones": {h + "." + s + "." + s + "." + s + "." + s, errTokenForm},
		"a dot more":                    {good + ".", errTokenForm},
		"dots alone":                    {"..", errTokenForm},
		"no header":                     {"." + p + "." + s, errTokenForm},
		"no payload":                    {h + ".." + s, errTokenForm},
		"no signature":                  {h + "." + p + ".", errTokenForm},
		"JSON serialization":            {`{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`, errTokenForm},
		"a space before":                {" " + good, errTokenForm},
		"a space after":                 {good + " ", errTokenForm},
		"a tab inside":                  {h + ".\t" + p + "." + s, errTokenForm},
		"LF in the header":              {h[:5] + "\n" + h[5:] + "." + p + "." + s, errTokenForm},
		"CRLF in the payload":           {h + "." + p[:1] + "\r\n" + p[1:] + "." + s, errTokenForm},
		"CR in the signature":           {h + "." + p + "." + s[:3] + "\r" + s[3:], errTokenForm},
		"LF at the end":                 {good + "\n", errTokenForm},
		"NUL":                           {good + "\x00", errTokenForm},
		"a byte-order mark":             {"\ufeff" + good, errTokenForm},
		"the header padded":             {h + "==." + p + "." + s, errTokenForm},
		"the payload padded":            {h + ".e30=." + s, errTokenForm},
		"the signature padded":          {good + "=", errTokenForm},
		"the other alphabet":            {h + "." + p + ".++//", errTokenForm},
		"bits that no encoder sets":     {h + "." + p + ".AB", errTokenForm},
		"a single character":            {h + "." + p + ".A", errTokenForm},
		"percent encoding":              {h + "." + p + ".%41%41", errTokenForm},
		"4,097 bytes":                   {h + "." + p + "." + longest + "A", errTokenLength},
		"8 MB of dots":                  {strings.Repeat(".", 8<<20), errTokenLength},
	} {
		if j, err := parseJWS(test.token); !errors.Is(err, test.why) || j.keyID != "" {
			t.Errorf("%s: %v, want %v", name, err, test.why)
		}
	}
}

func TestAHeaderHasItsThreeMembersAndNoOthers(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]error{
		`{"alg":"ES256","kid":"k","typ":"at+jwt"}`:                           nil,
		" {\n\t\"typ\" : \"at+jwt\" , \"kid\":\"k\",\"alg\":\"ES256\"} \r\n": nil,
		`{"alg":"ES256","kid":"k"}`:                                          nil, // and verify refuses it

		`{"kid":"k","typ":"at+jwt"}`:     errTokenMissing,
		`{"alg":"ES256","typ":"at+jwt"}`: errTokenMissing,
		`{}`:                             errTokenMissing,

		`{"alg":"ES256","kid":"k","typ":"at+jwt","crit":["exp"]}`:               errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","crit":[]}`:                    errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","jku":"https://evil.example"}`: errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","jwk":{"kty":"EC"}}`:           errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","x5u":"https://evil.example"}`: errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","x5c":["AA=="]}`:               errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","x5t":"AA"}`:                   errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","b64":false}`:                  errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","zip":"DEF"}`:                  errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","cty":"JWT"}`:                  errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","enc":"A128GCM"}`:              errTokenMember,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","":""}`:                        errTokenMember,
		`{"ALG":"ES256","kid":"k","typ":"at+jwt"}`:                              errTokenMember,
		`{"alg":"ES256","Kid":"k","typ":"at+jwt"}`:                              errTokenMember,
		`{"alg":"ES256","\u212aid":"k","typ":"at+jwt"}`:                         errTokenMember, // folds to kid

		`{"alg":"ES256","alg":"none","kid":"k","typ":"at+jwt"}`:     errTokenDuplicate,
		`{"alg":"ES256","kid":"k","kid":"k","typ":"at+jwt"}`:        errTokenDuplicate,
		`{"alg":"ES256","kid":"k","typ":"at+jwt","\u0074yp":"JWT"}`: errTokenDuplicate,

		`{"alg":null,"kid":"k","typ":"at+jwt"}`:              errTokenValue,
		`{"alg":["ES256"],"kid":"k","typ":"at+jwt"}`:         errTokenValue,
		`{"alg":"ES256","kid":7,"typ":"at+jwt"}`:             errTokenValue,
		`{"alg":"ES256","kid":{"a":{"b":1}},"typ":"at+jwt"}`: errTokenValue,
		`{"alg":"ES256","kid":"k","typ":true}`:               errTokenValue,

		`null`:    errTokenJSON,
		`"alg"`:   errTokenJSON,
		`7`:       errTokenJSON,
		`["alg"]`: errTokenJSON,
		`{`:       errTokenJSON,
		`x`:       errTokenJSON,
		`{"alg":"ES256","kid":"k","typ":"at+jwt",}`:                           errTokenJSON,
		`{"alg":"ES256","kid":"k","typ":"at+jwt"}{}`:                          errTokenJSON,
		`{"alg":"ES256","kid":"k","typ":"at+jwt"}` + "\x00":                   errTokenJSON,
		`{'alg':'ES256','kid':'k','typ':'at+jwt'}`:                            errTokenJSON,
		`{alg:"ES256",kid:"k",typ:"at+jwt"}`:                                  errTokenJSON,
		`{"alg":"ES256",/**/"kid":"k","typ":"at+jwt"}`:                        errTokenJSON,
		"\ufeff" + `{"alg":"ES256","kid":"k","typ":"at+jwt"}`:                 errTokenJSON,
		"{\"alg\":\"ES256\",\"kid\":\"k\xff\",\"typ\":\"at+jwt\"}":            errTokenJSON,
		"{\"alg\":\"ES256\",\"kid\":\"k\n\",\"typ\":\"at+jwt\"}":              errTokenJSON,
		strings.Repeat("[", 2000):                                             errTokenJSON,
		strings.Repeat(`{"a":`, 400) + "1" + strings.Repeat("}", 400):         errTokenMember,
		`{"alg":` + strings.Repeat("[", 900) + strings.Repeat("]", 900) + `}`: errTokenValue,
	} {
		_, err := parseJWS(encodePart(header) + "." + encodePart("{}") + ".AAAA")
		if !errors.Is(err, want) {
			t.Errorf("%.80s: %v, want %v", header, err, want)
		}
	}
}

func TestAMemberIsOfItsKind(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind  memberKind
		value string
		good  bool
	}{
		{numberMember, "0", true},
		{numberMember, "1800000000", true},
		{numberMember, "253402300799", true},
		{numberMember, "253402300800", false}, // the year 10000
		{numberMember, "9223372036854775807", false},
		{numberMember, "18446744073709551617", false}, // 1 modulo 2^64
		{numberMember, "-1", false},
		{numberMember, "-0", false},
		{numberMember, "1.0", false},
		{numberMember, "1e9", false},
		{numberMember, "1E400", false},
		{numberMember, `"1800000000"`, false},
		{numberMember, "null", false},
		{numberMember, "true", false},
		{numberMember, "[1]", false},
		{numberMember, "{}", false},

		{uuidMember, `"01890a5d-ac96-774b-bcce-b302099a8057"`, true},
		{uuidMember, `"01890A5D-AC96-774B-BCCE-B302099A8057"`, false},
		{uuidMember, `"01890a5dac96774bbcceb302099a8057"`, false},
		{uuidMember, `"{01890a5d-ac96-774b-bcce-b302099a8057}"`, false},
		{uuidMember, `"urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057"`, false},
		{uuidMember, `""`, false},
		{uuidMember, "7", false},
		{uuidMember, "null", false},

		{stringMember, `""`, true},
		{stringMember, `"a"`, true},
		{stringMember, `["a"]`, false},
		{stringMember, "null", false},
		{stringMember, "1", false},

		{stringsMember, `[]`, true},
		{stringsMember, `["a","b"]`, true},
		{stringsMember, `"a"`, false},
		{stringsMember, `null`, false},
		{stringsMember, `{}`, false},
		{stringsMember, `["a",1]`, false},
		{stringsMember, `[["a"]]`, false},
		{stringsMember, `[null]`, false},
		{stringsMember, `[{"a":"b"}]`, false},
	} {
		m, err := parseMembers([]byte(`{"m":`+test.value+`}`), []member{{name: "m", kind: test.kind}})
		if test.good && err != nil || !test.good && !errors.Is(err, errTokenValue) {
			t.Errorf("%d %s: %v", test.kind, test.value, err)
		}
		if test.good && test.kind == stringsMember && m.lists["m"] == nil {
			t.Errorf("%s: a list is nil", test.value)
		}
	}
}

// FuzzParseJWS holds that what is read could have been written in no other way,
// and is short and flat.
func FuzzParseJWS(f *testing.F) {
	f.Add(goldenRefresh)
	f.Add(mintUnsigned(`{"alg":"none","kid":"","typ":""}`, "{}"))
	f.Add(encodePart(`{"alg":"HS256","kid":"k"}`) + ".e30.AA")
	f.Add(encodePart(`{"alg":"HS256","alg":"none","kid":"k"}`) + ".e30.AA")
	f.Add(encodePart(`{"alg":"HS256","kid":"k","crit":["b64"],"b64":false}`) + ".e30.AA")
	f.Add("e30.e30\n.AA")
	f.Add("e31.e30.AB")
	f.Add("...")
	f.Fuzz(func(t *testing.T, token string) {
		j, err := parseJWS(token)
		if err != nil {
			if j.signed != "" || j.payload != nil || j.signature != nil {
				t.Fatal("refused and read all the same")
			}
			return
		}
		header, _, _ := strings.Cut(token, ".")
		raw, err := base64.RawURLEncoding.DecodeString(header)
		if err != nil {
			t.Fatal(err)
		}
		again := encodePart(string(raw)) + "." + encodePart(string(j.payload)) + "." + encodePart(string(j.signature))
		if again != token {
			t.Fatalf("%q and %q are read alike", token, again)
		}
		if len(token) > maxTokenLength || len(j.payload) == 0 || len(j.signature) == 0 || !strings.HasPrefix(token, j.signed+".") {
			t.Fatalf("%q was read", token)
		}
	})
}
