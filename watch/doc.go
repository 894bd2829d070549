// Package watch is what an operator sees of a running server: metrics, as
// Prometheus reads them, and traces, which go to a collector by OTLP.
//
// The model in a paragraph: a [Watch] stands behind the ports by which the
// packages of the house tell what happens in them (graph.Watch, auth.Observer,
// mail.Watch, store.Watch), and none of those knows Prometheus or OpenTelemetry.
// What happens is counted as it happens; what merely is (how long a queue, how
// old a key) is asked for when somebody reads, where that costs nothing, and
// sampled by a job of the server where it costs a statement. Labels and
// attributes are names of the schema, codes, kinds, routes and the texts of
// statements with their placeholders: closed sets, in which no user, address,
// token or text of a client's has a place. An error is told as having happened,
// and never in its own words.
//
// There is no state beside the Watch itself: no default registry, no global
// tracer.
package watch
