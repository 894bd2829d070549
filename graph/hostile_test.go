package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"gatehouse/auth"
	"gatehouse/graph/model"
)

// A hostileDocument costs a naive server seconds or gigabytes. It is refused
// with the code; those with none are answered, for little.
type hostileDocument struct {
	text string
	code auth.Code
}

func hostileDocuments() map[string]hostileDocument {
	const costly, bad = auth.DocumentTooCostly, auth.BadDocument
	brackets := strings.Repeat("[", 400) + strings.Repeat("]", 400)
	braces := strings.Repeat("{a:", 300) + "1" + strings.Repeat("}", 300)
	return map[string]hostileDocument{
		// Fan-out.
		"doubling fragments":             {doubling(20), costly},
		"hundreds of fragments":          {doubling(80), costly},
		"doubling fragments, unused":     {"{__typename}" + strings.TrimPrefix(doubling(19), "{settings{...f0}}"), costly},
		"fragments by tens":              {tenfold(19), costly},
		"spreads of one fragment":        {"{" + many(300, "...f ") + "} fragment f on Query{__typename}", ""},
		"spreads of 19 fragments":        {"{" + many(15, "settings{"+many(19, "...f%d ")+"}") + "}" + many(19, " fragment f%d on Settings{cookieTransport}"), ""},
		"spreads of nothing":             {"{" + many(490, "...f%d ") + "}", bad},
		"a circle of one":                {"{settings{...f}} fragment f on Settings{...f}", bad},
		"a circle of twenty":             {"{settings{...f0}}" + many(19, " fragment f%d on Settings{...f19}") + " fragment f19 on Settings{" + many(19, "...f%d ") + "}", bad},
		"circles that meet":              {"{...f0}" + many(20, " fragment f%d on T{...f0 ...f1 ...f2 ...f3 ...f4}"), bad},
		"a circle in a field":            {"{settings{...f}} fragment f on Settings{brand{...g}} fragment g on Brand{name ...h} fragment h on Brand{...g}", bad},
		"fragments inline, side by side": {"{" + many(300, "...{__typename} ") + "}", costly},
		"wide":                           {"{" + many(990, "x ") + "}", costly},
		"one field time and again":       {"{settings{" + many(290, "brand ") + "}}", bad},
		"one leaf time and again":        {"{settings{" + many(290, "cookieTransport ") + "}}", ""},
		"overlapping fields":             {"{" + many(48, "settings{brand{name}}") + "}", ""},
		"overlapping arguments":          {"mutation{" + many(90, "login(input:$a){__typename}") + "}", costly},
		"conflicting arguments":          {"{settings{" + many(140, "brand(a:%d) ") + "}}", bad},
		"conflicts by fragments":         {"{" + many(9, "...f%d ") + "}" + many(9, " fragment f%d on Query{x:settings{cookieTransport} x:verifyToken(token:$t){active}}"), costly},
		// Aliases and duplicates.
		"aliases":                         {"{" + many(320, "a%d:settings{cookieTransport} ") + "}", costly},
		"aliases of one name":             {"{" + many(320, "a:settings{cookieTransport} ") + "}", costly},
		"aliases by a fragment":           {"{" + many(30, "...f ") + "} fragment f on Query{a:settings{cookieTransport}}", costly},
		"guesses under aliases":           {"mutation{" + many(60, `a%d:login(input:{identifier:"a",password:"b"}){__typename}`) + "}", costly},
		"guesses in fragments":            {"mutation{" + many(19, "...f%d ") + "}" + many(19, ` fragment f%d on Mutation{login(input:{identifier:"a",password:"b"}){__typename}}`), costly},
		"guesses that are skipped":        {"mutation{" + many(9, `login(input:{identifier:"a",password:"b"})@skip(if:true){__typename}`) + "}", costly},
		"tokens to verify, under aliases": {"{" + many(90, `a%d:verifyToken(token:"x"){active}`) + "}", costly},
		"two fragments of one name":       {"{settings{...f}} fragment f on Settings{cookieTransport} fragment f on Settings{...f}", bad},
		"operations":                      {many(240, "query q%d{settings{cookieTransport}}"), costly},
		"operations of one name":          {many(100, "query q{settings{cookieTransport}}"), bad},
		"one argument many times":         {"{verifyToken(" + many(240, `token:"a" `) + "){active}}", bad},
		"one input member many times":     {"mutation{login(input:{" + many(240, `identifier:"a" `) + "}){__typename}}", bad},
		"invented arguments":              {"{settings(" + many(300, "a%d:1 ") + "){cookieTransport}}", bad},
		"invented members":                {"mutation{login(input:{" + many(240, "a%d:1 ") + "}){__typename}}", bad},
		// Directives.
		"directives on a field":     {"{x" + many(490, "@a") + "}", costly},
		"directives with arguments": {"{settings" + many(160, "@skip(if:true)") + "{cookieTransport}}", costly},
		"directives everywhere":     {"query @a " + many(9, "@b ") + "{settings @a{...@a{cookieTransport @a}}}", costly},
		"directives on variables":   {"query(" + many(90, "$v%d:Int @a @a ") + "){__typename}", costly},
		"deferred":                  {"{settings{...@defer{brand{name}}}}", bad},
		"streamed":                  {"{settings{requiredProfileFields @stream(initialCount:0)}}", bad},
		// Depth, by each syntax.
		"deep fields":           {"{" + nested(330, "a") + "}", costly},
		"deep inline fragments": {"{" + strings.Repeat("...{", 330) + "x" + strings.Repeat("}", 330) + "}", costly},
		"deep typed fragments":  {"{" + strings.Repeat("...on Query{", 190) + "__typename" + strings.Repeat("}", 190) + "}", costly},
		"deep by a chain":       {"{...f0}" + many(19, " fragment f%d on T{a{...f"+"x}}") + " fragment fx on T{" + nested(11, "a") + "}", costly},
		"deep lists":            {"{verifyToken(token:" + brackets + "){active}}", costly},
		"deep objects":          {"{verifyToken(token:" + braces + "){active}}", costly},
		"a deep default":        {"query($v:Int=" + brackets + "){__typename}", costly},
		"a deep directive":      {"{__typename @skip(if:" + brackets + ")}", costly},
		"a deep type":           {"query($v:" + strings.Repeat("[", 400) + "Int" + strings.Repeat("]", 400) + "){__typename}", bad},
		"deep and never closed": {strings.Repeat("{a", 8000), costly},
		"lists never closed":    {"{a(b:" + strings.Repeat("[", 16000), costly},
		"types never closed":    {"query($v:" + strings.Repeat("[", 16000), costly},
		// Values and variables.
		"wide lists":             {"{verifyToken(token:[" + many(980, "1 ") + "]){active}}", bad},
		"variables":              {"query(" + many(240, "$v%d:Int ") + "){settings{cookieTransport}}", bad},
		"variables of one name":  {"query(" + many(240, "$v:Int ") + "){settings{cookieTransport}}", bad},
		"variables of no type":   {"query(" + many(240, "$v%d:Nothing ") + "){settings{cookieTransport}}", bad},
		"variables in circles":   {"query(" + many(200, "$v%d:Int=$v0 ") + "){settings{cookieTransport}}", bad},
		"variables not defined":  {"{settings{cookieTransport @skip(if:$a) usernames @skip(if:$b)}" + many(90, " verifyToken(token:$c%d){active}") + "}", bad},
		"a long block string":    {"{verifyToken(token:\"\"\"" + strings.Repeat("\n ", 8000) + "\"\"\"){active}}", ""},
		"quotes in a block":      {"{verifyToken(token:\"\"\"" + strings.Repeat(`\"""`, 4000) + "\"\"\"){active}}", ""},
		"escapes":                {"{verifyToken(token:\"" + strings.Repeat(`\u0041`, 2600) + "\"){active}}", ""},
		"a number of 16 KB":      {"{verifyToken(token:" + strings.Repeat("9", 16000) + "){active}}", bad},
		"a name of 16 KB":        {"{" + strings.Repeat("x", 16000) + "}", bad},
		"a comment of 16 KB":     {"#" + strings.Repeat("x", 16000) + "\n{settings{cookieTransport}}", ""},
		"comments":               {strings.Repeat("#\n", 8000) + "{settings{cookieTransport}}", costly},
		"commas":                 {"{settings{cookieTransport" + strings.Repeat(",", 16000) + "}}", ""},
		"a string never closed":  {"{verifyToken(token:\"" + strings.Repeat("x", 16000), bad},
		"a schema in a document": {many(200, "type T%d{a:Int} "), bad},
		// Introspection.
		"introspection too deep":      {"{__schema{types{" + strings.Repeat("fields{type{", 11) + "name" + strings.Repeat("}}", 11) + "}}}", costly},
		"introspection at its bound":  {"{__schema{types{fields{type{fields{type{fields{type{fields{type{fields{type{fields{name}}}}}}}}}}}}}}", costly},
		"introspection of wrappers":   {"{__schema{types{fields{type{ofType{ofType{ofType{fields{type{ofType{ofType{ofType{fields{name}}}}}}}}}}}}}}", costly},
		"introspection in circles":    {"{__schema{types{...f}}} fragment f on __Type{fields{type{...f}}}", bad},
		"introspection, repeated":     {"{" + many(60, "__schema{types{fields{name}}}") + "}", ""},
		"introspection under aliases": {"{" + many(60, "a%d:__schema{types{fields{args{type{name}}}}}") + "}", costly},
		"introspection by name":       {"{" + many(45, `__type(name:"User"){fields{type{fields{type{name}}}}}`) + "}", ""},
		"introspection mutation":      {"mutation{__schema{types{name}} __type(name:\"User\"){name} logout{sessionsEnded}}", costly},
	}
}

// TestAHostileDocumentCostsThePassLittle bounds what does not depend on the
// machine: the steps, at most one for each token of the document, and the bytes
// it allocates. Those that the parser refuses never get to the pass.
func TestAHostileDocumentCostsThePassLittle(t *testing.T) {
	limits := DefaultLimits()
	looked := 0
	for name, d := range hostileDocuments() {
		doc, err := parseAll(d.text)
		if err != nil {
			continue
		}
		looked++
		passed, _ := passDocument(doc, limits, true)
		if passed.steps > 1100 {
			t.Errorf("%s: %d steps", name, passed.steps)
		}
		if bytes := allocated(func() { _, _ = passDocument(doc, limits, true) }); bytes > 16<<10 {
			t.Errorf("%s: %d bytes", name, bytes)
		}
	}
	if looked < 60 {
		t.Errorf("the pass saw %d documents", looked)
	}
}

// allocated is how many bytes one call of f allocates.
func allocated(f func()) uint64 {
	const calls = 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls
}

// TestAHostileDocumentCostsLittleAltogether bounds all that comes before a field
// is run, parser and validation included, by what does not depend on the
// machine. A thousand tokens are some 200 KiB once parsed; what they ask for is
// never written out, and no pair of fields has an error of its own.
func TestAHostileDocumentCostsLittleAltogether(t *testing.T) {
	documents := newBench(nil).handler.documents
	for name, d := range hostileDocuments() {
		_, fault := documents.take(d.text)
		var code auth.Code
		if fault != nil {
			code = fault.code
		}
		if code != d.code {
			t.Errorf("%s: %q, not %q", name, code, d.code)
		}
		bytes := allocated(func() {
			documents.take(d.text)
			documents.good.Purge()
		})
		if bytes > 1536<<10 {
			t.Errorf("%s: %d KiB", name, bytes>>10)
		}
	}
}

func BenchmarkHostileDocuments(b *testing.B) {
	documents := newBench(nil).handler.documents
	for name, d := range hostileDocuments() {
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				documents.take(d.text)
				documents.good.Purge()
			}
		})
	}
}

// tenfold is a chain of fragments each of which spreads the next one ten times.
func tenfold(fragments int) string {
	var b strings.Builder
	b.WriteString("{settings{...f0}}")
	for i := range fragments - 1 {
		fmt.Fprintf(&b, " fragment f%d on Settings{%s}", i, strings.Repeat(fmt.Sprintf("...f%d ", i+1), 10))
	}
	fmt.Fprintf(&b, " fragment f%d on Settings{cookieTransport}", fragments-1)
	return b.String()
}

// A hostileRequest is hostile by its body or its headers, not by its document.
type hostileRequest struct {
	body    string
	headers map[string]string // over those of an honest request
	status  int
	code    auth.Code
}

func hostileRequests(t *testing.T) map[string]hostileRequest {
	t.Helper()
	const query = `{"query":"{settings{cookieTransport}}"`
	const costly, bad = auth.DocumentTooCostly, auth.BadDocument
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	if _, err := zip.Write(bytes.Repeat([]byte(" "), 10<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	media := func(value string) map[string]string { return map[string]string{"Content-Type": value} }
	const login = `{"query":"mutation($i:LoginInput!){login(input:$i){__typename}}","variables":{"i":`
	return map[string]hostileRequest{
		"variables of brackets":     {query + `,"variables":` + strings.Repeat("[", 8000) + strings.Repeat("]", 8000) + "}", nil, 400, costly},
		"variables of braces":       {query + `,"variables":` + strings.Repeat(`{"a":`, 3000) + "1" + strings.Repeat("}", 3000) + "}", nil, 400, costly},
		"extensions of brackets":    {query + `,"extensions":{"a":` + strings.Repeat("[", 8000) + strings.Repeat("]", 8000) + "}}", nil, 400, costly},
		"brackets alone":            {strings.Repeat("[", 16000), nil, 400, costly},
		"a batch":                   {"[" + strings.Repeat(query+"},", 300) + query + "}]", nil, 400, bad},
		"many variables":            {query + `,"variables":{` + many(1400, `"m%d":1,`) + `"z":1}}`, nil, 200, ""},
		"one member many times":     {query + "," + strings.Repeat(`"query":"",`, 1400) + `"z":1}`, nil, 400, bad},
		"one variable many times":   {query + `,"variables":{` + strings.Repeat(`"m":1,`, 2000) + `"m":1}}`, nil, 400, bad},
		"numbers":                   {query + `,"variables":{"n":[` + strings.Repeat("1e9,", 3800) + "1]}}", nil, 200, ""},
		"a number of 16 KB":         {query + `,"variables":{"n":` + strings.Repeat("9", 16000) + "}}", nil, 200, ""},
		"an exponent of 16 KB":      {query + `,"variables":{"n":1e` + strings.Repeat("9", 16000) + "}}", nil, 200, ""},
		"escapes":                   {`{"query":"` + strings.Repeat(`\u0020`, 2600) + `{settings{cookieTransport}}"}`, nil, 200, ""},
		"half surrogates":           {query + `,"variables":{"s":"` + strings.Repeat(`\ud800`, 2600) + `"}}`, nil, 200, ""},
		"no UTF-8":                  {query + `,"variables":{"s":"` + strings.Repeat("\xff", 16000) + `"}}`, nil, 400, bad},
		"NUL":                       {strings.Repeat("\x00", 16000), nil, 400, bad},
		"space":                     {strings.Repeat(" ", 16000), nil, 400, bad},
		"65 KB of space":            {strings.Repeat(" ", 65<<10), nil, 413, costly},
		"a list for an input":       {login + "[" + strings.Repeat("{},", 4000) + "{}]}}", nil, 400, bad},
		"an input of invented ones": {login + "{" + many(1400, `"m%d":1,`) + `"z":1}}}`, nil, 400, bad},
		"a password of 15 KB":       {login + `{"identifier":"a","password":"` + strings.Repeat("x", 15000) + `"}}}`, nil, 200, auth.InvalidCredentials},
		"a persisted query":         {query + `,"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("a", 64) + `"}}}`, nil, 200, ""},
		"a name of 15 KB":           {query + `,"operationName":"` + strings.Repeat("x", 15000) + `"}`, nil, 400, bad},

		"a form":                   {"query=" + strings.Repeat("x", 16000), media("application/x-www-form-urlencoded"), 415, bad},
		"an upload":                {"--x\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n" + query + "}\r\n--x--", media("multipart/form-data; boundary=x"), 415, bad},
		"plain text":               {query + "}", media("text/plain"), 415, bad},
		"application/graphql":      {"{settings{cookieTransport}}", media("application/graphql"), 415, bad},
		"UTF-7":                    {query + "}", media("application/json; charset=utf-7"), 415, bad},
		"UTF-16":                   {query + "}", media("application/json; charset=utf-16"), 415, bad},
		"two types in one":         {query + "}", media("application/json, text/plain"), 415, bad},
		"a parameter many times":   {query + "}", media("application/json;" + strings.Repeat(" a=b;", 1600)), 200, ""},
		"a parameter that changes": {query + "}", media("application/json;" + many(900, " a=%d;")), 415, bad},
		"parameters that go on":    {query + "}", media("application/json;" + many(700, " a*%d=b;")), 200, ""},
		"a compressed bomb":        {bomb.String(), map[string]string{"Content-Encoding": "gzip"}, 415, bad},
		"a bomb that says nothing": {bomb.String(), nil, 400, bad},
		"an Accept of 8 KB":        {query + "}", map[string]string{"Accept": strings.Repeat("a/b;q=0.1,", 800)}, 200, ""},
		"an Accept of parameters":  {query + "}", map[string]string{"Accept": "application/json;" + many(700, "a%d=b;")}, 200, ""},
		"an Accept of infinity":    {query + "}", map[string]string{"Accept": "application/json;q=1e400," + mediaGraphQL + ";q=NaN"}, 200, ""},
	}
}

// TestHostileRequestsDoNoHarm sends everything hostile time and again: each is
// answered as it should be and for few bytes, no fault of the server's own comes
// of it, an honest request right after it is answered, and in the end neither
// memory nor goroutines are more than before.
func TestHostileRequestsDoNoHarm(t *testing.T) {
	b := newBench(nil)
	b.login = func(context.Context, model.LoginInput) (model.LoginResult, error) {
		return nil, auth.InvalidCredentials
	}
	requests := hostileRequests(t)
	for name, d := range hostileDocuments() {
		if len(d.text) > 16<<10 {
			t.Errorf("%s: %d bytes are no feat", name, len(d.text))
		}
		status := http.StatusBadRequest
		if d.code == "" {
			status = http.StatusOK
		}
		requests["document: "+name] = hostileRequest{body: request(d.text), status: status, code: d.code}
	}
	if len(requests) < 40 {
		t.Fatalf("%d requests are few", len(requests))
	}
	send := func(h hostileRequest) *answer {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(h.body))
		r.Header.Set("Content-Type", mediaJSON)
		r.Header.Set("Accept", mediaGraphQL)
		for header, value := range h.headers {
			r.Header.Set(header, value)
		}
		return b.send(t, r)
	}
	for name, h := range requests {
		if h.status != http.StatusRequestEntityTooLarge && len(h.body) > 34<<10 {
			t.Errorf("%s: %d bytes, which a server might refuse for their number", name, len(h.body))
		}
		a := send(h)
		if a.Code != h.status || a.code() != h.code {
			t.Errorf("%s: %d %q, not %d %q: %.200s", name, a.Code, a.code(), h.status, h.code, a.Body)
		}
		// An answer of megabytes for a request of a hundred bytes would be a weapon
		// of its own.
		if a.Body.Len() > 64<<10 {
			t.Errorf("%s: the answer has %d KiB", name, a.Body.Len()>>10)
		}
		if honest := b.query(t, settingsQuery); honest.Code != http.StatusOK || honest.Errors != nil {
			t.Fatalf("after %s an honest request is answered %d %s", name, honest.Code, honest.Body)
		}
	}
	if b.log.Len() > 0 {
		t.Errorf("a fault of the server's own: %.2000s", &b.log)
	}

	memory, goroutines := settled()
	for range 10 {
		for _, h := range requests {
			send(h)
		}
	}
	if after, more := settled(); after > memory+2<<20 || more > goroutines+5 {
		t.Errorf("%d KiB and %d goroutines became %d KiB and %d", memory>>10, goroutines, after>>10, more)
	}
}

// settled is what is held when all garbage is gone.
func settled() (memory uint64, goroutines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}
