// Package server puts Gatehouse together and speaks HTTP for it.
//
// The model in a paragraph: [New] opens storage, loads the signing keys and
// hears the blacklist, then builds the rules (auth) and what stands around them
// (graph, mail, web) from one [config.Config]. A request passes a short row of
// middlewares, each in a file of its own: it gets an ID, the address it really
// comes from, a line in the log, and headers that tell browsers to be careful;
// on the way to GraphQL also CORS, a judged origin and a caller. Beside the
// requests a handful of jobs run, each of them a step that a test may take by
// hand on a fake clock. Whatever tells who a client is comes from the socket
// and the configuration: Host, forwarding headers of strangers and request IDs
// of clients are believed by nothing here.
package server
