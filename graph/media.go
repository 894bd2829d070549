package graph

import (
	"mime"
	"strconv"
	"strings"
)

// The media types of an answer (GraphQL over HTTP, section "Media types").
const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
	// mediaEvents is what subscriptions are answered with (HTML standard,
	// "Server-sent events").
	mediaEvents = "text/event-stream"
)

// takesJSON says whether a request's Content-Type is the only one that is
// taken. A form or plain text would be a request that any page can make the
// browser send without asking first.
func takesJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != mediaJSON {
		return false
	}
	charset, named := params["charset"]
	return !named || strings.EqualFold(charset, "utf-8")
}

// answerMedia chooses by the Accept header what an answer is: the type the
// client prefers, the more telling one where it likes both the same, and
// application/json where it has no opinion of either.
func answerMedia(accept []string) string {
	var graphQL, plain float64
	for _, header := range accept {
		for part := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			switch media {
			case mediaGraphQL:
				graphQL = max(graphQL, quality(params))
			case mediaJSON:
				plain = max(plain, quality(params))
			}
		}
	}
	if graphQL > 0 && graphQL >= plain {
		return mediaGraphQL
	}
	return mediaJSON
}

// takesEvents says by the Accept header whether an answer may be an event stream,
// and whether it may be nothing else. Clients that list all that they know are
// answered in JSON whatever is no stream.
func takesEvents(accept []string) (events, only bool) {
	only = true
	for _, header := range accept {
		for part := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(part)
			if err != nil || quality(params) == 0 {
				continue
			}
			events = events || media == mediaEvents
			only = only && media == mediaEvents
		}
	}
	return events, events && only
}

// quality is the weight of a media range (RFC 9110 section 12.4.2).
func quality(params map[string]string) float64 {
	text, given := params["q"]
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}
