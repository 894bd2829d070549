package auth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// FuzzVerify holds that nothing is good but what was signed here, in the very
// words in which it was, whichever kind of key signed it.
func FuzzVerify(f *testing.F) {
	type good struct {
		*forge
		signed string // without the signature, which differs each time
		claims AccessClaims
	}
	var all []good
	for _, a := range Algorithms() {
		forge := newForgeOf(f, a)
		claims, err := forge.keys.Verify(testNow, forge.token)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, good{forge, forge.token[:strings.LastIndexByte(forge.token, '.')+1], claims})
		f.Add(forge.token)
		f.Add(forge.token + "\n")
		f.Add(mintUnsigned(forge.headerText(f, "alg", "none"), forge.claimsText(f)))
		f.Add(mintHS256(f, forge.key.public, forge.headerText(f, "alg", "HS256"), forge.claimsText(f)))
		f.Add(strings.Replace(forge.token, ".", "..", 1))
	}
	f.Add(goldenRefresh)
	f.Fuzz(func(t *testing.T, token string) {
		for _, g := range all {
			claims, err := g.keys.Verify(testNow, token)
			if err != nil {
				if err != InvalidToken || claims.Subject != uuid.Nil {
					t.Fatalf("%q: %+v, %v", token, claims, err)
				}
				if token == g.token {
					t.Fatal("the good one is refused")
				}
				continue
			}
			if diff := cmp.Diff(g.claims, claims); diff != "" || !strings.HasPrefix(token, g.signed) {
				t.Fatalf("%q is taken (-want +got):\n%s", token, diff)
			}
		}
	})
}
