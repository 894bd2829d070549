package e2e

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A way to fail is how one statement of a mutation, or its commit, goes wrong.
type wayToFail struct {
	name string
	// fail has the k-th statement of the next request go wrong; mend ends that.
	fail func(k int)
	mend func()
	// once holds where the statements can't be told apart.
	once bool
}

// failMutationsOnSQLite and its sister have each statement of each mutation fail,
// one after the other, in every way that the database knows.
func failMutationsOnSQLite(t *testing.T, s *scenario) { failMutations(t, s, sqlite(t)) }

func failMutationsOnPostgres(t *testing.T, s *scenario) { failMutations(t, s, postgres(t)) }

func failMutations(t *testing.T, s *scenario, database string) {
	w := newWorld(t, worldOptions{database: database, settings: crowdSettings()})
	db := besides(t, database)
	wanted := fields(loadSchema(t).Mutation)
	prepared := mutants()
	for name := range prepared {
		if !slices.Contains(wanted, name) {
			t.Errorf("there is no mutation %s", name)
		}
	}
	for _, way := range w.waysToFail(t, db) {
		for i, name := range wanted {
			prepare := prepared[name]
			if prepare == nil {
				t.Fatalf("the mutation %s is not tried", name)
			}
			o := owner{t: t, w: w, name: fmt.Sprintf("%s%d", way.name, i), address: fmt.Sprintf("%s%d@example.org", way.name, i)}
			s.failMutation(w, db, way, name, prepare(o))
		}
	}
}

// failMutation asks until nothing fails any more: the statement that does is the
// first, then the second, and so on. Whatever is answered, all of it was done or
// nothing; and what failed can be asked again, with the same link or token.
func (s *scenario) failMutation(w *world, db *sql.DB, way wayToFail, name string, m mutant) {
	s.t.Helper()
	before, failures := contents(s.t, db), 0
	for k := 1; ; k++ {
		s.tried++
		s.tally(&s.kinds, way.name)
		way.fail(k)
		a := m.client.ask(name, m.input)
		way.mend()
		after := contents(s.t, db)
		if a.code() == "" {
			s.tally(&s.acknowledged, name)
			if !way.once {
				s.holds(after != before || name == "refresh", "%s was answered, and nothing was written", name)
				break
			}
			s.t.Fatalf("%s did not fail", name)
		}
		failures++
		s.tally(&s.unanswered, a.code())
		s.holds(a.code() == "INTERNAL" || a.code() == "OVERLOADED", "%s answered %s when statement %d failed", name, a.code(), k)
		if name == "refresh" && k > 1 {
			// Rotating is one statement. Who lost the answer asks again by the key.
			before = after
		}
		if !s.holds(after == before, "%s left something half done when statement %d failed (%s): %s", name, k, way.name, difference(before, after)) || way.once {
			break
		}
	}
	s.holds(failures > 0, "no statement of %s failed", name)
	if way.once {
		a := m.client.ask(name, m.input)
		s.holds(a.code() == "", "%s after it failed: %v", name, a.errors())
	}
}

// difference are the rows that are not in both.
func difference(before, after string) string {
	var all strings.Builder
	for sign, rows := range map[string][2]string{"-": {before, after}, "+": {after, before}} {
		for row := range strings.Lines(rows[0]) {
			if !strings.Contains(rows[1], row) {
				all.WriteString("\n" + sign + " " + strings.TrimSuffix(row, "\n"))
			}
		}
	}
	return all.String()
}

// waysToFail are those of a database: the client hangs up before the statement
// is sent, PostgreSQL's process behind the connection is ended, the commit is
// refused.
func (w *world) waysToFail(t *testing.T, db *sql.DB) []wayToFail {
	at := func(do func()) func(k int) {
		return func(k int) {
			sent := 0
			w.watch(func() {
				if sent++; sent == k {
					do()
				}
			})
		}
	}
	calm := func() { w.watch(nil) }
	refuse, allow := commitsRefused(onSQLite(db))
	ways := []wayToFail{
		{name: "left", fail: at(func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.hangUp()
		}), mend: calm},
		{name: "refused", once: true, fail: func(int) { run(t, db, refuse(tables(t, db))) }, mend: func() { run(t, db, allow(tables(t, db))) }},
	}
	if !onSQLite(db) {
		ways = append(ways, wayToFail{name: "ended", fail: at(func() {
			run(t, db, []string{`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
				WHERE application_name = 'gatehouse' AND datname = current_database()`})
		}), mend: calm})
	}
	return ways
}

func (w *world) watch(onStatement func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onStatement = onStatement
}

// commitsRefused makes a database that takes every statement and fails when it is
// to commit. Attempts are counted beforehand, and stay countable.
func commitsRefused(sqlite bool) (refuse, allow func(tables []string) []string) {
	if sqlite {
		return func(tables []string) []string {
				all := []string{
					"CREATE TABLE nowhere (id INTEGER PRIMARY KEY)",
					"CREATE TABLE refusals (id REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED)",
				}
				for _, table := range tables {
					for _, change := range []string{"INSERT", "UPDATE", "DELETE"} {
						all = append(all, fmt.Sprintf("CREATE TRIGGER refuse_%[1]s_%[2]s AFTER %[2]s ON %[1]s BEGIN INSERT INTO refusals VALUES (1); END", table, change))
					}
				}
				return all
			}, func(tables []string) []string {
				var all []string
				for _, table := range tables {
					for _, change := range []string{"INSERT", "UPDATE", "DELETE"} {
						all = append(all, fmt.Sprintf("DROP TRIGGER refuse_%s_%s", table, change))
					}
				}
				return append(all, "DROP TABLE refusals", "DROP TABLE nowhere")
			}
	}
	return func(tables []string) []string {
			all := []string{"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the commit is refused'; END $$"}
			for _, table := range tables {
				all = append(all, fmt.Sprintf(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE OR DELETE ON %s
					DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`, table))
			}
			return all
		}, func([]string) []string {
			return []string{"DROP FUNCTION refuse CASCADE"}
		}
}

func run(t *testing.T, db *sql.DB, statements []string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// tables are those that a mutation writes into, but the counters of attempts.
func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return slices.DeleteFunc(tableNames(t, db), func(table string) bool {
		return table == "attempt_counters" || strings.HasPrefix(table, "goose") || strings.HasPrefix(table, "sqlite") ||
			table == "refusals" || table == "nowhere"
	})
}

// contents are all rows of these tables.
func contents(t *testing.T, db *sql.DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range tables(t, db) {
		eachRow(t, db, `SELECT * FROM "`+table+`" ORDER BY 1`, func(columns []string, values []any) {
			fmt.Fprintf(&all, "%s", table)
			for i, value := range values {
				fmt.Fprintf(&all, " %s=%q", columns[i], text(value))
			}
			all.WriteByte('\n')
		})
	}
	return all.String()
}
