package auth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// FuzzVerify holds that nothing is good but what was signed here, in the very
// words in which it was.
func FuzzVerify(f *testing.F) {
	forge := newForge(f)
	f.Add(forge.token)
	f.Add(forge.token + "\n")
	f.Add(mintUnsigned(`{"alg":"none","kid":"`+forge.key.ID+`","typ":"at+jwt"}`, forge.claimsText(f)))
	f.Add(mintHS256(f, forge.key.public, forge.headerText(f, "alg", "HS256"), forge.claimsText(f)))
	f.Add(strings.Replace(forge.token, ".", "..", 1))
	f.Add(goldenRefresh)
	want, err := forge.keys.Verify(testNow, forge.token)
	if err != nil {
		f.Fatal(err)
	}
	// Not the signature, which differs each time.
	signed := forge.token[:strings.LastIndexByte(forge.token, '.')+1]
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := forge.keys.Verify(testNow, token)
		if err != nil {
			if err != InvalidToken || claims.Subject != uuid.Nil {
				t.Fatalf("%q: %+v, %v", token, claims, err)
			}
			if token == forge.token {
				t.Fatal("the good one is refused")
			}
			return
		}
		if diff := cmp.Diff(want, claims); diff != "" || !strings.HasPrefix(token, signed) {
			t.Fatalf("%q is taken (-want +got):\n%s", token, diff)
		}
	})
}
