package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A sessionState is all that decides how one session answers.
type sessionState struct {
	generation int
	agent, key string // of the last rotation
	ended      string // why; "" while it lives
}

// A sessionCall is one operation on the session.
type sessionCall struct {
	operation  string // refresh, logout, verifyToken
	generation int    // of the refresh token that is sent
	agent, key string
}

// A sessionAnswer is what came of it.
type sessionAnswer struct {
	code       string
	generation int // of the refresh token that was given
	active     bool
	ended      int
}

// sessionModel is one session as if everything happened to it in turn. It has no
// clock: where the grace window alone decides, it takes either answer, and goes
// on from the one that was given.
func sessionModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return sessionState{generation: 1, agent: "sign-in"} },
		Step: func(state, input, output any) (bool, any) {
			s, in, out := state.(sessionState), input.(sessionCall), output.(sessionAnswer)
			switch in.operation {
			case "verifyToken":
				return out.active == (s.ended == ""), s
			case "logout":
				if s.ended != "" {
					return out.ended == 0, s
				}
				s.ended = "LOGOUT"
				return out.ended == 1, s
			}
			return s.refresh(in, out)
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

func (s sessionState) refresh(in sessionCall, out sessionAnswer) (bool, any) {
	current, before := in.generation == s.generation, in.generation == s.generation-1
	switch {
	case s.ended == "REUSED":
		return out.code == "REFRESH_TOKEN_REUSED", s
	case s.ended != "":
		return out.code == "INVALID_TOKEN", s
	case current && out.generation == s.generation+1:
		s.generation, s.agent, s.key = out.generation, in.agent, in.key
		return out.code == "", s
	case current:
		return out.code == "" && out.generation == s.generation, s
	case before && in.key != "" && in.key == s.key,
		before && in.agent == s.agent && out.code == "":
		return out.code == "" && out.generation == s.generation, s
	}
	s.ended = "REUSED"
	return out.code == "REFRESH_TOKEN_REUSED", s
}

// TestTheModelOfASessionTellsWrongHistories keeps the test below from passing
// because it would take anything.
func TestTheModelOfASessionTellsWrongHistories(t *testing.T) {
	t.Parallel()
	refresh := func(generation int) sessionCall {
		return sessionCall{operation: "refresh", generation: generation, agent: "a"}
	}
	gives := func(generation int) sessionAnswer { return sessionAnswer{generation: generation} }
	refused := func(code string) sessionAnswer { return sessionAnswer{code: code} }
	logout := sessionCall{operation: "logout"}
	type step struct {
		in  sessionCall
		out sessionAnswer
	}
	for name, c := range map[string]struct {
		history []step
		good    bool
	}{
		"one after the other":        {[]step{{refresh(1), gives(2)}, {refresh(2), gives(3)}}, true},
		"asked again":                {[]step{{refresh(1), gives(2)}, {refresh(1), gives(2)}}, true},
		"came back":                  {[]step{{refresh(1), gives(2)}, {refresh(1), refused("REFRESH_TOKEN_REUSED")}, {refresh(2), refused("REFRESH_TOKEN_REUSED")}}, true},
		"two rotations of one":       {[]step{{refresh(1), gives(2)}, {refresh(2), gives(3)}, {refresh(1), gives(2)}}, false},
		"a generation is left out":   {[]step{{refresh(1), gives(3)}}, false},
		"reuse that ends nothing":    {[]step{{refresh(1), gives(2)}, {refresh(1), refused("REFRESH_TOKEN_REUSED")}, {refresh(2), gives(3)}}, false},
		"reuse of the current one":   {[]step{{refresh(1), refused("REFRESH_TOKEN_REUSED")}}, false},
		"alive after it ended":       {[]step{{logout, sessionAnswer{ended: 1}}, {refresh(1), gives(2)}}, false},
		"ended twice":                {[]step{{logout, sessionAnswer{ended: 1}}, {logout, sessionAnswer{ended: 1}}}, false},
		"verified after it ended":    {[]step{{logout, sessionAnswer{ended: 1}}, {sessionCall{operation: "verifyToken"}, sessionAnswer{active: true}}}, false},
		"reuse of what was repeated": {[]step{{sessionCall{"refresh", 1, "a", "key"}, gives(2)}, {sessionCall{"refresh", 1, "b", "key"}, refused("REFRESH_TOKEN_REUSED")}}, false},
	} {
		var history []porcupine.Operation
		for i, s := range c.history {
			history = append(history, porcupine.Operation{Input: s.in, Output: s.out, Call: int64(2 * i), Return: int64(2*i + 1)})
		}
		if got := porcupine.CheckOperations(sessionModel(), history); got != c.good {
			t.Errorf("%s: good is %v", name, got)
		}
	}
}

// TestOneSessionIsOneOnTwoNodes lets concurrent clients of two nodes refresh,
// verify and end one session, and looks for an order in which all their answers
// could have been given one after the other.
func TestOneSessionIsOneOnTwoNodes(t *testing.T) {
	t.Parallel()
	for _, grace := range []string{"0", "20ms"} {
		t.Run("grace "+grace, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, postgres(t), append([]string{"GATEHOUSE_REFRESH_GRACE=" + grace}, unlimited...)...)
			tw.start()
			tw.start()
			tw.user("ada@example.org")
			seen := map[string]int{}
			for round := range 2 * rounds {
				history := tw.history(t, round, seen)
				switch result := porcupine.CheckOperationsTimeout(sessionModel(), history, time.Minute); result {
				case porcupine.Illegal, porcupine.Unknown:
					for _, o := range history {
						t.Logf("%d %10d %10d %+v -> %+v", o.ClientId, o.Call, o.Return, o.Input, o.Output)
					}
					t.Fatalf("round %d: %s", round, result)
				}
			}
			t.Logf("%v", seen)
			for _, what := range []string{"refresh", "refresh REFRESH_TOKEN_REUSED", "refresh INVALID_TOKEN", "logout", "verifyToken"} {
				if seen[what] == 0 {
					t.Errorf("no answer was %s", what)
				}
			}
		})
	}
}

// history signs in and lets clients do to the session what they will.
func (tw *town) history(t *testing.T, round int, seen map[string]int) []porcupine.Operation {
	t.Helper()
	const clients, calls = 6, 10
	var (
		mu      sync.Mutex
		tokens  = []string{tw.login(round, "ada@example.org").text("login.tokens.refreshToken")} // by generation
		history []porcupine.Operation
		began   = time.Now()
	)
	together(clients, func(i int) {
		chance := rand.New(rand.NewPCG(uint64(round), uint64(i)))
		c := tw.any(i)
		// In half of the rounds two share an agent, as tabs of one browser do.
		c.userAgent = fmt.Sprintf("client %d", i/(1+round%2))
		key := ""
		generation, refusals := 1, 0
		// Once it is over it stays over; that is seen soon enough.
		for call := 0; call < calls && refusals < 3; call++ {
			in := sessionCall{operation: "refresh", agent: c.userAgent}
			mu.Lock()
			newest := len(tokens)
			mu.Unlock()
			switch draw := chance.IntN(20); {
			case draw < 4:
				in.operation = "verifyToken"
			case draw == 4 && call > 4:
				in.operation = "logout"
			case draw < 8 && key != "":
				// As after an answer that was lost: the same token, the same key.
				in.key = key
			case draw == 8 && round%4 == 0:
				generation = 1 + chance.IntN(newest) // a thief's
			case i > 0 && round%4 == 3:
				// One client alone refreshes, as it should be; the others look on.
				in.operation = "verifyToken"
			default:
				generation, key = newest, ""
				if chance.IntN(2) == 0 {
					key = fmt.Sprintf("key %d of %d", call, i)
				}
				in.key = key
			}
			in.generation = generation
			mu.Lock()
			token := tokens[generation-1]
			mu.Unlock()
			called := time.Since(began)
			out, given := callSession(t, c, in, token)
			returned := time.Since(began)

			mu.Lock()
			if out.generation > len(tokens)+1 {
				t.Errorf("generation %d was given after %d", out.generation, len(tokens))
			}
			if out.code != "" {
				refusals++
			}
			if out.generation == len(tokens)+1 {
				tokens = append(tokens, given)
			}
			seen[strings.TrimSpace(in.operation+" "+out.code)]++
			history = append(history, porcupine.Operation{
				ClientId: i, Input: in, Output: out, Call: called.Nanoseconds(), Return: returned.Nanoseconds(),
			})
			mu.Unlock()
		}
	})
	return history
}

// callSession asks one thing about the session of a refresh token, and gives
// the refresh token that came of it.
func callSession(t *testing.T, c *client, in sessionCall, token string) (sessionAnswer, string) {
	input := map[string]any{"refreshToken": token}
	switch {
	case in.operation == "verifyToken":
		input = map[string]any{"token": token}
	case in.key != "":
		input["idempotencyKey"] = in.key
	}
	if in.operation == "logout" {
		delete(input, "idempotencyKey")
	}
	a, err := c.try(in.operation, input)
	if err != nil {
		t.Error(err)
		return sessionAnswer{}, ""
	}
	out := sessionAnswer{code: a.code(), active: a.text("verifyToken.active") == "true"}
	if in.operation == "logout" {
		out.ended = int(a.at("logout.sessionsEnded").(float64))
	}
	given := a.text("refresh.tokens.refreshToken")
	if given != "" {
		out.generation = generationOf(t, given)
	}
	return out, given
}

// generationOf is what a refresh token says of itself.
func generationOf(t *testing.T, token string) int {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var claims struct{ Gen int }
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err != nil {
		t.Error(err)
	}
	return claims.Gen
}
