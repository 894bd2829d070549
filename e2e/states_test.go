package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// statesTable is what comes of every way in, for an account in every state.
// Written by hand, from the contract. The words: in (signed in), ok, yes and no,
// a letter by what it is for; none (no letter came); 0 (no session ended); a dash
// where such an account does not have what the way takes; else the refusal:
//
//	CRED   INVALID_CREDENTIALS    TOKEN  INVALID_TOKEN       UNAUTH UNAUTHENTICATED
//	SUSP   ACCOUNT_SUSPENDED      LATE   EXPIRED_TOKEN       REUSED REFRESH_TOKEN_REUSED
//	422    the page says why not
const statesTable = `
state              login name cookie wrong refresh rcookie me     mcookie verify reauth change code link  linkpw page resend     again      forgot   back reset rname decline logout confirm revert
unknown            CRED  CRED CRED   CRED  -       -       -      -       -      -      -      -    -     -      -    none       activation none     -    -     -     -       -      -       -
registered         CRED  CRED CRED   CRED  -       -       -      -       -      -      -      in   in    in     ok   activation activation inactive -    -     -     ok      -      -       -
registered-expired CRED  CRED CRED   CRED  -       -       -      -       -      -      -      CRED LATE  LATE   422  none       activation none     -    -     -     LATE    -      -       -
declined           CRED  CRED CRED   CRED  -       -       -      -       -      -      -      CRED TOKEN TOKEN  422  none       activation none     -    -     -     TOKEN   -      -       -
active             in    in   in     CRED  in      in      ok     ok      yes    ok     ok     CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   1      ok      -
active-nameless    in    CRED in     CRED  in      in      ok     ok      yes    ok     ok     CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   1      ok      -
signed-out         in    in   in     CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   0      TOKEN   -
idle               in    in   in     CRED  LATE    LATE    UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   TOKEN TOKEN TOKEN   0      TOKEN   -
reused             in    in   in     CRED  REUSED  in      UNAUTH ok      no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   0      TOKEN   -
password-reset     CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   TOKEN TOKEN TOKEN   0      TOKEN   -
password-changed   CRED  CRED CRED   CRED  in      TOKEN   ok     UNAUTH  yes    CRED   CRED   CRED TOKEN TOKEN  422  none       attempt    reset    in   TOKEN TOKEN TOKEN   1      TOKEN   -
locked             CRED  CRED CRED   CRED  in      in      ok     ok      yes    ok     ok     CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   1      ok      -
locked-at-home     in    in   in     CRED  in      in      ok     ok      yes    ok     ok     CRED TOKEN TOKEN  422  none       attempt    reset    in   ok    ok    TOKEN   1      ok      -
suspended          SUSP  SUSP SUSP   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       none       none     -    TOKEN TOKEN TOKEN   0      TOKEN   -
suspended-locked   CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       none       none     -    TOKEN TOKEN TOKEN   0      TOKEN   -
invited            CRED  CRED CRED   CRED  -       -       -      -       -      -      -      -    -     -      -    none       attempt    reset    in   ok    -     -       -      -       -
invited-expired    CRED  CRED CRED   CRED  -       -       -      -       -      -      -      -    -     -      -    none       attempt    reset    in   LATE  -     -       -      -       -
invited-suspended  CRED  CRED CRED   CRED  -       -       -      -       -      -      -      -    -     -      -    none       none       none     -    TOKEN -     -       -      -       -
deleted            CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       activation none     -    TOKEN TOKEN TOKEN   0      TOKEN   -
deleted-registered CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  activation activation inactive -    TOKEN TOKEN TOKEN   0      TOKEN   -
deleted-anew       in    CRED in     CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   TOKEN TOKEN TOKEN   0      TOKEN   -
moved              CRED  in   CRED   CRED  in      TOKEN   ok     UNAUTH  yes    ok     ok     CRED TOKEN TOKEN  422  none       reserved   reserved -    TOKEN TOKEN TOKEN   1      TOKEN   ok
moved-suspended    CRED  SUSP CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       none       none     -    TOKEN TOKEN TOKEN   0      TOKEN   TOKEN
moved-deleted      CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       activation none     -    TOKEN TOKEN TOKEN   0      TOKEN   TOKEN
taken-back         CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH CRED TOKEN TOKEN  422  none       attempt    reset    in   TOKEN TOKEN TOKEN   0      TOKEN   TOKEN
`

// statesTableWithoutActivation is the same where registering makes the account at
// once, and nobody knows whose the address is. Proved, its owner has come and
// reset the password; the person is who registered. TAKEN is said of addresses
// there.
const statesTableWithoutActivation = `
state      login name cookie wrong refresh rcookie me     mcookie verify reauth change code link linkpw page resend again forgot back reset rname decline logout confirm revert
unknown    CRED  CRED CRED   CRED  -       -       -      -       -      -      -      -    -    -      -    none   in    none   -    -     -     -       -      -       -
active     in    in   in     CRED  in      in      ok     ok      yes    ok     ok     -    -    -      -    none   TAKEN reset  in   ok    ok    -       1      ok      -
signed-out in    in   in     CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH -    -    -      -    none   TAKEN reset  in   ok    ok    -       0      TOKEN   -
suspended  SUSP  SUSP SUSP   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH -    -    -      -    none   TAKEN none   -    TOKEN TOKEN -       0      TOKEN   -
proved     CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH -    -    -      -    none   TAKEN reset  in   TOKEN TOKEN -       0      TOKEN   -
deleted    CRED  CRED CRED   CRED  TOKEN   TOKEN   UNAUTH UNAUTH  no     UNAUTH UNAUTH -    -    -      -    none   in    none   -    TOKEN TOKEN -       0      TOKEN   -
`

// nothingHappens are the words after which an account is as it was before.
var nothingHappens = []string{"-", "none", "no", "yes", "0", "CRED", "SUSP", "TOKEN", "LATE", "UNAUTH", "REUSED", "422", "TAKEN"}

// TestEveryStateAnswersEveryWayInAsTheTableSays tries each way that leads
// somewhere with an account of its own, and all that lead nowhere with one
// account, twice around: no refusal lifts a state.
func TestEveryStateAnswersEveryWayInAsTheTableSays(t *testing.T) {
	t.Parallel()
	for name := range states() {
		if !strings.Contains(statesTable+statesTableWithoutActivation, "\n"+name+" ") {
			t.Errorf("no table has the state %s", name)
		}
	}
	tryStates(t, statesTable)
}

func TestEveryStateWithoutActivationAnswersAsTheTableSays(t *testing.T) {
	t.Parallel()
	tryStates(t, statesTableWithoutActivation, "GATEHOUSE_ACTIVATION=off")
}

func tryStates(t *testing.T, text string, settings ...string) {
	t.Helper()
	table := strings.Split(strings.TrimSpace(text), "\n")
	ways := strings.Fields(table[0])[1:]
	all := states()
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{database: database(t), settings: append([]string{
				// Guesses are made to lock accounts, and not to wait.
				"GATEHOUSE_LIMIT_SIGN_IN_FREE=1000", "GATEHOUSE_LIMIT_SIGN_IN_FAILURES=10",
			}, settings...)})
			people, cells := 0, 0
			for _, line := range table[1:] {
				row := strings.Fields(line)
				name, words := row[0], row[1:]
				state, known := all[name]
				if !known || len(words) != len(ways) {
					t.Fatalf("the row %q", line)
				}
				gather := func() *person { people++; return newPerson(t, w, people) }
				idle := gather()
				crowd := []*person{idle}
				movers := map[string]*person{}
				for i, word := range words {
					if !slices.Contains(nothingHappens, word) {
						movers[ways[i]] = gather()
						crowd = append(crowd, movers[ways[i]])
					}
				}
				for _, p := range crowd {
					state.enter(p)
				}
				// Beyond the grace window at least.
				if err := w.pass(max(state.wait, 15*time.Second)); err != nil {
					t.Fatal(err)
				}
				for _, p := range crowd {
					if state.after != nil {
						state.after(p)
					}
				}
				for round := range 2 {
					for i, way := range ways {
						p := movers[way]
						if p == nil {
							p = idle
						} else if round > 0 {
							continue
						}
						cells++
						if got := p.through(way); got != words[i] {
							t.Errorf("%s, %s: %s, not %s (round %d)", name, way, got, words[i], round)
						}
					}
				}
			}
			t.Logf("%d people, %d cells", people, cells)
		})
	}
}

func (p *person) lock() {
	for range 10 {
		p.client().ask("login", map[string]any{"identifier": p.address, "password": "wrong"})
	}
}

func (p *person) suspend() {
	if err := p.w.suspendUser(p.address); err != nil {
		p.Fatal(err)
	}
}

func (p *person) leave() {
	p.must(p.signedIn(), "deleteAccount", nil)
	p.drop()
}

// A stateOf brings people into one state: each by itself, and then all, where
// time has to pass.
type stateOf struct {
	enter func(*person)
	wait  time.Duration
	after func(*person)
}

func states() map[string]stateOf {
	settled := func(then func(*person)) func(*person) {
		return func(p *person) {
			p.settleIn()
			then(p)
		}
	}
	nothing := func(*person) {}
	return map[string]stateOf{
		"unknown":            {enter: nothing},
		"registered":         {enter: (*person).register},
		"registered-expired": {enter: (*person).register, wait: 25 * time.Hour},
		"declined": {enter: func(p *person) {
			p.register()
			p.must(p.client(), "declineRegistration", map[string]any{"token": p.notMe})
		}},
		"active": {enter: (*person).settleIn},
		"active-nameless": {enter: func(p *person) {
			p.username = ""
			p.settleIn()
		}},
		"signed-out": {enter: settled(func(p *person) {
			a := p.must(p.client(), "login", map[string]any{"identifier": p.address, "password": p.password})
			c := p.client()
			c.token = a.text("login.tokens.accessToken")
			p.must(c, "revokeOtherSessions", nil)
			p.must(c, "logout", nil)
		})},
		"idle": {enter: (*person).settleIn, wait: 15 * 24 * time.Hour},
		"reused": {enter: (*person).settleIn, wait: time.Minute, after: func(p *person) {
			p.must(p.client(), "refresh", map[string]any{"refreshToken": p.refresh})
			thief := p.client()
			thief.userAgent = "thief/1.0"
			if a := thief.ask("refresh", map[string]any{"refreshToken": p.refresh}); a.code() != "REFRESH_TOKEN_REUSED" {
				p.Fatalf("reuse: %s", a.raw)
			}
		}},
		"password-reset": {enter: settled(func(p *person) {
			p.must(p.client(), "resetPassword", map[string]any{"token": p.resetLink, "newPassword": another})
			p.drop()
		})},
		"proved": {enter: settled(func(p *person) {
			p.must(p.client(), "resetPassword", map[string]any{"token": p.resetLink, "newPassword": another})
			p.drop()
		})},
		"password-changed": {enter: settled(func(p *person) {
			p.must(p.signedIn(), "changePassword", map[string]any{"currentPassword": p.password, "newPassword": another})
			p.drop()
		})},
		"locked": {enter: settled(func(p *person) {
			p.lock()
			p.travel()
		})},
		"locked-at-home": {enter: settled((*person).lock)},
		"moved":          {enter: settled((*person).move)},
		"moved-suspended": {enter: settled(func(p *person) {
			p.move()
			if err := p.w.suspendUser(p.elsewhere()); err != nil {
				p.Fatal(err)
			}
		})},
		"moved-deleted": {enter: settled(func(p *person) {
			p.move()
			p.leave()
		})},
		"taken-back": {enter: settled(func(p *person) {
			p.move()
			p.must(p.client(), "revertEmailChange", map[string]any{"token": p.wayBack})
			p.drop()
		})},
		"suspended": {enter: settled((*person).suspend)},
		"suspended-locked": {enter: settled(func(p *person) {
			p.lock()
			p.suspend()
		})},
		"invited":         {enter: (*person).invite},
		"invited-expired": {enter: (*person).invite, wait: 2 * time.Hour},
		"invited-suspended": {enter: func(p *person) {
			p.invite()
			p.suspend()
		}},
		"deleted": {enter: settled((*person).leave)},
		"deleted-registered": {enter: settled(func(p *person) {
			p.leave()
			p.must(p.client(), "register", map[string]any{"email": p.address, "password": another})
			p.drop()
		})},
		"deleted-anew": {enter: settled(func(p *person) {
			p.leave()
			kept := *p
			p.username = ""
			p.register()
			p.must(p.client(), "activate", map[string]any{"token": p.link, "flow": p.flow})
			p.flow, p.code, p.link, p.notMe, p.username = kept.flow, kept.code, kept.link, kept.notMe, kept.username
		})},
	}
}
