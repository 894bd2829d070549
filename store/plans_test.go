package store

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	atlaspostgres "ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	atlassqlite "ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"gatehouse/store/storetest"
)

// notes keeps what is sent outside of transactions while it is told to, with
// its arguments: PostgreSQL's plan depends on them.
type notes struct {
	sql.ExecQuerier
	store *Store

	mu   sync.Mutex
	on   bool
	sent []sent
}

type sent struct {
	text string
	args []any
}

// note puts notes in the way of all that a store sends.
func note(s *Store) *notes {
	n := &notes{ExecQuerier: s.driver.ExecQuerier, store: s}
	s.driver.Conn = sql.Conn{ExecQuerier: n}
	return n
}

func (n *notes) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	n.add(query, args)
	return n.ExecQuerier.ExecContext(ctx, query, args...)
}

func (n *notes) QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error) {
	n.add(query, args)
	return n.ExecQuerier.QueryContext(ctx, query, args...)
}

func (n *notes) add(query string, args []any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.on {
		n.sent = append(n.sent, sent{query, normalized(args, false)})
	}
}

func (n *notes) switchOn(on bool) []sent {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.on = on
	taken := n.sent
	n.sent = nil
	return taken
}

// explain is [storetest.Database.Explain].
func (n *notes) explain(ctx context.Context, do func() error) ([]storetest.Plan, error) {
	n.switchOn(true)
	err := do()
	all := n.switchOn(false)
	if err != nil {
		return nil, err
	}
	plans := make([]storetest.Plan, len(all))
	for i, s := range all {
		if plans[i], err = n.store.explain(ctx, s.text, s.args...); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

func (s *Store) explain(ctx context.Context, text string, args ...any) (storetest.Plan, error) {
	plan := storetest.Plan{Statement: text}
	var err error
	if s.dialect == dialect.Postgres {
		plan.Whole, plan.Scans, err = s.explainPostgres(ctx, text, args)
	} else {
		plan.Whole, plan.Scans, err = s.explainSQLite(ctx, text, args)
	}
	if err != nil {
		return plan, fmt.Errorf("explain %s: %w", text, err)
	}
	return plan, nil
}

// What SQLite says of a step that reads something from end to end, and of one
// that makes something to be read: a subquery, a list of values.
var (
	sqliteScan = regexp.MustCompile(`^SCAN (\S+)|^SEARCH (\S+) USING AUTOMATIC`)
	sqliteMade = regexp.MustCompile(`^(?:MATERIALIZE|CO-ROUTINE) (\S+)`)
	sqliteRows = regexp.MustCompile(`^SCAN (?:CONSTANT ROW|\d+ CONSTANT ROWS|\d+-ROW VALUES CLAUSE)`)
)

func (s *Store) explainSQLite(ctx context.Context, text string, args []any) (whole string, scans []string, err error) {
	var steps []string
	err = s.query(ctx, "EXPLAIN QUERY PLAN "+text, args, func(rows *stdsql.Rows) error {
		var id, parent, unused int
		var step string
		err := rows.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	})
	made := map[string]bool{}
	for _, step := range steps {
		if name := sqliteMade.FindStringSubmatch(step); name != nil {
			made[name[1]] = true
		}
	}
	for _, step := range steps {
		name := sqliteScan.FindStringSubmatch(step)
		if name != nil && !sqliteRows.MatchString(step) && !made[name[1]+name[2]] {
			scans = append(scans, name[1]+name[2])
		}
	}
	return strings.Join(steps, "\n"), scans, err
}

// A step is a node of PostgreSQL's plan.
type step struct {
	Kind     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Steps    []step `json:"Plans"`
}

// scans lists what the node and those below it read from end to end: a table,
// or an index that is not searched for anything.
func (n step) scans() []string {
	var found []string
	switch n.Kind {
	case "Seq Scan":
		found = append(found, n.Relation)
	case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
		if n.Cond == "" {
			found = append(found, n.Index)
		}
	}
	for _, below := range n.Steps {
		found = append(found, below.scans()...)
	}
	return found
}

func (s *Store) explainPostgres(ctx context.Context, text string, args []any) (whole string, scans []string, err error) {
	err = s.query(ctx, "EXPLAIN (FORMAT JSON) "+text, args, func(rows *stdsql.Rows) error { return rows.Scan(&whole) })
	if err != nil {
		return "", nil, err
	}
	var plans []struct{ Plan step }
	if err := json.Unmarshal([]byte(whole), &plans); err != nil {
		return "", nil, err
	}
	for _, plan := range plans {
		scans = append(scans, plan.Plan.scans()...)
	}
	return whole, scans, nil
}

// filledRows are enough for PostgreSQL to prefer an index wherever one serves.
const filledRows = 3000

// fill is [storetest.Database.Fill]. SQLite, where nobody has it analyze its
// tables, plans by the schema alone.
func (s *Store) fill(ctx context.Context, now time.Time) error {
	if s.dialect == dialect.SQLite {
		return nil
	}
	found, err := inspected(ctx, s.driver.writer, s.dialect)
	if err != nil {
		return err
	}
	filled := map[string]bool{"signing_keys": true} // never many
	var fill func(table *schema.Table) error
	fill = func(table *schema.Table) error {
		if filled[table.Name] {
			return nil
		}
		filled[table.Name] = true
		from := map[string]string{}
		for _, key := range table.ForeignKeys {
			if err := fill(key.RefTable); err != nil {
				return err
			}
			for i, column := range key.Columns {
				from[column.Name] = expression(key.RefTable, key.RefColumns[i])
			}
		}
		var names, values []string
		for _, column := range table.Columns {
			value := from[column.Name]
			if value == "" {
				value = expression(table, column)
			}
			names = append(names, `"`+column.Name+`"`)
			values = append(values, value)
		}
		_, err := s.exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM (SELECT n, CAST($1 AS timestamptz) AS now FROM generate_series(1, %d) n) rows",
			table.Name, strings.Join(names, ", "), strings.Join(values, ", "), filledRows), now)
		return err
	}
	for _, table := range found.Tables {
		if err := fill(table); err != nil {
			return fmt.Errorf("fill %s: %w", table.Name, err)
		}
	}
	_, err = s.exec(ctx, "ANALYZE")
	return err
}

// expression is what row n of a table has in a column: no two the same, what
// was before now, and what ends after it. One in ten has nothing where it may.
func expression(table *schema.Table, column *schema.Column) string {
	name := "'" + table.Name + "." + column.Name + " ' || n"
	value := name
	switch column.Type.Type.(type) {
	case *schema.UUIDType:
		return "CAST(md5(" + name + ") AS uuid)"
	case *schema.IntegerType:
		value = "n"
	case *schema.TimeType:
		value = "now - n * interval '1 minute'"
		for _, future := range []string{"expires", "ends", "next"} {
			if strings.Contains(column.Name, future) {
				value = "now + n * interval '1 minute'"
			}
		}
	case *schema.BoolType:
		value = "false"
	case *schema.BinaryType:
		value = "sha256(CAST(" + name + " AS bytea))"
	case *schema.JSONType:
		value = "CAST('[]' AS jsonb)"
	}
	if column.Type.Null {
		value = "CASE WHEN n % 10 > 0 THEN " + value + " END"
	}
	return value
}

// What refers to a row is looked for when the row is deleted, by the database
// itself: no plan shows it.
func TestWhatRefersToARowIsFoundAlongAnIndex(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		checked := 0
		for _, table := range shape(t, s.driver.writer, s.dialect).Tables {
			for _, key := range table.ForeignKeys {
				checked++
				begins := func(index *schema.Index) bool {
					return index.Parts[0].C == key.Columns[0] && !slices.ContainsFunc(index.Attrs, isPredicate)
				}
				if !slices.ContainsFunc(table.Indexes, begins) {
					t.Errorf("%s: no index of whole %s begins with %s", key.Symbol, table.Name, key.Columns[0].Name)
				}
			}
		}
		if checked == 0 {
			t.Error("there are no foreign keys")
		}
	})
}

// isPredicate tells whether an index is one of some rows only.
func isPredicate(attr schema.Attr) bool {
	switch attr.(type) {
	case *atlaspostgres.IndexPredicate, *atlassqlite.IndexPredicate:
		return true
	}
	return false
}

// A check that finds nothing wrong anywhere is worth nothing.
func TestAScanIsSeen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url, Options{})
		if err := s.fill(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{
			"SELECT id FROM users WHERE name = 'Ann'":        "users",
			"SELECT id FROM users ORDER BY updated_at":       "users",
			"UPDATE users SET name = '' WHERE locale = 'en'": "users",
			"DELETE FROM events WHERE type = 'x'":            "events",
			"SELECT users.id FROM users JOIN sessions ON sessions.user_id = users.id WHERE sessions.device_name = 'x'": "sessions",
			"DELETE FROM users WHERE id IN (SELECT user_id FROM sessions WHERE device_name = 'x')":                     "sessions",
		} {
			plan, err := s.explain(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(plan.Scans, []string{want}) {
				t.Errorf("%s\nreads all of %q, not of %s:\n%s", text, plan.Scans, want, plan.Whole)
			}
		}
	})
}
