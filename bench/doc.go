// Package bench measures what no test may assert, since it depends on the
// machine: how alike answers are in time, what hostile documents cost, how much
// a server does in a second, what its operations cost beside the least that any
// server would have to do for them, what it wants of a machine, and how it bears
// ten times more sign-ins than it can hash.
//
// Each figure stands beside the one that it is to be judged by, taken in the
// same run: two ways through the same code in turns, two databases, two
// settings. Absolute times are printed for the reader, and only the design's
// bounds that are absolute themselves are shown beside them. Nothing here fails
// because a machine is slow; a wrong answer fails the run.
//
// What is compared in ratios are processes, this test binary in the role of the
// other, and their processor time: others who use the machine disturb it less
// than they do the clock, and the contenders take turns.
//
// `make bench` runs all of it in some minutes and keeps the figures in
// docs/performance.md, `go test -bench Figures/NAME -benchtime 1x ./bench` runs
// a part: timing, documents, throughput, ratios, footprint, hashing, revocation,
// overload.
// `make growth` takes what takes longer: a million users, and a million expired
// rows that are removed beside them.
// GOGC, GOMEMLIMIT and GOMAXPROCS are handed on to the processes it
// starts, so that they can be compared.
package bench
