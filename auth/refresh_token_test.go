package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

var testRefresh = RefreshClaims{
	SessionID:  uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"),
	Generation: 7,
	ExpiresAt:  time.Unix(1_800_000_000, 0).UTC(),
}

// Computed apart from this code: a token that was given out today must be good
// under the server of tomorrow.
const goldenRefresh = "eyJhbGciOiJIUzI1NiIsImtpZCI6IlhlVnZLSlA5Mnc0SiIsInR5cCI6InJ0K2p3dCJ9" +
	".eyJleHAiOjE4MDAwMDAwMDAsImdlbiI6Nywic2lkIjoiMDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYjMwMjA5OWE4MDU3In0" +
	".x9rL5S49h6S9YzW8_jy63cIU1v3T5Xnsb77vt1vzmvA"

func TestARefreshTokenIsTheSameEachTimeItIsMade(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts...)
	for range 3 {
		if got := s.signRefresh(testRefresh); got != goldenRefresh {
			t.Errorf("got  %s\nwant %s", got, goldenRefresh)
		}
	}
	// A database keeps microseconds, the token seconds.
	finer := testRefresh
	finer.ExpiresAt = finer.ExpiresAt.Add(999_999 * time.Microsecond)
	if got := s.signRefresh(finer); got != goldenRefresh {
		t.Errorf("with a fraction of a second: %s", got)
	}
	other := testRefresh
	other.Generation++
	if s.signRefresh(other) == goldenRefresh {
		t.Error("another generation has the same token")
	}
}

func TestARefreshTokenSaysWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts...)
	for _, want := range []RefreshClaims{
		testRefresh,
		{SessionID: testRefresh.SessionID, Generation: 0, ExpiresAt: testRefresh.ExpiresAt},
		{SessionID: testRefresh.SessionID, Generation: 1<<31 - 1, ExpiresAt: testRefresh.ExpiresAt},
	} {
		got, err := s.verifyRefresh(want.ExpiresAt.Add(-time.Hour), s.signRefresh(want), 0)
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestARefreshTokenExpiresOnTime(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts...)
	const leeway = 5 * time.Second
	for _, test := range []struct {
		after time.Duration
		want  error
	}{
		{-time.Hour, nil},
		{0, nil},
		{leeway - time.Microsecond, nil},
		{leeway, ExpiredToken},
		{100 * 24 * time.Hour, ExpiredToken},
	} {
		got, err := s.verifyRefresh(testRefresh.ExpiresAt.Add(test.after), goldenRefresh, leeway)
		if !errors.Is(err, test.want) {
			t.Errorf("%v after: %v, want %v", test.after, err, test.want)
		}
		if got != testRefresh {
			t.Errorf("%v after: the claims are gone: %+v", test.after, got)
		}
	}
}

func TestARefreshTokenOutlivesANewSecretButNotItsOwn(t *testing.T) {
	t.Parallel()
	old, young := testSecretTexts[0], testSecretTexts[1]
	now := testRefresh.ExpiresAt.Add(-time.Hour)
	for name, test := range map[string]struct {
		secrets Secrets
		want    error
	}{
		"added last":       {mustSecrets(t, old, young), nil},
		"moved first":      {mustSecrets(t, young, old), nil},
		"the old one gone": {mustSecrets(t, young), InvalidToken},
	} {
		if _, err := test.secrets.verifyRefresh(now, goldenRefresh, 0); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

func TestARefreshTokenThatWasMadeByNobodyHereIsRefused(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	secret := s.current()
	key, kid := secret.derive(useRefresh, ""), secret.keyID()
	header := `{"alg":"HS256","kid":"` + kid + `","typ":"rt+jwt"}`
	const sid = `"01890a5d-ac96-774b-bcce-b302099a8057"`
	const claims = `{"exp":1800000000,"gen":7,"sid":` + sid + `}`
	if mintHS256(t, key, header, claims) != goldenRefresh {
		t.Fatal("what is tampered with below is not a good token")
	}
	for name, test := range map[string]struct {
		token string
		why   error
	}{
		"another key":          {mintHS256(t, secret.derive(useMAC, ""), header, claims), errTokenSignature},
		"the server's secret":  {mintHS256(t, secret.root, header, claims), errTokenSignature},
		"an empty key":         {mintHS256(t, []byte{}, header, claims), errTokenSignature},
		"an unknown secret":    {mintHS256(t, key, strings.Replace(header, kid, "AAAAAAAAAAAA", 1), claims), errTokenKey},
		"no kid":               {mintHS256(t, key, `{"alg":"HS256","typ":"rt+jwt"}`, claims), errTokenMissing},
		"no typ":               {mintHS256(t, key, `{"alg":"HS256","kid":"`+kid+`"}`, claims), errTokenType},
		"the typ of access":    {mintHS256(t, key, strings.Replace(header, "rt+jwt", "at+jwt", 1), claims), errTokenType},
		"another letter case":  {mintHS256(t, key, strings.Replace(header, "rt+jwt", "RT+JWT", 1), claims), errTokenType},
		"HS512":                {mint(t, jwt.SigningMethodHS512, key, strings.Replace(header, "HS256", "HS512", 1), claims), errTokenAlgorithm},
		"none":                 {mintUnsigned(strings.Replace(header, "HS256", "none", 1), claims), errTokenForm},
		"none, with something": {mintUnsigned(strings.Replace(header, "HS256", "none", 1), claims) + "AA", errTokenAlgorithm},
		"no exp":               {mintHS256(t, key, header, `{"gen":7,"sid":`+sid+`}`), errTokenMissing},
		"exp is text":          {mintHS256(t, key, header, `{"exp":"1800000000","gen":7,"sid":`+sid+`}`), errTokenValue},
		"exp is null":          {mintHS256(t, key, header, `{"exp":null,"gen":7,"sid":`+sid+`}`), errTokenValue},
		"gen is negative":      {mintHS256(t, key, header, `{"exp":1800000000,"gen":-7,"sid":`+sid+`}`), errTokenValue},
		"gen twice":            {mintHS256(t, key, header, `{"exp":1800000000,"gen":7,"gen":8,"sid":`+sid+`}`), errTokenDuplicate},
		"sid is no UUID":       {mintHS256(t, key, header, `{"exp":1800000000,"gen":7,"sid":"me"}`), errTokenValue},
		"one claim more":       {mintHS256(t, key, header, `{"exp":1800000000,"gen":7,"sid":`+sid+`,"cnf":{}}`), errTokenMember},
		"a line end inside":    {goldenRefresh[:80] + "\n" + goldenRefresh[80:], errTokenForm},
		"padded":               {goldenRefresh + "=", errTokenForm},
		"cut":                  {goldenRefresh[:len(goldenRefresh)-3], errTokenSignature},
		"nothing":              {"", errTokenForm},
	} {
		if _, err := s.parseRefresh(test.token); !errors.Is(err, test.why) {
			t.Errorf("%s: because %v, want %v", name, err, test.why)
		}
		// Long expired, and refused as invalid all the same.
		for _, now := range []time.Time{testRefresh.ExpiresAt.Add(-time.Hour), testRefresh.ExpiresAt.Add(time.Hour)} {
			if got, err := s.verifyRefresh(now, test.token, 0); err != InvalidToken || got != (RefreshClaims{}) {
				t.Errorf("%s: %+v, %v, want nothing and %v", name, got, err, InvalidToken)
			}
		}
	}
}

func TestEveryChangedByteOfARefreshTokenIsNoticed(t *testing.T) {
	t.Parallel()
	s := mustSecrets(t, testSecretTexts[0])
	now := testRefresh.ExpiresAt.Add(-time.Hour)
	for i := range goldenRefresh {
		for _, c := range []byte("AZ_-9.= \n") {
			if goldenRefresh[i] == c {
				continue
			}
			token := goldenRefresh[:i] + string(c) + goldenRefresh[i+1:]
			if _, err := s.verifyRefresh(now, token, 0); err != InvalidToken {
				t.Fatalf("byte %d as %q: %v", i, c, err)
			}
		}
	}
}
