package auth

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// Whatever is tried here is signed by the key of the set itself, unless it says
// otherwise: nothing but the check under test stands between it and success.
func TestATokenThatIsNotExactlyOursIsRefused(t *testing.T) {
	t.Parallel()
	for _, a := range Algorithms() {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			refuseForgeries(t, a)
		})
	}
}

func refuseForgeries(t *testing.T, own Algorithm) {
	f := newForgeOf(t, own)
	other := Algorithms()[0]
	if other == own {
		other = Algorithms()[1]
	}
	if got, err := f.keys.Verify(testNow, f.sign(t, f.headerText(t), f.claimsText(t))); err != nil || got.Subject == uuid.Nil {
		t.Fatalf("what is tampered with below is not a good token: %v", err)
	}
	header, claims := f.headerText(t), f.claimsText(t)
	replace := func(s, old, with string) string {
		t.Helper()
		if strings.Count(s, old) != 1 {
			t.Fatalf("%q is not there once in %s", old, s)
		}
		return strings.Replace(s, old, with, 1)
	}
	claim := func(changes ...any) string { return f.sign(t, header, f.claimsText(t, changes...)) }
	head := func(changes ...any) string { return f.sign(t, f.headerText(t, changes...), claims) }
	raw := func(old, with string) string { return f.sign(t, header, replace(claims, old, with)) }

	stranger := newKeySetOf(t, "stranger", own)
	var rows keyTable
	rows.rotate(t, stranger, testNow)
	theirs := stranger.ring.Load().keys[0]
	foreign := newKeySetOf(t, "foreign", other)
	rows = nil
	rows.rotate(t, foreign, testNow)
	unlike := foreign.ring.Load().keys[0]
	point := publicBytes(t, f.key)
	der, err := x509.MarshalPKIXPublicKey(f.key.key)
	if err != nil {
		t.Fatal(err)
	}
	chance := testTokenID(testNow) // of version 4, and happens to begin with the time
	chance[6] = chance[6]&0x0f | 0x40
	confused := f.headerText(t, "alg", "HS256")
	parts := strings.Split(f.token, ".")
	exp := `"exp":` + jsonText(t, f.claims["exp"])

	for name, test := range map[string]struct {
		token string
		why   error
	}{
		// The signature.
		"none":                               {mintUnsigned(f.headerText(t, "alg", "none"), claims), errTokenForm},
		"none, with a good signature":        {head("alg", "none"), errTokenAlgorithm},
		"None":                               {head("alg", "None"), errTokenAlgorithm},
		"none, with no signature at all":     {strings.TrimSuffix(mintUnsigned(f.headerText(t, "alg", "none"), claims), "."), errTokenForm},
		"the algorithm in small letters":     {head("alg", strings.ToLower(string(own))), errTokenAlgorithm},
		"the algorithm of another key":       {head("alg", other), errTokenAlgorithm},
		"another key's algorithm and hand":   {mint(t, unlike.method, unlike.private, f.headerText(t, "alg", other), claims), errTokenAlgorithm},
		"ES256K":                             {head("alg", "ES256K"), errTokenAlgorithm},
		"ES384":                              {head("alg", "ES384"), errTokenAlgorithm},
		"RS256":                              {head("alg", "RS256"), errTokenAlgorithm},
		"Ed448":                              {head("alg", "Ed448"), errTokenAlgorithm},
		"Ed25519, as RFC 9864 has it":        {head("alg", "Ed25519"), errTokenAlgorithm},
		"the algorithm as a list":            {head("alg", []Algorithm{own}), errTokenValue},
		"the algorithm as null":              {head("alg", nil), errTokenValue},
		"the algorithm twice":                {f.sign(t, replace(header, `"alg":`, `"alg":"none","alg":`), claims), errTokenDuplicate},
		"an empty algorithm":                 {head("alg", ""), errTokenAlgorithm},
		"HS256 with the public key's point":  {mintHS256(t, point, confused, claims), errTokenAlgorithm},
		"HS256 with the public key as DER":   {mintHS256(t, der, confused, claims), errTokenAlgorithm},
		"HS256 with the public key as PEM":   {mintHS256(t, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), confused, claims), errTokenAlgorithm},
		"HS256 with the public key as JWK":   {mintHS256(t, f.key.public, confused, claims), errTokenAlgorithm},
		"HS256 with the published key set":   {mintHS256(t, f.keys.JWKS(testNow), confused, claims), errTokenAlgorithm},
		"HS256 with nothing":                 {mintHS256(t, []byte{}, confused, claims), errTokenAlgorithm},
		"an HMAC under the right algorithm":  {mintHS256(t, point, header, claims), errTokenSignature},
		"a stranger's key under our kid":     {mint(t, theirs.method, theirs.private, header, claims), errTokenSignature},
		"a stranger's key under its own kid": {mint(t, theirs.method, theirs.private, f.headerText(t, "kid", theirs.ID), claims), errTokenKey},
		"no kid":                             {head("kid", omit{}), errTokenMissing},
		"an empty kid":                       {head("kid", ""), errTokenKey},
		"a kid that is a path":               {head("kid", "../../dev/null"), errTokenKey},
		"a kid that is SQL":                  {head("kid", "x' OR '1'='1"), errTokenKey},
		"another token's signature":          {parts[0] + "." + encodePart(f.claimsText(t, "roles", []string{"root"})) + "." + parts[2], errTokenSignature},
		"a signature of zeros":               {parts[0] + "." + parts[1] + "." + encodePart(strings.Repeat("\x00", 64)), errTokenSignature},
		"a signature of ones":                {parts[0] + "." + parts[1] + "." + encodePart(strings.Repeat("\xff", 64)), errTokenSignature},
		"half a signature":                   {parts[0] + "." + parts[1] + "." + encodePart(decodeText(t, parts[2])[:32]), errTokenSignature},
		"a signature with its halves turned": {parts[0] + "." + parts[1] + "." + encodePart(decodeText(t, parts[2])[32:]+decodeText(t, parts[2])[:32]), errTokenSignature},
		"the order as both halves":           {parts[0] + "." + parts[1] + "." + encodePart(orderOf(own)+orderOf(own)), errTokenSignature},
		"a second half beyond the order":     {parts[0] + "." + parts[1] + "." + encodePart(beyondOrder(t, own, decodeText(t, parts[2]))), errTokenSignature},
		"a signature in ASN.1":               {parts[0] + "." + parts[1] + "." + encodePart(asn1Of(t, parts[2])), errTokenSignature},
		"a signature with a byte more":       {parts[0] + "." + parts[1] + "." + encodePart(decodeText(t, parts[2])+"\x00"), errTokenSignature},

		// What it is for.
		"no typ":              {head("typ", omit{}), errTokenType},
		"typ JWT":             {head("typ", "JWT"), errTokenType},
		"typ AT+JWT":          {head("typ", "AT+JWT"), errTokenType},
		"typ application/...": {head("typ", "application/at+jwt"), errTokenType},
		"typ of an ID token":  {head("typ", "id+jwt"), errTokenType},
		"typ of refresh":      {head("typ", "rt+jwt"), errTokenType},
		"an empty typ":        {head("typ", ""), errTokenType},
		"crit":                {head("crit", []string{"exp"}), errTokenMember},
		"crit of the unknown": {head("crit", []string{"http://example.com/UNDEFINED"}, "http://example.com/UNDEFINED", true), errTokenMember},
		"jku":                 {head("jku", "https://evil.example/jwks.json"), errTokenMember},
		"jwk":                 {head("jwk", json.RawMessage(f.key.public)), errTokenMember},
		"x5u":                 {head("x5u", "https://evil.example/chain.pem"), errTokenMember},
		"x5c":                 {head("x5c", []string{"MIIB"}), errTokenMember},
		"b64":                 {head("b64", false), errTokenMember},
		"zip":                 {head("zip", "DEF"), errTokenMember},

		// From whom, to whom.
		"another issuer":              {claim("iss", "https://evil.example"), errTokenParties},
		"an issuer that goes on":      {claim("iss", testIssuer+"/"), errTokenParties},
		"the issuer in capitals":      {claim("iss", strings.ToUpper(testIssuer)), errTokenParties},
		"no issuer":                   {claim("iss", omit{}), errTokenMissing},
		"a list of issuers":           {claim("iss", []string{testIssuer}), errTokenValue},
		"another audience":            {claim("aud", "https://other.example"), errTokenParties},
		"an empty audience":           {claim("aud", ""), errTokenParties},
		"a list of the audience":      {claim("aud", []string{testAudience}), errTokenValue},
		"a list with the audience":    {claim("aud", []string{"https://other.example", testAudience}), errTokenValue},
		"no audience":                 {claim("aud", omit{}), errTokenMissing},
		"another client":              {claim("client_id", "https://other.example"), errTokenParties},
		"no client":                   {claim("client_id", omit{}), errTokenMissing},
		"issuer and audience swapped": {claim("iss", testAudience, "aud", testIssuer), errTokenParties},

		// Until when.
		"no exp":                     {claim("exp", omit{}), errTokenMissing},
		"exp as text":                {claim("exp", "1999999999"), errTokenValue},
		"exp as null":                {claim("exp", nil), errTokenValue},
		"exp as a list":              {claim("exp", []int{1999999999}), errTokenValue},
		"exp as true":                {claim("exp", true), errTokenValue},
		"exp with a fraction":        {raw(exp, exp+".5"), errTokenValue},
		"exp with an exponent":       {raw(exp, `"exp":2e9`), errTokenValue},
		"exp beyond all floats":      {raw(exp, `"exp":1e999`), errTokenValue},
		"exp that overflows":         {raw(exp, `"exp":18446744073709551615`), errTokenValue},
		"exp that overflows as time": {raw(exp, `"exp":9223372036854775807`), errTokenValue},
		"exp before 1970":            {raw(exp, `"exp":-1`), errTokenValue},
		"EXP":                        {raw(`"exp":`, `"EXP":`), errTokenMember},
		"EXP beside exp":             {raw(exp, exp+`,"EXP":1999999999`), errTokenMember},
		"exp twice":                  {raw(exp, exp+`,"exp":1999999999`), errTokenDuplicate},
		"exp twice, once escaped":    {raw(exp, exp+`,"\u0065xp":1999999999`), errTokenDuplicate},
		"nbf as text":                {claim("nbf", "1"), errTokenValue},
		"no iat":                     {claim("iat", omit{}), errTokenMissing},
		"iat as text":                {claim("iat", "1"), errTokenValue},
		"iat of another second":      {claim("iat", testNow.Unix()+1), errTokenValue},
		"no auth_time":               {claim("auth_time", omit{}), errTokenMissing},
		"auth_time as text":          {claim("auth_time", "1"), errTokenValue},

		// Who.
		"no sub":                 {claim("sub", omit{}), errTokenMissing},
		"sub twice":              {raw(`"sub":`, `"sub":"01890a5d-ac96-774b-bcce-b302099a8059","sub":`), errTokenDuplicate},
		"sub as a number":        {claim("sub", 7), errTokenValue},
		"sub in capitals":        {claim("sub", "01890A5D-AC96-774B-BCCE-B302099A8057"), errTokenValue},
		"sub is no UUID":         {claim("sub", "admin"), errTokenValue},
		"no sid":                 {claim("sid", omit{}), errTokenMissing},
		"sid in braces":          {claim("sid", "{01890a5d-ac96-774b-8cce-b302099a8058}"), errTokenValue},
		"no jti":                 {claim("jti", omit{}), errTokenMissing},
		"jti without a time":     {claim("jti", "01890a5d-ac96-474b-bcce-b302099a8057"), errTokenValue},
		"jti of chance":          {claim("jti", chance), errTokenValue},
		"jti of tomorrow":        {claim("jti", testTokenID(testNow.Add(24*time.Hour))), errTokenValue},
		"jti of all zeros":       {claim("jti", uuid.Nil), errTokenValue},
		"no roles":               {claim("roles", omit{}), errTokenMissing},
		"roles as text":          {claim("roles", "admin"), errTokenValue},
		"roles in a list of its": {claim("roles", [][]string{{"admin"}}), errTokenValue},
		"no amr":                 {claim("amr", omit{}), errTokenMissing},
		"amr as null":            {claim("amr", nil), errTokenValue},
		"bound to a key (cnf)":   {claim("cnf", map[string]string{"jkt": "x"}), errTokenMember},
		"on behalf of (act)":     {claim("act", map[string]string{"sub": "x"}), errTokenMember},
		"an empty name":          {claim("", ""), errTokenMember},

		// The claims as JSON.
		"claims that are a list":   {f.sign(t, header, "["+claims+"]"), errTokenJSON},
		"claims that are null":     {f.sign(t, header, "null"), errTokenJSON},
		"no claims":                {f.sign(t, header, "{}"), errTokenMissing},
		"two objects":              {f.sign(t, header, claims+claims), errTokenJSON},
		"something after":          {f.sign(t, header, claims+"x"), errTokenJSON},
		"a byte-order mark":        {f.sign(t, header, "\ufeff"+claims), errTokenJSON},
		"not UTF-8":                {raw(`"admin"`, "\"adm\xffin\""), errTokenJSON},
		"not JSON":                 {f.sign(t, header, "sub=admin"), errTokenJSON},
		"a thousand lists deep":    {f.sign(t, header, strings.Repeat("[", 1000)+strings.Repeat("]", 1000)), errTokenJSON},
		"roles four hundred deep":  {raw(`"admin"`, strings.Repeat("[", 400)+strings.Repeat("]", 400)), errTokenValue},
		"more than four kilobytes": {claim("roles", []string{strings.Repeat("r", 4096)}), errTokenLength},

		// The token as text.
		"LF at the end":        {f.token + "\n", errTokenForm},
		"CRLF inside":          {f.token[:100] + "\r\n" + f.token[100:], errTokenForm},
		"a space before":       {" " + f.token, errTokenForm},
		"padded":               {f.token + "=", errTokenForm},
		"a part more":          {f.token + ".AAAA", errTokenForm},
		"with its scheme":      {"Bearer " + f.token, errTokenForm},
		"in quotes":            {`"` + f.token + `"`, errTokenForm},
		"nothing":              {"", errTokenForm},
		"eight megabytes":      {strings.Repeat(".", 8<<20), errTokenLength},
		"bits nobody encodes":  {f.token[:len(f.token)-1] + nextBits(t, f.token[len(f.token)-1]), errTokenForm},
		"its own header twice": {parts[0] + "." + parts[0] + "." + parts[2], errTokenSignature},
	} {
		if _, err := f.keys.authenticate(f.keys.ring.Load(), test.token); !errors.Is(err, test.why) {
			t.Errorf("%s: because %v, want %v", name, err, test.why)
		}
		before := f.keys.remembered.Len()
		// Also when it would have expired: an unauthentic token is never merely
		// expired.
		for _, now := range []time.Time{testNow, testNow.Add(24 * time.Hour)} {
			got, err := f.keys.Verify(now, test.token)
			if err != InvalidToken {
				t.Errorf("%s: %v, want %v", name, err, InvalidToken)
			}
			if diff := cmp.Diff(AccessClaims{}, got); diff != "" {
				t.Errorf("%s: it says something all the same: %s", name, diff)
			}
		}
		if f.keys.remembered.Len() != before {
			t.Errorf("%s: is remembered", name)
		}
		// The good one is none the worse for it, remembered or seen anew.
		if _, err := f.keys.authenticate(f.keys.ring.Load(), f.token); err != nil {
			t.Errorf("after %s the good one is refused: %v", name, err)
		}
		if got, err := f.keys.Verify(testNow, f.token); err != nil || got.Subject != testClaims(testNow).Subject {
			t.Errorf("after %s the good one says %+v, %v", name, got, err)
		}
	}

	// Signed by the right key, and not good now: these are told apart, since a
	// client that hears that its token has expired refreshes it.
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"expired":       {claim("exp", testNow.Unix()-int64(testLeeway/time.Second)), ExpiredToken},
		"of 1970":       {claim("exp", 0), ExpiredToken},
		"not yet begun": {claim("nbf", testNow.Unix()+60), InvalidToken},
		"begun in 9999": {claim("nbf", 253402300799), InvalidToken},
		"both at once":  {claim("exp", 0, "nbf", testNow.Unix()+60), InvalidToken},
	} {
		if _, err := f.keys.Verify(testNow, test.token); err != test.want {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if _, err := f.keys.Verify(testNow, f.token); err != nil {
			t.Errorf("after %s the good one is refused: %v", name, err)
		}
	}
}

func TestARefreshTokenIsNoAccessTokenAndTheOtherWayAround(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	secrets := mustSecrets(t, testSecretTexts...)
	refresh := testRefresh
	refresh.ExpiresAt = testNow.Add(time.Hour)
	if _, err := f.keys.Verify(testNow, secrets.signRefresh(refresh)); err != InvalidToken {
		t.Errorf("refresh as access: %v", err)
	}
	if _, err := secrets.verifyRefresh(testNow, f.token, testLeeway); err != InvalidToken {
		t.Errorf("access as refresh: %v", err)
	}
	link, err := newLinkSecret(testRandom("link"))
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{"the secret of a link": link, "digits": secrets.digits(link)} {
		if _, err := f.keys.Verify(testNow, other); err != InvalidToken {
			t.Errorf("%s as access: %v", name, err)
		}
		if _, err := secrets.verifyRefresh(testNow, other, testLeeway); err != InvalidToken {
			t.Errorf("%s as refresh: %v", name, err)
		}
	}
	for name, token := range map[string]string{"access": f.token, "refresh": secrets.signRefresh(refresh)} {
		if parseLinkSecret(token) {
			t.Errorf("%s as the secret of a link: is taken", name)
		}
	}
	// Not even where the typ is the other's, and the same key signs both.
	claims := objectText(t, map[string]any{"exp": f.claims["exp"], "gen": 7, "sid": f.claims["sid"]}, nil)
	if _, err := f.keys.Verify(testNow, f.sign(t, f.headerText(t), claims)); err != InvalidToken {
		t.Errorf("what a refresh token says, as access: %v", err)
	}
	secret := secrets.current()
	header := `{"alg":"HS256","kid":"` + secret.keyID() + `","typ":"rt+jwt"}`
	if _, err := secrets.verifyRefresh(testNow, mintHS256(t, secret.derive(useRefresh, ""), header, f.claimsText(t)), testLeeway); err != InvalidToken {
		t.Errorf("what an access token says, as refresh: %v", err)
	}
}

func TestAForgedTokenDoesNotDisturbTheGoodOne(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	if _, err := f.keys.Verify(testNow, f.token); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(f.token, ".")
	signature := []byte(decodeText(t, parts[2]))
	for i := range signature {
		forged := slices.Clone(signature)
		forged[i] ^= 0x40
		token := parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(forged)
		if _, err := f.keys.Verify(testNow, token); err != InvalidToken {
			t.Fatalf("byte %d of the signature changed: %v", i, err)
		}
	}
	if got := f.keys.remembered.Len(); got != 1 {
		t.Errorf("%d tokens are remembered, want the good one alone", got)
	}
	if _, err := f.keys.Verify(testNow, f.token); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// Of an ECDSA signature anybody can make a second one that is good as well: a
// list of refused texts would let it pass.
func TestAnotherSpellingOfATokenIsRefusedByTheBlacklistToo(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	parts := strings.Split(f.token, ".")
	raw := []byte(decodeText(t, parts[2]))
	s := new(big.Int).SetBytes(raw[32:])
	new(big.Int).Sub(elliptic.P256().Params().N, s).FillBytes(raw[32:])
	twin := parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(raw)
	blacklist := NewBlacklist()
	blacklist.Add(BlacklistedToken{
		ID: uuid.New(), Kind: BlacklistSession, SubjectID: testClaims(testNow).SessionID, ExpiresAt: testNow.Add(time.Hour),
	})
	for name, token := range map[string]string{"the token": f.token, "its twin": twin} {
		claims, err := f.keys.Verify(testNow, token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !blacklist.Forbids(claims, testNow) {
			t.Errorf("%s gets past the blacklist", name)
		}
	}
}
