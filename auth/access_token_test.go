package auth

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// testClaims are those of a token that is issued at the given time.
func testClaims(at time.Time) AccessClaims {
	return AccessClaims{
		Subject:         uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057"),
		SessionID:       uuid.MustParse("01890a5d-ac96-774b-8cce-b302099a8058"),
		TokenID:         testTokenID(at),
		AuthenticatedAt: at.Add(-time.Minute),
		IssuedAt:        at,
		ExpiresAt:       at.Add(testLifetime),
		Methods:         []string{"pwd"},
		Roles:           []string{"admin", "editor"},
	}
}

func testTokenID(at time.Time) uuid.UUID {
	id := uuid.MustParse("00000000-0000-7abc-8def-0123456789ab")
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

func TestAnAccessTokenSaysWhatRFC9068Asks(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	if diff := cmp.Diff(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": f.key.ID}, f.header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	at := float64(testNow.Unix())
	if diff := cmp.Diff(map[string]any{
		"iss": testIssuer, "aud": testAudience, "client_id": testAudience,
		"sub": "01890a5d-ac96-774b-bcce-b302099a8057", "sid": "01890a5d-ac96-774b-8cce-b302099a8058",
		"jti": testTokenID(testNow).String(),
		"iat": at, "exp": at + 600, "auth_time": at - 60,
		"amr": []any{"pwd"}, "roles": []any{"admin", "editor"},
	}, f.claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestAnAccessTokenGivesItsClaimsBack(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	want := testClaims(testNow)
	// What a token keeps: seconds, but for its ID.
	want.AuthenticatedAt = want.AuthenticatedAt.Truncate(time.Second)
	want.ExpiresAt = want.ExpiresAt.Truncate(time.Second)
	want.IssuedAt = want.IssuedAt.Truncate(time.Millisecond)
	for _, remembered := range []bool{false, true} {
		got, err := f.keys.Verify(testNow, f.token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("remembered %v (-want +got):\n%s", remembered, diff)
		}
		// What the caller does to its copy is nobody else's business.
		got.Roles[0], got.Methods[0] = "thief", "thief"
	}

	bare := testClaims(testNow)
	bare.Roles, bare.Methods = nil, nil
	token, err := f.keys.Sign(testNow, bare)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.keys.Verify(testNow, token); err != nil || len(got.Roles)+len(got.Methods) != 0 {
		t.Errorf("without roles and methods: %+v, %v", got, err)
	}
}

func TestATokenIsNotSignedUnderAnIDOfAnotherTime(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	for name, id := range map[string]uuid.UUID{
		"none":                {},
		"random":              uuid.MustParse("01890a5d-ac96-474b-bcce-b302099a8057"),
		"a millisecond later": testTokenID(testNow.Add(time.Millisecond)),
		"a day before":        testTokenID(testNow.Add(-24 * time.Hour)),
	} {
		claims := testClaims(testNow)
		claims.TokenID = id
		if token, err := f.keys.Sign(testNow, claims); err == nil || token != "" {
			t.Errorf("%s: is signed", name)
		}
	}
}

func TestAnAccessTokenExpiresOnTimeRememberedOrNot(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	want, err := f.keys.Verify(testNow, f.token)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after time.Duration
		want  error
	}{
		{-testLifetime, nil},
		{testLeeway - time.Microsecond, nil},
		{testLeeway, ExpiredToken},
		{365 * 24 * time.Hour, ExpiredToken},
	} {
		now := want.ExpiresAt.Add(test.after)
		fresh := newForge(t) // has not seen the token yet
		for name, keys := range map[string]*KeySet{"remembered": f.keys, "seen for the first time": fresh.keys} {
			got, err := keys.Verify(now, f.token)
			if !errors.Is(err, test.want) {
				t.Errorf("%v after, %s: %v, want %v", test.after, name, err, test.want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v after, %s (-want +got):\n%s", test.after, name, diff)
			}
		}
		if remembered := fresh.keys.remembered.Len() > 0; remembered != (test.want == nil) {
			t.Errorf("%v after: remembered: %v", test.after, remembered)
		}
	}
}

func TestEverythingARetiredKeySignedHasExpired(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	long := f.claims["exp"].(float64) + 1e6
	stolen := f.sign(t, f.headerText(t), f.claimsText(t, "exp", long))
	if _, err := f.keys.Verify(testNow, stolen); err != nil {
		t.Fatal(err)
	}
	row := f.key.SigningKey
	row.RetiresAt = testNow.Add(time.Hour)
	mustLoad(t, f.keys, []SigningKey{row})
	if _, err := f.keys.Verify(row.RetiresAt.Add(-time.Microsecond), stolen); err != nil {
		t.Errorf("before: %v", err)
	}
	got, err := f.keys.Verify(row.RetiresAt, stolen)
	if err != ExpiredToken || got.SessionID != testClaims(testNow).SessionID {
		t.Errorf("after: %+v, %v, want its claims and %v", got, err, ExpiredToken)
	}
	if _, err := f.keys.Sign(row.RetiresAt, testClaims(row.RetiresAt)); err == nil {
		t.Error("it signs")
	}
}

func TestNotBeforeIsHonoured(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	from := testNow.Truncate(time.Second).Add(time.Minute)
	token := f.sign(t, f.headerText(t), f.claimsText(t, "nbf", from.Unix()))
	for _, test := range []struct {
		after time.Duration
		want  error
	}{
		{-time.Minute, InvalidToken},
		{-testLeeway - time.Microsecond, InvalidToken},
		{-testLeeway, nil},
		{time.Minute, nil},
		// Remembered by now.
		{-testLeeway - time.Microsecond, InvalidToken},
	} {
		if _, err := f.keys.Verify(from.Add(test.after), token); !errors.Is(err, test.want) {
			t.Errorf("%v after: %v, want %v", test.after, err, test.want)
		}
	}
	if _, err := f.keys.Verify(testNow, f.sign(t, f.headerText(t), f.claimsText(t, "nbf", 0))); err != nil {
		t.Errorf("nbf 0: %v", err)
	}
}

func TestMemoryOfTokensIsBounded(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	// Put there by hand: verifying as many takes a second.
	for i := range rememberedTokens + 100 {
		f.keys.remembered.Add([32]byte{byte(i), byte(i >> 8), byte(i >> 16), 1}, verified{})
	}
	if got := f.keys.remembered.Len(); got != rememberedTokens {
		t.Errorf("%d are remembered, want %d", got, rememberedTokens)
	}
	if _, err := f.keys.Verify(testNow, f.token); err != nil {
		t.Error(err)
	}
}

func TestKeysMayBeReplacedWhileTokensAreVerified(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	row := f.key.SigningKey
	dropped := row
	dropped.DroppedAt = testNow
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for range 200 {
				if _, err := f.keys.Verify(testNow, f.token); err != nil && err != InvalidToken {
					t.Errorf("%v", err)
				}
				if token, err := f.keys.Sign(testNow, testClaims(testNow)); (err == nil) != (token != "") {
					t.Errorf("%q, %v", token, err)
				}
				f.keys.JWKS(testNow)
			}
		})
	}
	for range 200 {
		mustLoad(t, f.keys, []SigningKey{dropped})
		mustLoad(t, f.keys, []SigningKey{row})
	}
	workers.Wait()
	if _, err := f.keys.Verify(testNow, f.token); err != nil {
		t.Error(err)
	}
	mustLoad(t, f.keys, []SigningKey{dropped})
	if _, err := f.keys.Verify(testNow, f.token); err != InvalidToken {
		t.Errorf("dropped: %v", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	f := newForge(b)
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.keys.Verify(testNow, f.token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("first time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			f.keys.remembered.Purge()
			if _, err := f.keys.Verify(testNow, f.token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("strict check alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			j, err := parseJWS(f.token)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := parseMembers(j.payload, accessMembers); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("refresh", func(b *testing.B) {
		b.ReportAllocs()
		s := mustSecrets(b, testSecretTexts...)
		before := testRefresh.ExpiresAt.Add(-time.Hour)
		for b.Loop() {
			if _, err := s.verifyRefresh(before, goldenRefresh, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}
