// Package bench measures what no test may assert, since it depends on the
// machine: how alike answers are in time, what hostile documents cost, how much
// a server does in a second, and how it bears ten times more sign-ins than it
// can hash.
//
// Each figure stands beside the one that it is to be judged by, taken in the
// same run: two ways through the same code in turns, two databases, two
// settings. Absolute times are printed for the reader, and only the design's
// bounds that are absolute themselves are shown beside them. Nothing here fails
// because a machine is slow; a wrong answer fails the run.
//
// `make bench` runs all of it in a few minutes, `go test -bench Figures/NAME
// -benchtime 1x ./bench` a part: timing, documents, throughput, hashing,
// overload. GOGC, GOMEMLIMIT and GOMAXPROCS are handed on to the processes it
// starts, so that they can be compared.
package bench
