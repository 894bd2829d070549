// Package e2e tells whole stories against the whole server: over HTTP, with a
// real mail server, on SQLite and on PostgreSQL.
//
// The stories are the .txtar files in testdata, in the language of
// story_test.go: ask an operation of testdata/operations, look at what comes
// back, read the letter that arrives, let time pass. Lifetimes run in process
// on a clock of the test's own; races and crashes run real processes. What is
// seen in a browser is tried in one: the pages from here, the playground and the
// mailbox by the tests in browser/, which are in the language of the page.
package e2e
