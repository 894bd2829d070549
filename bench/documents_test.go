package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// askings is how many times each document is sent; the garbage of all of them
// is collected on their account.
const askings = 100

// shown is how many of the documents are printed, the dearest first.
const shown = 8

// repeated writes a text n times; where it has verbs, each is the number.
func repeated(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// hostileBodies are whole bodies of requests that are small to send and were
// dear to other servers.
func hostileBodies() map[string]string {
	doubling := "{...f0}"
	for i := range 19 {
		doubling += fmt.Sprintf(" fragment f%d on Query{...f%d ...f%d}", i, i+1, i+1)
	}
	doubling += " fragment f19 on Query{__typename}"
	documents := map[string]string{
		"doubling fragments":       doubling,
		"circle of fragments":      "{...f0}" + repeated(20, " fragment f%d on Query{...f0 ...f1 ...f2}"),
		"15 x 19 spreads":          "{" + repeated(15, "settings{"+repeated(19, "...f%d ")+"}") + "}" + repeated(19, " fragment f%d on Settings{cookieTransport}"),
		"many fields":              "{" + repeated(990, "x ") + "}",
		"one field many times":     "{settings{" + repeated(290, "brand ") + "}}",
		"overlapping fields":       "{" + repeated(48, "settings{brand{name}}") + "}",
		"conflicting arguments":    "{settings{" + repeated(140, "brand(a:%d) ") + "}}",
		"many aliases":             "{" + repeated(320, "a%d:settings{cookieTransport} ") + "}",
		"many mutations":           "mutation{" + repeated(90, `a%d:login(input:{identifier:"a",password:"b"}){__typename}`) + "}",
		"many directives":          "{settings" + repeated(490, "@skip(if:true)") + "{cookieTransport}}",
		"deep selections":          repeated(330, "{settings") + strings.Repeat("}", 330),
		"deep literal":             "{settings(a:" + strings.Repeat("[", 400) + strings.Repeat("]", 400) + "){cookieTransport}}",
		"many variables":           "query(" + repeated(240, "$v%d:Int ") + "){settings{cookieTransport}}",
		"many operations":          repeated(240, "query q%d{settings{cookieTransport}}"),
		"a long block string":      `{settings(a:"""` + strings.Repeat("\n ", 15000) + `"""){cookieTransport}}`,
		"a long comment":           "#" + strings.Repeat("x", 60000) + "\n{settings{cookieTransport}}",
		"introspection, 15 deep":   "{__schema{types{" + repeated(11, "fields{type{") + "name" + strings.Repeat("}}", 11) + "}}}",
		"introspection, all":       introspection,
		"introspection, 6 types":   "{" + repeated(5, "a%d:"+mutations+" ") + mutations + "}",
		"introspection, repeated":  "{__schema{types{fields{args{type{name}}} " + repeated(2, "a%d:fields{args{type{name}}} ") + "}}}",
		"introspection, nested":    "{__schema{types{" + mutations[len(`__type(name:"Mutation"){`):] + "}}",
		"introspection, at length": "{__schema{" + strings.Join([]string{"types{", "queryType{", "mutationType{"}, wide) + wide + "}}",
	}
	bodies := map[string]string{
		"60 KiB of brackets":      `{"query":"{settings{cookieTransport}}","variables":` + strings.Repeat("[", 30000) + strings.Repeat("]", 30000) + "}",
		"60 KiB of members":       `{"query":"{settings{cookieTransport}}","variables":{` + repeated(5000, `"m%d":1,`) + `"z":1}}`,
		"60 KiB of numbers":       `{"query":"{settings{cookieTransport}}","variables":{"n":[` + repeated(12000, "1e9,") + `1]}}`,
		"one member twice":        `{"query":"{settings{cookieTransport}}",` + repeated(4000, `"query":"",`) + `"query":""}`,
		"60 KiB of escapes":       `{"query":"` + strings.Repeat(`\u0020`, 10000) + `{settings{cookieTransport}}"}`,
		"60 KiB that never close": `{"query":"` + strings.Repeat("{a", 30000) + `"}`,
	}
	for name, document := range documents {
		bodies[name] = string(ask(document, nil).body)
	}
	return bodies
}

// mutations is about the type that has the longest answer.
const mutations = `__type(name:"Mutation"){fields{args{type{ofType{inputFields{name}}}} type{ofType{fields{name}}}}}`

// wide is the end of a type of which as much is asked as three of them may have.
var wide = func() string {
	reference := "{kind name description " + strings.Repeat("ofType{kind name description ", 5) + strings.Repeat("}", 5) + "}"
	return "fields{name description args{name description type" + reference + "} type" + reference + "} inputFields{name description type" + reference + "}}"
}()

// introspection is as much as the usual tools ask for.
const introspection = `query I { __schema { queryType{name} mutationType{name} types{...T} directives{name description locations args{...I}} } }
fragment T on __Type { kind name description fields(includeDeprecated:true){name description args{...I} type{...R} isDeprecated deprecationReason}
 inputFields{...I} interfaces{...R} enumValues(includeDeprecated:true){name description isDeprecated deprecationReason} possibleTypes{...R} }
fragment I on __InputValue { name description type{...R} defaultValue }
fragment R on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

// A cost is what one request took of this process.
type cost struct {
	cpu   time.Duration
	bytes uint64
}

// costOf sends a question again and again to the handler itself.
func (w *world) costOf(t testing.TB, q question, times int) cost {
	t.Helper()
	handler := w.server.Handler()
	send := func() {
		r := q.request("http://localhost:8080/graphql")
		r.RemoteAddr = "127.0.0.1:4321"
		answered := httptest.NewRecorder()
		handler.ServeHTTP(answered, r)
		if !json.Valid(answered.Body.Bytes()) {
			t.Fatalf("no JSON: %.80s", answered.Body)
		}
	}
	send()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpu()
	for range times {
		send()
	}
	runtime.GC()
	used := cpu() - began
	runtime.ReadMemStats(&after)
	return cost{used / time.Duration(times), (after.TotalAlloc - before.TotalAlloc) / uint64(times)}
}

// measureDocuments compares what a stranger's worst documents take with what
// the commonest honest one does.
func measureDocuments(b *testing.B, s *sheet) {
	w := newWorld(b, sqlite(b), append(cheapHashing(), "GATEHOUSE_RATE_LIMITS=off")...)
	createUser(b, w.server, "user@example.org")
	user := newClient(b, w.url, 1)
	signedIn := user.mustAsk(b, login("user@example.org", password), "")
	q := ask(meDocument, nil)
	q.token = signedIn.body.Data["login"].Tokens.AccessToken
	usual := w.costOf(b, q, 10*askings)

	s.begin("What do hostile documents cost? Processor time of a request, garbage collection included, beside an ordinary me")
	s.add("me", "", "%7.3f ms    1.0 me  %5d KiB allocated", ms(usual.cpu), usual.bytes>>10)
	bodies := hostileBodies()
	costs := map[string]cost{}
	for name, body := range bodies {
		costs[name] = w.costOf(b, question{body: []byte(body)}, askings)
	}
	dearest := slices.SortedFunc(maps.Keys(costs), func(x, y string) int { return int(costs[y].cpu - costs[x].cpu) })
	for _, name := range dearest[:shown] {
		c := costs[name]
		s.add(fmt.Sprintf("%s (%d bytes)", name, len(bodies[name])), "< 20 ms", "%7.3f ms  %5.1f me  %5d KiB allocated",
			ms(c.cpu), float64(c.cpu)/float64(usual.cpu), c.bytes>>10)
	}
	s.add(fmt.Sprintf("%d others", len(dearest)-shown), "< 20 ms", "less")
}
